/** Settings as forms hold them: every value a text, switches 1 and 0, so that what was touched can be told from what stands. */

type SettingKind =
  | { readonly kind: "choice"; readonly options: readonly (readonly [value: string, label: string])[] }
  | { readonly kind: "number" }
  | { readonly kind: "text" }
  | { readonly kind: "switch" };

export type SettingField = {
  readonly name: string;
  readonly label: string;
  readonly help: string;
} & SettingKind;

type Known = { readonly [name: string]: unknown };

export const formValue = (values: Known, name: string): string => {
  const value = values[name];
  return typeof value === "boolean" ? (value ? "1" : "0") : String(value ?? "");
};

/** Name to value, of fields that somebody touched. */
export type Draft = { readonly [name: string]: string };

/** What was changed, in the order of the form, since some of it must come before other. */
export const changesIn = (
  fields: readonly SettingField[],
  draft: Draft,
  values: Known,
): readonly (readonly [name: string, value: string])[] =>
  fields.flatMap(({ name }) => {
    const value = draft[name]?.trim();
    return value === undefined || value === formValue(values, name) ? [] : [[name, value] as const];
  });
