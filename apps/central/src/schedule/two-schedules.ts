/**
 * Two units' schedules on one virtual clock, for tests: real replicas that exchange their changes while the line is
 * whole, devices that keep a real ledger, and roles that the test gives.
 */
import { assert } from "@tandem/base/assert";
import type { Epoch } from "@tandem/base/epoch";
import type { WallMillis } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import type { Fence } from "@tandem/fencing/fence";
import { admit, begin, emptyLedger, finish, type Ledger } from "@tandem/fencing/ledger";
import { createRow, type Edit } from "@tandem/replica/edits";
import type { Table } from "@tandem/replica/schema";
import type { Performed } from "@tandem/schedule/call";
import type { When } from "@tandem/schedule/when";
import { emptyMemoryFileDisk, openMemoryFileStore } from "@tandem/storage/memory-file-store";
import { snapshots } from "../files/tables.ts";
import { devices, haGroups, networks } from "../fleet/tables.ts";
import { ReplicaUnit } from "../ha/replica-on-virtual-time.ts";
import { VirtualTime } from "../ha/virtual-time.ts";
import { snapshotsIn } from "./kept-snapshots.ts";
import type { Devices, ScheduleEvent, SchedulePair } from "./ports.ts";
import { Schedule } from "./shell.ts";
import { type ActionKind, runs, scheduledActions, scheduleTables } from "./tables.ts";

const tables = [networks, devices, haGroups, snapshots, ...scheduleTables] as unknown as readonly Table[];

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

export class ScheduleUnit extends ReplicaUnit {
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

  constructor(name: string, time: VirtualTime, device: FencingDevice) {
    super(name.repeat(16), time, tables);
    this.device = device;
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
    this.end();
  }

  restart(): void {
    this.begin();
    this.schedule = this.#open();
  }

  act(isActing: boolean, epoch: Epoch = this.epoch): void {
    this.isActing = isActing;
    this.epoch = epoch;
    this.notify("status");
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
      ...this.shared,
    };
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
