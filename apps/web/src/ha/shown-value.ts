/** The field that says whether a row exists; its values are words of ours. */
export const life = "@life";

/** A value of the shared state for an operator: texts in quotes, what is not there named, a secret never. */
export function shownValue(
  { secret, field }: { readonly secret: boolean; readonly field: string | null },
  value: unknown,
): string {
  if (secret) return "(secret)";
  if (value === null || value === undefined) return "nothing";
  if (typeof value !== "string") return JSON.stringify(value);
  return field === life ? value : `“${value}”`;
}
