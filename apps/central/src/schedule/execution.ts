/**
 * One run, carried out by this unit: `claimed`, then `started`, both on both disks; then the call, asked again while
 * the device does not answer; then what became of it. It lets go at once, without a word, when this unit no longer
 * acts, or the other has proved the run: whoever acts then finds it open, and asks the device by the same run id.
 */
import type { Epoch } from "@tandem/base/epoch";
import type { Millis } from "@tandem/base/time";
import type { Fence } from "@tandem/fencing/fence";
import { createRow, type Edit, updateRow } from "@tandem/replica/edits";
import { type AfterCall, afterCall, beforeCall, type IfUnknown, type Performed } from "@tandem/schedule/call";
import { claim, isOpen, type Outcome, type Progress, settle, start } from "@tandem/schedule/ledger";
import type { SchedulePorts } from "./ports.ts";
import type { Run } from "./run-ledger.ts";
import { type ActionKind, type AttemptRow, runs } from "./tables.ts";

/** `released`: left as it is, for whoever acts. */
export type ExecutionEnd = Outcome["state"] | "released";

const scheduler = "schedule";

export class Execution {
  readonly run: Run;
  readonly #ifUnknown: IfUnknown;
  readonly #ports: SchedulePorts;
  readonly #onBusy: () => void;
  readonly #isProved: () => boolean;
  /** The term under which it is carried out; it ends with it. */
  readonly #epoch: Epoch;
  readonly #isOperators: boolean;
  #isPausing = false;
  #isStopped = false;
  #wake: (() => void) | undefined;

  /** `isProved`: by any unit's attempt. `onBusy`: `isBusy` may have changed. */
  constructor(
    run: Run,
    ifUnknown: IfUnknown,
    ports: SchedulePorts,
    isProved: () => boolean,
    onBusy: () => void,
  ) {
    this.run = run;
    this.#ifUnknown = ifUnknown;
    this.#isProved = isProved;
    this.#ports = ports;
    this.#onBusy = onBusy;
    this.#epoch = ports.pair.epoch;
    this.#isOperators = run.standing.values.trigger === "operator";
  }

  /** An operator's run that waits for its device holds up no handover: it goes on afterwards. */
  get isBusy(): boolean {
    return !(this.#isOperators && this.#isPausing);
  }

  /** Something has changed: whoever pauses looks whether he may go on. */
  reconsider(): void {
    if (!this.#mayGoOn()) this.#wake?.();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake?.();
  }

  async carryOut(): Promise<ExecutionEnd> {
    if (!(await this.#claim()) || !this.#mayGoOn()) return "released";
    const kept = this.#ports.snapshots.find(this.run.id);
    if (kept !== undefined)
      return this.#end({ state: "proved", message: "the copy was kept already", evidence: kept });
    const started = await this.#record(start(this.#progress(), this.#ports.world.wall()));
    if (started === "not recorded") return "released";
    return this.#call(started);
  }

  /** False when there is no attempt of this unit's under this term that it could go on with. */
  async #claim(): Promise<boolean> {
    const { pair } = this.#ports;
    const own = this.#row();
    if (own) return isOpen(own.values);
    if (!this.#mayGoOn()) return false;
    const message = "taken up after it was left open by another unit or term";
    const claimed = await pair.write(
      [attemptOf(this.run.standing, pair, claim(this.#ports.world.wall(), message))],
      scheduler,
      `run ${this.run.id} claimed`,
    );
    return claimed.ok;
  }

  async #call(startedOn: "both" | "this unit only"): Promise<ExecutionEnd> {
    const { devices, pair, world } = this.#ports;
    const { device, kind, due } = this.run.standing.values;
    const epoch = this.#isOperators || this.#epoch.unit !== pair.identity.unit ? null : this.#epoch;
    const begun: Millis = world.now();
    let mayHaveActed = this.run.attempts.some(({ values }) => values.state === "started");
    const fence: Fence = { runId: this.run.id, dueAt: due, epoch };
    for (let count = 1; ; count += 1) {
      const remembers = await devices.remembersRuns(device);
      const before = beforeCall(mayHaveActed, remembers, this.#ifUnknown);
      if (before !== null && "state" in before) return this.#end(before, startedOn);
      // The last look before the device is called: what acts now is this unit, under this very term.
      if (!this.#mayGoOn()) return "released";
      const performed = before ?? (await this.#perform(device, kind, fence));
      if (performed.kind === "fenced") this.#fenced(performed);
      const calls = {
        begun,
        count,
        mayHaveActed,
        remembers: remembers === true,
        ifUnknown: this.#ifUnknown,
      };
      const after = afterCall(performed, calls, world.now());
      if (after.next === "settle") return this.#finish(performed, after.outcome, startedOn);
      mayHaveActed = after.mayHaveActed;
      if (this.#mayGoOn()) await this.#pause(after);
    }
  }

  async #perform(device: string, kind: ActionKind, fence: Fence): Promise<Performed> {
    try {
      return await this.#ports.devices.perform(device, kind, fence);
    } catch (error) {
      return { kind: "unreachable", message: (error as Error).message, mayHaveArrived: true };
    }
  }

  async #finish(
    performed: Performed,
    outcome: Outcome,
    startedOn: "both" | "this unit only",
  ): Promise<ExecutionEnd> {
    const { device, kind, author } = this.run.standing.values;
    if (performed.kind !== "done" || kind !== "backup") return this.#end(outcome, startedOn);
    if (performed.bytes === undefined)
      return this.#end(failed("the device answered, and sent no backup"), startedOn);
    const kept = this.#ports.snapshots.keep({
      device,
      run: this.run.id,
      at: this.#ports.world.wall(),
      bytes: performed.bytes,
      author,
    });
    if (!kept.ok) return this.#end(failed(`the backup could not be kept: ${kept.error.message}`), startedOn);
    const { edits, digest, size } = kept.value;
    return this.#end({ ...outcome, evidence: { digest, size } }, startedOn, edits);
  }

  /** Also when this unit has lost the role meanwhile: what happened, happened under this attempt. */
  async #end(
    outcome: Outcome,
    startedOn: Progress["startedOn"] = null,
    edits: readonly Edit[] = [],
  ): Promise<ExecutionEnd> {
    if (this.#isStopped) return "released";
    const { world } = this.#ports;
    const before = this.#progress();
    const begun = outcome.state === "proved" ? start(before, world.wall()) : before;
    const recorded = await this.#record({ ...settle(begun, world.wall(), outcome), startedOn }, edits);
    return recorded === "not recorded" ? "released" : outcome.state;
  }

  #fenced({ holder, lastHeardMs }: Extract<Performed, { kind: "fenced" }>): void {
    const { pair, observe } = this.#ports;
    const { deviceName } = this.run.standing.values;
    observe({
      code: "device-fenced",
      severity: "warning",
      run: this.run.id,
      message: `${deviceName} follows a newer Master, term ${holder.n} of ${holder.unit}`,
    });
    pair.deviceRefused(holder, lastHeardMs);
  }

  async #record(
    progress: Progress,
    edits: readonly Edit[] = [],
  ): Promise<"both" | "this unit only" | "not recorded"> {
    const { pair, observe } = this.#ports;
    const edit = updateRow(runs, this.#key(), { ...progress, evidence: progress.evidence });
    const written = await pair.write([edit, ...edits], scheduler, `run ${this.run.id} ${progress.state}`);
    if (written.ok) return written.value;
    const message = `what became of run ${this.run.id} could not be recorded: ${JSON.stringify(written.error)}`;
    observe({ code: "run-not-recorded", severity: "error", message, run: this.run.id });
    return "not recorded";
  }

  #mayGoOn(): boolean {
    if (this.#isStopped || this.#isProved()) return false;
    const { isActing, epoch } = this.#ports.pair;
    return this.#isOperators || (isActing && epoch.n === this.#epoch.n && epoch.unit === this.#epoch.unit);
  }

  async #pause({ inMs }: Extract<AfterCall, { next: "again" }>): Promise<void> {
    this.#isPausing = true;
    this.#onBusy();
    await new Promise<void>((resolve) => {
      const cancel = this.#ports.world.after(inMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = undefined;
    this.#isPausing = false;
    this.#onBusy();
  }

  #key(): string {
    return attemptKey(this.run.standing, this.#ports.pair.identity.unit, this.#epoch);
  }

  #row(): AttemptRow | undefined {
    return this.#ports.pair.row(runs, this.#key());
  }

  #progress(): Progress {
    const row = this.#row();
    if (row === undefined) throw new Error("the attempt was removed while it went on");
    return progressOf(row);
  }
}

const failed = (message: string): Outcome => ({ state: "failed", message, evidence: null });

const progressOf = ({ values }: AttemptRow): Progress => {
  const { state, claimedAt, startedAt, endedAt, startedOn, evidence, message } = values;
  return { state, claimedAt, startedAt, endedAt, startedOn, evidence, message };
};

/** An operator's run is carried out without a term by the unit that was asked; others deal with it under theirs. */
const numberOf = (standing: AttemptRow, unit: string, epoch: Epoch): number | null => {
  const { trigger, unit: asked } = standing.values;
  return (trigger === "operator" && asked === unit) || epoch.n === 0 ? null : epoch.n;
};

export const attemptKey = (standing: AttemptRow, unit: string, epoch: Epoch): string =>
  runs.key({ ...standing.values, unit, epoch: numberOf(standing, unit, epoch) });

/** An attempt of this unit's at a run that another attempt speaks for up to now. */
export const attemptOf = (
  standing: AttemptRow,
  pair: { readonly identity: { readonly unit: string }; readonly epoch: Epoch },
  progress: Progress,
): Edit => {
  const { unit } = pair.identity;
  return createRow(runs, {
    ...standing.values,
    ...progress,
    unit,
    epoch: numberOf(standing, unit, pair.epoch),
  });
};
