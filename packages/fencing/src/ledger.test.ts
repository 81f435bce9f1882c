import assert from "node:assert/strict";
import { test } from "node:test";
import { fits } from "@tandem/base/check";
import { sha256Hex } from "@tandem/base/digest";
import { compareEpochs, type Epoch } from "@tandem/base/epoch";
import fc from "fast-check";
import { type Fence, FenceSchema } from "./fence.ts";
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
  LedgerSchema,
  merge,
  type Run,
  type RunResult,
  resultAnswerMaxChars,
  runsRememberedMax,
  withdraw,
} from "./ledger.ts";

const epoch = (n: number, unit = "a".repeat(16)): Epoch => ({ n, unit });
const idOf = (name: string | number): string => sha256Hex(String(name));
const fence = (name: string | number, changes: Partial<Fence> = {}): Fence => ({
  runId: idOf(name),
  epoch: epoch(1),
  dueAt: 1_000,
  ...changes,
});
const asked = (wall = 5_000, unit = "HA1"): { command: string; unit: string; wall: number } => ({
  command: "backup",
  unit,
  wall,
});
const done: RunResult = { ok: true, known: true, message: "done", answer: { digest: "d" } };

function performed(ledger: Ledger, by: Fence, unit = "HA1", result = done): Ledger {
  const verdict = admit(ledger, by, asked(5_000, unit));
  assert.equal(verdict.verdict, "perform");
  const begun = begin(verdict.ledger, by.runId, unit);
  assert.ok(begun);
  return finish(begun, by.runId, result);
}

test("[CH22] a known run is answered with its first result, even to an older epoch", () => {
  const first = admit(emptyLedger, fence("r"), asked());
  assert.equal(first.verdict, "perform");
  assert.equal(admit(first.ledger, fence("r"), asked()).verdict, "in-progress");
  const ended = performed(emptyLedger, fence("r"));
  assert.deepEqual(finish(ended, idOf("r"), { ...done, message: "another" }), ended);
  const later = admit(hear(ended, epoch(9), 6_000), fence("r"), asked(7_000));
  assert.equal(later.verdict, "answer");
  if (later.verdict === "answer") assert.deepEqual(later.result, done);
});

test("[CH22] an epoch older than the greatest seen is refused with the holder and when it was heard", () => {
  const ledger = performed(emptyLedger, fence("r", { epoch: epoch(3) }));
  for (const older of [epoch(2), epoch(3, "9".repeat(16))]) {
    const verdict = admit(ledger, fence("s", { epoch: older }), asked(9_000));
    assert.deepEqual(
      { ...verdict, ledger: 0 },
      { verdict: "fenced", holder: epoch(3), lastHeardMs: 4_000, ledger: 0 },
    );
    assert.equal(findRun(verdict.ledger, idOf("s")), undefined, "and is not remembered");
  }
  assert.equal(
    admit(ledger, fence("s", { epoch: null }), asked()).verdict,
    "perform",
    "an operator's is not",
  );
  assert.equal(admit(ledger, fence("s", { epoch: epoch(3) }), asked()).verdict, "perform");
});

test("[CH22] what is older than the memory is refused, and operators' runs do not use up that of schedules", () => {
  let ledger = emptyLedger;
  for (let n = 0; n < runsRememberedMax + 5; n++) ledger = performed(ledger, fence(n, { dueAt: n }));
  for (let n = 0; n < runsRememberedMax + 5; n++)
    ledger = performed(ledger, fence(`operator ${n}`, { epoch: null, dueAt: null }));
  assert.equal(ledger.runs.length, 2 * runsRememberedMax);
  assert.ok(fits(LedgerSchema, ledger));
  const forgotten = admit(ledger, fence(4, { dueAt: 4 }), asked());
  assert.equal(forgotten.verdict, "too-old");
  if (forgotten.verdict === "too-old") assert.equal(forgotten.oldest, 5);
  assert.equal(admit(ledger, fence(5, { dueAt: 5 }), asked()).verdict, "answer");
  assert.equal(admit(ledger, fence("new", { dueAt: 5 }), asked()).verdict, "too-old", "it would not be kept");
  assert.equal(admit(ledger, fence("new", { dueAt: 9_000 }), asked()).verdict, "perform");
  const early = admit(ledger, fence("early", { epoch: null, dueAt: null }), asked(0));
  assert.equal(early.verdict, "perform", "a clock that was set back stops no operator");
  assert.ok(findRun(early.ledger, idOf("early")));
});

test("[CH22] after a start, what was under way has the evidence's result or none that is known", () => {
  let ledger = emptyLedger;
  for (const name of ["backup", "reboot"]) {
    const verdict = admit(ledger, fence(name), { ...asked(), command: name });
    ledger = begin(verdict.ledger, idOf(name), "HA1") ?? ledger;
  }
  ledger = admit(ledger, fence("partner's"), asked(5_000, "HA2")).ledger;
  const after = interrupted(ledger, "HA1", (run) => (run.command === "reboot" ? done : undefined));
  const stageOf = (name: string) => findRun(after, idOf(name))?.stage;
  assert.deepEqual(stageOf("reboot"), { kind: "ended", result: done });
  assert.deepEqual(stageOf("backup"), {
    kind: "ended",
    result: { ok: false, known: false, message: "interrupted, outcome unknown", answer: null },
  });
  assert.deepEqual(stageOf("partner's"), { kind: "claimed" });
  const known = performed(emptyLedger, fence("backup"));
  for (const merged of [merge(after, known), merge(known, after)])
    assert.deepEqual(findRun(merged, idOf("backup"))?.stage, { kind: "ended", result: done });
});

test("an answer that is too long to keep is dropped from its result", () => {
  const long = { ...done, answer: "x".repeat(resultAnswerMaxChars) };
  const run = findRun(performed(emptyLedger, fence("r"), "HA1", long), idOf("r"));
  assert.deepEqual(run?.stage, { kind: "ended", result: { ...done, answer: null } });
});

test("[CH22] of two claims that cross one begins; a partner that knows better refuses the claim", () => {
  const one = admit(emptyLedger, fence("r"), asked(5_000, "HA1"));
  const two = admit(emptyLedger, fence("r"), asked(5_000, "HA2"));
  assert.ok(one.verdict === "perform" && two.verdict === "perform");
  const onTwo = accept(two.ledger, one.run, 5_000);
  const onOne = accept(one.ledger, two.run, 5_000);
  assert.ok(onTwo.accepted && onOne.accepted);
  assert.ok(begin(merge(one.ledger, onTwo.ledger), idOf("r"), "HA1"));
  assert.equal(begin(merge(two.ledger, onOne.ledger), idOf("r"), "HA2"), undefined);

  const partner = hear(emptyLedger, epoch(2), 4_000);
  const refused = accept(partner, one.run, 5_000);
  assert.equal(refused.accepted, false);
  const back = merge(withdraw(one.ledger, idOf("r")), refused.ledger);
  assert.equal(admit(back, fence("r"), asked()).verdict, "fenced");
  assert.equal(admit(back, fence("r", { epoch: epoch(2) }), asked()).verdict, "perform", "the newer may");
});

test("the schema takes a fence and nothing else", () => {
  assert.ok(fits(FenceSchema, fence("r", { baseRevision: "7" })));
  for (const wrong of [
    { ...fence("r"), runId: "r" },
    { ...fence("r"), epoch: { n: -1, unit: "a".repeat(16) } },
    { ...fence("r"), epoch: { n: 1, unit: "" } },
    { ...fence("r"), dueAt: 0.5 },
    { ...fence("r"), more: 1 },
  ])
    assert.equal(fits(FenceSchema, wrong), false);
});

const epochs = fc.record({
  n: fc.integer({ min: 1, max: 4 }),
  unit: fc.constantFrom("a".repeat(16), "b".repeat(16)),
});
const results = fc.record({
  ok: fc.boolean(),
  known: fc.boolean(),
  message: fc.constantFrom("done", "failed"),
  answer: fc.constant(null),
});
/** A run's due time follows from its id, as a schedule's does. */
const runs: fc.Arbitrary<Run> = fc
  .record({
    name: fc.nat({ max: 12 }),
    epoch: epochs,
    by: fc.constantFrom("HA1", "HA2"),
    admittedAt: fc.nat({ max: 3 }),
    stage: fc.oneof(
      fc.constant({ kind: "claimed" as const }),
      fc.constant({ kind: "begun" as const }),
      results.map((result) => ({ kind: "ended" as const, result })),
    ),
  })
  .map(({ name, ...rest }) => ({
    runId: idOf(name),
    command: "backup",
    dueAt: Math.floor(name / 2),
    ...rest,
    epoch: name % 3 === 0 ? null : rest.epoch,
  }));
const forgotten = fc.option(
  fc.nat({ max: 12 }).map((name) => ({ dueAt: Math.floor(name / 2), runId: idOf(name) })),
  { nil: null },
);
const ledgers: fc.Arbitrary<Ledger> = fc
  .record({
    greatest: fc.option(fc.record({ epoch: epochs, heardAt: fc.nat({ max: 5 }) }), { nil: null }),
    runs: fc.uniqueArray(runs, { selector: (run) => run.runId, maxLength: 8, size: "max" }),
    forgotten: fc.record({ scheduled: forgotten, operators: forgotten }),
  })
  .map((ledger) => merge(emptyLedger, structuredClone(ledger)));

test("[CH22] merging two ledgers is commutative, associative and idempotent, and forgets no epoch", () => {
  fc.assert(
    fc.property(ledgers, ledgers, ledgers, (a, b, c) => {
      const ab = merge(a, b);
      assert.deepEqual(ab, merge(b, a));
      assert.deepEqual(merge(ab, b), ab);
      assert.deepEqual(merge(a, a), a);
      assert.deepEqual(merge(ab, c), merge(a, merge(b, c)));
      for (const { greatest } of [a, b])
        if (greatest) assert.ok(ab.greatest && compareEpochs(ab.greatest.epoch, greatest.epoch) >= 0);
    }),
  );
});

type Message =
  | { readonly kind: "claim"; readonly to: 0 | 1; readonly run: Run; readonly fence: Fence }
  | {
      readonly kind: "reply";
      readonly to: 0 | 1;
      readonly accepted: boolean;
      readonly ledger: Ledger;
      readonly fence: Fence;
    };

/** Two partners that merge before they act, over a link that delays and reorders, and that may start anew. */
class Partners {
  readonly ledgers: [Ledger, Ledger] = [emptyLedger, emptyLedger];
  readonly performed = new Map<string, number>();
  readonly #messages: Message[] = [];
  #wall = 10_000;

  ask(unit: 0 | 1, by: Fence): void {
    this.#wall += 1;
    const before = this.ledgers[unit].greatest?.epoch;
    const verdict = admit(this.ledgers[unit], by, asked(this.#wall, `HA${unit + 1}`));
    this.ledgers[unit] = verdict.ledger;
    if (verdict.verdict !== "perform") return;
    assert.ok(!before || !by.epoch || compareEpochs(by.epoch, before) >= 0, "an older epoch was admitted");
    this.#messages.push({ kind: "claim", to: unit === 0 ? 1 : 0, run: verdict.run, fence: by });
  }

  deliver(index: number): void {
    const [message] = this.#messages.splice(index % Math.max(1, this.#messages.length), 1);
    if (message === undefined) return;
    const { to } = message;
    const other = to === 0 ? 1 : 0;
    if (message.kind === "claim") {
      const before = this.ledgers[to];
      const answer = accept(before, message.run, this.#wall);
      this.ledgers[to] = answer.ledger;
      if (answer.accepted && !findRun(before, message.run.runId) && message.run.epoch && before.greatest)
        assert.ok(compareEpochs(message.run.epoch, before.greatest.epoch) >= 0, "the partner let it pass");
      this.#messages.push({ kind: "reply", to: other, ...answer, fence: message.fence });
      return;
    }
    const { runId } = message.fence;
    const stage = findRun(this.ledgers[to], runId)?.stage.kind;
    const own =
      message.accepted || stage !== "claimed" ? this.ledgers[to] : withdraw(this.ledgers[to], runId);
    const merged = merge(own, message.ledger);
    const begun = message.accepted ? begin(merged, runId, `HA${to + 1}`) : undefined;
    this.ledgers[to] = begun ?? merged;
    if (begun) this.performed.set(runId, (this.performed.get(runId) ?? 0) + 1);
  }

  end(unit: 0 | 1, name: number): void {
    const run = findRun(this.ledgers[unit], idOf(name));
    if (run?.stage.kind === "begun" && run.by === `HA${unit + 1}`)
      this.ledgers[unit] = finish(this.ledgers[unit], run.runId, done);
  }

  restart(unit: 0 | 1): void {
    this.ledgers[unit] = interrupted(this.ledgers[unit], `HA${unit + 1}`, () => undefined);
    // Its process is gone, and with it what it waited for.
    for (let at = this.#messages.length - 1; at >= 0; at--) {
      const message = this.#messages[at]!;
      if (message.kind === "reply" && message.to === unit) this.#messages.splice(at, 1);
    }
  }
}

test("[CH22] whichever of two partners is asked, and however their messages cross, a run is performed at most once", () => {
  const unit = fc.constantFrom<0 | 1>(0, 1);
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("ask" as const), unit, name: fc.nat({ max: 4 }), epochs }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("deliver" as const), index: fc.nat() }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("end" as const), unit, name: fc.nat({ max: 4 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), unit }) },
  );
  let acts = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const pair = new Partners();
      for (const each of steps) {
        if (each.kind === "ask")
          pair.ask(
            each.unit,
            fence(each.name, { epoch: each.name === 0 ? null : each.epochs, dueAt: each.name }),
          );
        else if (each.kind === "deliver") pair.deliver(each.index);
        else if (each.kind === "end") pair.end(each.unit, each.name);
        else pair.restart(each.unit);
      }
      for (const [run, times] of pair.performed)
        assert.equal(times, 1, `${run} was performed ${times} times`);
      acts += pair.performed.size;
    }),
    { numRuns: 300 },
  );
  assert.ok(acts > 100, "the property was put to the test");
});
