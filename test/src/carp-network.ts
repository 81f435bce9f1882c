/** For the CARP tests: a broadcast domain of network namespaces, the units on it, and what is seen of them from outside. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { identityOf, isRunning, type ProcessIdentity, signalProcess } from "@tandem/linux/process";
import type { CarpdConfiguration } from "@tandem/loadmaster/ha/carpd-configuration";
import { type CarpdStatus, decodeCarpdMessage, LineReader } from "@tandem/loadmaster/ha/carpd-protocol";
import { socketPath, writeRecord } from "@tandem/loadmaster/ha/carpd-store";

export const sharedAddress = "10.77.0.100";
export const carpdPath = fileURLToPath(new URL("../../apps/loadmaster/src/carpd.ts", import.meta.url));
const clientPath = fileURLToPath(new URL("./carp-client-process.ts", import.meta.url));
const pollIntervalMs = 25;
const endTimeoutMs = 15_000;

/** The first argument of a child's event; rejects when it does not come. */
export async function eventOf(child: ChildProcess, event: "exit" | "close"): Promise<number | null> {
  const [code] = await once(child, event, { signal: AbortSignal.timeout(endTimeoutMs) });
  return code;
}

/** Waits until `probe` gives something other than undefined or false. */
export async function eventually<Value>(
  what: string,
  timeoutMs: number,
  probe: () => Value | undefined | false,
): Promise<Value> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await pause(pollIntervalMs);
  }
}

let networks = 0;

/** A bridge and one namespace a host, `eth0` in each, 10.77.0.1, .2 and so on. */
export class CarpNetwork {
  readonly folder = mkdtempSync(join(tmpdir(), "tandem-carp-"));
  readonly #prefix = `tandem-c${process.pid}-${networks++}`;
  readonly #hosts: readonly string[];
  readonly #processes: ProcessIdentity[] = [];
  readonly #namespaces: string[] = [];
  readonly #sockets: Socket[] = [];

  constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
    try {
      this.#build();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #build(): void {
    const addNamespace = (name: string): void => {
      execFileSync("ip", ["netns", "add", name]);
      this.#namespaces.push(name);
      this.ip(name, "link set lo up");
    };
    const bridge = this.namespace("sw");
    addNamespace(bridge);
    this.ip(bridge, "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0");
    this.ip(bridge, "link set br0 up");
    this.#hosts.forEach((host, index) => {
      const namespace = this.namespace(host);
      addNamespace(namespace);
      this.ip(bridge, `link add p${host} type veth peer name eth0 netns ${namespace}`);
      this.ip(bridge, `link set p${host} master br0 up`);
      this.ip(namespace, "link set eth0 up");
      this.ip(namespace, `addr add 10.77.0.${index + 1}/24 dev eth0`);
    });
  }

  namespace(host: string): string {
    return `${this.#prefix}-${host}`;
  }

  ip(namespace: string, command: string): string {
    return execFileSync("ip", ["-n", namespace, ...command.split(" ")], { encoding: "utf8" });
  }

  address(host: string): string {
    return `10.77.0.${this.#hosts.indexOf(host) + 1}`;
  }

  /** True while the host has the shared address, in the kernel's own words. */
  holds(host: string, address = sharedAddress): boolean {
    return this.ip(this.namespace(host), "-o -4 addr show dev eth0").includes(`${address}/`);
  }

  /** The switch side of the host's cable: carrier goes and comes. */
  cable(host: string, state: "up" | "down"): void {
    this.ip(this.namespace("sw"), `link set p${host} ${state}`);
  }

  /** Runs a program in the host's namespace. It is ended with the network, if not before. */
  run(host: string, command: readonly string[]): ChildProcess {
    const child = spawn("ip", ["netns", "exec", this.namespace(host), ...command], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    // `ip` becomes the program without changing its id or the time it was started.
    this.endWithNetwork(child.pid);
    return child;
  }

  endWithNetwork(pid: number | undefined): void {
    const identity = pid === undefined ? undefined : identityOf(pid);
    if (identity) this.#processes.push(identity);
  }

  /** The status that a host's carpd gives out, always the latest. */
  watch(stateDir: string): Watched {
    const watched: Watched = {
      latest: null,
      refusals: [],
      tell: (message) => socket.write(`${JSON.stringify(message)}\n`),
    };
    const lines = new LineReader();
    const socket = connect(socketPath(stateDir));
    this.#sockets.push(socket);
    socket.setEncoding("utf8");
    socket.on("error", () => {});
    socket.on("close", () => {
      watched.latest = null;
    });
    socket.on("data", (chunk: string) => {
      for (const line of lines.push(chunk) ?? []) {
        const message = decodeCarpdMessage(line);
        if (message.ok && message.value.type === "status") watched.latest = message.value;
        if (message.ok && message.value.type === "refused") watched.refusals.push(...message.value.errors);
      }
    });
    return watched;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    for (const identity of this.#processes) signalProcess(identity, "SIGKILL");
    for (const name of this.#namespaces)
      try {
        execFileSync("ip", ["netns", "del", name]);
      } catch {
        // Nothing is left to be removed then.
      }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function withNetwork(
  hosts: readonly string[],
  body: (network: CarpNetwork) => Promise<void>,
): Promise<void> {
  const network = new CarpNetwork(hosts);
  try {
    await body(network);
  } finally {
    network.close();
  }
}

type Watched = {
  latest: CarpdStatus | null;
  readonly refusals: { readonly code: string; readonly field: string }[];
  readonly tell: (message: unknown) => void;
};

export type UnitOptions = Partial<CarpdConfiguration> & { readonly advskew: number };

/** One of our units: its state directory, and carpd when it runs. */
export class CarpdUnit {
  readonly stateDir: string;
  readonly configPath: string;
  readonly host: string;
  readonly log: { readonly event: string; readonly [detail: string]: unknown }[] = [];
  readonly #network: CarpNetwork;
  #child: ChildProcess | null = null;
  #watch: Watched | null = null;

  constructor(network: CarpNetwork, host: string) {
    this.#network = network;
    this.host = host;
    this.stateDir = mkdtempSync(join(network.folder, `${host}-`));
    this.configPath = join(this.stateDir, "config.json");
    writeFileSync(this.configPath, JSON.stringify({ name: host, stateDir: this.stateDir }));
  }

  configuration(options: UnitOptions): CarpdConfiguration {
    return {
      vhid: 1,
      advbase: 1,
      preempt: false,
      password: "secret",
      device: "eth0",
      ownAddress: this.#network.address(this.host),
      sharedAddresses: [`${sharedAddress}/24`],
      serviceAddresses: [],
      ...options,
    };
  }

  /** Writes what carpd starts from, as an earlier run would have. */
  async keep(options: UnitOptions): Promise<void> {
    await writeRecord(this.stateDir, { configuration: this.configuration(options), retired: [] });
  }

  /** Starts carpd and waits until it answers; `through`: a program that runs it. */
  async start(through: readonly string[] = []): Promise<void> {
    const command = [...through, process.execPath, carpdPath, "--config", this.configPath];
    const child = this.#network.run(this.host, command);
    this.#child = child;
    const lines = createInterface({ input: child.stdout! });
    let complaints = "";
    child.stderr!.on("data", (chunk) => {
      complaints += chunk;
    });
    const begun = this.log.length;
    lines.on("line", (line) => this.log.push(JSON.parse(line)));
    await eventually(`carpd on ${this.host} is ready`, 20_000, () => {
      if (child.exitCode !== null) throw new Error(`carpd ended: ${JSON.stringify(this.log)} ${complaints}`);
      return this.log.slice(begun).some((entry) => entry.event === "ready");
    });
    this.#watch = this.#network.watch(this.stateDir);
  }

  /** Watches a carpd that somebody else has started. */
  adopt(): void {
    this.#watch = this.#network.watch(this.stateDir);
  }

  get status(): CarpdStatus | null {
    return this.#watch?.latest ?? null;
  }

  get refusals(): Watched["refusals"] {
    return this.#watch?.refusals ?? [];
  }

  /** Says something on the local socket, well-formed or not. */
  tell(message: unknown): void {
    this.#watch!.tell(message);
  }

  async becomes(role: CarpdStatus["role"], timeoutMs: number): Promise<CarpdStatus> {
    return eventually(`${this.host} is ${role}`, timeoutMs, () => this.status?.role === role && this.status);
  }

  /** Resolves with carpd's exit status, null when a signal ended it, once all it has said is read. */
  ended(): Promise<number | null> {
    return eventOf(this.#child!, "close");
  }

  /** Ends carpd by a signal. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    const ended = this.ended();
    this.#child!.kill(signal);
    return ended;
  }
}

/** A process that stands in for the unit: it has a CarpdClient, takes orders on standard input, tells what it sees. */
export class ClientProcess {
  readonly said: { readonly event: string; readonly [detail: string]: unknown }[] = [];
  readonly child: ChildProcess;

  constructor(network: CarpNetwork, unit: CarpdUnit, mode: "spawn" | "start", options: UnitOptions) {
    this.child = network.run(unit.host, [
      process.execPath,
      clientPath,
      mode,
      unit.stateDir,
      unit.configPath,
      JSON.stringify(unit.configuration(options)),
    ]);
    createInterface({ input: this.child.stdout! }).on("line", (line) => {
      const entry = JSON.parse(line);
      if (typeof entry.pid === "number") network.endWithNetwork(entry.pid);
      this.said.push(entry);
    });
    this.child.stderr!.pipe(process.stderr);
  }

  says(event: string, timeoutMs: number): Promise<{ readonly [detail: string]: unknown }> {
    return eventually(`the client says ${event}`, timeoutMs, () =>
      this.said.find((entry) => entry.event === event),
    );
  }

  order(text: string): void {
    this.child.stdin!.write(`${text}\n`);
  }

  async kill(): Promise<void> {
    const ended = eventOf(this.child, "exit");
    this.child.kill("SIGKILL");
    await ended;
  }
}

export const stillRuns = (pid: number): boolean => {
  const identity = identityOf(pid);
  return identity !== undefined && isRunning(identity);
};
