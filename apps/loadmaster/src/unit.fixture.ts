/** Units for tests: real HAProxy and real HTTPS on addresses of the loopback network, with a CARP that does as it is told. */
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ok, type Result } from "@tandem/base/result";
import {
  type Parameters as CallParameters,
  type CallResult,
  LoadMasterClient,
  type LoadMasterClientOptions,
} from "@tandem/loadmaster-api/client";
import type { Pacified } from "@tandem/loadmaster-api/ha-view";
import { type Assembled, assemble, type LicensingSeams } from "./assemble.ts";
import type { NetworkInterface, UnitConfiguration } from "./configuration-file.ts";
import type { CarpRole, CarpRoleStatus } from "./ha/carp-role.ts";
import type { CarpdConfiguration } from "./ha/carpd-configuration.ts";
import type { RebootCommand } from "./reboot.ts";
import type { StoredService } from "./state/document.ts";
import type { Unit } from "./unit.ts";

/** Each test process has a network of its own within 127.0.0.0/8. */
export const loopback = (host: number): string =>
  `127.${20 + (process.pid % 200)}.${Math.floor(process.pid / 200) % 250}.${host}`;

/** Ports, too, differ by process, for the sake of what listens on every address. */
export const portFor = (offset: number): number => 21_000 + (process.pid % 4_000) * 10 + offset;

export class FakeCarp implements CarpRole {
  status: CarpRoleStatus | null = null;
  configuration: CarpdConfiguration | undefined;
  /** Every configuration that it was given, in order. */
  readonly configurations: CarpdConfiguration[] = [];
  /** What it is once it has started: standby, unless it hears nobody. */
  startsAs: "backup" | "master" = "backup";
  demotion = 0;
  refusal: string | undefined;
  pacified: Pacified | null = null;
  /** The unit that comes next was told not to be pacified. */
  resumesAtRestart = false;
  /** How often it was started. */
  spawned = 0;
  /** Why the next one refuses its configuration. */
  refusesAtStart: string | undefined;
  /** What each stop did with the addresses. */
  readonly stops: ("kept" | "released")[] = [];
  readonly #listeners = new Set<(status: CarpRoleStatus | null) => void>();

  onStatus(listener: (status: CarpRoleStatus | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  become(role: CarpRoleStatus["role"]): void {
    this.#set({ role, since: Date.now(), reason: "the test says so" });
  }

  /** What carpd reports beside its role. */
  hears(facts: Partial<CarpRoleStatus>): void {
    if (this.status !== null) this.#set({ ...this.status, ...facts });
  }

  /** It does not take its configuration. */
  refuse(reason: string): void {
    this.refusal = reason;
    this.#set(this.status);
  }

  /** It has ended too often. */
  pacify(reason: string): void {
    this.pacified ??= { since: Date.now(), starts: 3, reason };
    this.#set(null);
  }

  async resume(): Promise<void> {
    this.pacified = null;
    this.become("backup");
  }

  forgetStarts(): void {
    if (this.pacified === null) return;
    this.pacified = null;
    this.#set(this.status);
  }

  resumeAtRestart(): void {
    this.resumesAtRestart = true;
  }

  start(): void {}

  async spawn(holding?: true): Promise<void> {
    if (this.pacified !== null) return;
    this.spawned += 1;
    this.refusal = this.refusesAtStart;
    if (this.status === null) this.become(holding === true ? "master" : this.startsAs);
  }

  configure(configuration: CarpdConfiguration): Result<null, never> {
    this.configuration = configuration;
    this.configurations.push(configuration);
    return ok(null);
  }

  demote(demotion: number): void {
    this.demotion = demotion;
  }

  async handOver(): Promise<Result<null, string>> {
    this.become("backup");
    return ok(null);
  }

  async stop(keep?: true): Promise<void> {
    this.stops.push(keep === true ? "kept" : "released");
    this.refusal = undefined;
    this.#set(null);
  }

  #set(status: CarpRoleStatus | null): void {
    this.status = status;
    for (const listener of this.#listeners) listener(status);
  }
}

export type LogLine = { readonly level: string; readonly event: string; readonly details: object };

export type TestUnit = Omit<Assembled, "log"> & {
  readonly carp: FakeCarp;
  readonly log: LogLine[];
  readonly configuration: UnitConfiguration;
  readonly password: string;
  /** Its calls return once what they have changed carries traffic, which is shortly after the unit has answered. */
  client(address?: string): LoadMasterClient;
  remove(): Promise<void>;
};

/** Starts a unit on one loopback address; `stateDir` of an earlier one continues it. */
export async function startUnit(
  host: number,
  options: {
    readonly stateDir?: string;
    readonly password?: string;
    readonly apiPort?: number;
    readonly partnerPort?: number;
    readonly rebootCommand?: RebootCommand;
    /** Interfaces 1 and so on, beside interface 0. */
    readonly furtherHosts?: readonly number[];
    /** Interfaces of any kind, after those. */
    readonly furtherInterfaces?: readonly NetworkInterface[];
    /** It drops calls as units do; else tests may make as many as they like. */
    readonly limitsCalls?: true;
    readonly licensing?: LicensingSeams;
    /** Its CARP hears nobody as it starts: it is active before the partner link has said anything. */
    readonly startsActive?: true;
  } = {},
): Promise<TestUnit> {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), "tandem-unit-"));
  const address = loopback(host);
  const configuration: UnitConfiguration = {
    name: `lm${host}`,
    stateDir,
    interfaces: [
      ...[address, ...(options.furtherHosts ?? []).map(loopback)].map((each, id) => ({
        id,
        device: "lo",
        address: each,
        prefix: 8,
      })),
      ...(options.furtherInterfaces ?? []),
    ],
    apiPort: options.apiPort ?? portFor(0),
    partnerPort: options.partnerPort ?? portFor(1),
    rebootCommand: options.rebootCommand ?? "exit",
    shutdownCommand: "exit",
  };
  const carp = new FakeCarp();
  if (options.startsActive) carp.startsAs = "master";
  const log: LogLine[] = [];
  const assembled = await assemble(configuration, {
    carp,
    licensing: options.licensing,
    restart: (afterwards) =>
      log.push({ level: "info", event: afterwards === undefined ? "restart" : "shutdown", details: {} }),
    log: (level, event, details) => log.push({ level, event, details }),
  });
  if (!assembled.ok) throw new Error(assembled.error.message);
  const password = options.password ?? (await readFile(join(stateDir, "first-password"), "utf8")).trim();
  await assembled.value.start();
  if (options.limitsCalls !== true) await liftCallLimit(assembled.value.unit);
  return {
    ...assembled.value,
    carp,
    log,
    configuration,
    password,
    client: (at = address) =>
      new SettlingClient(
        {
          address: at,
          port: configuration.apiPort,
          credentials: { kind: "password", user: "bal", password },
        },
        () => assembled.value.unit.trafficSettled(),
      ),
    async remove() {
      await assembled.value.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

class SettlingClient extends LoadMasterClient {
  readonly #settled: () => Promise<void>;

  constructor(options: LoadMasterClientOptions, settled: () => Promise<void>) {
    super(options);
    this.#settled = settled;
  }

  override async call(...given: Parameters<LoadMasterClient["call"]>): CallResult {
    const answer = await super.call(...given);
    await this.#settled();
    return answer;
  }
}

const liftCallLimit = (unit: Unit): Promise<unknown> =>
  unit.change({ user: "bal", client: "the test", command: "set" }, (document) =>
    ok({ document: { ...document, unit: { ...document.unit, callsMax: 0 } }, value: {} }),
  );

/** What a call that has to succeed answered. */
export function value<Value>(
  result: { ok: true; value: Value } | { ok: false; error: { message: string } },
): Value {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** A service as the document keeps it. */
export const storedService = (changes: Partial<StoredService> = {}): StoredService => ({
  index: 1,
  address: "10.213.0.20",
  port: 80,
  type: "http",
  enabled: true,
  schedule: "rr",
  idletime: 0,
  addVia: 0,
  check: {
    type: "tcp",
    use11: false,
    method: 0,
    codes: [],
    port: 0,
    intervalSeconds: 0,
    timeoutSeconds: 0,
    retries: 0,
  },
  servers: [],
  ...changes,
});

export const pairSecret = "a secret of the pair";

/** Makes both units a pair at their own addresses, in the order of old scripts. */
export async function pairUp(
  one: TestUnit,
  two: TestUnit,
  shared: string,
  more: CallParameters = {},
): Promise<void> {
  for (const [unit, hamode, partner] of [
    [one, 1, two],
    [two, 2, one],
  ] as const) {
    const client = unit.client();
    value(await client.setPartnerSecret(pairSecret));
    for (const [name, given] of Object.entries(more)) value(await client.set(name, String(given)));
    value(await client.set("hamode", hamode));
    value(await client.modifyInterface(0, "partner", partner.configuration.interfaces[0]?.address ?? ""));
    value(await client.modifyInterface(0, "shared", shared));
  }
}

export type WebServer = { readonly name: string; readonly port: number; close(): Promise<void> };

/** A web server that answers with its name and the X-Forwarded-For it was sent. */
export async function startWebServer(host: number, name: string): Promise<WebServer> {
  const server: Server = createServer((request, response) =>
    response.end(`${name} ${request.headers["x-forwarded-for"] ?? "-"}`),
  );
  await new Promise<void>((resolve) => server.listen(0, loopback(host), resolve));
  return {
    name,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The body of a fresh connection's answer; rejects unless it is 200. */
export const fetchText = (address: string, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = get({ host: address, port, agent: false, timeout: 3_000 }, (response) => {
      let body = "";
      response.on("data", (part) => {
        body += part;
      });
      response.on("end", () =>
        response.statusCode === 200 ? resolve(body) : reject(new Error(`HTTP ${response.statusCode}`)),
      );
    });
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error("timeout")));
  });

/** Waits for a condition, at most `deadlineMs`. */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`in vain waited for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
