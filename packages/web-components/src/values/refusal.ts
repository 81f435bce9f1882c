/** What a server says no to, as forms show it: beside the field it is about, or above the form. */
import type { FieldError } from "@tandem/base/result";

/** The server understood the call and said no. Every web application's own error has this shape. */
export type Refusal = Error & { readonly status: number; readonly errors: readonly FieldError[] };

export const isRefusal = (error: unknown): error is Refusal =>
  error instanceof Error && "errors" in error && Array.isArray(error.errors) && "status" in error;

const inWords = ({ message, remedy }: FieldError): string =>
  remedy === "" ? message : `${message}: ${remedy}`;

/** The message that belongs beside `field`, with its remedy; undefined when the error is about something else. */
export function errorOf(error: unknown, field: string): string | undefined {
  if (!isRefusal(error)) return undefined;
  const found = error.errors.find((one) => one.field === field);
  return found && inWords(found);
}

/** What is wrong, for a place above the form: everything that belongs beside none of `fields`. */
export function errorsElsewhere(error: unknown, fields: readonly string[]): string[] {
  if (error === null || error === undefined) return [];
  if (!isRefusal(error)) return ["The unit does not answer: check that it runs and that you can reach it"];
  return error.errors.filter((one) => !fields.includes(one.field)).map(inWords);
}
