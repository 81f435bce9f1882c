/**
 * Three units, a web server and the client on one cable, each machine a network namespace, and traffic that goes through a
 * unit all the time. The test's own process is the client.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { enterOwnNetworkNamespace } from "@tandem/linux/network-namespace";
import { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { until } from "./traffic-network.ts";

const at = (host: number): string => `10.79.0.${host}`;
const units = ["a", "b", "c"] as const;
export type PairingUnit = (typeof units)[number];
const hostOf: Record<PairingUnit, number> = { a: 1, b: 2, c: 3 };
export const addressOf = (unit: PairingUnit): string => at(hostOf[unit]);
export const sharedAddress = at(100);
export const serviceAddress = at(50);
/** Of the test's own machine, from which everything is asked. */
export const clientAddress = at(41);
const web = at(31);
export const httpPort = 80;
export const linePort = 7000;
const serverLinePort = 5432;

const fixture = fileURLToPath(new URL("../../apps/loadmaster/src/main.fixture.ts", import.meta.url));
const serverProgram = fileURLToPath(new URL("traffic-server.ts", import.meta.url));
const tandem = fileURLToPath(new URL("../../bin/tandem", import.meta.url));
const ip = (...words: string[]): string => execFileSync("ip", words, { encoding: "utf8" });

/** Rejects unless a line over a connection of its own is answered. */
const talks = (): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: serviceAddress, port: linePort, timeout: 3_000 });
    const finish = (end: () => void): void => {
      socket.destroy();
      end();
    };
    socket.once("data", () => finish(resolve));
    for (const event of ["error", "close", "timeout"])
      socket.once(event, () => finish(() => reject(new Error(event))));
    socket.write("0\n");
  });

export class PairingNetwork {
  readonly folder = mkdtempSync(join(tmpdir(), "tandem-pairing-"));
  readonly #prefix = `tandem-p${process.pid}`;
  readonly #namespaces: string[] = [];
  readonly #children = new Map<string, ChildProcess>();

  constructor() {
    enterOwnNetworkNamespace();
    try {
      this.#build();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #namespace(host: string): string {
    return `${this.#prefix}-${host}`;
  }

  #build(): void {
    const sw = this.#namespace("sw");
    for (const host of ["sw", ...units, "web"]) {
      ip("netns", "add", this.#namespace(host));
      this.#namespaces.push(this.#namespace(host));
      ip("-n", this.#namespace(host), "link", "set", "lo", "up");
    }
    ip("link", "set", "lo", "up");
    ip(...`-n ${sw} link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0`.split(" "));
    ip("-n", sw, "link", "set", "br0", "up");
    ip("link", "add", "eth0", "type", "veth", "peer", "name", "pclient", "netns", sw);
    for (const host of [...units, "web"]) {
      const peer = ["netns", this.#namespace(host)];
      ip("-n", sw, "link", "add", `p${host}`, "type", "veth", "peer", "name", "eth0", ...peer);
    }
    for (const port of ["client", ...units, "web"])
      ip("-n", sw, "link", "set", `p${port}`, "master", "br0", "up");
    ip("link", "set", "eth0", "up");
    ip("addr", "add", `${clientAddress}/24`, "dev", "eth0");
    for (const unit of units) {
      ip("-n", this.#namespace(unit), "link", "set", "eth0", "up");
      ip("-n", this.#namespace(unit), "addr", "add", `${addressOf(unit)}/24`, "dev", "eth0");
    }
    ip("-n", this.#namespace("web"), "link", "set", "eth0", "up");
    ip("-n", this.#namespace("web"), "addr", "add", `${web}/24`, "dev", "eth0");
    this.#run("web", [serverProgram, "web", String(httpPort), String(serverLinePort)]);
  }

  #run(host: string, words: readonly string[]): void {
    const log = openSync(join(this.folder, `${host}.log`), "a");
    const child = spawn("ip", ["netns", "exec", this.#namespace(host), process.execPath, ...words], {
      stdio: ["ignore", log, log],
    });
    this.#children.set(host, child);
  }

  /** Starts the unit's process; resolves once its API answers. Its password stays in a file. */
  async start(unit: PairingUnit): Promise<void> {
    const stateDir = join(this.folder, unit);
    mkdirSync(stateDir, { recursive: true });
    const configuration = join(this.folder, `${unit}.json`);
    const interfaces = [{ id: 0, device: "eth0", address: `${addressOf(unit)}/24` }];
    writeFileSync(configuration, JSON.stringify({ name: unit, stateDir, interfaces, rebootCommand: "exit" }));
    this.#run(unit, [fixture, configuration]);
    await until(`${unit} answers`, async () => (await this.status(unit)) !== "no answer");
    // Tests look at a unit more often than clients do.
    await this.client(unit).set("apicalllimit", 0);
  }

  passwordFile(unit: PairingUnit): string {
    const kept = join(this.folder, `${unit}.password`);
    try {
      readFileSync(kept);
    } catch {
      writeFileSync(kept, readFileSync(join(this.folder, unit, "first-password"), "utf8").trim());
    }
    return kept;
  }

  password(unit: PairingUnit): string {
    return readFileSync(this.passwordFile(unit), "utf8");
  }

  client(unit: PairingUnit, address = addressOf(unit)): LoadMasterClient {
    const password = this.password(unit);
    return new LoadMasterClient({ address, credentials: { kind: "password", user: "bal", password } });
  }

  async status(unit: PairingUnit): Promise<string> {
    try {
      const answer = await this.client(unit).get("hastatus");
      return answer.ok ? String(answer.value) : "no answer";
    } catch {
      return "no answer";
    }
  }

  becomes(unit: PairingUnit, status: string): Promise<void> {
    return until(`${unit} is ${status}`, async () => (await this.status(unit)) === status);
  }

  /** Services of the unit that is configured. */
  async configure(unit: PairingUnit): Promise<void> {
    const client = this.client(unit);
    for (const [port, target, type] of [
      [httpPort, httpPort, "http"],
      [linePort, serverLinePort, "gen"],
    ] as const) {
      const service = await client.addVirtualService(serviceAddress, port, "tcp", { VStype: type });
      const server = await client.addRealServer({ address: serviceAddress, port }, web, target);
      if (!service.ok || !server.ok) throw new Error("the services cannot be set up");
    }
    // Changes come into force after they are answered, and not all at once.
    for (const served of [() => fresh(), talks])
      await until("it serves", () =>
        served().then(
          () => true,
          () => false,
        ),
      );
  }

  /** `tandem pair`, with what is typed; its exit status and what it printed. */
  async pair(
    words: readonly string[],
    unit: PairingUnit,
    partner: PairingUnit | undefined,
  ): Promise<{ readonly status: number; readonly out: string }> {
    const files = [
      ...["--unit", addressOf(unit), "--password-file", this.passwordFile(unit)],
      ...(partner === undefined ? [] : ["--partner-password-file", this.passwordFile(partner)]),
      ...(partner === undefined || words[0] === "dissolve" ? [] : ["--partner", addressOf(partner)]),
    ];
    const child = spawn(tandem, ["pair", ...words, ...files], {
      env: { ...process.env, TANDEM_CONFIG_DIR: join(this.folder, "config") },
    });
    let out = "";
    child.stdout.on("data", (part) => (out += part));
    child.stderr.on("data", (part) => (out += part));
    // Fingerprints that it shows are confirmed.
    child.stdin.on("error", () => {});
    child.stdin.end("yes\nyes\n");
    const status = await new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
    return { status, out };
  }

  #pids(host: string): number[] {
    return ip("netns", "pids", this.#namespace(host)).split("\n").filter(Boolean).map(Number);
  }

  async #killAll(host: string): Promise<void> {
    for (let pids = this.#pids(host); pids.length > 0; pids = this.#pids(host)) {
      for (const pid of pids)
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has ended by itself.
        }
      await pause(20);
    }
  }

  /** Everything on the machine dies; its addresses but for its own go with it. */
  async kill(unit: PairingUnit): Promise<void> {
    ip("-n", this.#namespace("sw"), "link", "set", `p${unit}`, "down");
    await this.#killAll(unit);
    ip("-n", this.#namespace(unit), "addr", "flush", "dev", "eth0");
    ip("-n", this.#namespace(unit), "addr", "add", `${addressOf(unit)}/24`, "dev", "eth0");
  }

  plugIn(unit: PairingUnit): void {
    ip("-n", this.#namespace("sw"), "link", "set", `p${unit}`, "up");
  }

  async stop(unit: PairingUnit): Promise<void> {
    this.#children.get(unit)?.kill("SIGTERM");
    await until(`${unit} has ended`, () => this.#pids(unit).length === 0);
  }

  /** Addresses that the machine has now. */
  addresses(unit: PairingUnit): string[] {
    const shown = ip("-n", this.#namespace(unit), "-4", "-o", "addr", "show", "dev", "eth0");
    return [...shown.matchAll(/inet ([\d.]+)\//g)].map(([, address]) => address ?? "");
  }

  close(): void {
    for (const namespace of this.#namespaces)
      for (const pid of ip("netns", "pids", namespace).split("\n").filter(Boolean).map(Number))
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has ended by itself.
        }
    for (const namespace of this.#namespaces) ip("netns", "del", namespace);
  }

  removeFolder(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One request; over a connection of its own unless an agent keeps one. */
const fresh = (agent: Agent | false = false): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = get({ host: serviceAddress, port: httpPort, agent, timeout: 3_000 }, (response) => {
      let body = "";
      response.on("data", (part) => (body += part));
      response.on("error", reject);
      response.on("end", () =>
        response.statusCode === 200 ? resolve(body) : reject(new Error(`HTTP ${response.statusCode}`)),
      );
    });
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error("no answer within 3 s")));
  });

const everyMs = 20;
const connections = 10;

/** What clients do all the time: new connections, one that is kept for many requests, and long ones that say lines. */
export class Traffic {
  readonly faults: string[] = [];
  requests = 0;
  longestMs = 0;
  lines = 0;
  readonly #kept = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #sockets: Socket[] = [];
  #going = true;
  readonly #loops: Promise<void>[];

  constructor() {
    this.#loops = [this.#ask("a new connection", false), this.#ask("the kept connection", this.#kept)];
    for (let index = 0; index < connections; index += 1) this.#talk(index);
  }

  async #ask(what: string, agent: Agent | false): Promise<void> {
    let connected = 0;
    if (agent !== false)
      agent.on("free", (socket: Socket) => {
        if (connected !== 0 && socket.localPort !== connected) this.faults.push(`${what} is another one`);
        connected = socket.localPort ?? 0;
      });
    while (this.#going) {
      const from = performance.now();
      await fresh(agent).catch((error: Error) => this.faults.push(`${what}: ${error.message}`));
      this.requests += 1;
      this.longestMs = Math.max(this.longestMs, performance.now() - from);
      await pause(everyMs);
    }
  }

  #talk(index: number): void {
    const socket = connect({ host: serviceAddress, port: linePort });
    const lost = (reason: string): void => {
      if (this.#going) this.faults.push(`long connection ${index}: ${reason}`);
      clearInterval(timer);
    };
    socket.on("error", (error) => lost(error.message));
    socket.on("close", () => lost("closed"));
    let said = 0;
    const timer = setInterval(() => socket.write(`${++said}\n`), everyMs * 5);
    socket.on("data", (part: Buffer) => {
      this.lines += part.toString().split("\n").length - 1;
    });
    this.#sockets.push(socket);
  }

  /** Resolves when each kind has gone on after now. */
  async goesOn(): Promise<void> {
    const { requests, lines } = this;
    await until(
      "traffic goes on",
      () => this.requests > requests + 10 && this.lines > lines + connections * 3,
    );
  }

  async end(): Promise<void> {
    this.#going = false;
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#loops);
    this.#kept.destroy();
  }
}
