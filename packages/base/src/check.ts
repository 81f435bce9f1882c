import type { TSchema } from "typebox";
import { Check } from "typebox/value";

/** Whether a value fits a schema. Pure; nothing is coerced or removed. For the faults in words see `schema-faults.ts`. */
export const fits = (schema: TSchema, value: unknown): boolean => Check(schema, value);
