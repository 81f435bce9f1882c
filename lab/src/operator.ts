/** Somebody who works with one machine of the lab from the host: signed in, with the machine's key pinned. */

import { Readable } from "node:stream";
import type { Fingerprint } from "@tandem/base/ids";
import { ApiError } from "@tandem/central-api/call";
import { CentralClient } from "@tandem/central-api/client";
import type { HaAnswer } from "@tandem/central-api/ha";
import { readFingerprint } from "@tandem/central-api/pinned-https";
import type { AnswerOf, CallOf, Route } from "@tandem/central-api/routes";
import { routes } from "@tandem/central-api/routes";
import type { Answer, CallResult, Parameters } from "@tandem/loadmaster-api/client";
import { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { hostPortOf } from "./forwarders.ts";
import { firstPassword, keptPassword } from "./processes.ts";
import type { CentralNode, LoadMasterNode } from "./topology.ts";
import { notYet, seen, waitUntil } from "./wait-until.ts";

const loopback = "127.0.0.1";
const passwordWithinMs = 15_000;
const callTimeoutMs = 5_000;

/** The user whom a Central has from its first start. */
export const centralUser = "admin";
/** The user whom a LoadMaster has from its first start. */
export const loadMasterUser = "bal";

const readFirstPassword = (lab: string, node: CentralNode | LoadMasterNode): Promise<string> =>
  waitUntil({ what: `the first-run password of ${node}`, deadlineMs: passwordWithinMs }, () => {
    const password = firstPassword(lab, node) ?? keptPassword(lab, node);
    return password === undefined ? notYet("no such file") : seen(password);
  });

/** At a Central. A session that the Central has forgotten, because it was started anew, is made again. */
export class CentralOperator {
  readonly node: CentralNode;
  readonly password: string;
  readonly #client: CentralClient;

  private constructor(node: CentralNode, password: string, client: CentralClient) {
    this.node = node;
    this.password = password;
    this.#client = client;
  }

  /** Signs in with the first-run password. */
  static async at(lab: string, node: CentralNode): Promise<CentralOperator> {
    const server = { host: loopback, port: hostPortOf(lab, node) };
    const password = await readFirstPassword(lab, node);
    const fingerprint: Fingerprint = await readFingerprint(server, callTimeoutMs);
    const client = new CentralClient({ ...server, fingerprint, timeoutMs: callTimeoutMs });
    await client.signIn(centralUser, password);
    return new CentralOperator(node, password, client);
  }

  async call<R extends Route>(
    route: R,
    ...call: unknown extends CallOf<R> ? [] : [CallOf<R>]
  ): Promise<AnswerOf<R>> {
    return this.#signedIn(() => this.#client.call(route, ...call));
  }

  download<R extends Route & { readonly answers: "bytes" }>(route: R, call: CallOf<R>): Promise<Buffer> {
    return this.#signedIn(async () =>
      Buffer.concat(await (await this.#client.download(route, call)).toArray()),
    );
  }

  upload<R extends Route & { readonly accepts: "bytes" }>(
    route: R,
    call: CallOf<R>,
    file: Buffer,
  ): Promise<AnswerOf<R>> {
    return this.#signedIn(() => this.#client.upload(route, call, Readable.from([file]), file.length));
  }

  async #signedIn<Value>(ask: () => Promise<Value>): Promise<Value> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      await this.#client.signIn(centralUser, this.password);
      return await ask();
    }
  }

  /** HA Configuration and HA Status as the page shows them. */
  ha(): Promise<HaAnswer> {
    return this.call(routes.ha);
  }

  close(): void {
    this.#client.close();
  }
}

/** A LoadMaster refused, or could not be asked. */
export class LoadMasterRefused extends Error {
  override name = "LoadMasterRefused";
}

/** The value, or throws {@link LoadMasterRefused} with what was asked and what the unit said. */
export async function granted<Value>(what: string, result: CallResult<Value>): Promise<Value> {
  const answer = await result;
  if (answer.ok) return answer.value;
  throw new LoadMasterRefused(`${what}: ${answer.error.message}`);
}

/** At a LoadMaster's own address. */
export class LoadMasterOperator {
  readonly node: LoadMasterNode;
  readonly password: string;
  readonly #lab: string;
  readonly #client: LoadMasterClient;

  private constructor(lab: string, node: LoadMasterNode, password: string) {
    this.#lab = lab;
    this.node = node;
    this.password = password;
    this.#client = this.#clientAt(hostPortOf(lab, node));
  }

  static async at(lab: string, node: LoadMasterNode): Promise<LoadMasterOperator> {
    return new LoadMasterOperator(lab, node, await readFirstPassword(lab, node));
  }

  #clientAt(port: number): LoadMasterClient {
    return new LoadMasterClient({
      address: loopback,
      port,
      credentials: { kind: "password", user: loadMasterUser, password: this.password },
      timeoutMs: callTimeoutMs,
    });
  }

  command(command: string, parameters: Parameters = {}): Promise<Answer> {
    const words = Object.entries(parameters).filter(([name]) => name !== "secret");
    const what = [`${this.node}: ${command}`, ...words.map(([name, value]) => `${name}=${value}`)].join(" ");
    return granted(what, this.#client.call(command, parameters));
  }

  /** `Active`, `Standby`…, as the unit says at its own address. */
  async haStatus(): Promise<string> {
    // One call: who waits for a status asks often, and units carry out 30 in 3 s.
    return String(await granted(`${this.node}: the HA status`, this.#client.get("hastatus")));
  }

  /** A client at the shared address, for the time that this unit is active: passwords are each unit's own. */
  atSharedAddress(): LoadMasterClient {
    return this.#clientAt(hostPortOf(this.#lab, "loadmaster"));
  }
}
