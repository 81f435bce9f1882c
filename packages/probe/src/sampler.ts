/**
 * The client that never stops asking: a new request each interval, whatever became of the ones before. It needs an event
 * loop that nobody else holds up: a process of its own, or the thread that `startProbe` makes.
 */
import { HeldConnection, type HeldReport } from "./held-connection.ts";
import { monotonicMs } from "./monotonic.ts";
import {
  type ClientView,
  clientView,
  type Outage,
  outagesOf,
  quantile,
  type Sample,
  succeeded,
} from "./outage.ts";
import { ask } from "./request.ts";
import { Ring } from "./ring.ts";
import type { ProbeTarget } from "./target.ts";

/** Until the first answer there is nothing to measure, and no need to hurry. */
const intervalBeforeFirstAnswerMs = 100;
const inFlightMax = 128;
/** Twenty minutes at a hundred requests a second. */
const samplesMax = 120_000;
const outagesMax = 100;
/** One request that is lost is an outage of two intervals; the timer's lateness is not yet one. */
const outageIntervals = 3;

export const probeBounds = {
  intervalMinMs: 1,
  intervalMaxMs: 60_000,
  timeoutMinMs: 1,
  timeoutMaxMs: 60_000,
  totalMaxMs: 24 * 3_600_000,
} as const;

export type ProbeSettings = {
  readonly target: ProbeTarget;
  readonly intervalMs: number;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** After so long it asks no more; reports are given until it is stopped. */
  readonly totalMs: number;
  /** Keep one connection open beside, and count its cuts. */
  readonly held: boolean;
};

export type ProberReport = {
  readonly view: ClientView;
  /** Outages of more than three intervals that touch the window, the earliest first; at most a hundred, the longest. */
  readonly outages: readonly Outage[];
  /** Requests begun in the window that have neither been answered nor failed yet; the view leaves them out. */
  readonly pending: number;
  /** How late the prober's own timer was in the window, and how many turns it left out: its error of measurement. */
  readonly timer: {
    readonly lateP50Ms: number;
    readonly lateP99Ms: number;
    readonly lateMaxMs: number;
    readonly skippedInFlight: number;
    readonly missedTurns: number;
  };
  /** The connection that is kept open; absent when none is. */
  readonly held?: HeldReport;
};

type Turn = {
  readonly at: number;
  readonly late: number;
  readonly missed: number;
  readonly skipped: boolean;
};

export class Sampler {
  readonly #settings: ProbeSettings;
  readonly #samples = new Ring<Sample>(samplesMax);
  readonly #turns = new Ring<Turn>(samplesMax);
  readonly #inFlight = new Map<symbol, number>();
  readonly #held: HeldConnection | undefined;
  readonly #endsAt: number;
  #answered = false;
  #due = monotonicMs();
  #timer: NodeJS.Timeout | undefined;

  /** Begins at once. */
  constructor(settings: ProbeSettings) {
    this.#settings = settings;
    this.#held = settings.held ? new HeldConnection(settings.target, settings.timeoutMs) : undefined;
    this.#endsAt = this.#due + settings.totalMs;
    this.#turn();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held?.close();
  }

  report(from: number, to: number): ProberReport {
    const window = this.#turns.values().filter((turn) => turn.at >= from && turn.at <= to);
    const late = window.map((turn) => turn.late);
    const samples = this.#samples.values();
    return {
      view: clientView(samples, from, to),
      outages: outagesOf(
        samples,
        { from, to },
        { thresholdMs: outageIntervals * this.#settings.intervalMs, outagesMax },
      ),
      pending: [...this.#inFlight.values()].filter((start) => start >= from && start <= to).length,
      timer: {
        lateP50Ms: quantile(late, 0.5),
        lateP99Ms: quantile(late, 0.99),
        lateMaxMs: quantile(late, 1),
        skippedInFlight: window.filter((turn) => turn.skipped).length,
        missedTurns: window.reduce((sum, turn) => sum + turn.missed, 0),
      },
      ...(this.#held === undefined ? {} : { held: this.#held.report(from, to) }),
    };
  }

  #turn(): void {
    const now = monotonicMs();
    if (now >= this.#endsAt) return;
    const late = Math.max(0, now - this.#due);
    const { intervalMs } = this.#settings;
    const interval = this.#answered ? intervalMs : Math.max(intervalMs, intervalBeforeFirstAnswerMs);
    // A timer may fire a fraction of a millisecond early.
    const missed = Math.max(0, Math.floor(late / interval));
    const skipped = this.#inFlight.size >= inFlightMax;
    this.#turns.push({ at: now, late, missed, skipped });
    if (!skipped) this.#ask();
    this.#held?.use();
    this.#due += (missed + 1) * interval;
    this.#timer = setTimeout(() => this.#turn(), Math.max(0, this.#due - monotonicMs()));
  }

  #ask(): void {
    const own = Symbol();
    this.#inFlight.set(own, monotonicMs());
    ask(this.#settings.target, this.#settings.timeoutMs, (sample) => {
      this.#inFlight.delete(own);
      this.#samples.push(sample);
      if (succeeded(sample)) this.#answered = true;
    });
  }
}
