/** What may befall the lab's machines and the network between them. */
import { runAll } from "./commands.ts";
import { bootPlan, cablePlan, isolationPlan, killNamespace, signalNamespace } from "./namespaces.ts";
import { killMainProcess, mainProcess, startMachine, stopMachine, waitReady } from "./processes.ts";
import { readState, updateState, withDown } from "./state.ts";
import type { FaultyNode } from "./topology.ts";
import { namespaceOf } from "./topology.ts";

/** A fault that cannot befall the lab as it stands. */
export class FaultRefused extends Error {
  override name = "FaultRefused";
}

/** The machine dies: its cable goes silent first, so nothing of its end is heard, then everything on it is killed. */
export async function killMachine(lab: string, node: FaultyNode): Promise<void> {
  await updateState(lab, (state) => withDown(state, node, true));
  await runAll(cablePlan(lab, node, false));
  // Nothing is to start anew what is killed first.
  await signalNamespace(namespaceOf(lab, node), "SIGSTOP");
  await killNamespace(namespaceOf(lab, node));
}

/** The machine's main process alone is killed (SIGKILL); the machine and what else runs on it go on. */
export async function killProcess(lab: string, node: FaultyNode): Promise<void> {
  if (!mainProcess(lab, node)) throw new FaultRefused(`no main process runs on ${node}`);
  await killMainProcess(lab, node);
}

/** The machine is shut down in an orderly way. Answers how many processes had to be killed in the end. */
export async function stop(lab: string, node: FaultyNode): Promise<{ readonly killed: number }> {
  await updateState(lab, (state) => withDown(state, node, true));
  return stopMachine(lab, node);
}

/**
 * Starts what is not running. A machine that was killed or stopped boots: addresses other than its own are gone,
 * the cable is in, its processes start. Where only the process was killed, only the process is started. Resolves
 * once the machine serves.
 */
export async function start(lab: string, node: FaultyNode): Promise<void> {
  const state = readState(lab);
  if (mainProcess(lab, node)) throw new FaultRefused(`${node} is running`);
  if (state?.down.includes(node)) {
    await killNamespace(namespaceOf(lab, node));
    await runAll([...bootPlan(lab, node), ...cablePlan(lab, node, true)]);
  }
  const started = await startMachine(lab, node);
  await updateState(lab, (current) => withDown(current, node, false));
  await waitReady(started);
}

/** Stops every process of the machine in its tracks (SIGSTOP): connections stay open and nothing answers. */
export async function freeze(lab: string, node: FaultyNode): Promise<void> {
  await signalNamespace(namespaceOf(lab, node), "SIGSTOP");
}

/** Lets a frozen machine go on (SIGCONT). */
export async function thaw(lab: string, node: FaultyNode): Promise<void> {
  await signalNamespace(namespaceOf(lab, node), "SIGCONT");
}

/**
 * Cuts machines from each other and from nobody else: every two of those named. A bridge knows one set of isolated
 * ports, so one partition stands at a time.
 */
export async function partition(lab: string, nodes: readonly FaultyNode[]): Promise<void> {
  const unique = [...new Set(nodes)];
  if (unique.length < 2) throw new FaultRefused("a partition needs at least two machines");
  await updateState(lab, (state) => {
    if (state.partition.length > 0)
      throw new FaultRefused(`${state.partition.join(" and ")} are already cut from each other; heal first`);
    return { ...state, partition: unique };
  });
  await runAll(isolationPlan(lab, unique, true));
}

/** Makes the network whole again; answers who had been cut from each other. */
export async function heal(lab: string): Promise<readonly FaultyNode[]> {
  const cut = (readState(lab)?.partition ?? []) as FaultyNode[];
  await runAll(isolationPlan(lab, cut, false));
  await updateState(lab, (state) => ({ ...state, partition: [] }));
  return cut;
}
