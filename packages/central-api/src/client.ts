/** The typed client for Node: the command line, the lab and the tests. The web application uses `call.ts` with `fetch`. */
import type { Readable } from "node:stream";
import type { Fingerprint } from "@tandem/base/ids";
import { callRoute, readAnswer, wireRequest } from "./call.ts";
import { collected, pinnedTransport, requestTimeoutMsDefault, type ServerAddress } from "./pinned-https.ts";
import { type AnswerOf, type CallOf, csrfHeader, type Route, routes, sessionCookiePrefix } from "./routes.ts";
import type { SessionAnswer } from "./session.ts";

export type CentralClientOptions = ServerAddress & {
  /** The server's key, from `readFingerprint` at first use or from the identity on disk. */
  readonly fingerprint: Fingerprint;
  /** An API key (`tandem_…`); without one, {@link CentralClient.signIn} makes a session. */
  readonly apiKey?: string;
  readonly timeoutMs?: number;
};

/**
 * One Central. `client.call(routes.addNetwork, { body: { cidr } })` answers the route's type, or throws `ApiError`
 * (the server said no), `ServerUnreachable` or `FingerprintMismatch`.
 */
export class CentralClient {
  readonly #transport: ReturnType<typeof pinnedTransport>;
  readonly #server: ServerAddress;
  readonly #apiKey: string | undefined;
  #cookie: string | undefined;
  #csrf: string | undefined;

  constructor(options: CentralClientOptions) {
    this.#server = options;
    this.#apiKey = options.apiKey;
    this.#transport = pinnedTransport(
      options,
      options.fingerprint,
      () => this.#headers(),
      (headers) => this.#keepCookie(headers["set-cookie"]),
      options.timeoutMs ?? requestTimeoutMsDefault,
    );
  }

  call<R extends Route>(
    route: R,
    ...[call]: unknown extends CallOf<R> ? [] : [CallOf<R>]
  ): Promise<AnswerOf<R>> {
    return callRoute(this.#transport.send, route, (call ?? {}) as CallOf<R>);
  }

  /** Calls a route that takes a file; `bytes` is its length where that is known. */
  async upload<R extends Route & { readonly accepts: "bytes" }>(
    route: R,
    call: CallOf<R>,
    file: Readable,
    bytes?: number,
  ): Promise<AnswerOf<R>> {
    const wire = wireRequest(route, call);
    const headers = {
      ...wire.headers,
      "content-type": "application/octet-stream",
      ...(bytes === undefined ? {} : { "content-length": String(bytes) }),
    };
    const response = await this.#transport.stream({ ...wire, headers }, file);
    return readAnswer(route, await collected(this.#server, response));
  }

  /** Calls a route that answers a file: its bytes, to be read as they come. Throws as `call` does. */
  async download<R extends Route & { readonly answers: "bytes" }>(
    route: R,
    call: CallOf<R>,
  ): Promise<Readable> {
    const response = await this.#transport.stream(wireRequest(route, call));
    if (response.statusCode === route.status) return response;
    readAnswer(route, await collected(this.#server, response));
    throw new Error("a refusal was expected");
  }

  /** Signs in with a password; the session's cookie goes with every later call. */
  async signIn(user: string, password: string): Promise<SessionAnswer> {
    const answer = await this.call(routes.signIn, { body: { user, password } });
    this.#csrf = answer.csrf ?? undefined;
    return answer;
  }

  /** Closes the connections that are kept open. */
  close(): void {
    this.#transport.close();
  }

  #headers(): Record<string, string> {
    if (this.#apiKey) return { authorization: `Bearer ${this.#apiKey}` };
    return {
      ...(this.#cookie ? { cookie: this.#cookie } : {}),
      ...(this.#csrf ? { [csrfHeader]: this.#csrf } : {}),
    };
  }

  #keepCookie(lines: string | readonly string[] | undefined): void {
    for (const line of typeof lines === "string" ? [lines] : (lines ?? [])) {
      const match = new RegExp(`^${sessionCookiePrefix}[0-9a-f]+=([^;]*)`).exec(line);
      if (match) this.#cookie = match[1] === "" ? undefined : match[0];
    }
  }
}
