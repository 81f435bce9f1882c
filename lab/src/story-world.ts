/** What the steps of the story share. */
import type { HaStatus } from "@tandem/central-api/ha";
import { hostPortOf } from "./forwarders.ts";
import type { Figure, Narrator } from "./narrator.ts";
import type { CentralOperator, LoadMasterOperator } from "./operator.ts";
import type { CentralNode, LoadMasterNode } from "./topology.ts";
import { centralNodes } from "./topology.ts";
import type { Look } from "./wait-until.ts";
import { Hopeless, notYet, seen, waitUntil } from "./wait-until.ts";

/** Shorter than the defaults, so that the story is short; they are said along with it. */
export const heartbeatSeconds = 5;
export const holdDownSeconds = 5;
/** The API's unit: 1 to 5 stand for 3 to 15 seconds. */
export const haTimeoutSteps = 1;
export const haTimeoutSeconds = 3 * haTimeoutSteps;

export type World = {
  readonly lab: string;
  readonly narrator: Narrator;
  readonly figures: Figure[];
  readonly centrals: Map<CentralNode, CentralOperator>;
  readonly loadMasters: Map<LoadMasterNode, LoadMasterOperator>;
};

export const newWorld = (lab: string, narrator: Narrator): World => ({
  lab,
  narrator,
  figures: [],
  centrals: new Map(),
  loadMasters: new Map(),
});

/** Lets go of the connections that the story holds. */
export function closeWorld(world: World): void {
  for (const central of world.centrals.values()) central.close();
}

/** What a step claims is not so; waiting longer would not help. */
export class NotSo extends Hopeless {
  override name = "NotSo";
}

/** Throws {@link NotSo} unless the claim holds. */
export function holds(condition: boolean, claim: string, instead: string): void {
  if (!condition) throw new NotSo(`${claim}: not so, but ${instead}`);
}

function present<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined)
    throw new NotSo(`nobody works with ${String(key)} yet: an earlier step did not get that far`);
  return value;
}

export const centralOf = (world: World, node: CentralNode): CentralOperator => present(world.centrals, node);
export const loadMasterOf = (world: World, node: LoadMasterNode): LoadMasterOperator =>
  present(world.loadMasters, node);

/** The command line that works with one Central from the host. */
export const ctl = (world: World, node: CentralNode, words: string): string =>
  `bin/tandem ctl --server 127.0.0.1:${hostPortOf(world.lab, node)} ${words}`;

/** The command line that deals out a fault. */
export const labCommand = (world: World, words: string): string =>
  `bin/tandem lab ${words} --name ${world.lab}`;

/** One line of HA Status, for messages. */
export const statusLine = (status: HaStatus): string =>
  [
    `${status.ourName} says ${status.ourState}${status.ourReason ? ` (${status.ourReason})` : ""}`,
    `peer ${status.peerState ?? "none"}${status.peerReason ? ` (${status.peerReason})` : ""}`,
    `heartbeats ${status.heartbeats.flowing ? "flow" : `do not flow (${status.heartbeats.error ?? "no error"})`}`,
    `sequence ${status.ourSequence}/${status.peerSequence ?? "?"}`,
    ...status.waitingFor.map(({ unit, what }) => `waits for ${what} on ${unit}`),
    ...status.configurationErrors.map((error) => error.message),
  ].join(", ");

/** Waits until a Central's HA Status is as wanted; resolves with it. */
export const statusBecomes = (
  world: World,
  node: CentralNode,
  what: string,
  deadlineMs: number,
  wanted: (status: HaStatus) => boolean,
  everyMs = 100,
): Promise<HaStatus> =>
  waitUntil({ what: `${node}: ${what}`, deadlineMs, everyMs }, async (): Promise<Look<HaStatus>> => {
    const { status } = await centralOf(world, node).ha();
    return wanted(status) ? seen(status) : notYet(statusLine(status));
  });

const inStepWithinMs = 30_000;

/** Waits until one says Master, the other Slave, heartbeats flow, and both hold the same (CH15, CH17). */
export async function pairIsWhole(world: World, master: CentralNode, slave: CentralNode): Promise<HaStatus> {
  const whole = (ours: HaStatus["ourState"], theirs: HaStatus["ourState"]) => (status: HaStatus) =>
    status.ourState === ours &&
    status.peerState === theirs &&
    status.heartbeats.flowing &&
    status.heartbeats.lastSent !== null &&
    status.heartbeats.lastReceived !== null &&
    status.inStep === true &&
    status.digestEqual === true &&
    status.ourSequence === status.peerSequence;
  const [ofMaster] = await Promise.all([
    statusBecomes(world, master, "Master with a Slave in step", inStepWithinMs, whole("Master", "Slave")),
    statusBecomes(world, slave, "Slave of a Master in step", inStepWithinMs, whole("Slave", "Master")),
  ]);
  return ofMaster;
}

export const handoverWithinMs = 60_000;

/** Waits until exactly one is Master; the preferred one in the end, by handover. */
export async function onlyOneMaster(world: World): Promise<void> {
  await waitUntil({ what: "one Master, one Slave", deadlineMs: handoverWithinMs }, async () => {
    const states = await Promise.all(
      centralNodes.map(async (node) => (await centralOf(world, node).ha()).status),
    );
    return states
      .map(({ ourState }) => ourState)
      .sort()
      .join() === "Master,Slave"
      ? seen(true)
      : notYet(states.map(statusLine).join("; "));
  });
  await waitUntil({ what: "the preferred unit is Master", deadlineMs: handoverWithinMs }, async () => {
    const { status } = await centralOf(world, "central1").ha();
    return status.ourState === "Master" ? seen(true) : notYet(statusLine(status));
  });
  await pairIsWhole(world, "central1", "central2");
}

export const milliseconds = (value: number): string => `${Math.round(value)} ms`;
