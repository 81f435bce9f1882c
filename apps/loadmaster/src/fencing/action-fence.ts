/**
 * The unit's gate for actions that carry a fence (SPEC CH22): judges them by the ledger, has the ledger on disk here and
 * on the partner before one is performed, and answers a run that is known with its first result.
 */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { compareEpochs, type Epoch } from "@tandem/base/epoch";
import type { WallMillis } from "@tandem/base/time";
import type { Fence } from "@tandem/fencing/fence";
import {
  accept,
  admit,
  begin,
  emptyLedger,
  findRun,
  finish,
  hear,
  interrupted,
  type Ledger,
  merge,
  type Run,
  type RunResult,
  resultAnswerMaxChars,
  type Verdict,
  withdraw,
} from "@tandem/fencing/ledger";
import { type Envelope, type Failure, failure } from "@tandem/loadmaster-api/envelope";
import { type FenceRefusal, inWords } from "@tandem/loadmaster-api/fence-parameters";

/** How long an action waits for the partner's disk; after that it is performed alone, and its answer says so. */
export const partnerWaitMs = 1_000;
/** How often disk and partner are told that the same Master was heard again. */
export const heardToldEveryMs = 10_000;
/** Runs per message when the whole ledger is told. */
export const runsPerPart = 100;
/** A claim that the partner refuses is judged anew with what the partner knows; it cannot be refused twice for that. */
const judgementsMax = 3;

export type LedgerAnswer = { readonly accepted: boolean; readonly ledger: Ledger };

export type FencePorts = {
  /** This unit's name in the ledger. */
  readonly unit: string;
  wall(): WallMillis;
  save(ledger: Ledger): Promise<void>;
  /** Tells the partner and waits until it is on its disk; undefined when it is not there or does not answer in time. */
  tell(claim: Run | null, ledger: Ledger, waitMs: number): Promise<LedgerAnswer | undefined>;
  /** The result of a run that this unit had under way when it stopped, if there is evidence of one. */
  evidence(run: Run): RunResult | undefined;
  log(level: "info" | "warn" | "error", event: string, details: object): void;
};

/** What an action answers; `unfinished`: its result is known only after the unit has started again. */
export type Act = () => Promise<{ readonly envelope: Envelope; readonly unfinished?: true }>;

export class ActionFence {
  readonly #ports: FencePorts;
  #ledger: Ledger;
  /** Runs of this process that have not ended. */
  readonly #running = new Set<string>();
  #heardToldAt: WallMillis = 0;
  #writing: Promise<void> = Promise.resolve();
  #nextWrite: Promise<void> | undefined;

  constructor(ledger: Ledger, ports: FencePorts) {
    this.#ports = ports;
    this.#ledger = ledger;
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  /** Before anything is admitted: what an earlier process had under way gets its result. */
  async start(): Promise<void> {
    if (this.#settleInterrupted()) await this.#keep();
  }

  /** Nothing is being written any more. */
  stop(): Promise<void> {
    return (this.#nextWrite ?? this.#writing).catch(() => {});
  }

  /** A Master was heard without asking for a run. */
  hear(epoch: Epoch): void {
    const before = this.#ledger;
    this.#ledger = hear(before, epoch, this.#ports.wall());
    if (this.#ledger === before) return;
    const heard = this.#ledger.greatest?.heardAt ?? 0;
    const newer = before.greatest === null || compareEpochs(epoch, before.greatest.epoch) > 0;
    if (!newer && heard - this.#heardToldAt < heardToldEveryMs) return;
    this.#heardToldAt = heard;
    void this.#keep().catch((error: Error) => this.#notKept(error));
    void this.#ports.tell(null, this.#partOf([]), partnerWaitMs);
  }

  /**
   * Performs `act` if the fence lets it pass, else answers without it. `refusal`: why a run that is not known yet would
   * be refused anyway; such a run is not remembered, so that it may be asked for again.
   */
  async perform(
    fence: Fence,
    command: string,
    act: Act,
    refusal: () => Failure | undefined = () => undefined,
  ): Promise<Envelope> {
    for (let judgement = 1; ; judgement += 1) {
      const before = this.#ledger.greatest;
      const verdict = admit(this.#ledger, fence, {
        command,
        unit: this.#ports.unit,
        wall: this.#ports.wall(),
      });
      this.#ledger = verdict.ledger;
      if (verdict.verdict !== "perform") {
        if (this.#ledger.greatest !== before) void this.#keep().catch((error: Error) => this.#notKept(error));
        return this.#answer(verdict, fence, command);
      }
      const refused = refusal();
      if (refused !== undefined) {
        this.#ledger = withdraw(this.#ledger, fence.runId);
        return failure(refused);
      }
      const claimed = await this.#claim(verdict.run);
      if (claimed.kind === "not-kept") return failure(claimed.failure);
      if (claimed.kind === "begun") return this.#act(verdict.run, claimed.withPartner, act);
      if (judgement === judgementsMax)
        return failure({
          code: 503,
          message: `${command}: the two units of the pair do not agree on this run; nothing was changed, ask again`,
        });
    }
  }

  /** What the partner tells: on this unit's disk when it resolves. */
  async take(claim: Run | null, theirs: Ledger): Promise<LedgerAnswer> {
    const before = this.#ledger;
    const merged = merge(before, theirs);
    const taken =
      claim === null ? { accepted: true, ledger: merged } : accept(merged, claim, this.#ports.wall());
    this.#ledger = taken.ledger;
    this.#settleInterrupted();
    await this.#keep();
    return {
      accepted: taken.accepted,
      ledger: this.#partOf(claim === null ? [] : [claim.runId]),
    };
  }

  /** The whole ledger in messages of a bounded length. */
  parts(): Ledger[] {
    const { runs } = this.#ledger;
    const parts = [this.#partOf([])];
    for (let from = 0; from < runs.length; from += runsPerPart)
      parts.push({ ...emptyLedger, runs: runs.slice(from, from + runsPerPart) });
    return parts;
  }

  /** The partner's answer to one of the parts. */
  learn(answer: LedgerAnswer): void {
    this.#ledger = merge(this.#ledger, answer.ledger);
  }

  async #claim(
    run: Run,
  ): Promise<
    | { readonly kind: "begun"; readonly withPartner: boolean }
    | { readonly kind: "refused" }
    | { readonly kind: "not-kept"; readonly failure: Failure }
  > {
    const { runId } = run;
    this.#running.add(runId);
    const telling = this.#ports.tell(run, this.#partOf([runId]), partnerWaitMs);
    try {
      await this.#keep();
    } catch (error) {
      this.#notKept(error as Error);
      await telling;
      this.#running.delete(runId);
      // The partner may hold the claim, so the run is ended rather than taken back.
      this.#ledger = finish(this.#ledger, runId, {
        ok: false,
        known: true,
        message: "not performed: the ledger of actions cannot be written",
        answer: null,
      });
      return {
        kind: "not-kept",
        failure: {
          code: 500,
          message: `the run cannot be kept on this unit's disk: ${(error as Error).message}; nothing was changed`,
        },
      };
    }
    const answer = await telling;
    if (answer !== undefined) {
      if (!answer.accepted && findRun(this.#ledger, runId)?.stage.kind === "claimed")
        this.#ledger = withdraw(this.#ledger, runId);
      this.#ledger = merge(this.#ledger, answer.ledger);
    }
    const begun = answer?.accepted === false ? undefined : begin(this.#ledger, runId, this.#ports.unit);
    if (begun === undefined) {
      this.#running.delete(runId);
      return { kind: "refused" };
    }
    this.#ledger = begun;
    return { kind: "begun", withPartner: answer !== undefined };
  }

  async #act(run: Run, withPartner: boolean, act: Act): Promise<Envelope> {
    const { runId } = run;
    let done: Awaited<ReturnType<Act>>;
    try {
      done = await act();
    } catch (error) {
      this.#ports.log("error", "action-failed", { command: run.command, reason: (error as Error).message });
      done = { envelope: failure({ code: 500, message: "the unit has failed at this; its log says why" }) };
    }
    const { envelope } = done;
    const kept = { kept: withPartner ? "both" : "this unit only" };
    if (done.unfinished === true) {
      // That it was begun is what the next process goes by.
      await this.#keep().catch((error: Error) => this.#notKept(error));
      return { ...envelope, run: kept };
    }
    this.#ledger = finish(this.#ledger, runId, resultOf(envelope));
    this.#running.delete(runId);
    const telling = this.#ports.tell(null, this.#partOf([runId]), partnerWaitMs);
    await this.#keep().catch((error: Error) => this.#notKept(error));
    await telling;
    return { ...envelope, run: kept };
  }

  #answer(verdict: Exclude<Verdict, { verdict: "perform" }>, fence: Fence, command: string): Envelope {
    if (verdict.verdict === "answer") return repeated(verdict.result, verdict.run);
    const refusal = refusalOf(verdict, command);
    this.#ports.log("warn", "action-refused", {
      command,
      runId: fence.runId,
      epoch: fence.epoch,
      ...refusal.fence,
    });
    return failure(refusal);
  }

  #partOf(runIds: readonly string[]): Ledger {
    const { greatest, forgotten, runs } = this.#ledger;
    return { greatest, forgotten, runs: runs.filter((run) => runIds.includes(run.runId)) };
  }

  #settleInterrupted(): boolean {
    const before = this.#ledger;
    this.#ledger = interrupted(before, this.#ports.unit, this.#ports.evidence, this.#running);
    return this.#ledger !== before;
  }

  /** On disk: everything up to the call. Writes that wait for one another become one. */
  #keep(): Promise<void> {
    this.#nextWrite ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#nextWrite = undefined;
        this.#writing = this.#ports.save(this.#ledger);
        return this.#writing;
      });
    return this.#nextWrite;
  }

  #notKept(error: Error): void {
    this.#ports.log("error", "actions-not-saved", { reason: error.message });
  }
}

/** Bytes and new keys are not kept with a result: they would be kept a thousand times, or be readable on the disk. */
function resultOf({ data: _bytes, apikey: _key, apikeys: _keys, ...envelope }: Envelope): RunResult {
  const answer = envelope as unknown as Json;
  return {
    ok: envelope.status === "ok",
    known: true,
    message: typeof envelope.message === "string" ? envelope.message : "",
    answer: canonicalJson(answer).length <= resultAnswerMaxChars ? answer : evidenceIn(envelope),
  };
}

/** Of an answer that is too long to keep: what tells of its outcome. */
const evidenceIn = (envelope: Envelope): Json =>
  Object.fromEntries(
    ["code", "status", "Index", "revision", "digest"]
      .filter((name) => envelope[name] !== undefined)
      .map((name) => [name, envelope[name] as Json]),
  );

function repeated(result: RunResult, run: Run): Envelope {
  const first = (result.answer ?? {}) as { readonly [field: string]: unknown };
  const message = result.message === "" ? `${run.command}: performed before` : result.message;
  return {
    message,
    ...first,
    code: typeof first.code === "number" ? first.code : result.ok ? 200 : 500,
    status: result.ok ? "ok" : "fail",
    repeated: true,
    known: result.known,
  };
}

function refusalOf(
  verdict: Exclude<Verdict, { verdict: "perform" | "answer" }>,
  command: string,
): Failure & { readonly fence: FenceRefusal } {
  const nothing = "nothing was changed";
  switch (verdict.verdict) {
    case "in-progress":
      return {
        code: 409,
        message: `${command}: this run is under way on the unit ${verdict.run.by}; ask again for its result`,
        fence: { reason: "in-progress", by: verdict.run.by },
      };
    case "fenced":
      return {
        code: 409,
        message: `${command}: refused, since the Central ${verdict.holder.unit} is Master with the newer epoch ${verdict.holder.n}, heard ${Math.round(verdict.lastHeardMs / 1_000)} s ago; ${nothing}`,
        fence: { reason: "older-epoch", holder: verdict.holder, lastHeardMs: verdict.lastHeardMs },
      };
    case "too-old":
      return {
        code: 409,
        message: `${command}: refused, since runs due before ${inWords(verdict.oldest)} are not remembered any more and this one may have been performed; ${nothing}`,
        fence: { reason: "too-old", oldest: verdict.oldest },
      };
  }
}
