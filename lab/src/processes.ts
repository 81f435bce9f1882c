/**
 * Processes of the lab's machines: started inside the machine's namespace, detached from the command that starts
 * them, their output in a log file of the state folder, and recorded by identity.
 */
import { spawn } from "node:child_process";
import { chmodSync, closeSync, fstatSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { killNamespace, processesIn } from "./namespaces.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import { identify, isAlive, processesMarked, signalProcess } from "./process-identity.ts";
import type { ProcessRecord, ProcessRole } from "./state.ts";
import { liveProcesses, readState, repositoryFolder, stateFolderOf, updateState } from "./state.ts";
import type { CentralNode, FaultyNode, LabNode, LoadMasterNode } from "./topology.ts";
import {
  addressOf,
  clientNode,
  isCentralNode,
  isLoadMasterNode,
  labPrefixLength,
  loadMasterApiPort,
  namespaceOf,
  webPort,
} from "./topology.ts";
import { Hopeless, notYet, seen, waitUntil } from "./wait-until.ts";

/** Every process of a lab has this in its environment, with the lab's state folder as the value. */
const labMark = "TANDEM_LAB_STATE";
const orderlyStopMs = 20_000;
const readyWithinMs = 60_000;

const sourceFile = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

type Start = {
  readonly node: LabNode | "host";
  readonly role: ProcessRole;
  readonly argv: readonly string[];
};

/** A process that has been started, and where its part of the log file begins. */
export type Started = { readonly record: ProcessRecord; readonly logOffset: number };

/** Starts one process and records it. Resolves once it has been started, not once it serves. */
async function startProcess(lab: string, start: Start): Promise<Started> {
  const folder = stateFolderOf(lab);
  mkdirSync(`${folder}/logs`, { recursive: true, mode: 0o700 });
  const log = `${folder}/logs/${start.node}-${start.role}.log`;
  const [program, ...args] = (
    start.node === "host" ? start.argv : ["ip", "netns", "exec", namespaceOf(lab, start.node), ...start.argv]
  ) as [string, ...string[]];
  const file = openSync(log, "a", 0o600);
  const logOffset = fstatSync(file).size;
  const child = spawn(program, args, {
    cwd: repositoryFolder,
    detached: true,
    stdio: ["ignore", file, file],
    env: { ...process.env, [labMark]: folder },
  });
  closeSync(file);
  const identity = await new Promise<ProcessIdentity | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => resolve(child.pid === undefined ? undefined : identify(child.pid)));
  });
  child.unref();
  if (!identity) throw new Error(`${start.role} on ${start.node} ended at once; its log: ${log}`);
  const record: ProcessRecord = { node: start.node, role: start.role, ...identity, log };
  await updateState(lab, (state) => ({
    ...state,
    processes: [
      ...state.processes.filter((other) => other.node !== start.node || other.role !== start.role),
      record,
    ],
  }));
  return { record, logOffset };
}

/** Waits until a started process says that it serves; throws with the end of its log when it does not. */
export async function waitReady({ record, logOffset }: Started, signal?: AbortSignal): Promise<void> {
  await waitUntil(
    { what: `${record.role} on ${record.node}`, deadlineMs: readyWithinMs, everyMs: 20 },
    () => {
      if (signal?.aborted) throw new Hopeless("no longer wanted");
      const lines = readFileSync(record.log).subarray(logOffset).toString("utf8").trim().split("\n");
      if (lines.some((line) => line.includes('"event":"ready"'))) return seen(true);
      if (isAlive(record)) return notYet(lines.at(-1) || "nothing in its log");
      throw new Hopeless(
        `${record.role} on ${record.node} ended before it served: ${lines.slice(-3).join(" | ")}`,
      );
    },
  );
}

/** Where a machine keeps its files. */
export const nodeFolder = (lab: string, node: LabNode): string => `${stateFolderOf(lab)}/${node}`;

/** Where a Central or LoadMaster puts the password of its first start. */
export const firstPasswordFile = (lab: string, node: CentralNode | LoadMasterNode): string =>
  `${nodeFolder(lab, node)}/first-password`;

/** The first-run password of a Central or LoadMaster; undefined while there is none, or once it has been used. */
export const firstPassword = (lab: string, node: CentralNode | LoadMasterNode): string | undefined =>
  readPassword(firstPasswordFile(lab, node));

function readPassword(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

const passwordsFolder = (lab: string): string => `${stateFolderOf(lab)}/first-passwords`;

/**
 * Keeps the first-run password in the lab's own folder: a unit removes its file once somebody has signed in, and each
 * command that works with the lab signs in for itself.
 */
export function keepFirstPassword(lab: string, node: CentralNode | LoadMasterNode): void {
  const password = firstPassword(lab, node);
  if (password === undefined) return;
  mkdirSync(passwordsFolder(lab), { recursive: true, mode: 0o700 });
  writeFileSync(`${passwordsFolder(lab)}/${node}`, `${password}\n`, { mode: 0o600 });
}

/** What {@link keepFirstPassword} kept; undefined when that was nothing. */
export const keptPassword = (lab: string, node: CentralNode | LoadMasterNode): string | undefined =>
  readPassword(`${passwordsFolder(lab)}/${node}`);

/** 300 on a Central in use (SPEC ML6). */
const labMeteringSlotSeconds = 2;

const configurationOf = (lab: string, node: CentralNode | LoadMasterNode): object =>
  isCentralNode(node)
    ? // Nobody watches a lab for long: throughput of metered LoadMasters is sampled every few seconds.
      { name: node, stateDir: nodeFolder(lab, node), metering: { slotSeconds: labMeteringSlotSeconds } }
    : {
        name: node,
        stateDir: nodeFolder(lab, node),
        interfaces: [{ id: 0, device: "eth0", address: `${addressOf[node]}/${labPrefixLength}` }],
        api: { port: loadMasterApiPort },
        // A machine of the lab is a process: the default would restart the machine that the lab runs on.
        rebootCommand: "exit",
      };

/** The configuration file of a Central or LoadMaster, as an operator would write it. */
export const configurationFile = (lab: string, node: CentralNode | LoadMasterNode): string =>
  `${stateFolderOf(lab)}/${node}.json`;

function writeConfiguration(lab: string, node: CentralNode | LoadMasterNode): void {
  const path = configurationFile(lab, node);
  writeFileSync(path, `${JSON.stringify(configurationOf(lab, node), null, 2)}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
  mkdirSync(nodeFolder(lab, node), { recursive: true, mode: 0o700 });
}

/** Starts what a machine runs after its boot. */
export async function startMachine(lab: string, node: FaultyNode): Promise<Started> {
  if (isCentralNode(node) || isLoadMasterNode(node)) {
    writeConfiguration(lab, node);
    const role = isCentralNode(node) ? "central" : "loadmaster";
    const argv = [`${repositoryFolder}/bin/tandem`, role, "--config", configurationFile(lab, node)];
    return startProcess(lab, { node, role, argv });
  }
  const argv = [process.execPath, sourceFile("web-server.ts"), node, addressOf[node], String(webPort)];
  return startProcess(lab, { node, role: "web", argv });
}

/** Starts the client's prober, which asks the address given and answers on the control socket. */
export const startProber = (lab: string, control: string, address: string, port: number): Promise<Started> =>
  startProcess(lab, {
    node: clientNode,
    role: "prober",
    argv: [process.execPath, sourceFile("prober.ts"), control, address, String(port)],
  });

/** Starts the relay inside the client's namespace; the file names the sockets and where they lead. */
export const startRelay = (lab: string, configuration: string): Promise<Started> =>
  startProcess(lab, {
    node: clientNode,
    role: "relay",
    argv: [process.execPath, sourceFile("relay.ts"), configuration],
  });

/** Starts the forwarder on the host; the file names the ports and the sockets they lead to. */
export const startForwarder = (lab: string, configuration: string): Promise<Started> =>
  startProcess(lab, {
    node: "host",
    role: "forwarder",
    argv: [process.execPath, sourceFile("relay.ts"), configuration],
  });

/** The machine's main process, when it runs. */
export const mainProcess = (lab: string, node: FaultyNode): ProcessRecord | undefined => {
  const state = readState(lab);
  return state ? liveProcesses(state, node)[0] : undefined;
};

/**
 * Asks the machine's main process to stop (SIGTERM) and waits until nothing runs on the machine any more. What
 * has not ended within 20 s is killed; the answer says how many processes that were.
 */
export async function stopMachine(lab: string, node: FaultyNode): Promise<{ readonly killed: number }> {
  const main = mainProcess(lab, node);
  if (main) signalProcess(main, "SIGTERM");
  const namespace = namespaceOf(lab, node);
  const deadline = performance.now() + orderlyStopMs;
  let left = await processesIn(namespace);
  while (left.length > 0 && performance.now() < deadline) {
    await delay(20);
    left = await processesIn(namespace);
  }
  if (left.length > 0) await killNamespace(namespace);
  return { killed: left.length };
}

/** Kills the machine's main process alone (SIGKILL) and waits until it is gone. */
export async function killMainProcess(lab: string, node: FaultyNode): Promise<void> {
  const main = mainProcess(lab, node);
  if (!main) throw new Error(`no main process runs on ${node}`);
  signalProcess(main, "SIGKILL");
  while (isAlive(main)) await delay(2);
}

/** Kills everything that a lab ever started, recorded or not, inside its namespaces or on the host. */
export async function killMarked(lab: string): Promise<void> {
  const deadline = performance.now() + 5_000;
  for (;;) {
    const left = processesMarked(labMark, stateFolderOf(lab)).filter(({ pid }) => pid !== process.pid);
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Error(`processes of lab ${lab} do not die`);
    for (const identity of left) signalProcess(identity, "SIGKILL");
    await delay(10);
  }
}

/** The processes that a lab started and that still run. */
export const survivors = (lab: string): readonly ProcessIdentity[] =>
  processesMarked(labMark, stateFolderOf(lab));
