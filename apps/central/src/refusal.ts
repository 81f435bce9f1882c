/** A call that is answered with errors and changes nothing. */
import type { FieldError, Result } from "@tandem/base/result";
import type { FieldConflict, WriteConflict } from "@tandem/replica/edits";

export type RefusalStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 429 | 500 | 503 | 507;

export class Refusal extends Error {
  override name = "Refusal";
  readonly status: RefusalStatus;
  readonly errors: readonly FieldError[];

  constructor(status: RefusalStatus, ...errors: readonly FieldError[]) {
    super(errors.map(({ code }) => code).join(", "));
    this.status = status;
    this.errors = errors;
  }
}

/** The value, or throws the refusal that these errors are answered with. */
export function orRefuse<Value>(result: Result<Value, FieldError>, status: RefusalStatus = 400): Value {
  if (result.ok) return result.value;
  throw new Refusal(status, result.error);
}

const statusOfFailure: { readonly [code: string]: RefusalStatus } = {
  "row-unknown": 404,
  "row-exists": 409,
  "disk-full": 507,
  "disk-read-only": 507,
  "disk-io": 507,
};

/** The acknowledgement of a write, or throws: 404 for a row that is not there, 409 for one that is, or has moved on. */
export function written<Value>(result: Result<Value, WriteConflict | FieldError>): Value {
  if (result.ok) return result.value;
  const failure = result.error;
  if (!("table" in failure)) {
    throw new Refusal(statusOfFailure[failure.code] ?? 400, failure);
  }
  throw new Refusal(409, ...failure.fields.map((field) => movedOn(failure, field)));
}

function movedOn(conflict: WriteConflict, field: FieldConflict): FieldError {
  const when = new Date(field.at).toISOString();
  const isGone = conflict.tag === null;
  const now =
    field.secret || field.current === undefined ? "" : `; it is now ${JSON.stringify(field.current)}`;
  return {
    code: "moved-on",
    field: isGone ? conflict.table : field.field,
    ...(field.wanted === undefined || field.secret ? {} : { value: field.wanted }),
    message: isGone
      ? `"${conflict.key}" was removed by ${field.author} at ${when}, after it was read`
      : `${field.field} of "${conflict.key}" was changed by ${field.author} at ${when}, after it was read${now}`,
    remedy: isGone ? "read the list anew" : "read it anew, and send the change again if it still holds",
  };
}
