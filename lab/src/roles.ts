/** Who of the LoadMaster pair is active, as the units say at their own addresses. */
import type { World } from "./story-world.ts";
import { loadMasterOf } from "./story-world.ts";
import type { LoadMasterNode } from "./topology.ts";
import { loadMasterNodes } from "./topology.ts";
import { notYet, seen, waitUntil } from "./wait-until.ts";

const roleWithinMs = 20_000;

/** The partner of a LoadMaster. */
export const otherLoadMaster = (node: LoadMasterNode): LoadMasterNode => (node === "lm1" ? "lm2" : "lm1");

/** Waits until these units say these roles at their own addresses. */
export const rolesBecome = (
  world: World,
  wanted: Partial<Record<LoadMasterNode, "Active" | "Standby">>,
  deadlineMs = roleWithinMs,
): Promise<true> => {
  const entries = Object.entries(wanted) as [LoadMasterNode, string][];
  const what = entries.map(([node, role]) => `${node} is ${role}`).join(", ");
  return waitUntil({ what, deadlineMs, everyMs: 250 }, async () => {
    const roles = await Promise.all(entries.map(([node]) => loadMasterOf(world, node).haStatus()));
    return entries.every(([, role], index) => roles[index] === role)
      ? seen(true as const)
      : notYet(entries.map(([node], index) => `${node} says ${roles[index]}`).join(", "));
  });
};

/** The unit that says it is active. */
export async function activeOf(world: World): Promise<LoadMasterNode> {
  return waitUntil({ what: "one LoadMaster is active", deadlineMs: roleWithinMs, everyMs: 250 }, async () => {
    const roles = await Promise.all(loadMasterNodes.map((node) => loadMasterOf(world, node).haStatus()));
    const active = loadMasterNodes.filter((_, index) => roles[index] === "Active");
    return active.length === 1 && active[0] !== undefined
      ? seen(active[0])
      : notYet(loadMasterNodes.map((node, index) => `${node} says ${roles[index]}`).join(", "));
  });
}
