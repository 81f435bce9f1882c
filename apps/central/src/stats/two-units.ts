/** The statistics of two units on a virtual clock, with devices whose counters are known; for tests. */
import type { Json } from "@tandem/base/canonical-json";
import type { Epoch } from "@tandem/base/epoch";
import { err, ok, type Result } from "@tandem/base/result";
import { minute } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import type { CallError } from "@tandem/loadmaster-api/client";
import {
  type Keeping,
  type Sample,
  type StatisticsStore,
  statisticsKeeping,
} from "@tandem/storage/statistics-store";
import {
  emptyStatisticsMemory,
  openStatisticsMemory,
  type StatisticsMemory,
} from "@tandem/storage/statistics-store-memory";
import type { ChannelPorts } from "../ha/channels.ts";
import type { Counters, DeviceStatistics } from "./core.ts";
import { Statistics, type StatisticsEvent, type StatisticsPair } from "./shell.ts";

export const unitA = "aaaaaaaaaaaaaaaa";
export const unitB = "bbbbbbbbbbbbbbbb";
/** 2026-11-25 12:00 UTC. */
export const beginning = Date.UTC(2026, 10, 25, 12);

type Timer = { readonly at: number; readonly order: number; readonly body: () => void };

/** Time passes only in `pass`; each unit's wall clock may be off. */
export class VirtualTime {
  now = 0;
  #timers: Timer[] = [];
  #order = 0;

  world(skewMs: () => number): World {
    return {
      now: () => this.now,
      wall: () => beginning + this.now + skewMs(),
      after: (delayMs, body) => {
        const timer = { at: this.now + Math.max(0, delayMs), order: this.#order, body };
        this.#order += 1;
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
      randomHex: (bytes) => "0".repeat(2 * bytes),
    };
  }

  /** Runs every timer that is due within so long, and what promises they settle. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const next = this.#timers.reduce<Timer | undefined>(
        (first, each) =>
          first === undefined || each.at < first.at || (each.at === first.at && each.order < first.order)
            ? each
            : first,
        undefined,
      );
      if (next === undefined || next.at > end) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.now = next.at;
      next.body();
      for (let turn = 0; turn < settlingTurns; turn += 1) await Promise.resolve();
    }
    this.now = end;
  }
}
const settlingTurns = 6;

/** What counts at a known rate until it is reset. */
export class VirtualDevice {
  readonly id: string;
  readonly #time: VirtualTime;
  readonly #connectionsPerSecond: number;
  #since = 0;
  answerMs = 20;
  isDown = false;
  /** Everything ever counted. */
  polls = 0;

  constructor(id: string, time: VirtualTime, connectionsPerSecond: number) {
    this.id = id;
    this.#time = time;
    this.#connectionsPerSecond = connectionsPerSecond;
  }

  reset(): void {
    this.#since = this.#time.now;
  }

  countedAt(now: number): Counters {
    const connections = Math.floor(((now - this.#since) * this.#connectionsPerSecond) / 1_000);
    return {
      active: 7,
      connections,
      bytesIn: 100 * connections,
      bytesOut: 1_000 * connections,
      requests: 2 * connections,
    };
  }

  statistics(): DeviceStatistics {
    const totals = this.countedAt(this.#time.now);
    return {
      since: 1 + this.#since,
      totals,
      services: [
        { service: "10.0.0.1:80/tcp", ...totals, servers: [{ server: "10.1.0.1:8080", ...totals }] },
      ],
    };
  }
}

export class VirtualUnit {
  readonly unit: string;
  readonly memory: StatisticsMemory = emptyStatisticsMemory();
  readonly events: StatisticsEvent[] = [];
  /** Every sample that this unit polled and kept. */
  readonly polled: Sample[] = [];
  /** Which device was asked in which slot. */
  readonly asked: { readonly device: string; readonly slot: number }[] = [];
  skewMs = 0;
  isActing = false;
  epoch: Epoch = { n: 0, unit: "" };
  statistics: Statistics<VirtualDevice> | null = null;
  readonly world: World;
  readonly #pair: TwoUnits;
  #listener: ((what: "data" | "status") => void) | null = null;
  ports: ChannelPorts | null = null;

  constructor(unit: string, pair: TwoUnits) {
    this.unit = unit;
    this.#pair = pair;
    this.world = pair.time.world(() => this.skewMs);
  }

  get store(): StatisticsStore {
    return openStatisticsMemory(this.memory, this.#pair.kind.keeping);
  }

  start(): void {
    const { unit } = this;
    const pair = this.#pair;
    const here = (): VirtualUnit => this;
    const surface: StatisticsPair = {
      identity: { unit, fingerprint: unit.repeat(4) },
      get isActing() {
        return here().isActing;
      },
      get epoch() {
        return here().epoch;
      },
      channel: (_, ports) => {
        this.ports = ports;
        return {
          get isOpen() {
            return pair.isOpen;
          },
          send: (body) => pair.carry(unit, body),
        };
      },
      onChange: (listener) => {
        this.#listener = listener;
        return () => {
          this.#listener = null;
        };
      },
    };
    const store = this.store;
    const recorded: StatisticsStore = {
      ...store,
      all: () => store.all(),
      merge: (samples) => {
        const taken = store.merge(samples);
        this.polled.push(...samples.filter(({ epoch }) => epoch.unit === unit));
        return taken;
      },
    };
    this.statistics = new Statistics({
      world: this.world,
      store: recorded,
      pair: surface,
      slotMs: pair.kind.slotMs,
      devices: () => pair.devices.map((device) => ({ id: device.id, target: device })),
      fetch: (device) => this.#fetch(device),
      observe: (event) => this.events.push(event),
    });
  }

  /** As a process that is killed. */
  kill(): void {
    this.statistics?.stop();
    this.statistics = null;
    this.ports = null;
  }

  setRole(isActing: boolean, epoch: Epoch): void {
    this.isActing = isActing;
    this.epoch = epoch;
    this.#listener?.("status");
  }

  #fetch(device: VirtualDevice): Promise<Result<DeviceStatistics, CallError>> {
    device.polls += 1;
    this.asked.push({ device: device.id, slot: Math.floor(this.world.wall() / this.#pair.kind.slotMs) });
    return new Promise((resolve) => {
      this.world.after(device.answerMs, () =>
        resolve(
          device.isDown
            ? err({ kind: "unreachable", message: "no route", code: "EHOSTUNREACH" })
            : ok(this.#pair.kind.answer(device)),
        ),
      );
    });
  }
}

/** Which samples the two units keep; those of statistics unless said otherwise. */
export type SampleKind = {
  readonly keeping: Keeping;
  readonly slotMs: number;
  readonly answer: (device: VirtualDevice) => DeviceStatistics;
};
const ofStatistics: SampleKind = {
  keeping: statisticsKeeping,
  slotMs: minute,
  answer: (device) => device.statistics(),
};

export class TwoUnits {
  readonly kind: SampleKind;
  readonly time = new VirtualTime();
  readonly a: VirtualUnit;
  readonly b: VirtualUnit;
  readonly devices: VirtualDevice[];
  #isOpen = false;
  /** Of the messages, how many in a hundred are lost without the channel closing. */
  lossPercent = 0;
  messages = 0;
  bytesMax = 0;
  readonly #world: World;

  constructor(devices: number, kind: SampleKind = ofStatistics) {
    this.kind = kind;
    this.#world = this.time.world(() => 0);
    this.a = new VirtualUnit(unitA, this);
    this.b = new VirtualUnit(unitB, this);
    this.devices = Array.from(
      { length: devices },
      (_, index) => new VirtualDevice(`d${String(index).padStart(15, "0")}`, this.time, 3 + index),
    );
  }

  /** A is Master under `n`, B its Slave, and they are connected. */
  static started(devices: number, kind?: SampleKind): TwoUnits {
    const pair = new TwoUnits(devices, kind);
    pair.a.start();
    pair.b.start();
    pair.a.setRole(true, { n: 1, unit: unitA });
    pair.b.setRole(false, { n: 1, unit: unitA });
    pair.setOpen(true);
    return pair;
  }

  get isOpen(): boolean {
    return this.#isOpen && this.a.statistics !== null && this.b.statistics !== null;
  }

  setOpen(isOpen: boolean): void {
    const before = this.isOpen;
    this.#isOpen = isOpen;
    if (this.isOpen === before) return;
    for (const { ports } of [this.a, this.b]) (this.isOpen ? ports?.opened : ports?.closed)?.call(ports);
  }

  carry(from: string, body: Json): boolean {
    if (!this.isOpen) return false;
    const text = JSON.stringify(body);
    this.messages += 1;
    this.bytesMax = Math.max(this.bytesMax, text.length);
    if ((this.messages * 37) % 100 < this.lossPercent) return true;
    const to = from === unitA ? this.b : this.a;
    this.#world.after(2, () => {
      if (this.isOpen) to.ports?.received(JSON.parse(text));
    });
    return true;
  }
}

/** All raw samples of a unit; what a checker compares. */
export const samplesOf = ({ store }: VirtualUnit): readonly Sample[] => [...store.all()];
