/** The unit under test, and how it is spoken to: plain HTTPS requests, so that nothing in between corrects them. */
import type { IncomingHttpHeaders } from "node:http";
import { Agent, request } from "node:https";
import type { Parameters, Version, Wire } from "./case.ts";

export type Target = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** An address that the unit can put services on, of which ports from `firstPort` on are free; and one for their servers. */
  readonly services: string;
  readonly servers: string;
  readonly firstPort: number;
  /** Real units drop connections above 30 calls in 3 s. Undefined: as fast as it goes. */
  readonly callsPerSecond?: number;
  /** It is this project's own: a case marked as not yet must not conform there, else its mark is out of date. */
  readonly own: boolean;
};

export type Answer = {
  readonly http: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

export const answerTimeoutMs = 30_000;
const answerMaxBytes = 16 * 1024 * 1024;

export class Connection {
  readonly target: Target;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4, rejectUnauthorized: false });
  #nextAt = 0;

  constructor(target: Target) {
    this.target = target;
  }

  close(): void {
    this.#agent.destroy();
  }

  async send({ method, path, headers = {}, body }: Wire): Promise<Answer> {
    await this.#turn();
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: this.target.host,
          port: this.target.port,
          agent: this.#agent,
          method,
          path,
          headers: {
            ...headers,
            ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
          },
          timeout: answerTimeoutMs,
        },
        (response) => {
          const parts: Buffer[] = [];
          let bytes = 0;
          response.on("data", (part: Buffer) => {
            bytes += part.length;
            if (bytes > answerMaxBytes) outgoing.destroy(new Error("the answer does not end"));
            parts.push(part);
          });
          response.on("end", () =>
            resolve({
              http: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(parts),
            }),
          );
        },
      );
      outgoing.on("error", reject);
      outgoing.on("timeout", () => outgoing.destroy(new Error("the unit does not answer")));
      outgoing.end(body);
    });
  }

  /** Spreads the calls, where the unit asks for that. */
  async #turn(): Promise<void> {
    const { callsPerSecond } = this.target;
    if (callsPerSecond === undefined) return;
    const now = performance.now();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + 1_000 / callsPerSecond;
    if (at > now) await new Promise((resolve) => setTimeout(resolve, at - now));
  }
}

/** A command as a plain client sends it, signed in by the password. */
export function requestOf(version: Version, command: string, parameters: Parameters, target: Target): Wire {
  if (version === 2)
    return {
      method: "POST",
      path: "/accessv2",
      body: JSON.stringify({
        cmd: command,
        apiuser: target.user,
        apipass: target.password,
        ...parameters,
      }),
    };
  const { data, ...rest } = parameters;
  const query = Object.entries(rest)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join("&");
  const path = `/access/${command.replaceAll(".", "/")}${query === "" ? "" : `?${query}`}`;
  const headers = { authorization: basic(target.user, target.password) };
  return data === undefined
    ? { method: "GET", path, headers }
    : { method: "POST", path, headers, body: Buffer.from(String(data), "base64").toString("latin1") };
}

export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
