/** Rounds: one event each, with what both probes saw of it; kept in a file, so that a run can be cut short and gone on with. */
import type { ChildProcess } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { killNamespace } from "@tandem/lab/namespaces";
import { askProber } from "@tandem/lab/prober-report";
import { monotonicMs } from "@tandem/probe/monotonic";
import {
  bootMachine,
  cable,
  folder,
  hasSpeaker,
  holds,
  killMachine,
  logText,
  namespaceOf,
  otherUnit,
  owners,
  split,
  start,
  type UnitName,
  units,
  until,
} from "./bed.ts";
import type { Contender } from "./contenders.ts";
import type { UdpReport } from "./udp-prober.ts";

export const events = ["orderly stop", "check fails", "machine death", "heal"] as const;
export type EventName = (typeof events)[number];

/** The interval of the HTTP probe, which is the finest that it can tell. */
const httpIntervalMs = 10;
/** A unit has settled when the other has had the time for three advertisements, and a little. */
const settleIntervals = 3;
const settleLeastMs = 300;
const settleMostMs = 1_300;
const quietMs = 500;
/** Of the probes that a busy machine loses for no reason of the pair's. */
const strayShare = 0.02;
const deadlineMs = 30_000;

export type Round = {
  readonly contender: string;
  readonly event: EventName;
  /** Without service, as each probe saw it. */
  readonly udpMs: number;
  readonly udpLost: number;
  readonly httpMs: number;
  /** The UDP probe in the half second before: its longest gap. Then how late its own timer was. */
  readonly quietMs: number;
  readonly lateP99Ms: number;
  readonly lateMaxMs: number;
  /** What was measured: a run that is gone on with later may have rounds of several. */
  readonly commit?: string;
};

export const readRounds = (path: string): readonly Round[] =>
  existsSync(path)
    ? readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Round)
    : [];

export const keepRound = (path: string, round: Round): void =>
  appendFileSync(path, `${JSON.stringify(round)}\n`, { mode: 0o600 });

const askUdp = (from: number, to: number): Promise<UdpReport> =>
  askProber(`${folder}/udp.sock`, from, to) as unknown as Promise<UdpReport>;

/** Both units with one contender's speaker on each. */
export class Pair {
  readonly #contender: Contender;
  readonly #speakers = new Map<UnitName, ChildProcess>();

  readonly #settleMs: number;

  constructor(contender: Contender) {
    this.#contender = contender;
    const wanted = settleIntervals * contender.intervalMs;
    this.#settleMs = Math.min(settleMostMs, Math.max(settleLeastMs, wanted));
  }

  async begin(): Promise<void> {
    for (const unit of units) await this.#start(unit);
    await this.#settled();
  }

  async end(): Promise<void> {
    for (const unit of units) {
      this.#speakers.get(unit)?.kill("SIGKILL");
      await killNamespace(namespaceOf(unit));
      await bootMachine(unit);
    }
  }

  async round(event: EventName): Promise<Round> {
    const active = await this.#settled();
    await pause(Math.random() * this.#contender.intervalMs);
    const measured = await this.#measure(event, active);
    await this.#mend(event, active);
    return { contender: this.#contender.name, event, ...measured };
  }

  async #measure(event: EventName, active: UnitName): Promise<Omit<Round, "contender" | "event">> {
    const standby = otherUnit(active);
    if (event === "heal") {
      await split(true);
      await until("both are active", deadlineMs, async () => (await owners()).length === 2);
    }
    await this.#answered(quietMs);
    const from = monotonicMs();
    const quiet = await askUdp(from - quietMs, from - 5);
    switch (event) {
      case "orderly stop":
        this.#speakers.get(active)?.kill("SIGTERM");
        break;
      case "check fails":
        await cable(active, 1, false);
        break;
      case "machine death":
        await killMachine(active);
        break;
      case "heal":
        await split(false);
        break;
    }
    if (event === "heal") await until("one is active", deadlineMs, async () => (await owners()).length === 1);
    else await until(`${standby} is active`, deadlineMs, () => holds(standby));
    await this.#answered(event === "heal" ? quietMs : 300);
    const to = monotonicMs() - 120;
    const [udp, http] = await Promise.all([askUdp(from, to), askProber(`${folder}/http.sock`, from, to)]);
    return {
      udpMs: udp.outageMs,
      udpLost: udp.lost,
      httpMs: Math.max(0, http.view.outageMs - httpIntervalMs),
      quietMs: quiet.outageMs,
      lateP99Ms: udp.lateP99Ms,
      lateMaxMs: udp.lateMaxMs,
    };
  }

  async #mend(event: EventName, active: UnitName): Promise<void> {
    switch (event) {
      case "orderly stop":
        await until("the speaker ends", deadlineMs, () => this.#speakers.get(active)?.exitCode !== null);
        await this.#start(active);
        return;
      case "check fails":
        await cable(active, 1, true);
        await pause(this.#settleMs);
        return;
      case "machine death":
        await bootMachine(active);
        await this.#start(active);
        return;
      case "heal":
        return;
    }
  }

  async #start(unit: UnitName): Promise<void> {
    const { name, prepare } = this.#contender;
    const role = name.replaceAll(/[^a-z0-9]/gi, "");
    const speaker = start(unit, role, prepare(unit));
    this.#speakers.set(unit, speaker);
    await until(`${name} listens on ${unit}`, deadlineMs, () => {
      if (speaker.exitCode !== null) throw new Error(`${name} ended: ${logText(unit, role).slice(-300)}`);
      return hasSpeaker(unit);
    });
    await pause(this.#settleMs);
  }

  /** One unit is active and answers; the other has had the time to hear of it. */
  async #settled(): Promise<UnitName> {
    let active: UnitName | undefined;
    await until("exactly one is active", deadlineMs, async () => {
      const found = await owners();
      active = found.length === 1 ? found[0] : undefined;
      return active !== undefined;
    });
    await pause(this.#settleMs);
    return active as UnitName;
  }

  /** Every probe has been answered for so long. */
  async #answered(forMs: number): Promise<void> {
    const since = monotonicMs();
    await until("the client is answered", deadlineMs, async () => {
      const now = monotonicMs();
      if (now - since < forMs) return false;
      const { lost, sent, lastAnsweredAt } = await askUdp(now - forMs - 120, now - 120);
      return lost <= sent * strayShare && lastAnsweredAt > 0;
    });
  }
}
