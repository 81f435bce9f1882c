/**
 * The envelopes of API v2: every answer is one JSON object with `code` and `status`; data stand beside them at the top
 * level. A failure's HTTP status equals its `code`.
 */
import type { FenceRefusal } from "./fence-parameters.ts";

export type Envelope = {
  readonly code: number;
  readonly status: "ok" | "fail";
  readonly [field: string]: unknown;
};

/** What existing clients compare with, word for word. */
export const completedOk = "Command completed ok";
export const unknownCommand = "Unknown command";
export const unknownService = "Unknown VS";
export const unknownServer = "Unknown RS";

export const success = (data: object = {}): Envelope =>
  Object.keys(data).length === 0
    ? { code: 200, message: completedOk, status: "ok" }
    : { code: 200, ...data, status: "ok" };

/**
 * A refusal: 400 malformed or missing, 401 not signed in, 403 a browser without its token, 405 unknown command, 409 fenced
 * (with `fence`), 422 not possible, 500 a fault of the unit.
 */
export type Failure = {
  readonly code: 400 | 401 | 403 | 405 | 409 | 413 | 422 | 429 | 500 | 503;
  readonly message: string;
  readonly fence?: FenceRefusal;
};
export const failure = (refusal: Failure): Envelope => ({
  code: refusal.code,
  message: refusal.message,
  ...(refusal.fence === undefined ? {} : { fence: refusal.fence }),
  status: "fail",
});

/** 200 only when the HTTP status, `code` and `status` all say so; else the most telling failing one. */
export function statusOf(
  httpStatus: number,
  body: { readonly code?: unknown; readonly status?: unknown },
): number {
  const code = typeof body.code === "number" ? body.code : undefined;
  if (code !== undefined && code !== 200) return code;
  if (httpStatus !== 200) return httpStatus;
  return body.status === "ok" ? 200 : 500;
}
