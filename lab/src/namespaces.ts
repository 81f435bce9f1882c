/**
 * Network namespaces and the bridge between them. The plans are pure lists of `ip` and `bridge` command lines
 * (ip-netns(8), ip-link(8), bridge(8)); the rest runs them.
 */
import { readdir, readlink, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { CommandLine } from "./commands.ts";
import { run, runAll } from "./commands.ts";
import type { FaultyNode, LabNode } from "./topology.ts";
import { addressOf, labNodes, labPrefixLength, namespaceOf, namespacePrefix } from "./topology.ts";

const namespaceFolder = "/run/netns";
const processesEndWithinMs = 5_000;

/** Everything `lab up` does to the network: the switch, then one machine after the other. */
export function setUpPlan(lab: string): readonly CommandLine[] {
  const sw = namespaceOf(lab, "sw");
  const plan: CommandLine[] = [
    ["ip", "netns", "add", sw],
    ["ip", "-n", sw, "link", "set", "lo", "up"],
    // Ports forward at once: a learning delay would be counted as an outage of the pair.
    ["ip", "-n", sw, "link", "add", "br0", "type", "bridge", "stp_state", "0", "forward_delay", "0"],
    // The switch floods multicast, so CARP needs no querier.
    ["ip", "-n", sw, "link", "set", "br0", "type", "bridge", "mcast_snooping", "0"],
    ["ip", "-n", sw, "link", "set", "br0", "up"],
  ];
  for (const node of labNodes) {
    const namespace = namespaceOf(lab, node);
    plan.push(
      ["ip", "netns", "add", namespace],
      ["ip", "-n", namespace, "link", "set", "lo", "up"],
      ["ip", "-n", sw, "link", "add", node, "type", "veth", "peer", "name", "eth0", "netns", namespace],
      ["ip", "-n", sw, "link", "set", node, "master", "br0", "up"],
      ...bootPlan(lab, node),
    );
  }
  return plan;
}

/** What a machine's own start does to its network: nothing but its own address is left on `eth0`. */
export function bootPlan(lab: string, node: LabNode): readonly CommandLine[] {
  const namespace = namespaceOf(lab, node);
  return [
    ["ip", "-n", namespace, "address", "flush", "dev", "eth0", "scope", "global"],
    ["ip", "-n", namespace, "link", "set", "eth0", "up"],
    ["ip", "-n", namespace, "address", "add", `${addressOf[node]}/${labPrefixLength}`, "dev", "eth0"],
  ];
}

/** Plugs the machine's cable into the switch, or pulls it out. */
export const cablePlan = (lab: string, node: FaultyNode, plugged: boolean): readonly CommandLine[] => [
  ["ip", "-n", namespaceOf(lab, "sw"), "link", "set", node, plugged ? "up" : "down"],
];

/** Isolated ports do not reach each other; every other port reaches them and is reached (bridge(8), `isolated`). */
export const isolationPlan = (
  lab: string,
  nodes: readonly FaultyNode[],
  isolated: boolean,
): readonly CommandLine[] =>
  nodes.map(
    (node): CommandLine => [
      "bridge",
      "-n",
      namespaceOf(lab, "sw"),
      "link",
      "set",
      "dev",
      node,
      "isolated",
      isolated ? "on" : "off",
    ],
  );

/** The namespaces that a lab has on this host, by the prefix of their names. */
export async function existingNamespaces(lab: string): Promise<readonly string[]> {
  const names = await readdir(namespaceFolder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => name.startsWith(namespacePrefix(lab))).sort();
}

/** The processes in a namespace, except none; a namespace that is gone has none. */
export async function processesIn(namespace: string): Promise<readonly number[]> {
  const inode = await stat(`${namespaceFolder}/${namespace}`).then(
    (found) => found.ino,
    () => undefined,
  );
  if (inode === undefined) return [];
  const pids: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const link = await readlink(`/proc/${entry}/ns/net`).catch(() => "");
    if (link === `net:[${inode}]`) pids.push(Number(entry));
  }
  return pids;
}

/** Sends a signal to every process in a namespace; answers how many were there. A process that has just ended is no error. */
export async function signalNamespace(namespace: string, signal: NodeJS.Signals): Promise<number> {
  const pids = await processesIn(namespace);
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  return pids.length;
}

/** Kills (SIGKILL) every process in a namespace and waits until none is left: what it forks meanwhile is killed as well. */
export async function killNamespace(namespace: string): Promise<void> {
  const deadline = performance.now() + processesEndWithinMs;
  while ((await signalNamespace(namespace, "SIGKILL")) > 0) {
    if (performance.now() > deadline) throw new Error(`processes in ${namespace} do not die`);
    await delay(10);
  }
}

/** Builds the network of a lab that does not exist yet. */
export const setUpNetwork = (lab: string): Promise<void> => runAll(setUpPlan(lab));

/** Kills what runs in the lab's namespaces and removes them, however far they were built. */
export async function removeNetwork(lab: string): Promise<void> {
  const namespaces = await existingNamespaces(lab);
  for (const namespace of namespaces) await killNamespace(namespace);
  for (const namespace of namespaces) await run(["ip", "netns", "delete", namespace]);
}
