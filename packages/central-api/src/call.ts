/**
 * Calling routes over any transport. The web application gives it `fetch`, the command line and the tests the
 * pinned HTTPS transport of `client.ts`. Safe in a browser.
 */
import type { FieldError } from "@tandem/base/result";
import { type AnswerOf, apiPrefix, type CallOf, type Route } from "./routes.ts";

/** A request ready to be sent; `body` is JSON text. */
export type WireRequest = {
  readonly method: string;
  /** Path with query, from the root: `/api/v1/networks`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
};
/** An answer as it came; `body` is its text. */
export type WireAnswer = { readonly status: number; readonly body: string };
export type Transport = (request: WireRequest) => Promise<WireAnswer>;

/** The server understood the call and said no, or what answered is not a Central (`errors[0].code` = "not-understood"). */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  readonly errors: readonly FieldError[];

  constructor(status: number, errors: readonly FieldError[]) {
    super(errors.map((error) => error.message).join("; ") || `HTTP ${status}`);
    this.status = status;
    this.errors = errors;
  }
}

/** The request that calls `route`; parameters are URL-encoded. */
export function wireRequest<R extends Route>(route: R, call: CallOf<R>): WireRequest {
  const parts = call as {
    params?: Record<string, string>;
    query?: Record<string, string>;
    body?: unknown;
    tag?: string;
  };
  const path = route.path.replace(/:([a-z]+)/gi, (_, name: string) =>
    encodeURIComponent(parts.params?.[name] ?? ""),
  );
  const query = new URLSearchParams(
    Object.entries(parts.query ?? {}).filter((entry) => entry[1] !== undefined),
  ).toString();
  const headers: Record<string, string> = { accept: "application/json" };
  if (parts.body !== undefined) headers["content-type"] = "application/json";
  if (parts.tag !== undefined) headers["if-match"] = `"${parts.tag}"`;
  return {
    method: route.method,
    path: `${apiPrefix}${path}${query ? `?${query}` : ""}`,
    headers,
    body: parts.body === undefined ? undefined : JSON.stringify(parts.body),
  };
}

/** The answer's value, or throws {@link ApiError}. */
export function readAnswer<R extends Route>(_route: R, answer: WireAnswer): AnswerOf<R> {
  let value: unknown;
  try {
    value = JSON.parse(answer.body);
  } catch {
    throw new ApiError(answer.status, [notUnderstood(answer)]);
  }
  if (answer.status >= 200 && answer.status < 300) return value as AnswerOf<R>;
  const errors = (value as { errors?: unknown } | null)?.errors;
  throw new ApiError(
    answer.status,
    Array.isArray(errors) ? (errors as FieldError[]) : [notUnderstood(answer)],
  );
}

/** Calls `route` over `transport`. Throws {@link ApiError} for an answer that is not 2xx, and whatever the transport throws. */
export async function callRoute<R extends Route>(
  transport: Transport,
  route: R,
  call: CallOf<R>,
): Promise<AnswerOf<R>> {
  return readAnswer(route, await transport(wireRequest(route, call)));
}

const notUnderstood = (answer: WireAnswer): FieldError => ({
  code: "not-understood",
  field: "",
  message: `the answer (HTTP ${answer.status}) is not what a Central answers`,
  remedy: "check the server's address and port",
});
