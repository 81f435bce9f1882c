/**
 * Two Centrals as processes of their own on loopback addresses, worked with over their API as an operator would.
 * Everything is in one temporary folder, and `close` ends the processes it started and removes it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CentralClient } from "@tandem/central-api/client";
import type { HaStatus } from "@tandem/central-api/ha";
import { readFingerprint } from "@tandem/central-api/pinned-https";
import { routes } from "@tandem/central-api/routes";
import { Hopeless, notYet, seen, waitUntil } from "@tandem/lab/wait-until";

const tandem = fileURLToPath(new URL("../../bin/tandem", import.meta.url));
const apiPort = 28_443;
const peerPort = 26_974;
const readyWithinMs = 30_000;
const stateWithinMs = 60_000;
/** Connections of one client; a load of more writers takes several clients. */
export const connectionsPerClient = 8;

export class BenchedCentral {
  readonly address: string;
  readonly stateDir: string;
  readonly #log: string;
  readonly #configuration: string;
  #program = tandem;
  #process: ChildProcess | undefined;
  #apiKey: string | undefined;
  #client: CentralClient | undefined;

  constructor(folder: string, name: string, address: string) {
    this.address = address;
    this.stateDir = join(folder, name);
    this.#log = join(folder, `${name}.log`);
    this.#configuration = join(folder, `${name}.json`);
    this.#configure(name, { syslog: { address, port: 0 } });
  }

  #configure(name: string, more: object): void {
    const { address, stateDir } = this;
    const listen = { address, port: apiPort };
    const file = { name, stateDir, listen, peerLink: { address, port: peerPort }, ...more };
    writeFileSync(this.#configuration, JSON.stringify(file), { mode: 0o600 });
  }

  /** Its next start is of another program, an earlier version of this one; "this version": of this again. */
  use(program: string): this {
    const name = basename(this.stateDir);
    this.#program = program === "this version" ? tandem : program;
    // Version 1 knows no syslog.
    this.#configure(name, this.#program === tandem ? { syslog: { address: this.address, port: 0 } } : {});
    return this;
  }

  /** Signed in. Valid until the process is started anew. */
  get client(): CentralClient {
    if (this.#client === undefined) throw new Error(`${this.address} has not been started`);
    return this.#client;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Another client with connections of its own. */
  async anotherClient(): Promise<CentralClient> {
    const server = { host: this.address, port: apiPort };
    const fingerprint = await readFingerprint(server);
    return new CentralClient({ ...server, fingerprint, apiKey: this.#apiKey as string, timeoutMs: 60_000 });
  }

  /** Resolves once it serves. */
  async start(): Promise<void> {
    const log = openSync(this.#log, "a", 0o600);
    const from = readFileSync(this.#log).length;
    const child = spawn(this.#program, ["central", "--config", this.#configuration], {
      stdio: ["ignore", log, log],
    });
    this.#process = child;
    await waitUntil({ what: `${this.address} serves`, deadlineMs: readyWithinMs, everyMs: 5 }, () => {
      const said = readFileSync(this.#log, "utf8").slice(from);
      if (said.includes('"event":"ready"')) return seen(true);
      if (child.exitCode !== null) throw new Hopeless(`ended before it served: ${said.slice(-2_000)}`);
      return notYet(said.slice(-300));
    });
    if (this.#apiKey === undefined) {
      const server = { host: this.address, port: apiPort };
      const fingerprint = await readFingerprint(server);
      const session = new CentralClient({ ...server, fingerprint });
      await session.signIn("admin", readFileSync(join(this.stateDir, "first-password"), "utf8").trim());
      this.#apiKey = (await session.call(routes.makeApiKey, { body: { name: "bench" } })).key;
      session.close();
    }
    this.#client?.close();
    this.#client = await this.anotherClient();
  }

  status(): Promise<HaStatus> {
    return this.client.call(routes.ha).then(({ status }) => status);
  }

  async becomes(
    what: string,
    wanted: (status: HaStatus) => boolean,
    everyMs = 20,
    deadlineMs = stateWithinMs,
  ): Promise<HaStatus> {
    return waitUntil({ what: `${this.address}: ${what}`, deadlineMs, everyMs }, async () => {
      const status = await this.status();
      return wanted(status)
        ? seen(status)
        : notYet(`${status.ourState}, sequence ${status.ourSequence}/${status.peerSequence}`);
    });
  }

  /** In order: the other unit is told. Resolves once the process is gone. */
  stop(): Promise<void> {
    return this.kill("SIGTERM");
  }

  /** Resolves once the process is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Resident memory in MiB, of the process itself. */
  residentMiB(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024;
  }

  /** The greatest resident memory so far in MiB. */
  peakResidentMiB(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024;
  }

  closeClient(): void {
    this.#client?.close();
  }
}

export type TwoCentrals = {
  readonly folder: string;
  readonly a: BenchedCentral;
  readonly b: BenchedCentral;
  close(): Promise<void>;
};

/** Two Centrals that have not been started yet. */
export function twoCentrals(): TwoCentrals {
  const folder = mkdtempSync(join(tmpdir(), "tandem-bench-"));
  const a = new BenchedCentral(folder, "central-a", "127.0.0.11");
  const b = new BenchedCentral(folder, "central-b", "127.0.0.12");
  return {
    folder,
    a,
    b,
    close: async () => {
      for (const central of [a, b]) {
        central.closeClient();
        await central.kill();
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** CH14: A is set up first and becomes Master, then B joins. Both run, and have a network each. */
export async function pairUp({ a, b }: TwoCentrals, heartbeatSeconds = 30): Promise<void> {
  const keyOf = async (central: BenchedCentral): Promise<string> =>
    (await central.client.call(routes.ha)).configuration.haKeyForThisPeer;
  const about = (peer: BenchedCentral, key: string, preferredMaster: boolean) => ({
    haKeyForTheOtherPeer: key,
    ipAddressForTheOtherPeer: peer.address,
    peerPort,
    preferredMaster,
    heartbeatSeconds,
  });
  await a.client.call(routes.applyHa, { body: about(b, await keyOf(b), true) });
  await a.becomes("Master", ({ ourState }) => ourState === "Master");
  await b.client.call(routes.applyHa, { body: about(a, await keyOf(a), false) });
}

export const isWhole = (status: HaStatus): boolean =>
  status.heartbeats.flowing && status.inStep === true && status.ourSequence === status.peerSequence;
