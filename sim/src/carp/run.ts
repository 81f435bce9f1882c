/**
 * One run of the CARP machine: two units on a segment with a client, thirty faults one after the other, most of them
 * alone and some together, with every checker looking at every change. Then everything is mended, and one unit must be
 * active for all.
 */
import { hour, type Millis, second } from "@tandem/base/time";
import { Engine } from "../engine.ts";
import { Journal } from "../journal.ts";
import { Random } from "../random.ts";
import { CarpUnit, type Observer } from "./carp-unit.ts";
import { ClientFollows } from "./checkers/client-follows.ts";
import { HandOver } from "./checkers/hand-over.ts";
import { LessDemoted } from "./checkers/less-demoted.ts";
import { NoFailback } from "./checkers/no-failback.ts";
import { OneOwner } from "./checkers/one-owner.ts";
import { OrderlyStop } from "./checkers/orderly-stop.ts";
import { OwnerInTime } from "./checkers/owner-in-time.ts";
import { Preferred } from "./checkers/preferred.ts";
import { CarpCoverage, stateOf } from "./coverage.ts";
import { type CarpFaultKind, carpFaultKinds, carpFaults } from "./faults.ts";
import { type Checker, Scene } from "./scene.ts";
import {
  configOf,
  drawSetting,
  longestIntervalMs,
  type PairSetting,
  settingText,
  timeoutMs,
} from "./setting.ts";
import { Wires } from "./wires.ts";

const faultsPerRun = 30;
const lookIntervalMs = 1 * second;
/** Of the faults, how many come before the last one is over and done with. */
const togetherShare = 0.3;

export type CarpFailure = { readonly checker: string; readonly message: string; readonly at: Millis };
export type CarpOutcome = {
  readonly seed: number;
  readonly failure: CarpFailure | null;
  readonly hours: number;
  readonly cpuMs: number;
  readonly events: number;
  readonly faults: number;
  readonly twoOwnersMs: Millis;
  readonly trace: string;
  readonly coverage: CarpCoverage;
};

export class CarpRun {
  readonly seed: number;
  readonly engine = new Engine();
  readonly journal: Journal;
  readonly wires: Wires;
  readonly scene: Scene;
  readonly coverage = new CarpCoverage();
  readonly checkers: {
    readonly oneOwner: OneOwner;
    readonly ownerInTime: OwnerInTime;
    readonly noFailback: NoFailback;
    readonly lessDemoted: LessDemoted;
    readonly preferred: Preferred;
    readonly orderlyStop: OrderlyStop;
    readonly handOver: HandOver;
    readonly clientFollows: ClientFollows;
  };
  readonly #random: Random;
  readonly #looking: readonly Checker[];
  #setting: PairSetting;
  #failure: CarpFailure | null = null;
  #faults = 0;
  /** What is to be ended at the end. */
  readonly #ongoing = new Map<string, () => void>();
  /** A fault that came alone, for the longest outage after each kind. */
  #alone: { readonly kind: CarpFaultKind; readonly at: Millis } | null = null;

  constructor(seed: number, options: { readonly story?: boolean; readonly trace?: boolean } = {}) {
    this.seed = seed;
    this.journal = new Journal({ story: options.story === true, trace: options.trace === true });
    this.#random = new Random(`carp ${seed}`);
    const random = this.#random.stream("run");
    this.#setting = drawSetting(random);
    const delayMaxMs = random.pick([0.3, 1, 4]);
    const lateMaxMs = random.pick([0.2, 1, 6]);
    this.wires = new Wires(this.engine, this.#random.stream("wires"), delayMaxMs);
    const observer: Observer = {
      changed: () => this.#look(),
      tookRole: (unit) => this.checkers.noFailback.tookRole(unit),
      announced: (unit) => {
        this.scene.clientEntry = unit;
        this.#look();
      },
      said: (unit, text) => this.journal.say(this.engine.now, unit.name, text),
      traced: (unit, text) => this.journal.trace(this.engine.now, unit.name, text),
    };
    const unit = (name: "HA1" | "HA2", number: 1 | 2): CarpUnit =>
      new CarpUnit(name, configOf(this.#setting, number), {
        engine: this.engine,
        wires: this.wires,
        random: this.#random.stream(name),
        observer,
        lateMaxMs,
      });
    const units = [unit("HA1", 1), unit("HA2", 2)] as const;
    units[0].other = units[1];
    units[1].other = units[0];
    this.scene = new Scene(this.engine, { units, wires: this.wires, hopMs: delayMaxMs + lateMaxMs });
    const report = (checker: string) => (message: string) => this.#fail(checker, message);
    this.checkers = {
      oneOwner: new OneOwner(this.scene, report("one owner")),
      ownerInTime: new OwnerInTime(this.scene, report("owner in time"), (ms) => this.#outage(ms)),
      noFailback: new NoFailback(this.scene, report("no failback")),
      lessDemoted: new LessDemoted(this.scene, report("less demoted")),
      preferred: new Preferred(this.scene, report("preferred")),
      orderlyStop: new OrderlyStop(this.scene, report("orderly stop")),
      handOver: new HandOver(this.scene, report("hand-over")),
      clientFollows: new ClientFollows(this.scene, report("client follows")),
    };
    const { oneOwner, ownerInTime, lessDemoted, preferred, orderlyStop, handOver, clientFollows } =
      this.checkers;
    this.#looking = [oneOwner, ownerInTime, lessDemoted, preferred, orderlyStop, handOver, clientFollows];
  }

  async execute(): Promise<CarpOutcome> {
    const cpu = process.threadCpuUsage();
    try {
      await this.#live();
    } catch (error) {
      this.#fail("crash", (error as Error).stack ?? String(error));
    }
    const used = process.threadCpuUsage(cpu);
    return {
      seed: this.seed,
      failure: this.#failure,
      hours: this.engine.now / hour,
      cpuMs: (used.user + used.system) / 1_000,
      events: this.engine.events,
      faults: this.#faults,
      twoOwnersMs: this.checkers.oneOwner.longestMs,
      trace: this.journal.isTraced ? this.journal.digest() : "",
      coverage: this.coverage,
    };
  }

  say(unit: CarpUnit, text: string): void {
    this.journal.say(this.engine.now, "fault", `${unit.name} ${text}`);
  }

  /** Something more that is done to somebody. */
  later(afterMs: Millis, body: () => void): void {
    this.engine.after(afterMs, () => this.#do(body));
  }

  /** An attacker sends `unit` what it has heard or said since its carpd began; for some time, in any order. */
  repeatPackets(unit: CarpUnit, times: number, lastsMs: Millis): void {
    const random = this.#random.stream(`attacker ${this.#faults}`);
    for (let index = 0; index < times; index += 1)
      this.engine.after(random.between(0, lastsMs), () => {
        if (unit.recorded.length > 0) unit.receive(random.pick(unit.recorded));
      });
  }

  /** The active gets the new setting first, and the other after it. */
  setAnew(): void {
    const random = this.#random.stream(`setting ${this.#faults}`);
    const drawn = drawSetting(random);
    this.#setting = random.chance(0.3) ? { ...this.#setting, preferred: drawn.preferred } : drawn;
    const setting = this.#setting;
    this.journal.say(this.engine.now, "operator", `the pair is set anew: ${settingText(setting)}`);
    const [first, second] = [...this.scene.units].sort(
      (one, two) => Number(two.role === "master") - Number(one.role === "master"),
    ) as [CarpUnit, CarpUnit];
    first.configure(configOf(setting, first.number));
    this.later(random.between(1, 300), () => {
      if (this.#setting === setting) second.configure(configOf(setting, second.number));
    });
  }

  async #live(): Promise<void> {
    const random = this.#random.stream("faults");
    this.journal.say(0, "operator", settingText(this.#setting));
    for (const unit of this.scene.units)
      this.later(random.between(0, 2 * timeoutMs(this.#setting)), () => unit.switchOn());
    this.#keepLooking();
    await this.#calm();
    for (let index = 0; index < faultsPerRun && !this.engine.isHalted; index += 1) {
      const isTogether = random.chance(togetherShare);
      this.#draw(random, isTogether);
      if (isTogether) await this.#go(random.between(0, timeoutMs(this.#setting)));
      else {
        await this.#untilEnded();
        await this.#calm();
      }
    }
    this.#mend();
    await this.#calm();
    const { owners } = this.scene;
    if (owners.length !== 1)
      this.#fail("whole at the end", `everything is mended, and ${owners.length} units are active`);
  }

  /** Begins a fault, unless its kind befalls the unit already. */
  #draw(random: Random, isTogether: boolean): void {
    const unit = random.pick(this.scene.units);
    const kind = random.weighted(carpFaultKinds.map((each) => [carpFaults[each].weight, each] as const));
    const key = `${kind} ${unit.name}`;
    // What is off or stands still is not befallen by more, and a machine that stood still knows for how long.
    if (this.#ongoing.has(key) || !unit.isOn || unit.standstill !== "running") return;
    const lastsMs =
      timeoutMs(this.#setting) *
      random.weighted([
        [3, random.between(0.01, 1)],
        [3, random.between(1, 3)],
        [1, 8],
      ]);
    this.#faults += 1;
    const isQuiet = this.#ongoing.size === 0 && this.scene.areAble && this.scene.owners.length === 1;
    this.#alone = isTogether || !isQuiet ? null : { kind, at: this.engine.now };
    this.coverage.met(kind, stateOf(unit));
    this.#do(() => {
      const end = carpFaults[kind].begin({ run: this, unit, random, lastsMs });
      if (end === null) return;
      this.#ongoing.set(key, end);
      this.engine.after(lastsMs, () => this.#end(key));
    });
  }

  #end(key: string): void {
    const end = this.#ongoing.get(key);
    if (end === undefined) return;
    this.#ongoing.delete(key);
    this.journal.say(this.engine.now, "fault", `over: ${key}`);
    this.#do(end);
  }

  #mend(): void {
    this.journal.say(this.engine.now, "fault", "everything is mended");
    for (const key of [...this.#ongoing.keys()]) this.#end(key);
    for (const unit of this.scene.units) {
      this.#do(() => unit.switchOn());
      this.#do(() => unit.startCarpd());
    }
  }

  #do(body: () => void): void {
    this.#look();
    this.scene.calmSince = this.engine.now;
    body();
    this.#look();
  }

  /** The time in which all that follows from something has happened, and some more. */
  async #calm(): Promise<void> {
    const random = this.#random.stream(`calm ${this.#faults}`);
    const settledMs = timeoutMs(this.#setting) + 3 * longestIntervalMs(this.#setting) + 1 * second;
    await this.#go(settledMs + random.between(0, 1) * timeoutMs(this.#setting));
  }

  async #untilEnded(): Promise<void> {
    while (this.#ongoing.size > 0 && !this.engine.isHalted) await this.#go(0.1 * second);
  }

  #go(ms: Millis): Promise<void> {
    return this.engine.runUntil(this.engine.now + ms);
  }

  #keepLooking(): void {
    this.engine.after(lookIntervalMs, () => {
      this.#look();
      this.#keepLooking();
    });
  }

  #look(): void {
    for (const checker of this.#looking) checker.look();
  }

  #outage(lastedMs: Millis): void {
    if (this.#alone !== null && this.wires.swallowedSince(this.#alone.at) === 0)
      this.coverage.outage(this.#alone.kind, this.#setting.advbase === 0 ? "fast" : "timeout", {
        lastedMs,
        timeoutMs: timeoutMs(this.#setting),
      });
  }

  #fail(checker: string, message: string): void {
    if (this.#failure !== null) return;
    this.#failure = { checker, message, at: this.engine.now };
    this.journal.say(this.engine.now, "simulator", `${checker}: ${message}`);
    this.engine.isHalted = true;
  }
}
