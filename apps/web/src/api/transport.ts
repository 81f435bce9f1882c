import { callRoute, type Transport } from "@tandem/central-api/call";
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
