import type { TSchema } from "typebox";
import { Check, Errors } from "typebox/value";

/** Whether a value fits a schema. Pure; nothing is coerced or removed. */
export const fits = (schema: TSchema, value: unknown): boolean => Check(schema, value);

/**
 * Where and why a value does not fit, in one line: `/port must be integer`; undefined when it does. Bad input of
 * operators is answered with `schema-faults.ts` instead.
 */
export function firstFault(schema: TSchema, value: unknown): string | undefined {
  if (Check(schema, value)) return undefined;
  const [fault] = Errors(schema, value);
  return fault === undefined ? "does not fit" : `${fault.instancePath} ${fault.message}`.trim();
}
