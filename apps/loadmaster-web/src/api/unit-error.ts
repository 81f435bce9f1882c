/** What the unit says no to. Its envelope has one text for field and fault, unless it names the field itself. */
import type { FieldError } from "@tandem/base/result";
import type { Refusal } from "@tandem/web-components/values/refusal";

export class UnitError extends Error implements Refusal {
  override name = "UnitError";
  readonly status: number;
  readonly errors: readonly FieldError[];

  constructor(status: number, errors: readonly FieldError[]) {
    super(errors.map((error) => error.message).join("; ") || `HTTP ${status}`);
    this.status = status;
    this.errors = errors;
  }
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** The error of an answer that is not well: `field: what is wrong` in one text, or in members of their own. */
export function unitErrorOf(status: number, body: { readonly [member: string]: unknown }): UnitError {
  const message = text(body.message) ?? `the unit answered ${status}`;
  const parts = /^([A-Za-z]\w*): ([\s\S]+)$/.exec(message);
  const field = text(body.field) ?? parts?.[1] ?? "";
  const fault = parts?.[1] === field ? (parts[2] ?? message) : message;
  return new UnitError(status, [
    { code: "refused", field, value: body.value, message: fault, remedy: text(body.remedy) ?? "" },
  ]);
}
