/** Clients that ask a service all the time and count what was not answered. */
import { Agent, type ClientRequest, get } from "node:http";
import type { Place } from "./haproxy.ts";

const timeoutMs = 5_000;

export class Clients {
  readonly failures: string[] = [];
  answered = 0;
  #over = false;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #loops: Promise<void>[];
  readonly #place: Place;

  /** `each`: so many with a new connection for every request, and as many that keep theirs. */
  constructor(place: Place, each: number) {
    this.#place = place;
    this.#loops = Array.from({ length: 2 * each }, (_, at) => this.#run(at < each));
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  async #run(keeps: boolean): Promise<void> {
    while (!this.#over) {
      const fault = (await this.#ask(keeps)) ?? undefined;
      if (fault === undefined) this.answered += 1;
      else this.failures.push(fault);
    }
  }

  /**
   * Why it failed; nothing when it was answered with 200. A kept connection that the other side has ended while nothing
   * was under way is no failure: the request is sent again on a new one (RFC 9110, section 9.2.2), as every client does.
   */
  #ask(keeps: boolean, again = false): Promise<string | undefined> {
    return new Promise((resolve) => {
      const request: ClientRequest = get(
        {
          host: this.#place.address,
          port: this.#place.port,
          agent: keeps && !again ? this.#agent : false,
          timeout: timeoutMs,
        },
        (response) => {
          response.resume();
          response.on("error", (error) => resolve(error.message));
          response.on("end", () =>
            resolve(response.statusCode === 200 ? undefined : `HTTP ${response.statusCode}`),
          );
        },
      );
      request.on("timeout", () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
      request.on("error", (error) =>
        resolve(request.reusedSocket && !again ? this.#ask(keeps, true) : error.message),
      );
    });
  }
}
