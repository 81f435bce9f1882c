/** A unit as a process of its own, as an operator runs it, and what can be seen of it from outside. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { askHaproxy } from "@tandem/linux/haproxy-socket";
import { hashPassword } from "@tandem/loadmaster/access/passwords";
import { newDocument, type StoredService, type UnitDocument } from "@tandem/loadmaster/state/document";
import { DocumentStore } from "@tandem/loadmaster/state/store";
import { LoadMasterClient } from "@tandem/loadmaster-api/client";

const tandem = fileURLToPath(new URL("../../../bin/tandem", import.meta.url));
const password = "of this bench";
const readyMs = 60_000;

export type UnitPlace = { readonly address: string; readonly port: number };

export class BenchUnit {
  readonly client: LoadMasterClient;
  readonly #stateDir: string;
  readonly #child: ChildProcess;

  private constructor({ address, port }: UnitPlace, stateDir: string, child: ChildProcess) {
    this.#stateDir = stateDir;
    this.#child = child;
    this.client = new LoadMasterClient({
      address,
      port,
      credentials: { kind: "password", user: "bal", password },
      timeoutMs: 60_000,
    });
  }

  /** Resolves once it serves. `services`: what it has from the beginning. */
  static async start(
    directory: string,
    place: UnitPlace,
    services: readonly StoredService[] = [],
  ): Promise<BenchUnit> {
    const stateDir = join(directory, "state");
    mkdirSync(stateDir, { mode: 0o700 });
    const document = newDocument("bench", await hashPassword(password));
    await new DocumentStore(stateDir).save(holding(document, services));
    const path = join(directory, "loadmaster.json");
    writeFileSync(
      path,
      JSON.stringify({
        name: "bench",
        stateDir,
        interfaces: [{ id: 0, device: "lo", address: `${place.address}/8` }],
        api: { port: place.port },
        partnerLink: { port: place.port + 1 },
        rebootCommand: "exit",
      }),
    );
    const child = spawn(tandem, ["loadmaster", "--config", path], { stdio: ["ignore", "pipe", "pipe"] });
    await ready(child);
    return new BenchUnit(place, stateDir, child);
  }

  /** Of the unit's own process, in MB. */
  get residentMb(): number {
    return residentMb(this.#child.pid ?? 0);
  }

  /** Of HAProxy, the master and all workers together, in MB. */
  async haproxyResidentMb(): Promise<number> {
    return (await this.#processes()).reduce((sum, { pid }) => sum + residentMb(pid), 0);
  }

  /** How often HAProxy was reloaded. */
  async reloads(): Promise<number> {
    return (await this.#processes()).find(({ type }) => type === "master")?.reloads ?? Number.NaN;
  }

  async #processes(): Promise<{ pid: number; type: string; reloads: number }[]> {
    const answer = await askHaproxy(join(this.#stateDir, "haproxy/master.sock"), "show proc");
    return (answer.ok ? answer.value : "").split("\n").flatMap((line) => {
      const match = /^(\d+)\s+(master|worker)\s+(\d+)/.exec(line);
      return match === null
        ? []
        : [{ pid: Number(match[1]), type: match[2] ?? "", reloads: Number(match[3]) }];
    });
  }

  async end(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }
}

function holding(document: UnitDocument, services: readonly StoredService[]): UnitDocument {
  const greatest = (indexes: readonly number[]): number =>
    indexes.reduce((most, each) => Math.max(most, each), 0);
  return {
    ...document,
    shared: {
      ...document.shared,
      services: [...services],
      nextServiceIndex: greatest(services.map(({ index }) => index)) + 1,
      nextServerIndex: greatest(services.flatMap(({ servers }) => servers.map(({ index }) => index))) + 1,
    },
  };
}

function residentMb(pid: number): number {
  const path = `/proc/${pid}/status`;
  const kib = existsSync(path) ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(path, "utf8"))?.[1] : undefined;
  return (Number(kib ?? Number.NaN) * 1_024) / 1e6;
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`the unit was not ready in ${readyMs} ms: ${said.slice(-2_000)}`));
    }, readyMs);
    const hear = (part: Buffer): void => {
      said = `${said}${part}`.slice(-10_000);
      if (!said.includes('"event":"ready"')) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", (code) => reject(new Error(`the unit ended (${code}): ${said.slice(-2_000)}`)));
  });
}
