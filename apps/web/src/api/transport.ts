import {
  callRoute,
  readAnswer,
  type Transport,
  type WireAnswer,
  type WireRequest,
  wireRequest,
} from "@tandem/central-api/call";
import { type AnswerOf, type CallOf, csrfHeader, type Route } from "@tandem/central-api/routes";

let csrf: string | null = null;

/** The token that goes with the session's cookie; calls that change something carry it. */
export const rememberCsrf = (token: string | null): void => {
  csrf = token;
};

const send = ({ method, path, headers }: WireRequest, body: string | Blob | undefined): Promise<Response> =>
  fetch(path, {
    method,
    headers: { ...headers, ...(csrf === null ? {} : { [csrfHeader]: csrf }) },
    credentials: "same-origin",
    ...(body === undefined ? {} : { body }),
  });
const answerOf = async (response: Response): Promise<WireAnswer> => ({
  status: response.status,
  body: await response.text(),
});

const overFetch: Transport = async (wire) => answerOf(await send(wire, wire.body));

/** Calls Central. Throws ApiError for an answer that says no, TypeError when Central does not answer. */
export const call = <R extends Route>(route: R, parts: CallOf<R>): Promise<AnswerOf<R>> =>
  callRoute(overFetch, route, parts);

/** Calls a route that takes a file. Throws as `call` does. */
export async function upload<R extends Route & { readonly accepts: "bytes" }>(
  route: R,
  parts: CallOf<R>,
  file: Blob,
): Promise<AnswerOf<R>> {
  const wire = wireRequest(route, parts);
  const headers = { ...wire.headers, "content-type": "application/octet-stream" };
  return readAnswer(route, await answerOf(await send({ ...wire, headers }, file)));
}

/** Calls a route that answers a file. Throws as `call` does. */
export async function download<R extends Route & { readonly answers: "bytes" }>(
  route: R,
  parts: CallOf<R>,
): Promise<Blob> {
  const wire = wireRequest(route, parts);
  const response = await send(wire, wire.body);
  if (response.status === route.status) return response.blob();
  readAnswer(route, await answerOf(response));
  throw new TypeError(`HTTP ${response.status} is no answer of this route`);
}
