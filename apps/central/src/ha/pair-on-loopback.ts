/** Two Centrals' HA on loopback addresses, each in its own directory, for tests. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Type } from "@tandem/base/schema";
import { type Identity, loadOrCreateIdentity } from "@tandem/peer-link/identity";
import { createRow, updateRow } from "@tandem/replica/edits";
import { defineTable, type Table } from "@tandem/replica/schema";
import type { Store } from "@tandem/storage/store";
import type { HaForm } from "./ha-form.ts";
import { type HaSeams, seamsOnDisk } from "./seams.ts";
import { newSettings } from "./settings-file.ts";
import { HighAvailability } from "./shell.ts";

export const networks = defineTable({
  name: "networks",
  key: (row) => row.cidr,
  columns: {
    cidr: { sync: "shared", schema: Type.String() },
    name: { sync: "shared", schema: Type.String(), default: "" },
    description: { sync: "shared", schema: Type.String(), default: "" },
    password: { sync: "shared", schema: Type.String(), secret: true, default: "" },
  },
});

export type Central = {
  readonly name: string;
  readonly stateDir: string;
  readonly address: string;
  readonly identity: Identity;
  ha: HighAvailability;
  /** What the next start runs on instead of the plain seams. */
  adapt: (seams: HaSeams) => HaSeams;
  /** The shared tables that the next start knows. */
  tables: readonly Table[];
  readonly fatal: Error[];
  /** As a process that is killed: no last word, the port refuses afterwards. */
  kill(): Promise<void>;
  restart(): Promise<void>;
};

export async function startCentral(
  t: TestContext,
  name: string,
  address: string,
  store?: Store,
  adapt: (seams: HaSeams) => HaSeams = (seams) => seams,
  tables: readonly Table[] = [networks],
): Promise<Central> {
  const stateDir = mkdtempSync(join(tmpdir(), "tandem-test-"));
  const identity = await loadOrCreateIdentity(join(stateDir, "identity"), {
    commonName: name,
    addresses: [address],
  });
  const fatal: Error[] = [];
  let port = 0;
  let current = adapt;
  let known = tables;
  const start = async (): Promise<HighAvailability> => {
    const ha = await HighAvailability.start({
      seams: current(
        seamsOnDisk({
          stateDir,
          identity,
          listen: { address, port },
          tables: known,
          ...(store === undefined ? {} : { store }),
        }),
      ),
      name,
      identity,
      centralVersion: "0.1.0",
      tables: known,
      networks,
      onFatal: (error) => fatal.push(error),
    });
    port = ha.listening.port;
    return ha;
  };
  const central: Central = {
    name,
    stateDir,
    address,
    identity,
    ha: await start(),
    get adapt() {
      return current;
    },
    set adapt(next) {
      current = next;
    },
    get tables() {
      return known;
    },
    set tables(next) {
      known = next;
    },
    fatal,
    kill: () => central.ha.abandon(),
    restart: async () => {
      central.ha = await start();
    },
  };
  t.after(async () => {
    await central.ha.abandon();
    rmSync(stateDir, { recursive: true, force: true });
  });
  return central;
}

/** What an operator would fill in on one unit about the other. */
export const formFor = (peer: Central, overrides: Partial<HaForm> = {}, port?: number): HaForm => ({
  ...newSettings,
  heartbeatMs: 1_000,
  holdDownMs: 1_000,
  ...overrides,
  peer: { key: peer.ha.haKey, address: peer.address, port: port ?? peer.ha.listening.port },
});

export async function eventually(
  what: string,
  condition: () => boolean,
  deadlineMs = 15_000,
): Promise<number> {
  const begun = performance.now();
  while (!condition()) {
    if (performance.now() - begun > deadlineMs) assert.fail(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - begun;
}

export const stateOf = (central: Central): string => central.ha.status().ourState;
export const inStep = (a: Central, b: Central): boolean => {
  const [x, y] = [a.ha.status(), b.ha.status()];
  return JSON.stringify(Object.entries(x.vector).sort()) === JSON.stringify(Object.entries(y.vector).sort());
};

export const addNetwork = (central: Central, cidr: string, name = "") =>
  central.ha.write([createRow(networks, { cidr, name })], "admin", `network ${cidr}`);
export const rename = (central: Central, cidr: string, name: string) =>
  central.ha.write([updateRow(networks, cidr, { name })], "admin", `network ${cidr}`);
export const names = (central: Central): { [cidr: string]: string } =>
  Object.fromEntries(central.ha.rows(networks).map((row) => [row.key, row.values.name]));

/** CH14, as the operator does it; the two need a network each first. `a` becomes Master. */
export async function setUp(a: Central, b: Central, ports: { a?: number; b?: number } = {}): Promise<void> {
  const master = await a.ha.apply(formFor(b, { preferredMaster: true }, ports.b));
  assert.ok(master.ok, JSON.stringify(master));
  await eventually("A is Master", () => stateOf(a) === "Master");
  const slave = await b.ha.apply(formFor(a, {}, ports.a));
  assert.ok(slave.ok, JSON.stringify(slave));
  await eventually("B is Slave", () => stateOf(b) === "Slave");
  await eventually(
    "each sees the other's role and heartbeats flow",
    () => [a, b].every(({ ha }) => ha.status().heartbeats.flowing) && a.ha.status().peerState === "Slave",
  );
}

/** Stands before a unit's peer link; while cut it swallows what passes, as a pulled cable does. */
export class Cable {
  readonly #server: Server;
  readonly #pairs = new Set<Socket>();
  #isCut = false;

  private constructor(targetAddress: string, targetPort: () => number) {
    this.#server = createServer((near) => {
      // While cut a connection is accepted here and never answered: no handshake passes either.
      const far = connect(targetPort(), targetAddress);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#pairs.add(from);
        let isDark = this.#isCut;
        from.on("data", (chunk) => {
          // What once lost bytes stays lost: TLS over it cannot go on.
          isDark ||= this.#isCut;
          if (!isDark) to.write(chunk);
        });
        from.on("error", () => undefined);
        from.on("close", () => {
          this.#pairs.delete(from);
          if (!isDark && !this.#isCut) to.destroy();
        });
      }
    });
  }

  static async before(t: TestContext, targetAddress: string, targetPort: () => number): Promise<Cable> {
    const cable = new Cable(targetAddress, targetPort);
    await new Promise<void>((resolve) => cable.#server.listen(0, targetAddress, resolve));
    t.after(() => {
      for (const socket of cable.#pairs) socket.destroy();
      cable.#server.close();
    });
    return cable;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  set isCut(value: boolean) {
    this.#isCut = value;
  }
}
