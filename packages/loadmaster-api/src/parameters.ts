/**
 * Parameters of commands: what each one may hold, and how the many spellings that clients send are read. Names are
 * compared without regard to case; numbers come as numbers or digits, booleans as Y, N, yes, no, true, false, 1 or 0.
 * A parameter that is null counts as absent, and one that the command does not know is disregarded.
 */
import { parseIpv4 } from "@tandem/base/ip";
import { err, ok, type Result } from "@tandem/base/result";
import type { Failure } from "./envelope.ts";

export type ParameterType =
  | { readonly kind: "boolean" }
  /** With `every`, * is taken as well, and read as 0. */
  | {
      readonly kind: "integer";
      readonly min: number;
      readonly max: number;
      readonly unit?: string;
      readonly every?: true;
    }
  | { readonly kind: "choice"; readonly values: readonly string[] }
  | { readonly kind: "address" }
  /** `allowed` says in words what `pattern` demands. Secrets are never repeated in an answer. */
  | { readonly kind: "text"; readonly pattern: RegExp; readonly allowed: string; readonly secret?: true }
  /** Known, but this unit does only what `values` say; any other value is refused instead of being forgotten. */
  | { readonly kind: "fixed"; readonly values: readonly string[] };

export type Parameter = {
  /** As answers spell it. */
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly type: ParameterType;
  readonly required?: true;
  /** Clients send it empty when they do not mean it. */
  readonly emptyIsAbsent?: true;
  /** The word of real units for what is missing, where it does not follow from the type. */
  readonly missingWord?: "Address";
  readonly about: string;
};

type ValueOf<Type extends ParameterType> = Type extends { kind: "boolean" }
  ? boolean
  : Type extends { kind: "integer" }
    ? number
    : string;

/** What {@link readParameters} returns for a list of parameters. */
export type Values<List extends readonly Parameter[]> = {
  readonly [Each in List[number] as Each["name"]]: Each extends { required: true }
    ? ValueOf<Each["type"]>
    : ValueOf<Each["type"]> | undefined;
};

export type Fields = { readonly [name: string]: unknown };

/** Printable text without control characters, of 1 to `max` characters. */
export const printable = (max: number): RegExp => new RegExp(`^[^\\p{Cc}\\p{Zl}\\p{Zp}]{1,${max}}$`, "u");

/** A field by name, whatever its case; undefined when it is absent or null. */
export function fieldOf(fields: Fields, names: readonly string[]): unknown {
  const wanted = names.map((name) => name.toLowerCase());
  for (const [name, value] of Object.entries(fields))
    if (value !== null && value !== undefined && wanted.includes(name.toLowerCase())) return value;
  return undefined;
}

/** The first parameter that is missing or cannot be read is the answer: 400 for missing, 422 with field, value and remedy else. */
export function readParameters<const List extends readonly Parameter[]>(
  list: List,
  fields: Fields,
): Result<Values<List>, Failure> {
  const values: Record<string, unknown> = {};
  for (const parameter of list) {
    const value = fieldOf(fields, [parameter.name, ...(parameter.aliases ?? [])]);
    if (value === undefined || (parameter.emptyIsAbsent === true && value === "")) {
      if (parameter.required === true) return err(missing(parameter));
      continue;
    }
    const read = readValue(parameter, value);
    if (!read.ok) return read;
    values[parameter.name] = read.value;
  }
  return ok(values as Values<List>);
}

/** The words of real units, which clients look for. */
export const missing = (parameter: Parameter): Failure => ({
  code: 400,
  message: `${parameter.name}: ${parameter.missingWord ?? kindWord(parameter.type)} Value missing`,
});

/** One value in the parameter's own type, or why not. */
export function readValue(parameter: Parameter, value: unknown): Result<boolean | number | string, Failure> {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
    return err(invalid(parameter.name, value, "a text, a number or a boolean"));
  const text = String(value).trim();
  const { type } = parameter;
  switch (type.kind) {
    case "boolean": {
      const flag = readBoolean(text);
      return flag === undefined
        ? err(invalid(parameter.name, value, "Y or N (also 1, 0, true, false)"))
        : ok(flag);
    }
    case "integer": {
      if (type.every === true && text === "*") return ok(0);
      const number = Number(text);
      const fits = /^[+-]?\d+$/.test(text) && number >= type.min && number <= type.max;
      return fits
        ? ok(number)
        : err(
            invalid(
              parameter.name,
              value,
              `${type.min} to ${type.max}${type.unit === undefined ? "" : ` ${type.unit}`}${type.every === true ? ", or *" : ""}`,
            ),
          );
    }
    case "choice": {
      const choice = type.values.find((each) => each.toLowerCase() === text.toLowerCase());
      return choice === undefined ? err(invalid(parameter.name, value, type.values.join(", "))) : ok(choice);
    }
    case "address":
      return parseIpv4(text) === undefined
        ? err(
            invalid(
              parameter.name,
              value,
              text.includes(":")
                ? "an IPv4 address such as 10.0.0.20, over which the units of a pair speak to each other; one of IPv6 is shared beside it (modiface sharedv6)"
                : "an IPv4 address such as 10.0.0.20",
            ),
          )
        : ok(text);
    case "text":
      // Blanks around a text may be meant, so the text is taken as it came.
      return type.pattern.test(String(value))
        ? ok(String(value))
        : err(invalid(parameter.name, type.secret ? undefined : value, type.allowed));
    case "fixed": {
      const flag = readBoolean(text);
      const same = type.values.some(
        (each) =>
          each.toLowerCase() === text.toLowerCase() || (flag !== undefined && readBoolean(each) === flag),
      );
      return same
        ? ok(text)
        : err(
            invalid(
              parameter.name,
              value,
              `${type.values.map((each) => (each === "" ? "nothing" : each)).join(" or ")}, since this unit cannot do anything else yet`,
            ),
          );
    }
  }
}

export function readBoolean(text: string): boolean | undefined {
  switch (text.toLowerCase()) {
    case "y":
    case "yes":
    case "1":
    case "true":
      return true;
    case "n":
    case "no":
    case "0":
    case "false":
      return false;
    default:
      return undefined;
  }
}

/** Field, value and remedy in one text, since the envelope has room for one. A secret's value is undefined. */
export const invalid = (name: string, value: unknown, allowed: string): Failure => ({
  code: 422,
  message: `${name}: ${value === undefined ? "this value" : shown(value)} is not valid; allowed: ${allowed}`,
});

const shownMaxChars = 120;
const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= shownMaxChars ? text : `${text.slice(0, shownMaxChars)}…`;
};

const kindWord = (type: ParameterType): string => {
  switch (type.kind) {
    case "address":
      return "Address";
    case "boolean":
      return "Boolean";
    case "integer":
    case "choice":
    case "text":
    case "fixed":
      return "String";
  }
};
