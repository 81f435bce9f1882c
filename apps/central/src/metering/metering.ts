/**
 * Metering of licensed LoadMasters (SPEC ML6): the machinery of statistics (CH8) once more, with slots of 300 s, samples
 * of the LoadMaster alone, kept for 13 months, and a channel of its own.
 */
import { hour } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import { slotsIn, type UsageLine } from "@tandem/licensing/month";
import { entitiesOf, type SampledUnit } from "@tandem/licensing/sampled-unit";
import { meteringSlotMs } from "@tandem/licensing/throughput";
import type { StatisticsStore } from "@tandem/storage/statistics-store";
import type { NotedEvent } from "../ha/timeline.ts";
import type { Counters, DeviceStatistics } from "../stats/core.ts";
import { statisticsNote } from "../stats/kept-statistics.ts";
import type { FetchStatistics } from "../stats/polling.ts";
import { Statistics, type StatisticsEvent, type StatisticsPair } from "../stats/shell.ts";
import type { MeteredUnits } from "./metered-units.ts";
import { type MonthPorts, type MonthReports, monthReports, monthsKept, usageLines } from "./month-reading.ts";

export type MeteredTarget<Target> = { readonly target: Target; readonly sampled: SampledUnit };

export type MeteringOptions<Target> = {
  readonly world: World;
  /** Kept as `meteringKeeping` says. */
  readonly store: StatisticsStore;
  readonly pair: StatisticsPair;
  readonly units: MeteredUnits;
  /** What is called for a device of the tree; undefined when it is not there. */
  readonly targetOf: (device: string) => Target | undefined;
  readonly fetch: FetchStatistics<Target>;
  readonly note: (event: NotedEvent) => void;
  /** 300 s; tests have shorter ones. */
  readonly slotMs?: number;
};

const nothingCounted: Counters = { active: 0, connections: 0, bytesIn: 0, bytesOut: 0, requests: 0 };

/** What is kept of an answer: the LoadMaster's own counters, and under which licence they were taken. */
export const meteredAnswer = (
  { since, totals }: DeviceStatistics,
  sampled: SampledUnit,
): DeviceStatistics => ({
  since,
  totals,
  services: entitiesOf(sampled).map((service) => ({ service, ...nothingCounted, servers: [] })),
});

export const meteringNote = (event: StatisticsEvent): NotedEvent =>
  statisticsNote(event, { code: "metering", name: "samples of metering" });

export class Metering<Target> {
  readonly statistics: Statistics<MeteredTarget<Target>>;
  readonly #options: MeteringOptions<Target>;

  constructor(options: MeteringOptions<Target>) {
    const { world, store, pair, units, targetOf, fetch, note } = options;
    this.#options = options;
    const slotMs = options.slotMs ?? meteringSlotMs;
    /**
     * Not again in a slot that was sampled: a clock that was set back would put what is counted now into the past,
     * where it would be a peak that never was.
     */
    const isSampled = (unit: string): boolean => {
      const slot = Math.floor(world.wall() / slotMs);
      try {
        return store.heads(unit, slot, slot + 1).length > 0;
      } catch {
        // That the store fails is told when the sample cannot be kept.
        return false;
      }
    };
    this.statistics = new Statistics<MeteredTarget<Target>>({
      world,
      store,
      pair,
      channel: "metering",
      slotMs,
      devices: () =>
        units().flatMap(({ unit, device, sampled }) => {
          const target = targetOf(device);
          return target === undefined || isSampled(unit) ? [] : [{ id: unit, target: { target, sampled } }];
        }),
      fetch: async ({ target, sampled }, term) => {
        const answer = await fetch(target, term);
        return answer.ok ? { ok: true, value: meteredAnswer(answer.value, sampled) } : answer;
      },
      observe: (event) => note(meteringNote(event)),
    });
  }

  /** Those of which a report can be had, the newest first. */
  months(): readonly string[] {
    return monthsKept(this.#ports, this.#options.world.wall());
  }

  reports(month: string): Promise<MonthReports> {
    return monthReports(this.#ports, month, this.#options.world.wall());
  }

  /** What each LoadMaster or pair that is licensed out of the pool did on a day, such as 2026-11-25 (UTC). */
  async poolOn(day: string): Promise<readonly UsageLine[]> {
    const from = Date.parse(`${day}T00:00:00Z`);
    const slots = slotsIn({ from, to: from + 24 * hour }, this.statistics.slotMs);
    return (await usageLines(this.#ports, slots)).pool;
  }

  stop(): void {
    this.statistics.stop();
  }

  get #ports(): MonthPorts {
    const { slotMs, store } = this.statistics;
    return { slotMs, store, units: this.#options.units(), othersTurn };
  }
}

const othersTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
