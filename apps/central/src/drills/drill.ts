/**
 * One drill (SPEC LH13): a prober asks a virtual service of the pair from this machine, the role is moved under it, and
 * what the prober saw is the measure. Nothing is moved while the target is not steady by itself.
 *
 * probing before → handing over → probing after [→ moving back → probing after the way back] → over
 *
 * At any moment it can be interrupted; it then ends as interrupted, whatever was measured.
 */
import { AssertionFailure } from "@tandem/base/assert";
import { err, ok, type Result } from "@tandem/base/result";
import { type Millis, minute, second } from "@tandem/base/time";
import type { Fence } from "@tandem/fencing/fence";
import { runIdOf } from "@tandem/fencing/run-id";
import type { ProberReport } from "@tandem/probe/sampler";
import { UnitStopped } from "../unit-stopped.ts";
import type { DrillPorts, RunningProbe } from "./ports.ts";
import type { DrillValues } from "./tables.ts";
import { type Measured, measuredOf, rounded, unsteadyBefore, verdictOf } from "./verdict.ts";

export const beforeMs = 4 * second;
/** A prober that has just begun makes its first connections, which is no outage of the target's. */
export const warmUpMs = 1 * second;
/** Longer than a request may take, so that each that was lost in the move is known to be. */
export const afterMs = 5 * second;
const requestTimeoutMs = 1 * second;
export const probeIntervalMs = 10;
/** A unit that was given the role and has not said so by then does not have it. */
export const movedWaitMs = 15 * second;
/** A preferred host that takes the role back by itself may wait for its partner's configuration before. */
export const returnWaitMs = 60 * second;
const lookIntervalMs = 250;
/** The prober ends by itself after so long, whatever becomes of its drill. */
const drillMaxMs = 5 * minute;

export type Move = DrillValues["moves"][number];
export type DrillProgress = Pick<DrillValues, "step" | "moves">;
export type DrillEnding = {
  readonly state: "passed" | "over budget" | "failed" | "interrupted";
  readonly moves: readonly Move[];
  readonly measured: Measured | null;
  readonly message: string;
};

export type DrillOrder = Pick<
  DrillValues,
  "id" | "target" | "budgetMs" | "from" | "fromName" | "to" | "toName"
> & {
  /** The role goes back where it came from: by an order, or by itself. */
  readonly back: "no" | "by order" | "by itself";
};

/** Unwinds a drill that is not to go on. */
class Interrupted extends Error {
  override name = "Interrupted";
}

export class Drill {
  readonly order: DrillOrder;
  readonly #ports: DrillPorts;
  readonly #progress: (progress: DrillProgress) => Promise<void>;
  readonly #moves: {
    readonly from: string;
    readonly to: string;
    readonly movedMs: number;
    readonly at: Millis;
  }[] = [];
  readonly #interruption = Promise.withResolvers<never>();
  #orderedTo: string | undefined;

  constructor(order: DrillOrder, ports: DrillPorts, progress: (progress: DrillProgress) => Promise<void>) {
    this.order = order;
    this.#ports = ports;
    this.#progress = progress;
    this.#interruption.promise.catch(() => {});
  }

  /** It ends at once, as interrupted; a call that is under way is left to the unit. */
  interrupt(reason: string): void {
    this.#interruption.reject(new Interrupted(reason));
  }

  /** Carries it out. Never rejects for what the world does wrong. */
  async run(): Promise<DrillEnding> {
    const { target, budgetMs } = this.order;
    const started = this.#ports.probe({
      target,
      intervalMs: probeIntervalMs,
      timeoutMs: requestTimeoutMs,
      totalMs: drillMaxMs,
      held: true,
    });
    if (!started.ok) return ending("failed", started.error.message);
    const probe = started.value;
    try {
      return await this.#carryOut(probe, budgetMs);
    } catch (error) {
      if (error instanceof AssertionFailure || error instanceof UnitStopped) throw error;
      const where =
        this.#orderedTo === undefined
          ? "the role was not moved"
          : `the role was last ordered to ${this.#orderedTo}`;
      const isInterrupted = error instanceof Interrupted;
      const why = isInterrupted ? error.message : `the prober failed: ${(error as Error).message}`;
      return {
        ...ending(isInterrupted ? "interrupted" : "failed", `${why}; ${where}`),
        moves: this.#movesSoFar(),
      };
    } finally {
      await probe.stop();
    }
  }

  async #carryOut(probe: RunningProbe, budgetMs: number): Promise<DrillEnding> {
    const { from, to, fromName, toName, back } = this.order;
    const begun = probe.now();
    await this.#pause(beforeMs);
    const unsteady = unsteadyBefore(await this.#report(probe, begun + warmUpMs), budgetMs);
    if (unsteady !== undefined) return ending("failed", unsteady);

    await this.#step("handing over");
    const orderedAt = probe.now();
    let failure = await this.#move(probe, from, to, toName, back !== "by itself");
    if (failure === undefined) {
      await this.#step("probing after");
      if (back !== "by itself") await this.#pause(afterMs);
      if (back !== "no") {
        await this.#step("moving back");
        failure =
          back === "by order"
            ? await this.#move(probe, to, from, fromName, true)
            : await this.#awaitReturn(probe, to, from, fromName);
        if (failure === undefined) await this.#step("probing after the way back");
      }
    }
    // What a failed move cost is measured as well.
    if (failure !== undefined || back !== "no") await this.#pause(afterMs);
    const holder = back === "no" ? to : from;
    failure ??= await this.#roleFault(holder, holder === to ? from : to);
    const measured = measuredOf(await this.#report(probe, orderedAt));
    const moves = await this.#movesWithOutages(probe);
    if (failure !== undefined) return { state: "failed", moves, measured, message: failure };
    return { ...verdictOf(measured, budgetMs), moves, measured };
  }

  /** Why it did not move; undefined when it did. */
  async #move(
    probe: RunningProbe,
    from: string,
    to: string,
    toName: string,
    isToStay: boolean,
  ): Promise<string | undefined> {
    const orderedAt = probe.now();
    this.#orderedTo = toName;
    const given = await this.#unlessInterrupted(this.#ports.units.handOver(from, this.#fence(from)));
    if (given.kind === "refused") return `the hand-over to ${toName} was refused: ${given.message}`;
    const isKnown = given.kind === "moved";
    // A preferred host is active again before anybody could ask the other one; its own answer has to do.
    const said = isKnown && !isToStay ? ok(null) : await this.#awaitActive(to, toName, movedWaitMs);
    if (!said.ok) return isKnown ? said.error : `${given.message}; ${said.error}`;
    this.#moves.push({ from, to, at: orderedAt, movedMs: rounded(probe.now() - orderedAt) });
    return undefined;
  }

  async #awaitReturn(
    probe: RunningProbe,
    from: string,
    to: string,
    toName: string,
  ): Promise<string | undefined> {
    const since = probe.now();
    const said = await this.#awaitActive(to, toName, returnWaitMs);
    if (!said.ok) return `${toName} is the preferred host, and has not taken the role back: ${said.error}`;
    this.#moves.push({ from, to, at: since, movedMs: rounded(probe.now() - since) });
    return undefined;
  }

  async #awaitActive(device: string, name: string, waitMs: number): Promise<Result<null, string>> {
    const { world, units } = this.#ports;
    const until = world.now() + waitMs;
    for (;;) {
      if ((await this.#unlessInterrupted(units.isActive(device))) === true) return ok(null);
      if (world.now() >= until)
        return err(`${name} has not said within ${waitMs / second} s that it is active`);
      await this.#pause(lookIntervalMs);
    }
  }

  async #roleFault(holder: string, other: string): Promise<string | undefined> {
    const { fromName, toName, to } = this.order;
    const [holderName, otherName] = holder === to ? [toName, fromName] : [fromName, toName];
    const [holds, otherHolds] = await Promise.all(
      [holder, other].map((each) => this.#ports.units.isActive(each)),
    );
    if (holds !== true) return `${holderName} was to be active at the end, and does not say that it is`;
    if (otherHolds === true)
      return `both ${holderName} and ${otherName} said at the end that they are active`;
    return undefined;
  }

  /** The term makes a unit refuse a Central that is Master no longer; the run id, a second hand-over (SPEC CH22). */
  #fence(device: string): Fence {
    const { epoch } = this.#ports.pair;
    return {
      runId: runIdOf({ action: `drill ${this.order.id} ${this.#moves.length}`, device, dueAt: 0 }),
      epoch: epoch.n === 0 ? null : epoch,
      dueAt: null,
    };
  }

  async #movesWithOutages(probe: RunningProbe): Promise<Move[]> {
    const moves: Move[] = [];
    for (const [index, { from, to, movedMs, at }] of this.#moves.entries()) {
      const { view } = await this.#report(probe, at, this.#moves[index + 1]?.at);
      moves.push({ from, to, movedMs, outageMs: rounded(view.outageMs) });
    }
    return moves;
  }

  #movesSoFar(): readonly Move[] {
    return this.#moves.map(({ from, to, movedMs }) => ({ from, to, movedMs, outageMs: null }));
  }

  async #step(step: DrillValues["step"]): Promise<void> {
    await this.#progress({ step, moves: [...this.#movesSoFar()] });
  }

  /** Up to the moment before which every request has been answered or is lost, unless another is given. */
  #report(
    probe: RunningProbe,
    from: Millis,
    to: Millis = probe.now() - requestTimeoutMs,
  ): Promise<ProberReport> {
    return this.#unlessInterrupted(probe.report(from, to));
  }

  async #pause(ms: number): Promise<void> {
    let cancel = (): void => {};
    try {
      await this.#unlessInterrupted(
        new Promise<void>((resolve) => {
          cancel = this.#ports.world.after(ms, resolve);
        }),
      );
    } finally {
      cancel();
    }
  }

  /** What comes of it, or throws as soon as the drill is interrupted. */
  #unlessInterrupted<Value>(work: Promise<Value>): Promise<Value> {
    return Promise.race([this.#interruption.promise, work]);
  }
}

const ending = (state: "failed" | "interrupted", message: string): DrillEnding => ({
  state,
  message,
  measured: null,
  moves: [],
});
