/**
 * What does not fit a schema, in the words that bad input is answered with: the field, the value, what would be right.
 * Nothing is coerced, filled in or removed; a member that a closed object does not know is a fault.
 */
import type { TSchema } from "typebox";
import { Check, Errors } from "typebox/value";
import type { FieldError } from "./result.ts";

/** Faults that are told of one input; TypeBox itself stops looking after a few. */
const faultsMax = 20;
const valueMaxCharacters = 200;

export type FaultNaming = {
  /** What the whole is called where no member can be named: "body", "the configuration file". */
  readonly whole: string;
  /** Members whose values are never repeated, such as passwords. */
  readonly secret?: ReadonlySet<string>;
};

type Fault = ReturnType<typeof Errors>[number];
/** The part of a JSON schema that remedies are made from. */
type Described = {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: { readonly [name: string]: Described };
  readonly items?: Described;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly { readonly const?: unknown }[];
};

const members = (instancePath: string): string[] =>
  instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (inner, name) =>
      typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[name] : undefined,
    value,
  );

const schemaAt = (schema: Described, path: readonly string[]): Described | undefined =>
  path.reduce<Described | undefined>((inner, name) => inner?.properties?.[name] ?? inner?.items, schema);

/** Empty when the value fits. Fields are paths such as `members/0`. */
export function schemaFaults(schema: TSchema, value: unknown, naming: FaultNaming): readonly FieldError[] {
  if (Check(schema, value)) return [];
  const seen = new Set<string>();
  const faults: FieldError[] = [];
  for (const fault of Errors(schema, value)) {
    for (const described of describe(schema as Described, value, fault, naming)) {
      // The branches of a union each complain about one member; the first complaint says enough.
      if (seen.has(described.field) || faults.length === faultsMax) continue;
      seen.add(described.field);
      faults.push(described);
    }
  }
  return faults;
}

function describe(schema: Described, whole: unknown, fault: Fault, naming: FaultNaming): FieldError[] {
  const path = members(fault.instancePath);
  const named = (extra: readonly string[] = []): string => [...path, ...extra].join("/") || naming.whole;
  switch (fault.keyword) {
    case "required":
      return fault.params.requiredProperties.map((name) => ({
        code: "missing",
        field: named([name]),
        message: `${named([name])} is missing`,
        remedy: `give ${name}${hint(schemaAt(schema, [...path, name]))}`,
      }));
    case "additionalProperties": {
      const known = Object.keys(schemaAt(schema, path)?.properties ?? {});
      return fault.params.additionalProperties.map((name) => ({
        code: "unknown-field",
        field: named([name]),
        message: `${named([name])} is not known here`,
        remedy: known.length === 0 ? "leave it out" : `leave it out; known are: ${known.join(", ")}`,
      }));
    }
    // A closed object says this once more for each member that "additionalProperties" has already named.
    case "boolean":
      return [];
    default: {
      const value = valueAt(whole, path);
      const isSecret = path.some((name) => naming.secret?.has(name));
      const told = isSecret || path.length === 0 ? undefined : shortened(value);
      return [
        {
          code: fault.keyword === "type" ? "wrong-type" : "not-allowed",
          field: named(),
          ...(told === undefined ? {} : { value: told }),
          message: `${named()} ${fault.message}`,
          remedy: remedy(schemaAt(schema, path), fault.keyword === "type"),
        },
      ];
    }
  }
}

const shortened = (value: unknown): unknown => {
  const text = JSON.stringify(value);
  return text === undefined || text.length <= valueMaxCharacters
    ? value
    : `${text.slice(0, valueMaxCharacters)}…`;
};

const hint = (schema: Described | undefined): string =>
  schema?.description ? `: ${schema.description}` : "";

const lengths = ({ minLength = 0, maxLength }: Described): string =>
  maxLength === undefined
    ? minLength === 0
      ? ""
      : ` of at least ${minLength} characters`
    : ` of ${minLength} to ${maxLength} characters`;

function remedy(schema: Described | undefined, isOfWrongType: boolean): string {
  if (schema === undefined) return "correct it";
  const choices = schema.anyOf?.map((one) => one.const).filter((one) => one !== undefined);
  if (choices !== undefined && choices.length > 0) return `give one of: ${choices.join(", ")}`;
  const range =
    schema.minimum !== undefined && schema.maximum !== undefined
      ? ` from ${schema.minimum} to ${schema.maximum}`
      : schema.minimum !== undefined
        ? ` of at least ${schema.minimum}`
        : "";
  const unquoted = isOfWrongType ? ", without quotes" : "";
  switch (schema.type) {
    case "integer":
      return `give a whole number${range}${unquoted}${hint(schema)}`;
    case "number":
      return `give a number${range}${unquoted}${hint(schema)}`;
    case "boolean":
      return `give true or false${unquoted}${hint(schema)}`;
    case "string":
      return `give a text${lengths(schema)}${hint(schema)}`;
    case "array":
      return `give a list${hint(schema)}`;
    case "object":
      return "give a JSON object";
    default:
      return `correct it${hint(schema)}`;
  }
}
