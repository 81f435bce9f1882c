/** `tandem lab drill`: the role of the lab's LoadMaster pair moves, there and back, under the lab's client (SPEC LH13). */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { monotonicMs } from "@tandem/probe/monotonic";
import {
  type Drill,
  type DrillBudget,
  type DrillMove,
  moveOf,
  readDrills,
  writeDrills,
} from "./drill-report.ts";
import { silentNarrator } from "./narrator.ts";
import { LoadMasterOperator } from "./operator.ts";
import { activeOf, otherLoadMaster, rolesBecome } from "./roles.ts";
import { servedWell, settledReport } from "./served.ts";
import { stateFolderOf } from "./state.ts";
import { pairTheLoadMasters } from "./story-loadmasters.ts";
import { loadMasterOf, newWorld, type World } from "./story-world.ts";
import { type LoadMasterNode, loadMasterNodes } from "./topology.ts";

export const drillDefaults = { budgetMs: 200, rounds: 1 } as const;
export const drillRoundsMax = 100;

/** The lab as it stands cannot be drilled. */
export class DrillRefused extends Error {
  override name = "DrillRefused";
}

export type DrillOptions = {
  readonly budget: DrillBudget;
  readonly rounds: number;
  /** Each round moves the role back as well; from a preferred host it comes back by itself, and that is waited for. */
  readonly isAndBack: boolean;
  /** Told of each move as it is made. */
  readonly onMove?: (move: DrillMove) => void;
};

export type DrillOutcome = { readonly drill: Drill; readonly earlier: readonly Drill[] };

/**
 * Drills the pair of a running lab; two units that are single yet are made a pair first, with a service. A drill that
 * breaks off is kept with the moves before and the reason.
 */
export async function drill(lab: string, options: DrillOptions): Promise<DrillOutcome> {
  const world = await pairOf(lab);
  const preferred = await preferredOf(world);
  if (preferred === (await activeOf(world)) && !options.isAndBack)
    throw new DrillRefused(
      `${preferred} is the preferred host and takes the role back at once; drill with --and-back, or set haprefered 0`,
    );
  await servedWell(world, 1, monotonicMs());
  const at = new Date().toISOString();
  const moves: DrillMove[] = [];
  let failure: string | undefined;
  try {
    for (let round = 0; round < options.rounds; round += 1)
      for await (const move of movesOfRound(world, preferred, options.isAndBack)) {
        moves.push(move);
        options.onMove?.(move);
      }
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  const made: Drill = {
    format: 1,
    at,
    budget: options.budget,
    moves,
    ...(failure === undefined ? {} : { failure }),
  };
  const earlier = readHistory(lab);
  keepHistory(lab, [...earlier, made]);
  return { drill: made, earlier };
}

async function* movesOfRound(
  world: World,
  preferred: LoadMasterNode | undefined,
  isAndBack: boolean,
): AsyncGenerator<DrillMove> {
  const first = await activeOf(world);
  if (first === preferred) {
    yield await roundTrip(world, first);
    return;
  }
  yield await moveRole(world, first);
  if (isAndBack) yield await moveRole(world, otherLoadMaster(first));
}

async function pairOf(lab: string): Promise<World> {
  const world = newWorld(lab, silentNarrator);
  for (const node of loadMasterNodes) world.loadMasters.set(node, await LoadMasterOperator.at(lab, node));
  const words = await Promise.all(
    loadMasterNodes.map((node) =>
      loadMasterOf(world, node)
        .haStatus()
        .catch((error: Error) => {
          throw new DrillRefused(`${node} does not answer (${error.message}); see tandem lab status`);
        }),
    ),
  );
  if (words.every((word) => word === "HA not configured")) await pairTheLoadMasters(world);
  else if (words.toSorted().join() !== "Active,Standby")
    throw new DrillRefused(
      `${loadMasterNodes.map((node, index) => `${node} is ${words[index]}`).join(" and ")}; a drill needs one that is active and one that is standby`,
    );
  return world;
}

/** The unit that takes the role whenever it can (SPEC LH3). */
async function preferredOf(world: World): Promise<LoadMasterNode | undefined> {
  const modes = await Promise.all(
    loadMasterNodes.map(async (node) => Number(await settingOf(world, node, "hamode"))),
  );
  const preferred = Number(await settingOf(world, "lm1", "haprefered"));
  return preferred === 0 ? undefined : loadMasterNodes[modes.indexOf(preferred)];
}

const settingOf = async (world: World, node: LoadMasterNode, param: string): Promise<unknown> =>
  (await loadMasterOf(world, node).command("get", { param }))[param];

async function moveRole(world: World, from: LoadMasterNode): Promise<DrillMove> {
  const to = otherLoadMaster(from);
  return orderedAndSeen(world, from, { from, to }, { [from]: "Standby", [to]: "Active" });
}

/** There and back, in one outage or two: which of them a request was lost in cannot be told. */
async function roundTrip(world: World, preferred: LoadMasterNode): Promise<DrillMove> {
  const to = otherLoadMaster(preferred);
  return orderedAndSeen(
    world,
    preferred,
    { from: preferred, to, isBackByItself: true },
    { [preferred]: "Active", [to]: "Standby" },
  );
}

async function orderedAndSeen(
  world: World,
  asked: LoadMasterNode,
  units: Pick<DrillMove, "from" | "to" | "isBackByItself">,
  roles: Parameters<typeof rolesBecome>[1],
): Promise<DrillMove> {
  const ordered = monotonicMs();
  await loadMasterOf(world, asked).command("hahandover");
  const answeredMs = monotonicMs() - ordered;
  await rolesBecome(world, roles);
  const again = await servedWell(world, 1, ordered);
  return moveOf(units, answeredMs, await settledReport(world, ordered, again));
}

const historyOf = (lab: string): string => `${stateFolderOf(lab)}/drills.jsonl`;

function readHistory(lab: string): readonly Drill[] {
  try {
    return readDrills(readFileSync(historyOf(lab), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Written whole beside the old one and then put in its place, so that a cut leaves one of the two. */
function keepHistory(lab: string, drills: readonly Drill[]): void {
  const temporary = `${historyOf(lab)}.new`;
  writeFileSync(temporary, writeDrills(drills), { mode: 0o600 });
  renameSync(temporary, historyOf(lab));
}
