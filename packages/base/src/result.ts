/** A value or a failure of the world, never both. Failures carry a code and its typed details. */
export type Result<Value, Failure> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure };

export const ok = <Value>(value: Value): Result<Value, never> => ({ ok: true, value });
export const err = <Failure>(error: Failure): Result<never, Failure> => ({ ok: false, error });

/**
 * What bad input is answered with, everywhere: the field, the value that was given, and what would be right.
 * `value` is left out where it is a secret.
 */
export type FieldError = {
  readonly code: string;
  readonly field: string;
  readonly value?: unknown;
  readonly message: string;
  readonly remedy: string;
};
