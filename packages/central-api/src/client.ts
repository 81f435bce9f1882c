/** The typed client for Node: the command line, the lab and the tests. The web application uses `call.ts` with `fetch`. */
import type { Fingerprint } from "@tandem/base/ids";
import { callRoute } from "./call.ts";
import { pinnedTransport, requestTimeoutMsDefault, type ServerAddress } from "./pinned-https.ts";
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
  readonly #apiKey: string | undefined;
  #cookie: string | undefined;
  #csrf: string | undefined;

  constructor(options: CentralClientOptions) {
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
