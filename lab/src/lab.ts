/** A whole lab: up, down, and how it stands. */
import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { monotonicMs } from "@tandem/probe/monotonic";
import { mountSmallDisk, unmountDisks } from "./disks.ts";
import { startForwarders } from "./forwarders.ts";
import { existingNamespaces, processesIn, removeNetwork, setUpNetwork } from "./namespaces.ts";
import { proberReport, proberSocket } from "./prober-report.ts";
import { identify, isAlive } from "./process-identity.ts";
import type { Started } from "./processes.ts";
import {
  keepFirstPassword,
  killMarked,
  startMachine,
  startProber,
  survivors,
  waitReady,
} from "./processes.ts";
import type { LabState } from "./state.ts";
import {
  createState,
  LabStateUnreadable,
  readState,
  removeState,
  repositoryFolder,
  stateFolderOf,
} from "./state.ts";
import type { FaultyNode } from "./topology.ts";
import {
  centralNodes,
  faultyNodes,
  labNodes,
  loadMasterNodes,
  namespaceOf,
  servicePort,
  sharedAddress,
} from "./topology.ts";

/** The lab exists already and runs. */
export class LabIsUp extends Error {
  override name = "LabIsUp";
}

/** The lab stands, but not everything in it serves. */
export class MachinesNotReady extends Error {
  override name = "MachinesNotReady";
}

export type UpOptions = {
  /**
   * The lab belongs to this process, and to nobody once that has ended: a demo or a test that was killed does not
   * keep the next one from starting.
   */
  readonly owned?: boolean;
  /** Machines whose disk is small enough to be filled by a test. */
  readonly smallDisks?: readonly FaultyNode[];
  /** Gives up building, between two steps, with the signal's reason. What stands by then is for `down`. */
  readonly signal?: AbortSignal;
};

/**
 * Builds the lab: network, forwarders, machines, client. What an earlier lab of the same name left behind after a
 * crash is removed first. Resolves once all of it serves. Throws {@link LabIsUp} when the earlier one still runs and
 * nobody who owned it has died.
 */
export async function up(lab: string, options: UpOptions = {}): Promise<void> {
  const holder = await holderOf(lab);
  if (holder !== undefined)
    throw new LabIsUp(`lab ${lab} is up${holder}; remove it with: bin/tandem lab down --name ${lab}`);
  const { signal } = options;
  await down(lab);
  createState(lab, options.owned ? (identify(process.pid) ?? null) : null);
  await setUpNetwork(lab);
  for (const node of options.smallDisks ?? []) await mountSmallDisk(lab, node);
  signal?.throwIfAborted();
  await startForwarders(lab);
  const started: Started[] = [];
  for (const node of faultyNodes) {
    signal?.throwIfAborted();
    started.push(await startMachine(lab, node));
  }
  started.push(await startProber(lab, proberSocket(lab), sharedAddress, servicePort));
  // All are waited for, so that the first to fail is not reported while others are still being started.
  const outcomes = await Promise.allSettled(started.map((one) => waitReady(one, signal)));
  signal?.throwIfAborted();
  const faults = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [String(outcome.reason.message)] : [],
  );
  if (faults.length > 0) throw new MachinesNotReady(faults.join("; "));
  for (const node of [...centralNodes, ...loadMasterNodes]) keepFirstPassword(lab, node);
}

/** Says to whom a running lab of this name belongs; undefined when none runs, or its owner has died. */
async function holderOf(lab: string): Promise<string | undefined> {
  let state: LabState | undefined;
  try {
    state = readState(lab);
  } catch (error) {
    if (error instanceof LabStateUnreadable) return undefined;
    throw error;
  }
  if (!state) return undefined;
  if (state.owner) return isAlive(state.owner) ? ` and belongs to process ${state.owner.pid}` : undefined;
  const namespaces = await existingNamespaces(lab);
  const prober = state.processes.find((record) => record.role === "prober");
  return namespaces.length === labNodes.length + 1 && prober !== undefined && isAlive(prober)
    ? ""
    : undefined;
}

/**
 * Removes a lab, whole or half built, recorded or not: its processes, its namespaces, its state folder (or all of
 * it but the logs, with `keepLogs`). Nothing of other names is touched.
 */
export async function down(lab: string, options: { readonly keepLogs?: boolean } = {}): Promise<void> {
  await killMarked(lab);
  await removeNetwork(lab);
  // A process started by one that was killed a moment ago, outside every namespace.
  await killMarked(lab);
  await unmountDisks(lab);
  if (options.keepLogs) {
    for (const entry of listFolder(stateFolderOf(lab)))
      if (entry !== "logs") rmSync(`${stateFolderOf(lab)}/${entry}`, { recursive: true, force: true });
    return;
  }
  removeState(lab);
  for (const folder of [`${repositoryFolder}/var/lab`, `${repositoryFolder}/var`])
    removeFolderWhenEmpty(folder);
}

const listFolder = (path: string): readonly string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

function removeFolderWhenEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Another lab's files are in it, perhaps since a moment ago; or it is gone already.
  }
}

/** What is left of a lab on this host: empty after `down`. */
export async function leftovers(lab: string): Promise<readonly string[]> {
  return [
    ...(await existingNamespaces(lab)).map((namespace) => `namespace ${namespace}`),
    ...survivors(lab).map(({ pid }) => `process ${pid}`),
    ...listFolder(stateFolderOf(lab)).map((entry) => `file ${stateFolderOf(lab)}/${entry}`),
  ];
}

export type NodeStatus = {
  readonly node: string;
  readonly condition: "running" | "down" | "process ended";
  readonly processes: number;
};

export type LabStatus = {
  readonly lab: string;
  readonly nodes: readonly NodeStatus[];
  readonly partition: readonly string[];
  readonly forwards: LabState["forwards"];
  /** What the client saw in the last ten seconds, in words. */
  readonly client: string;
};

const clientWindowMs = 10_000;

/** How a lab stands; undefined when there is none of this name. */
export async function status(lab: string): Promise<LabStatus | undefined> {
  const state = readState(lab);
  if (!state) return undefined;
  const nodes: NodeStatus[] = [];
  for (const node of faultyNodes) {
    const main = state.processes.find((record) => record.node === node);
    nodes.push({
      node,
      condition: conditionOf(state, node, main !== undefined && isAlive(main)),
      processes: (await processesIn(namespaceOf(lab, node))).length,
    });
  }
  return {
    lab,
    nodes,
    partition: state.partition,
    forwards: state.forwards,
    client: await clientInWords(lab),
  };
}

const conditionOf = (state: LabState, node: FaultyNode, alive: boolean): NodeStatus["condition"] =>
  state.down.includes(node) ? "down" : alive ? "running" : "process ended";

async function clientInWords(lab: string): Promise<string> {
  const now = monotonicMs();
  try {
    const { view } = await proberReport(lab, now - clientWindowMs, now);
    return `${view.succeeded} of ${view.requests} requests answered in the last 10 s; longest outage ${Math.round(view.outageMs)} ms`;
  } catch (error) {
    return `no prober: ${error instanceof Error ? error.message : String(error)}`;
  }
}
