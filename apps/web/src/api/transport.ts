import { ApiError, callRoute, type Transport } from "@tandem/central-api/call";
import { type AnswerOf, type CallOf, csrfHeader, type Route } from "@tandem/central-api/routes";

let csrf: string | null = null;

/** The token that goes with the session's cookie; calls that change something carry it. */
export const rememberCsrf = (token: string | null): void => {
  csrf = token;
};

const overFetch: Transport = async ({ method, path, headers, body }) => {
  const response = await fetch(path, {
    method,
    headers: { ...headers, ...(csrf === null ? {} : { [csrfHeader]: csrf }) },
    credentials: "same-origin",
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, body: await response.text() };
};

/** Calls Central. Throws ApiError for an answer that says no, TypeError when Central does not answer. */
export const call = <R extends Route>(route: R, parts: CallOf<R>): Promise<AnswerOf<R>> =>
  callRoute(overFetch, route, parts);

/** The message that belongs beside `field`, with its remedy; undefined when the error is about something else. */
export function errorOf(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const found = error.errors.find((one) => one.field === field);
  return found && `${found.message}: ${found.remedy}`;
}

/** What is wrong, for a place above the form: everything that belongs beside none of `fields`. */
export function errorsElsewhere(error: unknown, fields: readonly string[]): string[] {
  if (error === null || error === undefined) return [];
  if (!(error instanceof ApiError))
    return ["Central does not answer: check that it runs and that you can reach it"];
  return error.errors
    .filter((one) => !fields.includes(one.field))
    .map((one) => `${one.message}: ${one.remedy}`);
}
