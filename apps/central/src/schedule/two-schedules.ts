/**
 * Two units' schedules on one virtual clock, for tests: real replicas that exchange their changes while the line is
 * whole, devices that keep a real ledger, and roles that the test gives.
 */
import { assert } from "@tandem/base/assert";
import { sha256Hex } from "@tandem/base/digest";
import type { Epoch } from "@tandem/base/epoch";
import { ok } from "@tandem/base/result";
import type { Millis, WallMillis } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import type { Fence } from "@tandem/fencing/fence";
import { admit, begin, emptyLedger, finish, type Ledger } from "@tandem/fencing/ledger";
import { createRow, type Edit } from "@tandem/replica/edits";
import { Replica } from "@tandem/replica/replica";
import type { Columns, Table } from "@tandem/replica/schema";
import type { Delta } from "@tandem/replica/version";
import { decodeDelta, encodeDelta } from "@tandem/replica/wire";
import type { Performed } from "@tandem/schedule/call";
import type { When } from "@tandem/schedule/when";
import { emptyMemoryFileDisk, openMemoryFileStore } from "@tandem/storage/memory-file-store";
import { snapshots } from "../files/tables.ts";
import { devices, haGroups, networks } from "../fleet/tables.ts";
import { snapshotsIn } from "./kept-snapshots.ts";
import type { Devices, ScheduleEvent, SchedulePair } from "./ports.ts";
import { Schedule } from "./shell.ts";
import { type ActionKind, runs, scheduledActions, scheduleTables } from "./tables.ts";

const tables = [networks, devices, haGroups, snapshots, ...scheduleTables] as unknown as readonly Table[];

/** Time that passes when the test says so. */
export class VirtualTime {
  #now: Millis = 0;
  wallAtStart: WallMillis;
  #timers: { at: Millis; body: () => void }[] = [];
  #random = 0;

  constructor(start: string) {
    this.wallAtStart = Date.parse(start);
  }

  readonly world: World = {
    now: () => this.#now,
    wall: () => this.wallAtStart + this.#now,
    after: (delayMs, body) => {
      const timer = { at: this.#now + Math.max(0, delayMs), body };
      this.#timers.push(timer);
      return () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      };
    },
    randomHex: (bytes) => {
      this.#random += 1;
      return sha256Hex(`random ${this.#random}`).slice(0, 2 * bytes);
    },
  };

  /** Lets so much time pass, timer by timer; what they promise is done in between. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const [next] = this.#timers.sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#timers.shift();
      this.#now = Math.max(this.#now, next.at);
      next.body();
      await settle();
    }
    this.#now = end;
  }
}

/** Promises that are kept already, and those that hang on them, take their turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

/** A LoadMaster as far as runs go: the ledger of `@tandem/fencing`, and a count of what took effect. */
export class FencingDevice {
  ledger: Ledger = emptyLedger;
  readonly effects = new Map<string, number>();
  readonly fences: Fence[] = [];
  /** `deaf`: the call does not arrive. `mute`: it is carried out, and the answer is lost. */
  line: "whole" | "deaf" | "mute" = "whole";
  /** How long an action takes; the caller waits meanwhile. */
  takesMs = 0;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async perform(kind: ActionKind, fence: Fence): Promise<Performed> {
    const unreachable = { kind: "unreachable", message: "no answer within 10 s" } as const;
    if (this.line === "deaf") return { ...unreachable, mayHaveArrived: false };
    this.fences.push(fence);
    const verdict = admit(this.ledger, fence, { command: kind, unit: "lm1", wall: this.#world.wall() });
    this.ledger = verdict.ledger;
    switch (verdict.verdict) {
      case "fenced":
        return { kind: "fenced", holder: verdict.holder, lastHeardMs: verdict.lastHeardMs };
      case "too-old":
      case "in-progress":
        return { kind: verdict.verdict };
      case "answer":
        return done(kind, fence.runId);
      case "perform": {
        const begun = begin(verdict.ledger, fence.runId, "lm1");
        assert(begun, "what was admitted begins");
        this.ledger = begun;
        this.effects.set(fence.runId, (this.effects.get(fence.runId) ?? 0) + 1);
        if (this.takesMs > 0) await new Promise<void>((resolve) => this.#world.after(this.takesMs, resolve));
        this.ledger = finish(this.ledger, fence.runId, { ok: true, known: true, message: "", answer: {} });
        if (this.line === "mute") return { ...unreachable, mayHaveArrived: true };
        return done(kind, fence.runId);
      }
    }
  }
}

const done = (kind: ActionKind, run: string): Performed => ({
  kind: "done",
  answer: { status: "ok" },
  ...(kind === "backup" && { bytes: new TextEncoder().encode(`backup of ${run}`) }),
});

export const deviceId = "d".repeat(16);
export const epochOf = (n: number, unit: string): Epoch => ({ n, unit });

export class ScheduleUnit {
  readonly unit: string;
  readonly time: VirtualTime;
  replica: Replica;
  peer: ScheduleUnit | undefined;
  isConnected = true;
  isActing = false;
  epoch: Epoch = epochOf(0, "");
  runningActions = 0;
  readonly refusals: { holder: Epoch; heardAgoMs: number }[] = [];
  readonly events: ScheduleEvent[] = [];
  readonly device: FencingDevice;
  remembers = true;
  /** Called right before the device is. */
  beforeCall: (fence: Fence) => void = () => {};
  schedule: Schedule;
  #listeners = new Set<(what: "data" | "status") => void>();
  #incarnation: string;

  constructor(name: string, time: VirtualTime, device: FencingDevice) {
    this.unit = name.repeat(16);
    this.time = time;
    this.device = device;
    this.#incarnation = time.world.randomHex(8);
    this.replica = Replica.empty(tables, "");
    this.schedule = this.#open();
  }

  #open(): Schedule {
    const pair = this.pair;
    const called: Devices = {
      perform: (_device, kind, fence) => {
        this.beforeCall(fence);
        return this.device.perform(kind, fence);
      },
      remembersRuns: async () => this.remembers,
    };
    return new Schedule({
      world: this.time.world,
      pair,
      devices: called,
      snapshots: snapshotsIn(openMemoryFileStore(emptyMemoryFileDisk()), pair),
      observe: (event) => {
        this.events.push(event);
      },
    });
  }

  /** As a process that is killed: nothing is written any more; what it kept stays. */
  kill(): void {
    this.schedule.stop();
    this.isActing = false;
    this.isConnected = false;
    if (this.peer) this.peer.isConnected = false;
    this.#listeners.clear();
  }

  restart(): void {
    this.#incarnation = this.time.world.randomHex(8);
    this.schedule = this.#open();
  }

  /** The line is whole again: both exchange what the other lacks. */
  heal(): void {
    assert(this.peer, "there is a peer");
    this.isConnected = true;
    this.peer.isConnected = true;
    this.peer.receive(this.replica.deltaSince(this.peer.replica.vector));
    this.receive(this.peer.replica.deltaSince(this.replica.vector));
  }

  cut(): void {
    this.isConnected = false;
    if (this.peer) this.peer.isConnected = false;
  }

  act(isActing: boolean, epoch: Epoch = this.epoch): void {
    this.isActing = isActing;
    this.epoch = epoch;
    this.notify("status");
  }

  notify(what: "data" | "status"): void {
    for (const listener of this.#listeners) listener(what);
  }

  receive(delta: Delta): void {
    const decoded = decodeDelta(JSON.parse(JSON.stringify(encodeDelta(delta))));
    assert(decoded.ok, "a delta that was encoded can be read");
    const applied = this.replica.apply(decoded.value, this.#incarnation);
    assert(applied.ok, JSON.stringify(applied));
    this.notify("data");
  }

  get pair(): SchedulePair {
    const self = this;
    return {
      identity: { unit: this.unit },
      get isActing() {
        return self.isActing;
      },
      get epoch() {
        return self.epoch;
      },
      setRunningActions: (count) => {
        this.runningActions = count;
      },
      deviceRefused: (holder, heardAgoMs) => this.refusals.push({ holder, heardAgoMs }),
      rows: <C extends Columns>(table: Table<C>) => this.replica.rows(table),
      row: <C extends Columns>(table: Table<C>, key: string) => this.replica.row(table, key),
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      write: async (edits, author) => {
        const { unit } = this;
        const wall = this.time.world.wall();
        const written = this.replica.write({ edits, author, unit, wall, incarnation: this.#incarnation });
        if (!written.ok) return written;
        const reaches = this.isConnected && this.peer !== undefined;
        if (reaches) this.peer?.receive(written.value.delta);
        this.notify("data");
        return ok(reaches ? "both" : "this unit only");
      },
    };
  }

  async write(...edits: readonly Edit[]): Promise<void> {
    const written = await this.pair.write(edits, "admin", "test");
    assert(written.ok, JSON.stringify(written));
  }

  /** `[state, epoch]` of each attempt at each run, by the time it was due, then by term. */
  attempts(): readonly (readonly [state: string, epoch: number | null])[] {
    return this.replica
      .rows(runs)
      .map(({ values }) => values)
      .sort((a, b) => a.due - b.due || (a.epoch ?? 0) - (b.epoch ?? 0))
      .map(({ state, epoch }) => [state, epoch] as const);
  }

  /** The run's state, of the one that was due then. */
  standing(): readonly string[] {
    return [...this.schedule.ledger.runs()]
      .sort((a, b) => a.standing.values.due - b.standing.values.due)
      .map(({ standing }) => standing.values.state);
  }
}

export type TwoSchedules = {
  readonly time: VirtualTime;
  readonly device: FencingDevice;
  /** Acts, with term 1. */
  readonly a: ScheduleUnit;
  readonly b: ScheduleUnit;
};

/** Two connected units that know one device; `a` acts. */
export async function twoSchedules(start: string): Promise<TwoSchedules> {
  const time = new VirtualTime(start);
  const device = new FencingDevice(time.world);
  const a = new ScheduleUnit("a", time, device);
  const b = new ScheduleUnit("b", time, device);
  a.peer = b;
  b.peer = a;
  a.act(true, epochOf(1, a.unit));
  b.act(false, epochOf(1, a.unit));
  await a.write(
    createRow(devices, {
      id: deviceId,
      name: "lm1",
      address: "10.0.0.1",
      port: 443,
      user: "bal",
      password: "x",
      certificateFingerprint: "f".repeat(64),
    }),
  );
  return { time, device, a, b };
}

export const actionId = "c".repeat(16);

export function actionRow(
  at: WallMillis,
  when: When,
  changes: {
    readonly id?: string;
    readonly kind?: ActionKind;
    readonly missedRule?: "run once late" | "skip";
    readonly ifUnknown?: "run again" | "leave it to the operator";
  } = {},
): Edit {
  return createRow(scheduledActions, {
    id: actionId,
    name: "nightly",
    kind: "backup",
    devices: [{ id: deviceId, since: at }],
    when,
    whenSince: at,
    author: "admin",
    ...changes,
  });
}

export const eachHour: When = { kind: "cron", cron: "0 * * * *", timeZone: "UTC" };
