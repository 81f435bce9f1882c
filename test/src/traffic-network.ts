/**
 * Two units as processes of their own between clients and real servers, each machine a network namespace: what traffic
 * sees of a failover. The test's own process is the client's machine, so that its sockets are the clients.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { enterOwnNetworkNamespace } from "@tandem/linux/network-namespace";
import { LoadMasterClient } from "@tandem/loadmaster-api/client";
import type { HaView } from "@tandem/loadmaster-api/ha-view";

const front = (host: number): string => `10.77.0.${host}`;
const back = (host: number): string => `10.78.0.${host}`;
const front6 = (host: number): string => `2001:db8:77::${host}`;
const back6 = (host: number): string => `2001:db8:78::${host}`;
export const sharedFront = front(100);
export const sharedFront6 = front6(100);
const sharedBack = back(100);
export const httpPort = 80;
export const linePort = 5432;
export const clientAddresses = Array.from({ length: 30 }, (_, index) => front(50 + index));

export type UnitName = "a" | "b";
export const units: readonly UnitName[] = ["a", "b"];
export const otherUnit = (unit: UnitName): UnitName => (unit === "a" ? "b" : "a");
const hostOf: Record<UnitName, number> = { a: 1, b: 2 };
/** Interfaces 0 and 1 of a unit: the device, the network that it leads to, and the address there. */
const unitDevices = [
  ["eth0", "front", front, front6],
  ["eth1", "back", back, back6],
] as const;
export const servers = ["web1", "web2", "web3"] as const;
export const serverAddress = (index: number): string => back(31 + index);
export const serverAddress6 = (index: number): string => back6(31 + index);
/** A unit's own IPv6 address towards the clients. */
export const ownFront6 = (unit: UnitName): string => front6(hostOf[unit]);

const fixture = fileURLToPath(new URL("../../apps/loadmaster/src/main.fixture.ts", import.meta.url));
const serverProgram = fileURLToPath(new URL("traffic-server.ts", import.meta.url));
const ip = (...words: string[]): string => execFileSync("ip", words, { encoding: "utf8" });

/** Waits for a condition, with a deadline. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`in vain waited for: ${what}`);
    await pause(25);
  }
}

export class TrafficNetwork {
  readonly folder = mkdtempSync(join(tmpdir(), "tandem-traffic-"));
  readonly #prefix = `tandem-x${process.pid}`;
  readonly #namespaces: string[] = [];
  readonly #children = new Map<string, ChildProcess>();
  readonly #ipv6: boolean;

  /** Moves this process into a network of its own and builds everything around it; with `ipv6` all have such addresses too. */
  constructor({ ipv6 = false } = {}) {
    this.#ipv6 = ipv6;
    enterOwnNetworkNamespace();
    try {
      this.#build();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  namespace(host: string): string {
    return `${this.#prefix}-${host}`;
  }

  stateDir(unit: UnitName): string {
    return join(this.folder, unit);
  }

  #build(): void {
    const sw = this.namespace("sw");
    for (const host of ["sw", ...units, ...servers]) {
      ip("netns", "add", this.namespace(host));
      this.#namespaces.push(this.namespace(host));
      ip("-n", this.namespace(host), "link", "set", "lo", "up");
    }
    ip("link", "set", "lo", "up");
    for (const bridge of ["front", "back"]) {
      ip(
        ...`-n ${sw} link add ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`.split(" "),
      );
      ip("-n", sw, "link", "set", bridge, "up");
    }
    ip("link", "add", "eth0", "type", "veth", "peer", "name", "pclient", "netns", sw);
    ip("-n", sw, "link", "set", "pclient", "master", "front", "up");
    const plug = (host: string, device: string, port: string, bridge: string): void => {
      const peer = ["netns", this.namespace(host)];
      ip("-n", sw, "link", "add", port, "type", "veth", "peer", "name", device, ...peer);
      ip("-n", sw, "link", "set", port, "master", bridge, "up");
    };
    for (const unit of units)
      for (const [device, bridge] of unitDevices) plug(unit, device, `${bridge}${unit}`, bridge);
    for (const server of servers) plug(server, "eth0", `p${server}`, "back");
    ip("link", "set", "eth0", "up");
    for (const address of [front(41), ...clientAddresses]) ip("addr", "add", `${address}/24`, "dev", "eth0");
    if (this.#ipv6) ip("addr", "add", `${front6(41)}/64`, "dev", "eth0", "nodad");
    for (const unit of units) this.#boot(unit);
    servers.forEach((server, index) => {
      const namespace = this.namespace(server);
      ip("-n", namespace, "link", "set", "eth0", "up");
      ip("-n", namespace, "addr", "add", `${serverAddress(index)}/24`, "dev", "eth0");
      ip("-n", namespace, "route", "add", "default", "via", sharedBack);
      if (this.#ipv6)
        ip("-n", namespace, "addr", "add", `${serverAddress6(index)}/64`, "dev", "eth0", "nodad");
      this.startServer(server);
    });
  }

  /** The machine has the addresses of its own and no others. */
  #boot(unit: UnitName): void {
    const namespace = this.namespace(unit);
    for (const [device, , address, address6] of unitDevices) {
      // The link-local one of IPv6 stays: the kernel gives it once, when the device comes up.
      ip("-n", namespace, "addr", "flush", "dev", device, "scope", "global");
      ip("-n", namespace, "link", "set", device, "up");
      ip("-n", namespace, "addr", "add", `${address(hostOf[unit])}/24`, "dev", device);
      if (this.#ipv6)
        ip("-n", namespace, "addr", "add", `${address6(hostOf[unit])}/64`, "dev", device, "nodad");
    }
  }

  startServer(server: (typeof servers)[number]): void {
    this.#run(server, [serverProgram, server, String(httpPort), String(linePort)]);
  }

  /** Its process dies, and its machine goes on: connections are refused once this resolves. */
  async killServer(server: (typeof servers)[number]): Promise<void> {
    const child = this.#children.get(server);
    child?.kill("SIGKILL");
    // Its sockets are closed when it is reaped, which is later than it has left its namespace.
    await until(`${server} has ended`, () => child?.signalCode !== null);
  }

  #run(host: string, words: readonly string[], name = host): void {
    const log = openSync(join(this.folder, `${name}.log`), "a");
    const child = spawn("ip", ["netns", "exec", this.namespace(host), process.execPath, ...words], {
      stdio: ["ignore", log, log],
    });
    this.#children.set(name, child);
  }

  /** Starts the unit's process; resolves once its API answers, rejects when it ends before. */
  async start(unit: UnitName): Promise<void> {
    const stateDir = this.stateDir(unit);
    mkdirSync(stateDir, { recursive: true });
    const configuration = join(this.folder, `${unit}.json`);
    const interfaces = unitDevices.map(([device, , address, address6], id) => ({
      id,
      device,
      address: `${address(hostOf[unit])}/24`,
      ...(this.#ipv6 ? { address6: `${address6(hostOf[unit])}/64` } : {}),
    }));
    writeFileSync(configuration, JSON.stringify({ name: unit, stateDir, interfaces, rebootCommand: "exit" }));
    this.#run(unit, [fixture, configuration]);
    const child = this.#children.get(unit);
    await until(`${unit} answers`, async () => {
      if (child?.exitCode !== null)
        throw new Error(`${unit} has ended; its log is ${this.folder}/${unit}.log`);
      return (await this.status(unit)) !== "no answer";
    });
    // Tests look at a unit more often than clients do.
    await this.client(unit).set("apicalllimit", 0);
  }

  #passwords = new Map<UnitName, string>();

  client(unit: UnitName, address = front(hostOf[unit]), timeoutMs = 20_000): LoadMasterClient {
    if (!this.#passwords.has(unit))
      this.#passwords.set(unit, readFileSync(join(this.stateDir(unit), "first-password"), "utf8").trim());
    return new LoadMasterClient({
      address,
      port: 443,
      credentials: { kind: "password", user: "bal", password: this.#passwords.get(unit) ?? "" },
      timeoutMs,
    });
  }

  async status(unit: UnitName): Promise<string> {
    try {
      const answer = await this.client(unit, front(hostOf[unit]), 5_000).get("hastatus");
      return answer.ok ? String(answer.value) : "no answer";
    } catch {
      return "no answer";
    }
  }

  becomes(unit: UnitName, status: string): Promise<void> {
    return until(`${unit} is ${status}`, async () => (await this.status(unit)) === status);
  }

  /** The unit can stand in at once: no fault of a while ago counts against it any more, and both hold the same. */
  becomesReady(unit: UnitName): Promise<void> {
    return until(`${unit} is a standby that is ready`, async () => {
      const answer = await this.client(unit, front(hostOf[unit]), 5_000).call("haview");
      if (!answer.ok) return false;
      const { squares } = answer.value as unknown as HaView;
      return squares?.some(({ self, state }) => self && state === "standby, ready") ?? false;
    });
  }

  /** Both become a pair, with a shared address towards the clients and one towards the servers. */
  async pair(): Promise<void> {
    for (const [index, unit] of units.entries()) {
      const client = this.client(unit);
      const partner = hostOf[otherUnit(unit)];
      for (const made of [
        await client.setPartnerSecret("a secret of the pair"),
        await client.set("hatimeout", 1),
        await client.modifyInterface(1, "partner", back(partner)),
        await client.modifyInterface(1, "shared", sharedBack),
        await client.modifyInterface(0, "partner", front(partner)),
        await client.modifyInterface(0, "shared", sharedFront),
        // With this it is a pair, which is configured at the shared address alone.
        await client.set("hamode", index + 1),
      ])
        if (!made.ok) throw new Error(made.error.message);
    }
    await until("one is active and one is standby", async () => {
      const found = await Promise.all(units.map((unit) => this.status(unit)));
      return found.includes("Active") && found.includes("Standby");
    });
  }

  async active(): Promise<UnitName> {
    return (await this.status("a")) === "Active" ? "a" : "b";
  }

  /** The MAC of the unit's interface towards the clients. */
  macOf(unit: UnitName): string {
    const shown = ip("-n", this.namespace(unit), "link", "show", "dev", "eth0");
    return /ether ([0-9a-f:]{17})/.exec(shown)?.[1] ?? "none";
  }

  /** Both cables of the unit. */
  cable(unit: UnitName, state: "up" | "down"): void {
    for (const [, bridge] of unitDevices)
      ip("-n", this.namespace("sw"), "link", "set", `${bridge}${unit}`, state);
  }

  /** Who speaks CARP on a device of the unit now, by what its carpd has on disk. */
  carpDevice(unit: UnitName): string {
    const { configuration } = JSON.parse(readFileSync(join(this.stateDir(unit), "carpd.json"), "utf8"));
    return configuration.device;
  }

  /** How often the unit's carpd has become active. */
  takeOvers(unit: UnitName): number {
    return readFileSync(join(this.stateDir(unit), "carpd.log"), "utf8").split('"to":"master"').length - 1;
  }

  /** The machine dies: its cable first, then everything on it, its connections as well. */
  async kill(unit: UnitName): Promise<void> {
    this.cable(unit, "down");
    // Nobody is to start anew what is killed first.
    this.#signal(this.#pids(unit), "SIGSTOP");
    for (let pids = this.#pids(unit); pids.length > 0; pids = this.#pids(unit)) {
      this.#signal(pids, "SIGKILL");
      await pause(20);
    }
    // Where conntrack is not installed, no test carries layer 4.
    spawnSync("ip", ["netns", "exec", this.namespace(unit), "conntrack", "-F"], { stdio: "ignore" });
    this.#boot(unit);
  }

  /** Clients' machines reach servers by way of the active unit. */
  routeToServers(): void {
    ip("route", "add", `${back(0)}/24`, "via", sharedFront);
  }

  /** A server's machine connects to another one, and says something. */
  sayFrom(server: (typeof servers)[number], host: string, port: number, text: string): void {
    const program = `require("node:net").connect(${port}, "${host}").end("${text}")`;
    this.#run(`${server}`, ["-e", program], `${server}-talk`);
  }

  /** The unit's kernel knows no flow of UDP any more. */
  forgetDatagrams(unit: UnitName): void {
    spawnSync("ip", [...`netns exec ${this.namespace(unit)} conntrack -D -p udp`.split(" ")], {
      stdio: "ignore",
    });
  }

  /** Connections of a layer-4 service that the unit's kernel knows. */
  connections(unit: UnitName, port: number): number {
    const table = execFileSync(
      "ip",
      [...`netns exec ${this.namespace(unit)} conntrack -L -p tcp --orig-port-dst ${port}`.split(" ")],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    );
    return table.split("\n").filter((line) => line.includes("ESTABLISHED")).length;
  }

  #pids(host: string): number[] {
    return ip("netns", "pids", this.namespace(host)).split("\n").filter(Boolean).map(Number);
  }

  #signal(pids: readonly number[], signal: NodeJS.Signals): void {
    for (const pid of pids)
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended by itself.
      }
  }

  /** The unit is stopped in an orderly way. */
  async stop(unit: UnitName): Promise<void> {
    this.#children.get(unit)?.kill("SIGTERM");
    await until(`${unit} has ended`, () => this.#pids(unit).length === 0);
  }

  close(): void {
    for (const namespace of this.#namespaces)
      this.#signal(ip("netns", "pids", namespace).split("\n").filter(Boolean).map(Number), "SIGKILL");
    for (const namespace of this.#namespaces) ip("netns", "del", namespace);
  }

  removeFolder(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What the clients' machine knows of a neighbour, in the kernel's words. */
export const neighbourEntry = (address: string): string => ip("neigh", "show", address, "dev", "eth0");

/** Which server answers a request from this address, and the cookie that it is given; rejects when none does. */
export const serverOf = (
  client: string,
  port: number,
  cookie?: string,
): Promise<{ readonly server: string; readonly cookie: string | undefined }> =>
  new Promise((resolve, reject) => {
    const headers = cookie === undefined ? {} : { cookie };
    const request = get(
      { host: sharedFront, port, localAddress: client, agent: false, timeout: 3_000, headers },
      (response) => {
        let body = "";
        response.on("data", (part) => {
          body += part;
        });
        response.on("end", () =>
          resolve({ server: body, cookie: response.headers["set-cookie"]?.[0]?.split(";")[0] }),
        );
      },
    );
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error("timeout")));
  });

/** A connection that says a numbered line every so often and remembers who answered. */
export class Conversation {
  static readonly everyMs = 100;
  server: string | undefined;
  answered = 0;
  lost: string | undefined;
  /** The longest time between two answers. */
  longestGapMs = 0;
  #answeredAt = performance.now();
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #said = 0;

  constructor(client: string, port: number) {
    this.#socket = connect({ host: sharedFront, port, localAddress: client });
    this.#socket.on("error", (error) => this.#lose(error.message));
    this.#socket.on("close", () => this.#lose("closed"));
    let rest = "";
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (text: string) => {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [server, number] = line.split(" ");
        if (this.server !== undefined && this.server !== server)
          this.#lose(`${this.server} became ${server}`);
        this.server = server;
        this.answered = Number(number);
        const now = performance.now();
        this.longestGapMs = Math.max(this.longestGapMs, now - this.#answeredAt);
        this.#answeredAt = now;
      }
    });
    this.#timer = setInterval(() => {
      this.#said += 1;
      this.#socket.write(`${this.#said}\n`);
    }, Conversation.everyMs);
  }

  get said(): number {
    return this.#said;
  }

  #lose(reason: string): void {
    this.lost ??= reason;
    clearInterval(this.#timer);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}

/** A client of UDP that never changes its port: it sends a number every so often and hears nobody but the service. */
export class Datagrams {
  static readonly everyMs = 50;
  server: string | undefined;
  answered = 0;
  /** The last that was heard. */
  heard = "";
  said = 0;
  readonly #socket: DatagramSocket = createSocket("udp4");
  #timer: NodeJS.Timeout | undefined;

  constructor(client: string, fromPort: number, to: string, port: number) {
    this.#socket.on("message", (text) => {
      this.heard = text.toString();
      const [server, number] = this.heard.split(" ");
      this.server = server;
      this.answered = Number(number) || this.answered;
    });
    // Where nothing listens the next packet after the refusal is said to have failed.
    this.#socket.on("error", () => {});
    this.#socket.bind(fromPort, client, () => this.#socket.connect(port, to, () => this.goOn()));
  }

  goOn(): void {
    this.#timer = setInterval(() => {
      this.said += 1;
      this.say(String(this.said));
    }, Datagrams.everyMs);
  }

  pause(): void {
    clearInterval(this.#timer);
  }

  say(text: string): void {
    this.#socket.send(text, () => {});
  }

  end(): void {
    this.pause();
    this.#socket.close();
  }
}
