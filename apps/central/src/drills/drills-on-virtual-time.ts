/** A Central's drills on a virtual clock, a LoadMaster pair as far as drills ask it, and a prober that knows when it was down; for tests. */
import { assert } from "@tandem/base/assert";
import type { Epoch } from "@tandem/base/epoch";
import { err, ok } from "@tandem/base/result";
import type { Millis } from "@tandem/base/time";
import type { Fence } from "@tandem/fencing/fence";
import type { Square } from "@tandem/loadmaster-api/ha-view";
import { clientView, type Outage, type Sample } from "@tandem/probe/outage";
import { createRow } from "@tandem/replica/edits";
import { Replica } from "@tandem/replica/replica";
import type { Columns, Table } from "@tandem/replica/schema";
import { devices, haGroups, networks } from "../fleet/tables.ts";
import { VirtualTime } from "../ha/virtual-time.ts";
import { probeIntervalMs } from "./drill.ts";
import { Drills } from "./drills.ts";
import type { DrillEvent, DrilledUnits, DrillsPair, HandedOver, ProbePort } from "./ports.ts";
import { drills as drillsTable } from "./tables.ts";

const tables = [networks, devices, haGroups, drillsTable] as unknown as readonly Table[];

export const lm1 = "1".repeat(16);
export const lm2 = "2".repeat(16);
export const groupId = "a".repeat(16);
export const target = "http://10.0.0.10:80/";

/** Two LoadMasters. A hand-over takes effect at once, and costs clients an outage. */
export class VirtualPair implements DrilledUnits {
  readonly #time: VirtualTime;
  active: string | null = lm1;
  preferred = 0;
  /** What the active sees of its standby. */
  standby: Pick<Square, "state" | "reasons"> = { state: "standby, ready", reasons: [] };
  outageMs = 12;
  answer: HandedOver = { kind: "moved" };
  /** The role does not reach the other unit. */
  isStuck = false;
  isBothActive = false;
  readonly outages: Outage[] = [];
  readonly fences: Fence[] = [];
  readonly asked: string[] = [];

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  async look(device: string) {
    const self = (device === lm1 ? "HA1" : "HA2") as Square["unit"];
    const squareOf = (unit: Square["unit"]): Square => {
      const isActive = (unit === "HA1" ? lm1 : lm2) === this.active;
      return {
        unit,
        name: unit,
        address: "",
        self: unit === self,
        colour: "green",
        letter: isActive ? "A" : "",
        ...(isActive ? { state: "active", reasons: [] } : this.standby),
      };
    };
    return ok({
      isActive: await this.isActive(device),
      squares: [squareOf("HA1"), squareOf("HA2")] as const,
      sharedAddress: "10.0.0.9",
      preferred: this.preferred,
    });
  }

  async services() {
    return ok([{ address: "10.0.0.10", port: 80, protocol: "tcp" }]);
  }

  async isActive(device: string): Promise<boolean> {
    return this.isBothActive || device === this.active;
  }

  async handOver(device: string, fence: Fence): Promise<HandedOver> {
    this.asked.push(device);
    this.fences.push(fence);
    if (this.answer.kind === "refused") return this.answer;
    const from = this.#time.world.now();
    this.outages.push({ from, to: from + this.outageMs });
    if (!this.isStuck) this.active = device === lm1 ? lm2 : lm1;
    if (this.preferred === (device === lm1 ? 1 : 2))
      this.#time.world.after(1_000, () => {
        this.active = device;
      });
    return this.answer;
  }
}

/** A request every ten milliseconds, answered unless it falls into an outage of the pair's. */
const probeOf =
  (time: VirtualTime, pair: VirtualPair, counts: { running: number }): ProbePort =>
  ({ target: asked }) => {
    if (asked.includes("broken")) return err({ code: "x", field: "target", message: "broken", remedy: "" });
    counts.running += 1;
    const begun = time.world.now();
    const sampleAt = (start: Millis): Sample => {
      const isDown = pair.outages.some(({ from, to }) => start >= from && start < to);
      return {
        start,
        end: start + 1,
        server: "",
        ...(isDown ? { status: 0, failure: "ECONNRESET" } : { status: 200, failure: "" }),
      };
    };
    return ok({
      now: () => time.world.now(),
      report: async (from, to) => {
        const samples: Sample[] = [];
        for (let at = begun; at <= time.world.now(); at += probeIntervalMs) samples.push(sampleAt(at));
        return {
          view: clientView(samples, from, to),
          outages: [],
          pending: 0,
          timer: { lateP50Ms: 0, lateP99Ms: 0.2, lateMaxMs: 0.5, skippedInFlight: 0, missedTurns: 0 },
          held: { cuts: 1, reasons: { ECONNRESET: 1 } },
        };
      },
      stop: async () => {
        counts.running -= 1;
      },
    });
  };

/** One Central; another that shares its rows can be had of it, as after a take-over. */
export class VirtualCentral {
  readonly time: VirtualTime;
  readonly loadMasters: VirtualPair;
  readonly unit: string;
  readonly events: DrillEvent[] = [];
  readonly probes = { running: 0 };
  readonly #replica: Replica;
  #life = { isOver: false };
  pair: DrillsPair;
  #listeners = new Set<(what: "data" | "status") => void>();
  isActing = true;
  epoch: Epoch = { n: 3, unit: "c".repeat(16) };
  drills: Drills;

  constructor(unit = "c".repeat(16), of?: VirtualCentral) {
    this.unit = unit;
    this.time = of?.time ?? new VirtualTime("2026-11-26T02:00:00Z");
    this.loadMasters = of?.loadMasters ?? new VirtualPair(this.time);
    this.#replica = of === undefined ? Replica.empty(tables, "") : of.#replica;
    if (of !== undefined) this.#listeners = of.#listeners;
    this.pair = this.#pairOf(this.#life, "");
    this.drills = this.#open();
  }

  /** A process: once it is killed, none of its timers goes off and nothing that it writes is kept. */
  #open(): Drills {
    const life = { isOver: false };
    this.#life = life;
    const { world } = this.time;
    const alive = {
      ...world,
      after: (ms: number, body: () => void) => world.after(ms, () => life.isOver || body()),
    };
    this.pair = this.#pairOf(life, world.randomHex(8));
    return new Drills({
      world: alive,
      pair: this.pair,
      units: this.loadMasters,
      probe: probeOf(this.time, this.loadMasters, this.probes),
      observe: (event) => this.events.push(event),
    });
  }

  #pairOf(life: { readonly isOver: boolean }, incarnation: string): DrillsPair {
    const self = this;
    return {
      identity: { unit: this.unit },
      get isActing() {
        return self.isActing;
      },
      get epoch() {
        return self.epoch;
      },
      rows: <C extends Columns>(table: Table<C>) => this.#replica.rows(table),
      row: <C extends Columns>(table: Table<C>, key: string) => this.#replica.row(table, key),
      onChange: (listener) => {
        const listening = (what: "data" | "status"): void => {
          if (!life.isOver) listener(what);
        };
        this.#listeners.add(listening);
        return () => this.#listeners.delete(listening);
      },
      write: async (edits, author) => {
        if (life.isOver) return new Promise(() => {});
        const wall = this.time.world.wall();
        const written = this.#replica.write({ edits, author, unit: this.unit, wall, incarnation });
        if (!written.ok) return written;
        this.notify("data");
        return ok("both");
      },
    };
  }

  notify(what: "data" | "status"): void {
    for (const listener of this.#listeners) listener(what);
  }

  /** The process is gone without a word. */
  kill(): void {
    this.#life.isOver = true;
  }

  restart(): void {
    this.drills = this.#open();
  }

  async addGroup(): Promise<void> {
    const device = (id: string, name: string, address: string) =>
      createRow(devices, {
        id,
        name,
        address,
        port: 443,
        user: "bal",
        password: "x",
        certificateFingerprint: "f".repeat(64),
      });
    const written = await this.pair.write(
      [
        device(lm1, "lm1", "10.0.0.1"),
        device(lm2, "lm2", "10.0.0.2"),
        createRow(haGroups, { id: groupId, name: "front", sharedAddress: "10.0.0.9", members: [lm1, lm2] }),
      ],
      "admin",
      "test",
    );
    assert(written.ok, JSON.stringify(written));
  }
}
