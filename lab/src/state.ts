/**
 * What a lab remembers between two commands: one JSON file in the lab's state folder (mode 0700). It outlives a
 * killed command; whoever finds it can tell what was started and take it down.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { firstFault } from "@tandem/base/check";
import type { Static } from "@tandem/base/schema";
import { Type } from "@tandem/base/schema";
import type { ProcessIdentity } from "./process-identity.ts";
import { identify, isAlive } from "./process-identity.ts";
import type { FaultyNode, LabNode } from "./topology.ts";
import { Hopeless, notYet, seen, waitUntil } from "./wait-until.ts";

const processRecord = Type.Object({
  /** The machine it runs on; `host` for the forwarder. */
  node: Type.String(),
  /** What it is: `central`, `loadmaster`, `web`, `prober`, `relay`, `forwarder`. */
  role: Type.String(),
  pid: Type.Integer(),
  startTime: Type.String(),
  log: Type.String(),
});

const forwardRecord = Type.Object({
  /** What it leads to, in words of one token: `central1`, `service`… */
  name: Type.String(),
  hostPort: Type.Integer(),
  address: Type.String(),
  port: Type.Integer(),
});

const labState = Type.Object({
  format: Type.Literal(1),
  lab: Type.String(),
  /** The demo or test that the lab belongs to; null when it belongs to nobody and stays. */
  owner: Type.Union([Type.Object({ pid: Type.Integer(), startTime: Type.String() }), Type.Null()]),
  processes: Type.Array(processRecord),
  forwards: Type.Array(forwardRecord),
  /** Machines that were killed or stopped and not started again. */
  down: Type.Array(Type.String()),
  /** Machines that are cut from each other; empty when the network is whole. */
  partition: Type.Array(Type.String()),
});

export type ProcessRecord = Static<typeof processRecord>;
export type ForwardRecord = Static<typeof forwardRecord>;
export type LabState = Static<typeof labState>;
export type ProcessRole = "central" | "loadmaster" | "web" | "prober" | "relay" | "forwarder";

/** The folder that this file's repository is checked out in. */
export const repositoryFolder = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Where a lab keeps everything it writes. */
export const stateFolderOf = (lab: string): string => `${repositoryFolder}/var/lab/${lab}`;

const stateFileOf = (lab: string): string => `${stateFolderOf(lab)}/lab.json`;

/** A state file that cannot be read as one: written by another version, or damaged. */
export class LabStateUnreadable extends Error {
  override name = "LabStateUnreadable";
}

/** There is no lab of this name. */
export class NoSuchLab extends Hopeless {
  override name = "NoSuchLab";

  constructor(lab: string) {
    super(`there is no lab ${lab}; start it with: bin/tandem lab up --name ${lab}`);
  }
}

/** Reads what a lab remembers; undefined when there is no such lab. */
export function readState(lab: string): LabState | undefined {
  let text: string;
  try {
    text = readFileSync(stateFileOf(lab), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (firstFault(labState, value) !== undefined)
    throw new LabStateUnreadable(
      `${stateFileOf(lab)} is not the state of a lab; remove the lab with: bin/tandem lab down --name ${lab}`,
    );
  return value as LabState;
}

const emptyState = (lab: string, owner: ProcessIdentity | null): LabState => ({
  format: 1,
  lab,
  owner,
  processes: [],
  forwards: [],
  down: [],
  partition: [],
});

/** Makes the state folder of a new lab, with nothing in it but an empty state. */
export function createState(lab: string, owner: ProcessIdentity | null): LabState {
  removeState(lab);
  mkdirSync(stateFolderOf(lab), { recursive: true, mode: 0o700 });
  const state = emptyState(lab, owner);
  writeState(lab, state);
  return state;
}

/** Removes the state folder with all that the lab's processes wrote. */
export function removeState(lab: string): void {
  rmSync(stateFolderOf(lab), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function writeState(lab: string, state: LabState): void {
  const path = stateFileOf(lab);
  const temporary = `${path}.${process.pid}`;
  const file = openSync(temporary, "w", 0o600);
  writeSync(file, `${JSON.stringify(state, null, 2)}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, path);
}

const lockWaitMs = 5_000;

/** Takes the lock of a lab's state; a lock whose owner has died is taken over. */
async function lockState(lab: string): Promise<() => void> {
  const path = `${stateFolderOf(lab)}/lab.lock`;
  const own = identify(process.pid) as ProcessIdentity;
  await waitUntil({ what: `the state of lab ${lab}`, deadlineMs: lockWaitMs, everyMs: 10 }, () => {
    try {
      const file = openSync(path, "wx", 0o600);
      writeSync(file, JSON.stringify(own));
      closeSync(file);
      return seen(true);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") throw new NoSuchLab(lab);
      if (code !== "EEXIST") throw error;
    }
    const owner = readLockOwner(path);
    if (owner && !isAlive(owner)) rmSync(path, { force: true });
    return notYet(`${path} is held by process ${owner?.pid ?? "unknown"}`);
  });
  return () => rmSync(path, { force: true });
}

function readLockOwner(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

/** Reads, changes and writes a lab's state while no other command does. Throws when there is no such lab. */
export async function updateState(lab: string, change: (state: LabState) => LabState): Promise<LabState> {
  const unlock = await lockState(lab);
  try {
    const state = readState(lab);
    if (!state) throw new NoSuchLab(lab);
    const next = change(state);
    writeState(lab, next);
    return next;
  } finally {
    unlock();
  }
}

/** The state with a machine counted as down, or as up again. */
export const withDown = (state: LabState, node: FaultyNode, down: boolean): LabState => ({
  ...state,
  down: [...state.down.filter((other) => other !== node), ...(down ? [node] : [])],
});

/** The recorded processes of a machine that still run. */
export const liveProcesses = (state: LabState, node: LabNode | "host"): readonly ProcessRecord[] =>
  state.processes.filter((record) => record.node === node && isAlive(record));
