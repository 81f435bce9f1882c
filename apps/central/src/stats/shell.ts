/**
 * Statistics of one Central (SPEC CH8): polls while this unit acts, keeps, ships to the peer, fetches from it what is
 * lacking, and derives longer periods. It never stops the pair: what cannot be kept is dropped, counted and told.
 */
import type { Epoch } from "@tandem/base/epoch";
import { type Millis, second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import {
  dayOf,
  finestLevel,
  periodOf,
  type Sample,
  type StatisticsStore,
} from "@tandem/storage/statistics-store";
import type { HighAvailability } from "../ha/shell.ts";
import { derive, slotMsDefault } from "./core.ts";
import { Exchange, type ExchangeStatus } from "./exchange.ts";
import {
  type FetchStatistics,
  type PolledDevice,
  Polling,
  pollTimeoutMsDefault,
  type Round,
} from "./polling.ts";

/** Answers of devices are kept and shipped together with those that come within this time. */
const gatherMs = 250;
/** Periods derived in one go; other work gets its turn between two. */
const derivedPerTurnMax = 20;
const deriveIntervalMs = 100;
/** What is still marked when a device is looked at is derived then, up to so many periods. */
const derivedPerReadMax = 100;
/** By how much the wall clock may run ahead of the monotonic one before nothing is removed by it any more. */
const clockAheadMaxDays = 1;

/** While samples are dropped, that is told again after this. */
const droppedToldAgainMs = 3_600 * second;

/** What statistics need of the pair; `HighAvailability` has it. */
export type StatisticsPair = Pick<
  HighAvailability,
  "identity" | "isActing" | "epoch" | "channel" | "onChange"
>;

export type StatisticsEvent =
  | { readonly code: "statistics-set-aside"; readonly file: string }
  /** No file could be had. */
  | { readonly code: "statistics-in-memory"; readonly message: string }
  | { readonly code: "statistics-dropped"; readonly message: string }
  | { readonly code: "statistics-kept-again"; readonly dropped: number };

export type StatisticsOptions<Target> = {
  readonly world: World;
  readonly store: StatisticsStore;
  readonly pair: StatisticsPair;
  readonly devices: () => readonly PolledDevice<Target>[];
  readonly fetch: FetchStatistics<Target>;
  readonly observe: (event: StatisticsEvent) => void;
  /** Over which the units keep theirs the same: `stats` but for another kind of samples. */
  readonly channel?: string;
  /** How long a slot is, and so how often a device is polled. A minute; tests have shorter ones. */
  readonly slotMs?: number;
  readonly timeoutMs?: number;
};

export type StatisticsStatus = {
  readonly isPolling: boolean;
  readonly lastRound: Round | null;
  readonly samples: number;
  /** Samples that could not be kept since the start. */
  readonly dropped: number;
  readonly exchange: ExchangeStatus;
  /** How far behind the peer is; null when there is none to be behind. */
  readonly peerLagMs: number | null;
};

export class Statistics<Target> {
  readonly store: StatisticsStore;
  readonly slotMs: number;
  readonly #options: StatisticsOptions<Target>;
  readonly #world: World;
  readonly #polling: Polling<Target>;
  readonly #exchange: Exchange;
  readonly #unfollow: () => void;
  #gathered: Sample[] = [];
  #cancelGather: Cancel | null = null;
  #cancelDerive: Cancel | null = null;
  #trimmedDay = -1;
  readonly #begun: { readonly day: number; readonly at: Millis };
  #dropped = 0;
  #droppedTold: { readonly at: number; readonly before: number } | null = null;
  #stopped = false;

  constructor(options: StatisticsOptions<Target>) {
    const { world, store, pair, devices, fetch } = options;
    this.#options = options;
    this.#world = world;
    this.store = store;
    this.slotMs = options.slotMs ?? slotMsDefault;
    this.#begun = { day: this.#today, at: world.now() };
    this.#exchange = new Exchange({
      world,
      store,
      slotMs: this.slotMs,
      channel: (ports) => pair.channel(options.channel ?? "stats", ports),
      keep: (samples) => this.#keep(samples),
      failed: (error) => this.#failed(0, error),
    });
    this.#polling = new Polling({
      world,
      slotMs: this.slotMs,
      timeoutMs: options.timeoutMs ?? pollTimeoutMsDefault,
      term: () => (pair.isActing ? this.#ownEpoch : null),
      devices,
      fetch,
      hasSample: (device, slot) =>
        this.#attempt(() => store.heads(device, slot, slot + 1).length > 0) ?? false,
      took: (sample) => this.#gather(sample),
      ended: () => this.#flush(),
      slotBegan: (slot) => this.#slotBegan(slot),
    });
    this.#unfollow = pair.onChange((what) => {
      if (what === "status") this.#polling.roleMayHaveChanged();
    });
    this.#polling.start();
    this.#armDerive();
  }

  /** What acts without a term of its own, as a Central without a pair does, polls under number 0. */
  get #ownEpoch(): Epoch {
    const { epoch, identity } = this.#options.pair;
    return epoch.unit === identity.unit ? epoch : { n: 0, unit: identity.unit };
  }

  get isConnected(): boolean {
    return this.#exchange.isOpen;
  }

  get status(): StatisticsStatus {
    const exchange = this.#exchange.status;
    const { oldestUnacknowledged } = exchange;
    return {
      isPolling: this.#options.pair.isActing,
      lastRound: this.#polling.lastRound,
      samples: this.#attempt(() => this.store.count()) ?? 0,
      dropped: this.#dropped,
      exchange,
      peerLagMs: !exchange.isOpen
        ? null
        : oldestUnacknowledged === null
          ? 0
          : Math.max(0, this.#world.wall() - oldestUnacknowledged * this.slotMs),
    };
  }

  /** Derives what is marked of these devices, so that what is read next has what is known now. */
  freshen(devices: readonly string[]): void {
    this.#attempt(() => {
      let left = derivedPerReadMax;
      for (const device of devices) {
        if (left <= 0) return;
        for (const { start } of this.store.marked(left, Number.MAX_SAFE_INTEGER, device)) {
          derive(this.store, device, start, this.slotMs);
          left -= 1;
        }
      }
    });
  }

  /** Compares with the peer now; otherwise that happens when the units meet, and every ten minutes. */
  compareWithPeer(): void {
    this.#exchange.compare();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#polling.stop();
    this.#flush();
    this.#stopped = true;
    this.#unfollow();
    this.#exchange.stop();
    this.#cancelDerive?.();
    this.store.close();
  }

  // What was polled.

  #gather(sample: Sample): void {
    this.#gathered.push(sample);
    this.#cancelGather ??= this.#world.after(gatherMs, () => this.#flush());
  }

  #flush(): void {
    this.#cancelGather?.();
    this.#cancelGather = null;
    const samples = this.#gathered;
    this.#gathered = [];
    // What this unit cannot keep the peer may: it is fetched from there when there is room again.
    const taken = samples.length === 0 ? [] : (this.#keep(samples) ?? samples);
    for (const [slot, own] of Map.groupBy(taken, (sample) => sample.slot))
      this.#attempt(() => this.#exchange.ship(slot, own));
  }

  /** Those taken over; null when they could not be kept. */
  #keep(samples: readonly Sample[]): readonly Sample[] | null {
    if (this.#stopped) return null;
    const oldestKept = this.#firstKept(this.#today);
    try {
      const taken = this.store.merge(samples.filter(({ slot }) => slot >= oldestKept));
      this.#keptAgain();
      if (taken.length > 0) this.#armDerive();
      return taken;
    } catch (error) {
      this.#failed(samples.length, error as Error);
      return null;
    }
  }

  #failed(dropped: number, error: Error): void {
    this.#dropped += dropped;
    const now = this.#world.now();
    if (this.#droppedTold !== null && now - this.#droppedTold.at < droppedToldAgainMs) return;
    this.#droppedTold = { at: now, before: this.#droppedTold?.before ?? this.#dropped - dropped };
    this.#options.observe({ code: "statistics-dropped", message: error.message });
  }

  #keptAgain(): void {
    if (this.#droppedTold === null) return;
    const { before } = this.#droppedTold;
    this.#droppedTold = null;
    this.#options.observe({ code: "statistics-kept-again", dropped: this.#dropped - before });
  }

  /** Undefined when the store failed; that is counted and told. */
  #attempt<Value>(body: () => Value): Value | undefined {
    try {
      return body();
    } catch (error) {
      this.#failed(0, error as Error);
      return undefined;
    }
  }

  // What is derived and removed.

  get #today(): number {
    return this.#dayOf(Math.floor(this.#world.wall() / this.slotMs));
  }

  #dayOf(slot: number): number {
    return dayOf(slot, this.store.keeping.slotsPerDay);
  }

  #firstKept(today: number): number {
    const { slotsPerDay, rawKeptDays } = this.store.keeping;
    return (today - rawKeptDays + 1) * slotsPerDay;
  }

  #slotBegan(slot: number): void {
    this.#armDerive();
    const today = this.#dayOf(slot);
    if (today === this.#trimmedDay) return;
    // A clock that was set to next year must not take last week's samples away.
    const dayMs = this.slotMs * this.store.keeping.slotsPerDay;
    const daysPassed = Math.floor((this.#world.now() - this.#begun.at) / dayMs);
    if (today > this.#begun.day + daysPassed + clockAheadMaxDays) return;
    const isDerived = this.#attempt(() => this.store.marked(1, this.#firstKept(today)).length === 0);
    // What is to be removed is first drawn together.
    if (isDerived === true && this.#attempt(() => this.store.trim(today)) === 0) this.#trimmedDay = today;
  }

  #armDerive(): void {
    if (this.#stopped || !this.store.keeping.hasRollups) return;
    this.#cancelDerive ??= this.#world.after(deriveIntervalMs, () => {
      this.#cancelDerive = null;
      this.#attempt(() => this.#derive());
    });
  }

  /** Periods that are over; the one that is not yet is derived when somebody looks at it. */
  #derive(): void {
    const now = Math.floor(this.#world.wall() / this.slotMs);
    const periods = this.store.marked(derivedPerTurnMax, periodOf(now, finestLevel));
    for (const { device, start } of periods) derive(this.store, device, start, this.slotMs);
    if (periods.length === derivedPerTurnMax) this.#armDerive();
  }
}
