/** Whatever goes wrong with a call becomes `{ errors: FieldError[] }` with a status. */
import type { FieldError } from "@tandem/base/result";
import type { ErrorAnswer } from "@tandem/central-api/errors";
import { diskTroubleOf } from "@tandem/storage/disk-trouble";
import type { FastifyError } from "fastify";
import { TooManySignIns } from "../access/password.ts";
import { Refusal } from "../refusal.ts";
import { UnitStopped } from "../unit-stopped.ts";

/** Thrown by validation: what does not fit the route's schema. */
export class Unfit extends Error {
  override name = "Unfit";
  readonly faults: readonly FieldError[];

  constructor(faults: readonly FieldError[]) {
    super("the request does not fit");
    this.faults = faults;
  }
}

export type MappedError = {
  readonly status: number;
  readonly answer: ErrorAnswer;
  /** True for what is this program's own fault: it belongs in the log with its stack. */
  readonly isOurFault: boolean;
};

const mapped = (status: number, ...errors: readonly FieldError[]): MappedError => ({
  status,
  answer: { errors: [...errors] },
  isOurFault: status === 500,
});

export function mapError(error: FastifyError | Error): MappedError {
  if (error instanceof Refusal) return mapped(error.status, ...error.errors);
  if (error instanceof Unfit) return mapped(400, ...error.faults);
  if (error instanceof TooManySignIns)
    return mapped(503, {
      code: "busy",
      field: "password",
      message: "too many sign-ins at the same time",
      remedy: "try again in a few seconds",
    });
  const trouble = diskTroubleOf(error instanceof UnitStopped ? error.cause : error);
  if (trouble !== null)
    return mapped(503, {
      code: trouble.code,
      field: "",
      message: `${trouble.cause}; nothing was changed`,
      remedy: trouble.remedy,
    });
  const { code, statusCode, message } = error as FastifyError;
  const whole = (faultCode: string, remedy: string): FieldError => ({
    code: faultCode,
    field: "body",
    message: message || "the request cannot be understood",
    remedy,
  });
  switch (code) {
    case "FST_ERR_CTP_INVALID_JSON_BODY":
    case "FST_ERR_CTP_EMPTY_JSON_BODY":
      return mapped(400, {
        ...whole("json-malformed", "send one JSON object; check quotes, commas and braces"),
        message: "the body is not JSON",
      });
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return mapped(
        415,
        whole(
          "media-type",
          "send JSON, with Content-Type: application/json; a file as application/octet-stream",
        ),
      );
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return mapped(413, whole("body-too-large", "send less at a time"));
    default:
  }
  // JSON.parse's own error, which the parser of bodies lets through with a status.
  if (error instanceof SyntaxError && statusCode === 400)
    return mapped(400, {
      ...whole("json-malformed", "send one JSON object; check quotes, commas and braces"),
      message: `the body is not JSON: ${message}`,
    });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return mapped(statusCode, whole("request-malformed", "see /openapi.json for what this call takes"));
  return mapped(500, {
    code: "internal",
    field: "",
    message: "something went wrong inside this Central",
    remedy: "see its log; if it happens again, report it with the log's line",
  });
}
