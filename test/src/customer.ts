/** A customer of a service: asks again and again, each time over a connection of its own, and remembers what came of it. */
import { get, type RequestOptions } from "node:http";
import { get as getSecure, type RequestOptions as SecureOptions } from "node:https";
import type { TLSSocket } from "node:tls";
import { sharedFront } from "./traffic-network.ts";

export type Asked = {
  /** Milliseconds, as `performance.now` counts them. */
  readonly start: number;
  readonly end: number;
  /** The server's name; undefined when there was no good answer. */
  readonly server?: string;
  readonly failure?: string;
};

export type Question = {
  readonly port: number;
  readonly client: string;
  readonly path?: string;
  readonly host?: string;
  /** Over TLS under this name, which the certificate that is shown has to be of. */
  readonly name?: string;
  /** The cookie of an earlier answer is sent again. */
  readonly keepsCookie?: true;
};

const everyMs = 50;
/** Longer than the second that HAProxy lets pass before it tries a server again that has refused a connection. */
const timeoutMs = 2_000;

export class Customer {
  readonly question: Question;
  readonly asked: Asked[] = [];
  #cookie: string | undefined;
  #ended = false;
  readonly #loop: Promise<void>;

  constructor(question: Question) {
    this.question = question;
    this.#loop = this.#goOn();
  }

  /** Since a moment; those that were under way then are not among them. */
  since(start: number): readonly Asked[] {
    return this.asked.filter((each) => each.start >= start);
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#loop;
  }

  async #goOn(): Promise<void> {
    while (!this.#ended) {
      const start = performance.now();
      const answer = await this.#ask().catch((error: Error) => ({ failure: error.message }));
      const end = performance.now();
      this.asked.push({ start, end, ...answer });
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, start + everyMs - end)));
    }
  }

  #ask(): Promise<{ server?: string; failure?: string }> {
    const { port, client, path = "/", host, name, keepsCookie } = this.question;
    const options: RequestOptions & SecureOptions = {
      host: sharedFront,
      port,
      path,
      agent: false,
      localAddress: client,
      timeout: timeoutMs,
      rejectUnauthorized: false,
      ...(name === undefined ? {} : { servername: name }),
      headers: {
        ...(host === undefined ? {} : { host }),
        ...(this.#cookie === undefined ? {} : { cookie: this.#cookie }),
      },
    };
    return new Promise((resolve, reject) => {
      const request = (name === undefined ? get : getSecure)(options, (response) => {
        const shown =
          name === undefined ? undefined : (response.socket as TLSSocket).getPeerCertificate().subject.CN;
        let body = "";
        response.on("data", (part) => {
          body += part;
        });
        response.on("error", reject);
        response.on("end", () => {
          const set = response.headers["set-cookie"]?.[0]?.split(";")[0];
          if (keepsCookie === true && set !== undefined) this.#cookie = set;
          if (response.statusCode !== 200) reject(new Error(`HTTP ${response.statusCode}`));
          else if (shown !== name) reject(new Error(`${shown} was shown for ${name}`));
          else resolve({ server: body });
        });
      });
      request.on("error", reject);
      request.on("timeout", () => request.destroy(new Error("timeout")));
    });
  }
}

/** The longest time between the ends of two good answers that follow each other, from `start` on. */
export function longestGapMs(customer: Customer, start: number): number {
  const good = customer.asked.filter(({ server, end }) => server !== undefined && end >= start);
  const before = customer.asked.filter(({ server, end }) => server !== undefined && end < start).at(-1);
  const ends = [...(before === undefined ? [] : [before.end]), ...good.map(({ end }) => end)];
  return Math.max(0, ...ends.slice(1).map((end, at) => end - (ends[at] ?? end)));
}
