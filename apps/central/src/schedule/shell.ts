/**
 * Looks at the schedule whenever something is due or has changed: claims what is due, all at once, so that waiting
 * for a turn makes nothing late; carries out what stands open; keeps the ledger within its bound. Only the unit that
 * acts does so (SPEC CH9); what an operator asked for by hand is carried out by the unit that was asked.
 */
import { AssertionFailure } from "@tandem/base/assert";
import type { Millis, WallMillis } from "@tandem/base/time";
import { second } from "@tandem/base/time";
import type { Cancel } from "@tandem/base/world";
import { runIdOf } from "@tandem/fencing/run-id";
import { createRow, deleteRow, type Edit, updateRow } from "@tandem/replica/edits";
import { missedWords } from "@tandem/schedule/due";
import { claim, isOpen, type Outcome, resume, settle } from "@tandem/schedule/ledger";
import { calledName } from "../fleet/grouped.ts";
import { inBackground, UnitStopped } from "../unit-stopped.ts";
import { DueActions, type DueRun } from "./due-actions.ts";
import { attemptKey, attemptOf, Execution, type ExecutionEnd } from "./execution.ts";
import type { SchedulePorts } from "./ports.ts";
import { type Run, RunLedger } from "./run-ledger.ts";
import { type ActionRow, runs, scheduledActions } from "./tables.ts";

/** The longest pause between two looks: a wall clock may jump. */
const lookAgainMs = 15 * second;
/** Devices called at the same time; the others wait for their turn. One device has one call at a time. */
const concurrentMax = 8;
/** Runs claimed in one write. */
const claimedPerWriteMax = 500;
/** A run that was let go is not taken up again sooner. */
const releasedRestMs = 2 * second;
/** Attempts kept; the oldest that are over go first, but the last one of each action and device stays. */
export const attemptsKeptMax = 10_000;
/** Attempts removed in one write; removing waits until so many are too many. */
const attemptsRemovedPerWrite = 100;

const scheduler = "schedule";

export class Schedule {
  readonly ledger: RunLedger;
  readonly #ports: SchedulePorts;
  readonly #due: DueActions;
  readonly #unfollow: () => void;
  readonly #executions = new Map<string, Execution>();
  /** Claimed by this process, and not come to yet. */
  readonly #queued = new Set<string>();
  readonly #notBefore = new Map<string, Millis>();
  #wasActing = false;
  #isLooking = false;
  #isWantedAgain = false;
  #isStopped = false;
  #timer: { readonly at: Millis; readonly cancel: Cancel } | undefined;

  constructor(ports: SchedulePorts) {
    this.#ports = ports;
    this.ledger = new RunLedger(ports.pair);
    this.#due = new DueActions(ports.pair, this.ledger);
    this.#unfollow = ports.pair.onChange(() => {
      for (const execution of this.#executions.values()) execution.reconsider();
      this.#lookIn(0);
    });
    this.#lookIn(0);
  }

  /** Nothing new starts; a call that is under way is left to the device, which remembers it. */
  stop(): void {
    this.#isStopped = true;
    this.#unfollow();
    this.#timer?.cancel();
    for (const execution of this.#executions.values()) execution.stop();
  }

  /** When the action is due next; null when never, or while it is switched off. */
  nextDue(action: ActionRow): WallMillis | null {
    return this.#due.next(action, this.#ports.world.wall());
  }

  /** The edits that make an operator's runs of an action (CH9: on either unit), and their ids. They begin once written. */
  runsByHand(
    action: ActionRow,
    author: string,
  ): { readonly ids: readonly string[]; readonly edits: readonly Edit[] } {
    const { pair, world } = this.#ports;
    const now = world.wall();
    const made = action.values.devices.flatMap(({ id }) => {
      if (calledName(pair, id) === undefined) return [];
      // What is asked for by hand may be asked for twice in a millisecond.
      const run = runIdOf({ action: `${action.key} ${world.randomHex(16)}`, device: id, dueAt: now });
      this.#queued.add(run);
      return [
        {
          run,
          edit: createRow(runs, {
            ...this.#about(action, id),
            run,
            unit: pair.identity.unit,
            epoch: null,
            trigger: "operator",
            due: now,
            author,
            ...claim(now, ""),
          }),
        },
      ];
    });
    return { ids: made.map(({ run }) => run), edits: made.map(({ edit }) => edit) };
  }

  #about(action: ActionRow, device: string) {
    const { name, kind } = action.values;
    const deviceName = calledName(this.#ports.pair, device) || device;
    return { action: action.key, actionName: name, kind, device, deviceName };
  }

  #lookIn(delayMs: number): void {
    if (this.#isStopped) return;
    const at = this.#ports.world.now() + delayMs;
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    this.#timer = { at, cancel: this.#ports.world.after(delayMs, () => inBackground(this.#look())) };
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    if (this.#isLooking) {
      this.#isWantedAgain = true;
      return;
    }
    this.#isLooking = true;
    this.#isWantedAgain = false;
    try {
      await this.#lookOnce();
    } catch (error) {
      // A disk that cannot keep what it must has ended the unit already; a fault of the program is not hidden.
      if (error instanceof AssertionFailure || error instanceof UnitStopped) throw error;
      if (!this.#isStopped)
        this.#complain("", `the schedule could not be looked at: ${(error as Error).message}`);
    } finally {
      this.#isLooking = false;
    }
    if (this.#isStopped) return;
    const { world } = this.#ports;
    const next = this.#due.nextLook(world.wall());
    if (this.#isWantedAgain) this.#lookIn(0);
    this.#lookIn(Math.min(lookAgainMs, next === null ? lookAgainMs : Math.max(0, next - world.wall())));
  }

  async #lookOnce(): Promise<void> {
    const { pair, world } = this.#ports;
    const { isActing } = pair;
    if (isActing !== this.#wasActing) this.#due.forget();
    this.#wasActing = isActing;
    if (isActing) {
      const { due, isAll } = this.#due.due(world.wall(), claimedPerWriteMax);
      if (due.length > 0 && !(await this.#claim(due))) this.#due.forget();
      if (!isAll) this.#lookIn(0);
    }
    if (this.#isStopped) return;
    this.#forgetWhatIsOver();
    const edits: Edit[] = [];
    for (const run of this.ledger.open()) {
      if (edits.length >= claimedPerWriteMax) break;
      this.#takeUp(run, edits);
    }
    if (edits.length > 0) await pair.write(edits, scheduler, `${edits.length} open runs ended`);
    if (pair.isActing) await this.#removeOldest();
  }

  async #claim(due: readonly DueRun[]): Promise<boolean> {
    const { pair, world, observe } = this.#ports;
    const now = world.wall();
    const { n } = pair.epoch;
    const edits = due.map(({ run, action, device, due: at, what, missedBefore }) => {
      const earlier = missedWords(missedBefore);
      const message = [what === "run late" ? "run late: its time had passed unseen" : "", earlier]
        .filter((words) => words !== "")
        .join("; ");
      const skipped: Outcome = { state: "skipped", message: skipWords(earlier), evidence: null };
      if (what === "skip")
        observe({
          code: "run-skipped",
          severity: "warning",
          run,
          message: `${action.values.name} of ${new Date(at).toISOString()} is skipped: ${skipped.message}`,
        });
      else this.#queued.add(run);
      return createRow(runs, {
        ...this.#about(action, device),
        run,
        unit: pair.identity.unit,
        epoch: n === 0 ? null : n,
        trigger: "schedule",
        due: at,
        author: action.values.author,
        ...(what === "skip" ? settle(claim(now, ""), now, skipped) : claim(now, message)),
      });
    });
    const written = await pair.write(edits, scheduler, `${edits.length} runs claimed`);
    if (!written.ok) this.#complain("", `runs could not be claimed: ${JSON.stringify(written.error)}`);
    return written.ok;
  }

  #forgetWhatIsOver(): void {
    for (const [run, until] of this.#notBefore)
      if (until <= this.#ports.world.now()) this.#notBefore.delete(run);
    for (const id of this.#queued) {
      const run = this.ledger.run(id);
      if (run !== undefined && !isOpen(run.standing.values)) this.#queued.delete(id);
    }
  }

  /** Carries an open run out, or adds to `edits` how it ends; or leaves it for now. */
  #takeUp(run: Run, edits: Edit[]): void {
    const { pair, world } = this.#ports;
    const { action, device, trigger } = run.standing.values;
    if (this.#executions.has(run.id) || (this.#notBefore.get(run.id) ?? 0) > world.now()) return;
    const row = pair.row(scheduledActions, action);
    const isListed = row?.values.enabled === true && row.values.devices.some(({ id }) => id === device);
    const next = resume({
      standing: run.standing.values,
      self: pair.identity.unit,
      isQueued: this.#queued.has(run.id),
      isActing: pair.isActing,
      isWanted: calledName(pair, device) !== undefined && (trigger === "operator" || isListed),
      missedRule: row?.values.missedRule ?? "skip",
      now: world.wall(),
    });
    if (next.do === "settle") this.#settle(run, next.outcome, edits);
    if (next.do !== "again" || this.#executions.size >= concurrentMax) return;
    for (const { run: other } of this.#executions.values())
      if (other.standing.values.device === device) return;
    this.#queued.delete(run.id);
    const execution = new Execution(
      run,
      (trigger === "schedule" && row?.values.ifUnknown) || "leave it to the operator",
      this.#ports,
      () => this.ledger.run(run.id)?.standing.values.state === "proved",
      () => this.#recount(),
    );
    this.#executions.set(run.id, execution);
    this.#recount();
    inBackground(this.#follow(execution));
  }

  async #follow(execution: Execution): Promise<void> {
    const { run } = execution;
    let end: ExecutionEnd = "released";
    try {
      end = await execution.carryOut();
    } catch (error) {
      if (error instanceof AssertionFailure) throw error;
      if (!this.#isStopped) this.#complain(run.id, (error as Error).message);
    } finally {
      this.#executions.delete(run.id);
    }
    if (this.#isStopped) return;
    if (end === "released") this.#notBefore.set(run.id, this.#ports.world.now() + releasedRestMs);
    else this.#notBefore.delete(run.id);
    if (end === "failed" || end === "unknown") this.#report(run, end);
    this.#recount();
    this.#lookIn(end === "released" ? releasedRestMs : 0);
  }

  #complain(run: string, message: string): void {
    this.#ports.observe({ code: "run-not-recorded", severity: "error", run, message });
  }

  #report(run: Run, end: "failed" | "unknown"): void {
    const { actionName, deviceName, message } =
      this.ledger.run(run.id)?.standing.values ?? run.standing.values;
    this.#ports.observe({
      code: end === "failed" ? "run-failed" : "run-unknown",
      severity: "error",
      run: run.id,
      message: `${actionName} on ${deviceName}: ${message}`,
    });
  }

  /** In this unit's own attempt: those of others are theirs to write. */
  #settle(run: Run, outcome: Outcome, edits: Edit[]): void {
    const { pair, world } = this.#ports;
    const now = world.wall();
    const key = attemptKey(run.standing, pair.identity.unit, pair.epoch);
    this.#queued.delete(run.id);
    this.#notBefore.set(run.id, world.now() + releasedRestMs);
    if (key === run.standing.key) edits.push(updateRow(runs, key, settle(run.standing.values, now, outcome)));
    else if (pair.row(runs, key) === undefined)
      edits.push(attemptOf(run.standing, pair, settle(claim(now, ""), now, outcome)));
    if (outcome.state === "unknown") this.#report(run, "unknown");
  }

  #recount(): void {
    if (this.#isStopped) return;
    this.#ports.pair.setRunningActions([...this.#executions.values()].filter(({ isBusy }) => isBusy).length);
  }

  async #removeOldest(): Promise<void> {
    if (this.ledger.attempts < attemptsKeptMax + attemptsRemovedPerWrite) return;
    const { pair } = this.#ports;
    const open = new Set(this.ledger.open());
    const removable = [...this.ledger.runs()]
      .filter((run) => !open.has(run) && !this.#isLastOfItsAction(run))
      .sort((a, b) => a.standing.values.due - b.standing.values.due)
      .flatMap(({ attempts }) => attempts)
      .slice(0, this.ledger.attempts - attemptsKeptMax);
    for (let first = 0; first < removable.length; first += attemptsRemovedPerWrite) {
      if (!pair.isActing || this.#isStopped) return;
      const edits = removable
        .slice(first, first + attemptsRemovedPerWrite)
        .map(({ key }) => deleteRow(runs, key));
      if (!(await pair.write(edits, scheduler, "the oldest runs removed")).ok) return;
    }
  }

  /** From it the schedule knows up to where everything has been dealt with. */
  #isLastOfItsAction({ standing }: Run): boolean {
    const { action, device, due, trigger } = standing.values;
    return (
      trigger === "schedule" &&
      this.#ports.pair.row(scheduledActions, action) !== undefined &&
      this.ledger.newestDue(action, device, Number.POSITIVE_INFINITY) === due
    );
  }
}

const skipWords = (earlier: string): string =>
  ["nobody could run it in time", earlier].filter((words) => words !== "").join("; ");
