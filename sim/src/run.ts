/**
 * One run: two Centrals (a third in reserve), their network and their operators, for 24 hours and more of virtual
 * time. In phase 1 anything may go wrong at any time, and what must never be is looked for. Then everything is
 * mended, and the pair must be whole again within a bound; in phase 2 single faults of the kind a pair gets over by
 * itself follow, and each time it must.
 */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { hour, minute, second } from "@tandem/base/time";
import type { TimelineEntry } from "@tandem/central/ha/timeline";
import { scheduledActions } from "@tandem/central/schedule/tables";
import { runIdOf } from "@tandem/fencing/run-id";
import type { PairDurable } from "@tandem/pair/state";
import { conflictsTable } from "@tandem/replica/conflicts";
import type { Replica } from "@tandem/replica/replica";
import { covers, emptyVector, type Vector } from "@tandem/replica/version";
import { occurrencesOf } from "@tandem/schedule/when";
import {
  emptyStatisticsMemory,
  openStatisticsMemory,
  type StatisticsMemory,
} from "@tandem/storage/statistics-store-memory";
import type { Change } from "@tandem/storage/store";
import { checkEffect } from "./checkers/actions.ts";
import { DeletedRows } from "./checkers/deleted-rows.ts";
import { EditsKept } from "./checkers/edits-kept.ts";
import { Epochs } from "./checkers/epochs.ts";
import { checkEqualStates } from "./checkers/equal-states.ts";
import { checkHandover } from "./checkers/handovers.ts";
import { checkBackups, checkFiles } from "./checkers/kept-files.ts";
import { OneMaster } from "./checkers/one-master.ts";
import { Overwriting } from "./checkers/overwriting.ts";
import { PolledMinutes } from "./checkers/polled-minutes.ts";
import { faultOfPair } from "./checkers/progress.ts";
import { checkRepaired } from "./checkers/repaired.ts";
import { SaidAndKept } from "./checkers/said-and-kept.ts";
import { checkStatistics } from "./checkers/statistics.ts";
import type { Kept } from "./checkers/violation.ts";
import { Coverage, type PairStateName, stateOf } from "./coverage.ts";
import { type Day, dayOf } from "./day.ts";
import type { DiskImage } from "./disk.ts";
import { Engine } from "./engine.ts";
import { drawFault, type Fault, type FaultKind, faultKinds, isDiskFault } from "./faults.ts";
import { Journal } from "./journal.ts";
import { LicensingWorkload } from "./licensing/licensing-workload.ts";
import { LoadMaster } from "./load-master.ts";
import type { Process } from "./machine.ts";
import { Network } from "./network.ts";
import { Operators } from "./operators.ts";
import { PolledDevice } from "./polled-device.ts";
import {
  actionEdits,
  actionId,
  backupRunsOf,
  copiesOf,
  startFiles,
  startSchedule,
  startStatistics,
} from "./programs.ts";
import { Random } from "./random.ts";
import { Unit, type UnitObserver } from "./unit.ts";

/** How soon a pair that nothing keeps from it is whole again: interval, retries, election, catching up. */
const wholeWithinMs = 3 * minute;
/** CH11: hold-down, doubled with each handover of the last hour, at most an hour; and the exchange after it. */
const preferredWithinMs = 2.2 * hour;
const supervisorDelayMs = 5 * second;
/** A connection that nothing passes over ends within this time, and with it what it held. */
const heldMaxMs = 16 * minute;
const careIntervalMs = 7 * second;
const labelsMax = 40;
/** Of the seeds with scheduled actions, in how many these take backups as well. */
const backupShare = 0.4;
/** A file that the other unit could not give is asked for again after five minutes at most. */
const filesWithinMs = 15 * minute;
/** Of all seeds, in how many a value rots on a disk. */
const rotShare = 0.15;
/** The licences of both units are alike: what each has granted is shared, and what it owes is written anew. */
const sharedWithinMs = 10 * second;
/** A LoadMaster asks each Central, and once more where it was told that it had asked since. */
const licensesAskedWithinMs = 3 * minute;
/** How often a LoadMaster asks for what there is room for. */
const roomAskedTimes = 3;
/** By then whoever had read something has changed it. */
const quietAfterMs = 4 * minute;
/** How often a run with statistics looks who acts. */
const actingLookMs = 2 * second;
/** The units compare their statistics when they meet, and every ten minutes. */
const comparedWithinMs = 12 * minute;

export type Failure = {
  readonly checker: string;
  readonly message: string;
  readonly at: number;
  readonly phase: 1 | 2;
};
export type Outcome = {
  readonly seed: number;
  readonly failure: Failure | null;
  readonly hours: number;
  readonly cpuMs: number;
  readonly events: number;
  readonly edits: readonly [number, number];
  readonly refusedEdits: number;
  readonly faults: readonly [number, number];
  readonly coverage: Coverage;
  readonly twoMastersMs: number;
  readonly trace: string;
};

export type RunOptions = { readonly story?: boolean; readonly trace?: boolean };

/** A fault that waits for a unit to be in the state that it is meant for. */
type Trigger = { readonly wanted: PairStateName; readonly begin: (victim: Unit) => void };
const mildlyWanted: readonly PairStateName[] = [
  "gives the role",
  "asks for the role",
  "catching up",
  "Starting",
];
const wildlyWanted: readonly PairStateName[] = [
  ...mildlyWanted,
  "initial sync",
  "initial sync",
  "Standalone",
  "Disabled",
];

class Stop extends Error {}

/** Scheduled actions came with wire version 2. */
const hasSchedule = (unit: Unit): boolean => unit.wire > 1;

export class Run implements UnitObserver {
  readonly seed: number;
  readonly engine = new Engine();
  readonly journal: Journal;
  readonly network: Network;
  readonly random: Random;
  readonly operators: Operators;
  readonly checkers: {
    readonly editsKept: EditsKept;
    readonly deletedRows: DeletedRows;
    readonly epochs: Epochs;
    readonly oneMaster: OneMaster;
    readonly overwriting: Overwriting;
    readonly saidAndKept: SaidAndKept;
  };
  readonly coverage = new Coverage();
  /** Some unit has been of an earlier wire version: from now on later tables are edited as well. */
  hasHadOtherVersion = false;
  readonly images = new Map<Unit, DiskImage[]>();
  /** Disk calls that were seen, for crashes at each of them. */
  readonly labels: string[] = ["settings", "backup", "replace+pair-durable", "event"];
  pair: readonly [Unit, Unit];
  readonly units: readonly Unit[];
  readonly #downs = new Map<Unit, number>();
  readonly #loadMaster: LoadMaster | null;
  readonly #hasBackups: boolean;
  /** Digests of files that no unit of the pair has any more, through no fault of its own. */
  readonly #lostFiles = new Set<string>();
  readonly #licensing: LicensingWorkload | null;
  readonly #day: Day;
  readonly #polled: PolledDevice | null;
  readonly #statistics = new Map<Unit, StatisticsMemory>();
  readonly #polledMinutes = new PolledMinutes();
  readonly #diskLostAt = new Map<Unit, number>();
  readonly #busy: Random;
  readonly #replacements: Random;
  readonly #copies: boolean;
  #failure: Failure | null = null;
  #phase: 1 | 2 = 1;
  #faults: [number, number] = [0, 0];
  #ongoing = new Set<{ end: () => void }>();
  #triggers: Trigger[] = [];
  #victim: Unit | null = null;
  #oneMasterLook: (() => void) | null = null;
  /** The unit whose configuration survives when the pair is set up. */
  #survivor: Unit;
  /** A value was changed on a disk by nobody. */
  #hasRotted = false;
  #isCaring = false;
  #isHealing = false;

  constructor(seed: number, options: RunOptions = {}) {
    this.seed = seed;
    this.#day = dayOf(seed);
    this.random = new Random(`tandem ${seed}`);
    this.journal = new Journal({ story: options.story === true, trace: options.trace === true });
    const random = this.random.stream("run");
    this.#busy = this.random.stream("busy");
    this.#replacements = this.random.stream("replacements");
    this.#copies = random.chance(0.1);
    const report = (checker: string) => (message: string) => this.fail(checker, message);
    this.checkers = {
      editsKept: new EditsKept(report("edits kept")),
      deletedRows: new DeletedRows(report("deleted rows")),
      epochs: new Epochs(report("epochs")),
      oneMaster: new OneMaster(report("one master")),
      overwriting: new Overwriting(report("overwriting")),
      saidAndKept: new SaidAndKept(report("said and kept")),
    };
    this.network = new Network(this.engine, this.random.stream("network"), (process, message) =>
      this.#outgoing(process, message),
    );
    const unit = (name: string, address: string): Unit =>
      new Unit(name, address, this.engine, this.network, this.random.stream(name), this);
    this.units = [unit("A", "10.77.0.1"), unit("B", "10.77.0.2"), unit("C", "10.77.0.3")];
    this.pair = [this.units[0] as Unit, this.units[1] as Unit];
    this.#survivor = random.pick(this.pair);
    // The schedule costs as much time as all the rest, so some seeds have it.
    this.#loadMaster = random.chance(this.#day.scheduleShare)
      ? new LoadMaster("d".repeat(16), this.random.stream("device"), (run, times) =>
          this.#tookEffect(run, times),
        )
      : null;
    this.#hasBackups = this.#loadMaster !== null && this.random.stream("backups").chance(backupShare);
    this.#polled = random.chance(this.#day.statisticsShare) ? new PolledDevice() : null;
    if (this.#polled !== null) this.#watchActing();
    this.engine.alwaysDrains = this.#loadMaster !== null || this.#polled !== null;
    this.operators = new Operators(this, this.random.stream("operators"));
    const licensing = this.random.stream("ledger");
    this.#licensing = licensing.chance(this.#day.licensingShare)
      ? new LicensingWorkload(this, licensing)
      : null;
    if (this.#licensing?.hasMetering) this.engine.alwaysDrains = true;
  }

  async execute(): Promise<Outcome> {
    const cpu = process.threadCpuUsage();
    const edits: [number, number] = [0, 0];
    try {
      await this.#phase1();
      edits[0] = this.operators.accepted;
      this.operators.accepted = 0;
      this.#phase = 2;
      await this.#phase2();
    } catch (error) {
      if (!(error instanceof Stop)) this.#note("crash", (error as Error).stack ?? String(error));
    }
    edits[this.#phase - 1] = this.operators.accepted;
    const used = process.threadCpuUsage(cpu);
    return {
      seed: this.seed,
      failure: this.#failure,
      hours: this.engine.now / hour,
      cpuMs: (used.user + used.system) / 1_000,
      events: this.engine.events,
      edits,
      refusedEdits: this.operators.refused,
      faults: this.#faults,
      coverage: this.coverage,
      twoMastersMs: this.checkers.oneMaster.longestMs,
      trace: this.journal.isTraced ? this.journal.digest() : "",
    };
  }

  // The phases.

  async #phase1(): Promise<void> {
    const random = this.random.stream("phase 1");
    const beginMs = this.engine.now;
    const lengthMs = random.between(...this.#day.firstMs);
    for (const unit of this.pair) unit.start();
    this.#care(random.chance(0.3));
    const faults = random.integer(...this.#day.faults[0]);
    for (let index = 0; index < faults; index += 1)
      this.engine.at(beginMs + random.between(random.chance(0.2) ? 0 : 10 * minute, lengthMs), () =>
        this.#drawFault(random, false),
      );
    const acts = random.integer(2, 7);
    for (let index = 0; index < acts; index += 1)
      this.engine.at(beginMs + random.between(20 * minute, lengthMs), () => this.operators.act());
    this.#scheduleEdits(random, beginMs + minute, lengthMs);
    this.#licensing?.schedule(beginMs + minute, lengthMs);
    for (let index = 0; index < 3; index += 1)
      this.engine.at(beginMs + random.between(hour, lengthMs), () => this.#takeImage(random));
    await this.#go(beginMs + lengthMs);
    while (this.#faults[0] < this.#day.faultsLeast) {
      this.#drawFault(random, false);
      await this.#go(this.engine.now + 10 * minute);
    }
    await this.#finishEdits(random);
    await this.#heal();
    await this.#mustHaveOneHolder(false);
  }

  async #phase2(): Promise<void> {
    const random = this.random.stream("phase 2");
    const beginMs = this.engine.now;
    const lengthMs = Math.max(this.#day.secondLeastMs, this.#day.lengthMs - beginMs - 30 * minute);
    this.#scheduleEdits(random, beginMs, lengthMs);
    this.#licensing?.schedule(beginMs, lengthMs);
    const faults = random.integer(...this.#day.faults[1]);
    for (let index = 0; index < faults; index += 1) {
      const nextMs = beginMs + (lengthMs * (index + random.next())) / faults;
      await this.#go(Math.max(this.engine.now, nextMs));
      const before = this.#faults[1];
      while (this.#faults[1] === before) {
        this.#drawFault(random, true);
        await this.#goUntil(() => this.#triggers.length === 0, 2 * minute);
      }
      await this.#untilFaultsEnd();
      await this.#mustBecomeWhole();
    }
    await this.#go(Math.max(this.engine.now, this.#day.lengthMs));
    await this.#finishEdits(random);
    await this.#mustBecomeWhole();
    await this.#upgrade();
    await this.#mustHavePreferredMaster();
    await this.#mustActOnce();
    await this.#mustHaveFiles();
    await this.#mustHaveOneHolder(true);
    await this.#mustHaveEqualStatistics();
    await this.#mustBecomeWhole();
    await this.#mustRepair();
    this.#checkDisks();
  }

  #scheduleEdits(random: Random, fromMs: number, lengthMs: number): void {
    const attempts = random.integer(...this.#day.edits);
    for (let index = 0; index < attempts; index += 1)
      this.engine.at(fromMs + random.between(0, lengthMs), () => {
        const burst = random.chance(0.15) ? 4 : 1;
        for (let each = 0; each < burst; each += 1)
          this.engine.after(each === 0 ? 0 : random.between(0, 2 * second), () =>
            this.operators.edit(random.pick(this.units.filter((unit) => unit.isUp)) ?? this.pair[0]),
          );
      });
  }

  async #finishEdits(random: Random): Promise<void> {
    for (let tries = 0; this.operators.accepted < this.#day.editsLeast && tries < 500; tries += 1) {
      this.operators.edit(random.pick(this.pair));
      await this.#go(this.engine.now + 10 * second);
    }
  }

  async #heal(): Promise<void> {
    this.#isHealing = true;
    this.#isCaring = false;
    this.#triggers = [];
    for (const fault of [...this.#ongoing]) fault.end();
    for (const unit of this.units) {
      unit.crashPoint = null;
      this.#downs.set(unit, 0);
      unit.machine.resume();
      unit.machine.process?.thaw();
    }
    for (const unit of this.pair) {
      unit.machine.isOn = true;
      unit.start();
    }
    this.network.reopened();
    this.say("simulator", "everything is mended");
    this.#care(false);
    const isSetUp = await this.#goUntil(() => this.#isSetUp(), 30 * minute);
    if (!isSetUp)
      this.fail(
        "progress",
        `the pair could not be set up again: ${this.pair.map((unit) => `${unit.name} ${unit.ha?.status().ourState}: ${unit.ha?.status().ourReason}`).join("; ")}`,
      );
    this.#isCaring = false;
    await this.#mustBecomeWhole();
    this.#checkDisks();
  }

  async #untilFaultsEnd(): Promise<void> {
    await this.#goUntil(() => this.#ongoing.size === 0, 2 * hour);
    await this.#goUntil(() => this.pair.every((unit) => unit.isRunning), minute);
  }

  async #mustBecomeWhole(): Promise<void> {
    const intervalMs = Math.max(...this.pair.map(({ settings }) => settings.heartbeatMs));
    const isWhole = (): boolean => faultOfPair(this.pair) === null;
    if (!(await this.#goUntil(isWhole, wholeWithinMs + 2 * intervalMs)))
      this.fail("progress", `nothing is in the way, and the pair is not whole: ${faultOfPair(this.pair)}`);
  }

  /** The unit that still has the old version gets the new one, as in an upgrade of one unit after the other. */
  async #upgrade(): Promise<void> {
    for (const unit of this.pair) {
      if (unit.wire === 2) continue;
      this.say("operator", `${unit.name} is upgraded`);
      this.holdDown(unit);
      unit.stop(() => undefined);
      await this.#go(this.engine.now + 5 * second);
      unit.install(2);
      this.letUp(unit);
      await this.#mustBecomeWhole();
    }
  }

  /** CH22: the next action that is due takes effect, exactly once. */
  async #mustActOnce(): Promise<void> {
    const loadMaster = this.#loadMaster;
    const master = this.pair.find((unit) => unit.ha?.isActing === true);
    if (loadMaster === null || master?.ha === undefined) return;
    const edits = actionEdits(
      master.ha,
      loadMaster,
      master.machine.wall(),
      hasSchedule(master),
      this.#hasBackups,
    );
    if (edits.length > 0) this.operators.schedule(master, edits);
    await this.#go(this.engine.now + minute);
    const action = master.ha.row(scheduledActions, actionId);
    if (action === undefined) return;
    // By a clock that was set back, what is due before the action was set up has never been asked for.
    const { when, whenSince, enabledSince, devices } = action.values;
    const since = Math.max(whenSince, enabledSince, ...devices.map((device) => device.since));
    const dueAt = occurrencesOf(when).next(Math.max(master.machine.wall(), since));
    if (dueAt === null) return;
    await this.#go(this.engine.now + (dueAt - master.machine.wall()) / master.machine.rate + 4 * minute);
    const run = runIdOf({ action: actionId, device: loadMaster.id, dueAt });
    const times = loadMaster.effects(run);
    if (times !== 1)
      this.fail(
        "actions",
        `nothing is in the way, and the run that was due at ${new Date(dueAt).toISOString()} took effect ${times} times`,
      );
  }

  /** ML2, ML7: each LoadMaster has one holder, the same on both units; and `withRoom`, where there is room it is given. */
  async #mustHaveOneHolder(withRoom: boolean): Promise<void> {
    const licensing = this.#licensing;
    // Licences came with wire version 2.
    if (licensing === null || !licensing.isServed || this.pair.some(({ wire }) => wire === 1)) return;
    licensing.mend();
    const answered = async (): Promise<void> => {
      if (!(await this.#goUntil(() => licensing.isQuiet, licensesAskedWithinMs)))
        this.fail("licensing progress", "nothing is in the way, and a LoadMaster waits for an answer");
      await this.#go(this.engine.now + sharedWithinMs);
    };
    await answered();
    licensing.together();
    for (let round = 0; round < 2; round += 1) {
      licensing.askAll();
      await this.#go(this.engine.now + 5 * second);
      await answered();
    }
    // What came late was pushed over a connection that ended: the next heartbeat brings it.
    await this.#mustBecomeWhole();
    licensing.checkHolders();
    licensing.importLatest();
    for (let times = 0; withRoom && times < roomAskedTimes; times += 1) {
      const check = licensing.askForRoom();
      await answered();
      check?.();
      // Six requests a minute are heard of one LoadMaster.
      await this.#go(this.engine.now + 30 * second);
    }
    licensing.goOn();
  }

  async #mustHavePreferredMaster(): Promise<void> {
    const preferred = this.pair.filter(({ settings }) => settings.preferredMaster);
    const [only] = preferred;
    if (preferred.length !== 1 || only === undefined) return;
    if (!(await this.#goUntil(() => only.ha?.status().ourState === "Master", preferredWithinMs)))
      this.fail("preferred master", `${only.name} is preferred and never became Master`);
    await this.#mustBecomeWhole();
  }

  async #go(until: number): Promise<void> {
    if (this.#failure === null) await this.engine.runUntil(until);
    if (this.#failure !== null) throw new Stop();
  }

  async #goUntil(condition: () => boolean, withinMs: number): Promise<boolean> {
    const end = this.engine.now + withinMs;
    for (let stepMs = 200; !condition(); stepMs = Math.min(stepMs * 1.5, 10 * second)) {
      if (this.engine.now >= end) return false;
      await this.#go(Math.min(end, this.engine.now + stepMs));
    }
    return true;
  }

  // Faults.

  #drawFault(random: Random, isMild: boolean): void {
    const drawn = drawFault(random, isMild);
    // From a stream of its own, so that the other faults of a seed stay what they were.
    const isReplaced = drawn === "old backup" && this.#replacements.chance(0.5);
    const kind = isReplaced ? "unit replaced" : drawn;
    const begin = (victim: Unit | null): void => {
      this.#victim = victim;
      this.#begin(kind, faultKinds[kind](this, random, isMild));
      this.#victim = null;
    };
    if (!random.chance(isMild ? 0.25 : 0.5)) {
      begin(null);
      return;
    }
    // Most states last for milliseconds: this one waits until a unit is in the one that it is meant for.
    const wanted = random.pick(isMild ? mildlyWanted : wildlyWanted);
    const trigger = { wanted, begin };
    this.#triggers.push(trigger);
    this.engine.after(isMild ? random.between(second, minute) : random.between(10 * minute, 4 * hour), () => {
      if (this.#forget(trigger)) begin(null);
    });
  }

  /** The unit that a fault is to befall. */
  victim(random: Random): Unit {
    return this.#victim ?? random.pick(this.pair);
  }

  #forget(trigger: Trigger): boolean {
    const index = this.#triggers.indexOf(trigger);
    if (index >= 0) this.#triggers.splice(index, 1);
    return index >= 0;
  }

  /** Something has happened at a unit: a fault may have waited for the state that it is in now. */
  #pull(unit: Unit): void {
    if (this.#triggers.length === 0) return;
    this.engine.after(0, () => {
      if (this.#triggers.length === 0 || !this.pair.includes(unit)) return;
      const state = stateOf(unit);
      const trigger = this.#triggers.find(({ wanted }) => wanted === state);
      if (trigger !== undefined && this.#forget(trigger)) trigger.begin(unit);
    });
  }

  #begin(kind: FaultKind, fault: Fault): void {
    if (this.#phase === 1 && this.#isHealing) return;
    // A unit that is down already can hardly suffer.
    if (fault.units.every((unit) => !unit.isUp)) return;
    this.#faults[this.#phase - 1] = (this.#faults[this.#phase - 1] as number) + 1;
    for (const unit of fault.units) this.coverage.met(kind, unit);
    this.say("fault", fault.text);
    fault.begin();
    if (fault.durationMs > 5 * second && this.#busy.chance(0.4)) this.operators.contend(fault.durationMs);
    this.#look();
    let hasEnded = false;
    const ongoing = {
      end: () => {
        if (hasEnded) return;
        hasEnded = true;
        this.#ongoing.delete(ongoing);
        fault.end();
        if (fault.durationMs > 0) this.say("fault", `over: ${fault.text}`);
        this.#look();
      },
    };
    this.#ongoing.add(ongoing);
    this.engine.after(fault.durationMs, ongoing.end);
  }

  holdDown(unit: Unit): void {
    this.#downs.set(unit, (this.#downs.get(unit) ?? 0) + 1);
  }

  letUp(unit: Unit): void {
    const downs = Math.max(0, (this.#downs.get(unit) ?? 0) - 1);
    this.#downs.set(unit, downs);
    if (downs > 0 || !this.pair.includes(unit)) return;
    if (unit.isUp) unit.kill();
    unit.switchOn();
  }

  /** The next crash of this unit keeps it away for so long. */
  holdDownAtCrash(unit: Unit, awayMs: number, crashed: () => void): void {
    unit.onCrash = (label, when) => {
      unit.onCrash = null;
      this.coverage.crashed(label, when);
      crashed();
      this.holdDown(unit);
      this.engine.after(awayMs, () => this.letUp(unit));
    };
  }

  /** Does to a unit's disk what makes it forget. */
  loseDisk(unit: Unit, how: () => unknown): void {
    const known = unit.disk.vector;
    how();
    this.#diskLostAt.set(unit, this.engine.now);
    const { editsKept, epochs } = this.checkers;
    editsKept.noteLoss(known, unit.disk.vector);
    editsKept.diskLost(known, this.#kept(), "fault");
    epochs.diskLost(unit.identity.unit, unit.durable);
  }

  /** ML5: a backup of either unit takes the place of this one's state, while the pair does whatever it does. */
  replaceUnit(unit: Unit, random: Random): void {
    const backups = this.pair.flatMap((from) => {
      const images = [...(this.images.get(from) ?? []), from.disk.image()];
      return images.map((image) => ({ from, image }));
    });
    const { from, image } = random.pick(backups);
    this.checkers.overwriting.replacing(unit.identity.unit, () =>
      this.loseDisk(unit, () => unit.replaceBy(image, from)),
    );
  }

  /** With its disk goes what it alone had. */
  loseFiles(unit: Unit): void {
    this.#noteLostFiles(unit);
    unit.files.files.clear();
    unit.files.partials.clear();
  }

  #noteLostFiles(unit: Unit): void {
    const { files } = this.peerOf(unit).files;
    for (const digest of unit.files.files.keys()) if (!files.has(digest)) this.#lostFiles.add(digest);
  }

  #takeImage(random: Random): void {
    const unit = random.pick(this.pair);
    if (unit.durable?.pairId == null && random.chance(0.9)) return;
    this.images.set(unit, [...(this.images.get(unit) ?? []), unit.disk.image()].slice(-3));
  }

  // Setting up, as the manual says, and again whenever the pair fell apart.

  #care(withDelays: boolean): void {
    if (this.#isCaring) return;
    this.#isCaring = true;
    const random = this.random.stream(`care ${this.engine.now}`);
    const tick = (): void => {
      if (!this.#isCaring) return;
      this.#setUpStep(random);
      if (this.#phase === 1 && !this.#isHealing && this.#isSetUp()) {
        this.#isCaring = false;
        return;
      }
      this.engine.after(withDelays ? random.between(second, 4 * minute) : careIntervalMs, tick);
    };
    this.engine.after(random.between(second, 30 * second), tick);
  }

  #isSetUp(): boolean {
    const [a, b] = this.pair;
    const pairId = a.durable?.pairId ?? null;
    return (
      pairId !== null &&
      b.durable?.pairId === pairId &&
      a.settings.peer?.unit === b.identity.unit &&
      b.settings.peer?.unit === a.identity.unit &&
      !a.settings.disabled &&
      !b.settings.disabled
    );
  }

  #setUpStep(random: Random): void {
    const { operators } = this;
    for (const unit of this.pair)
      if (this.#loadMaster !== null && unit.ha !== undefined && unit.isRunning) {
        const edits = actionEdits(
          unit.ha,
          this.#loadMaster,
          unit.machine.wall(),
          hasSchedule(unit),
          this.#hasBackups,
        );
        if (edits.length > 0) operators.schedule(unit, edits);
      }
    if (this.#isSetUp()) return;
    const [first, second_] =
      this.#survivor === this.pair[0] ? this.pair : ([this.pair[1], this.pair[0]] as const);
    for (const unit of this.pair) {
      if (!unit.isRunning) return;
      operators.needNetwork(unit);
      if (unit.settings.disabled) operators.apply(unit, this.peerOf(unit), { disabled: false }, "enable");
    }
    const theirs = second_.durable?.pairId ?? null;
    const ours = first.durable?.pairId ?? null;
    if (theirs !== null && theirs !== ours) {
      if (ours === null) {
        this.#survivor = second_;
        return;
      }
      operators.do(second_, "removes the unit from its pair", (ha) => ha.unpair("leaves"));
      return;
    }
    const isNamed = first.settings.peer?.unit === second_.identity.unit;
    const state = first.ha?.status().ourState;
    if (!isNamed) {
      const heartbeatMs = random.weighted([
        [4, 60 * second],
        [5, random.integer(30, 60) * second],
        [1, random.integer(15, 30) * second],
      ]);
      operators.apply(first, second_, { preferredMaster: true, heartbeatMs }, `sets up with ${second_.name}`);
      return;
    }
    if (state === "Master") {
      const isWaiting = second_.ha?.status().ourState === "Starting";
      if (second_.settings.peer?.unit !== first.identity.unit || !isWaiting)
        operators.apply(
          second_,
          first,
          { preferredMaster: false, heartbeatMs: first.settings.heartbeatMs },
          `joins ${first.name}`,
        );
      return;
    }
    if (state === "Standalone" && random.chance(0.5))
      operators.do(first, "tells the unit to act", (ha) => ha.act());
    else if (state === "Standalone") operators.apply(first, second_, {}, "once more");
  }

  /** An operator takes a unit out of its pair for good, and another takes its place; or the pair is only dissolved. */
  rePair(leaving: Unit, isReplaced: boolean): void {
    const staying = this.peerOf(leaving);
    const spare = this.units.find((unit) => !this.pair.includes(unit)) as Unit;
    this.#licensing?.rePaired(staying, leaving, isReplaced ? spare : null);
    this.operators.do(leaving, "removes the unit from its pair", (ha) => ha.unpair("leaves"));
    this.operators.do(staying, "dissolves the pair and stays", (ha) => ha.unpair("stays"));
    this.#survivor = staying;
    if (isReplaced) {
      this.say("operator", `${spare.name} takes the place of ${leaving.name}`);
      this.pair = [staying, spare];
      this.#polledMinutes.forget();
      this.#noteLostFiles(leaving);
      spare.machine.isOn = true;
      spare.start();
    }
    this.#care(false);
  }

  peerOf(unit: Unit): Unit {
    return unit === this.pair[0] ? this.pair[1] : this.pair[0];
  }

  // What units tell.

  started(unit: Unit): void {
    this.say(unit.name, "runs");
    const { process } = unit.machine;
    if (this.#loadMaster !== null && process !== null && unit.ha !== undefined && hasSchedule(unit)) {
      startSchedule(unit.ha, process, this.#loadMaster, unit.files, (message) =>
        this.say(unit.name, message),
      );
      if (this.#hasBackups) startFiles(unit.ha, process, unit.files);
    }
    const { ha } = unit;
    if (this.#polled !== null && process !== null && ha !== undefined)
      startStatistics(ha, process, this.#statisticsOf(unit), this.#polled, () => {
        if (!ha.isActing) this.fail("statistics", `${unit.name} polls and does not act`);
      });
    if (process !== null && ha !== undefined) this.#licensing?.started(unit, ha, process);
    this.#look();
  }

  #statisticsOf(unit: Unit): StatisticsMemory {
    const memory = this.#statistics.get(unit) ?? emptyStatisticsMemory();
    this.#statistics.set(unit, memory);
    return memory;
  }

  #watchActing(): void {
    for (const unit of this.pair) {
      const { machine, ha } = unit;
      const isAtIt = unit.isRunning && machine.process?.isSlow === false && ha?.isActing === true;
      this.#polledMinutes.see({
        unit: unit.name,
        acting: isAtIt ? machine.process : null,
        wall: machine.wall(),
        monotonic: machine.monotonic(),
      });
    }
    this.engine.after(actingLookMs, () => this.#watchActing());
  }

  async #mustHaveEqualStatistics(): Promise<void> {
    const polled = this.#polled;
    const licensing = this.#licensing;
    if (polled === null && licensing?.hasMetering !== true) return;
    await this.#go(this.engine.now + comparedWithinMs);
    await licensing?.checkMetering();
    if (polled === null) return;
    const samples = this.pair.map((unit) => [...openStatisticsMemory(this.#statisticsOf(unit)).all()]);
    checkStatistics(samples[0] ?? [], samples[1] ?? [], polled.connectionsAt(this.engine.now), (message) =>
      this.fail("statistics", message),
    );
    const slots = new Set(samples[0]?.map(({ slot }) => slot));
    const wall = Math.max(...this.pair.map(({ machine }) => machine.wall()));
    this.#polledMinutes.check(slots, wall, (message) => this.fail("statistics", message));
  }

  /** CH5: what the rows of backups name is on both units, whatever became of their transfers. */
  async #mustHaveFiles(): Promise<void> {
    if (!this.#hasBackups) return;
    const report = (message: string): void => this.fail("files", message);
    const missing = (): readonly string[] =>
      this.pair.flatMap((unit) => {
        if (unit.ha === undefined) return [`(${unit.name} does not run)`];
        const copies = copiesOf(unit.ha);
        checkBackups(unit.name, backupRunsOf(unit.ha), copies, report);
        return checkFiles(unit.name, copies, unit.files.files, this.#lostFiles, report);
      });
    if (!(await this.#goUntil(() => missing().length === 0, filesWithinMs)))
      report(`nothing is in the way, and files are missing: ${missing().join()}`);
  }

  /** CH17: a value rots on one disk, and nothing tells of it but that the digests differ. */
  async #mustRepair(): Promise<void> {
    const random = this.random.stream("rot");
    if (!random.chance(rotShare)) return;
    await this.#go(this.engine.now + quietAfterMs);
    await this.#mustBecomeWhole();
    const unit = random.pick(this.pair);
    const names = [...unit.disk.versions()].filter(
      ({ table, field, value }) =>
        table !== conflictsTable.name && field === "name" && typeof value === "string",
    );
    if (names.length === 0) return;
    const written = random.pick(names);
    // Of the two values either may be the greater one.
    const rotten = random.chance(0.5) ? `${written.value}~` : `!${written.value}`;
    this.say(
      "fault",
      `${unit.name} is killed, and ${written.table} ${written.row} is called "${rotten}" on its disk`,
    );
    this.#hasRotted = true;
    this.holdDown(unit);
    unit.kill();
    unit.disk.rot(written, rotten);
    await this.#go(this.engine.now + random.between(0.2 * second, 40 * second));
    this.letUp(unit);
    if (random.chance(0.4)) {
      const either = random.pick(this.pair);
      await this.#go(this.engine.now + random.between(0, 2 * minute));
      this.say("fault", `${either.name} is killed, as it may have begun to compare`);
      either.kill();
      either.start();
    }
    await this.#mustBecomeWhole();
    const [a, b] = this.pair;
    checkRepaired(written, [this.#keptOf(a), this.#keptOf(b)], (message) => this.fail("repaired", message));
  }

  #tookEffect(run: string, times: number): void {
    this.say("device", `run ${run.slice(0, 8)} takes effect`);
    checkEffect(run, times, (message) => this.fail("actions", message));
  }

  ended(unit: Unit, how: string): void {
    this.say(unit.name, how);
    this.#look();
  }

  failed(unit: Unit, error: Error): void {
    if (!isDiskFault(error))
      this.fail("no crash", `${unit.name} ended by itself: ${error.stack ?? error.message}`);
    // Its supervisor starts it again.
    this.engine.after(supervisorDelayMs, () => {
      if ((this.#downs.get(unit) ?? 0) === 0) unit.start();
    });
  }

  entry(unit: Unit, entry: TimelineEntry): void {
    // The repair would heal it before the disks are compared.
    if (entry.code === "digests-differ" && !this.#hasRotted)
      this.fail("equal states", `${unit.name} says so: ${entry.message}`);
    this.journal.say(this.engine.now, unit.name, entry.message);
    if (entry.code === "role-changed") {
      const details = entry.details as { to?: string; epoch?: { n: number; unit: string } };
      if (details.to === "Master" && details.epoch)
        this.checkers.epochs.isMaster(unit.identity.unit, details.epoch);
      this.#look();
    }
    // Somebody at the giver is always busy while a handover goes on: what it commits then has to be there as well.
    // What was repaired is looked at before anybody chooses among the values.
    if (entry.code === "handover-asked" && !this.#hasRotted && this.#busy.chance(0.6))
      this.engine.after(this.#busy.between(0, 1.2), () => this.operators.edit(this.peerOf(unit)));
    if (entry.code === "handover-offered") this.#offered(unit, this.#peerSetOn(unit));
    this.#pull(unit);
  }

  /** Whom it takes for its peer: one that stood still does not know yet that another has taken its peer's place. */
  #peerSetOn(unit: Unit): Unit {
    const set = unit.settings.peer?.unit;
    return this.units.find(({ identity }) => identity.unit === set) ?? this.peerOf(unit);
  }

  #offered(giver: Unit, taker: Unit): void {
    // What the taker lost after it had said what it has, the giver cannot know; a cut may hold its words for long.
    if (this.engine.now - (this.#diskLostAt.get(taker) ?? Number.NEGATIVE_INFINITY) < heldMaxMs) return;
    checkHandover(this.#keptOf(giver), this.#keptOf(taker), taker.wire, (message) =>
      this.fail("handovers", message),
    );
  }

  committing(unit: Unit, _label: string, changes: readonly Change[]): void {
    if (changes.some(({ kind }) => kind === "replace"))
      this.checkers.overwriting.replaced(
        unit.identity.unit,
        unit.durable,
        unit.disk.text(),
        covers(emptyVector, unit.disk.vector),
      );
    for (const change of changes)
      if (change.kind === "document" && change.name === "pair")
        this.checkers.overwriting.stored(
          unit.identity.unit,
          unit.durable,
          change.value as unknown as PairDurable,
          covers(emptyVector, unit.disk.vector),
        );
    this.#knownBefore = unit.disk.vector;
  }
  #knownBefore: Vector = emptyVector;

  committed(unit: Unit, label: string, changes: readonly Change[]): void {
    const { editsKept, deletedRows, epochs } = this.checkers;
    for (const change of changes) {
      switch (change.kind) {
        case "versions":
          for (const version of change.persist.versions) {
            editsKept.stored(version);
            deletedRows.stored(version);
          }
          break;
        case "replace":
          editsKept.diskLost(this.#knownBefore, this.#kept(), "overwritten");
          break;
        case "document":
          if (change.name === "pair") {
            const durable = change.value as unknown as PairDurable;
            epochs.stored(unit.identity.unit, durable.epoch, durable.seen);
          }
          break;
        case "event":
        case "foreignEvents":
          break;
      }
    }
    if (label === "versions") this.#pull(unit);
    if (label !== "event") this.#noteLabel(label);
    if (this.journal.isTraced) this.journal.trace(this.engine.now, unit.name, `disk ${label}`);
  }

  #noteLabel(label: string): void {
    if (!this.labels.includes(label) && this.labels.length < labelsMax) this.labels.push(label);
  }

  backedUp(unit: Unit, _name: string, replica: Replica): void {
    const slots = [...replica.versions()].map(
      (version) => [`${version.table}\0${version.row}\0${version.field}`, version] as const,
    );
    const versions = slots.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, version]) => version);
    const backup = canonicalJson({
      versions,
      vector: replica.vector,
      clock: replica.clock,
    } as unknown as Json);
    this.checkers.overwriting.backedUp(unit.identity.unit, backup, unit.disk.text());
  }

  ledgerWritten(unit: Unit, before: ReadonlyMap<string, Json>): void {
    this.#noteLabel("ledger");
    this.#licensing?.ledgerWritten(unit, before);
  }

  acknowledged(author: string, how: "both" | "this unit only"): void {
    // A disk that was lost after it had confirmed is what the other one is for.
    const lost = Math.max(...this.#diskLostAt.values(), Number.NEGATIVE_INFINITY);
    const disks = this.engine.now - lost < minute ? null : this.#kept();
    this.checkers.editsKept.acknowledged(author, how, disks);
  }

  say(who: string, text: string): void {
    this.journal.say(this.engine.now, who, text);
  }

  fail(checker: string, message: string): void {
    this.#note(checker, message);
    // Nothing is thrown: this may be told from within what is looked at.
    this.engine.isHalted = true;
  }

  #note(checker: string, message: string): void {
    if (this.#failure !== null) return;
    this.#failure = { checker, message, at: this.engine.now, phase: this.#phase };
    this.say("CHECKER", `${checker}: ${message}`);
  }

  // What is looked at.

  #kept(): readonly Kept[] {
    return this.units.map((unit) => this.#keptOf(unit));
  }

  #keptOf({ name, disk }: Unit): Kept {
    return {
      name,
      vector: disk.vector,
      version: (table, row, field) => disk.version(table, row, field),
      versions: () => disk.versions(),
    };
  }

  #checkDisks(): void {
    const kept = this.#kept();
    this.checkers.editsKept.check(kept);
    for (const disk of kept) this.checkers.deletedRows.check(disk);
    this.#checkEqualStates();
  }

  #checkEqualStates(): void {
    const [a, b] = this.pair;
    checkEqualStates(this.#keptOf(a), this.#keptOf(b), (message) => this.fail("equal states", message));
  }

  /** Something that decides whether two Masters may be will have changed by then. */
  lookAgainAt(at: number): void {
    this.engine.at(Math.max(at, this.engine.now), () => this.#look());
  }

  /** Something that decides whether two Masters may be has changed. */
  #look(): void {
    const { oneMaster } = this.checkers;
    oneMaster.update(this.engine.now, this.#areTwoConnectedMasters());
    this.#oneMasterLook?.();
    this.#oneMasterLook = null;
    const { dueAt } = oneMaster;
    if (dueAt !== null) this.#oneMasterLook = this.engine.at(dueAt, () => this.#look());
    this.#checkEqualStates();
  }

  #areTwoConnectedMasters(): boolean {
    const [a, b] = this.pair;
    if (!this.#isSetUp() || !a.isRunning || !b.isRunning) return false;
    if (a.machine.process?.isSlow !== false || b.machine.process?.isSlow !== false) return false;
    if (!this.network.path(a.machine, b.machine).isClean || !this.network.path(b.machine, a.machine).isClean)
      return false;
    return a.ha?.status().ourState === "Master" && b.ha?.status().ourState === "Master";
  }

  // The wire.

  #unitOf(process: Process): Unit {
    return this.units.find(({ machine }) => machine === process.machine) as Unit;
  }

  #outgoing(process: Process, message: Json): Json {
    const unit = this.#unitOf(process);
    this.checkers.saidAndKept.said(unit.name, message, unit.durable, unit.disk.vector);
    if (this.journal.isTraced)
      this.journal.trace(this.engine.now, unit.name, `sends ${JSON.stringify(message)}`);
    return this.#copies ? (JSON.parse(JSON.stringify(message)) as Json) : message;
  }
}
