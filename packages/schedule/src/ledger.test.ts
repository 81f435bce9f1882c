import assert from "node:assert/strict";
import { test } from "node:test";
import { hour, minute } from "@tandem/base/time";
import fc from "fast-check";
import {
  type Attempt,
  type AttemptState,
  claim,
  isOpen,
  type OpenRun,
  resume,
  settle,
  standingOf,
  start,
} from "./ledger.ts";

const attempt = (changes: Partial<Attempt> = {}): Attempt => ({
  ...claim(1_000, ""),
  run: "r",
  trigger: "schedule",
  due: 1_000,
  unit: "a",
  epoch: 1,
  ...changes,
});
const states: readonly AttemptState[] = ["claimed", "started", "proved", "failed", "unknown", "skipped"];

test("[CH22] an attempt goes claimed, started, and to one end; what has ended does not move", () => {
  const started = start(claim(1, "late"), 2);
  assert.deepEqual([started.state, started.startedAt], ["started", 2]);
  assert.equal(start(started, 9).startedAt, 2, "a unit takes up its own attempt");
  const proved = settle(started, 3, { state: "proved", message: "fine", evidence: { size: 1 } });
  assert.deepEqual([proved.state, proved.endedAt, proved.message], ["proved", 3, "late; fine"]);
  for (const state of ["proved", "failed", "unknown"] as const) {
    const ended = settle(started, 3, { state, message: "", evidence: null });
    assert.throws(() => start(ended, 4));
    assert.throws(() => settle(ended, 4, { state: "failed", message: "", evidence: null }));
  }
  assert.throws(() => settle(claim(1, ""), 2, { state: "proved", message: "", evidence: null }));
  assert.throws(() => settle(started, 3, { state: "skipped", message: "", evidence: null }));
});

test("[CH22] whatever order attempts become known in, one and the same speaks for the run; a proof before all", () => {
  const attempts = fc.uniqueArray(
    fc.record({
      state: fc.constantFrom(...states),
      epoch: fc.option(fc.integer({ min: 1, max: 4 })),
      claimedAt: fc.integer({ min: 0, max: 3 }),
      unit: fc.constantFrom("a", "b"),
    }),
    { minLength: 1, maxLength: 8, selector: ({ unit, epoch }) => `${unit} ${epoch}` },
  );
  fc.assert(
    fc.property(attempts, fc.integer(), (all, seed) => {
      const standing = standingOf(all);
      const shuffled = [...all].sort(
        (a, b) => ((a.claimedAt * 31 + seed) % 7) - ((b.claimedAt * 31 + seed) % 7),
      );
      assert.equal(standingOf(shuffled), standing);
      assert.equal(standingOf([...all].reverse()), standing);
      assert.equal(
        standing.state === "proved",
        all.some(({ state }) => state === "proved"),
      );
      if (standing.state !== "proved")
        assert.equal(standing.epoch ?? 0, Math.max(...all.map(({ epoch }) => epoch ?? 0)));
    }),
    { seed: 1 },
  );
});

test("[CH22] what two units know of a run comes to the same in whatever order and however often they tell it", () => {
  // Each unit writes one attempt of each of its terms; on the way from one to the other it is copied, not changed.
  const attempts = fc.uniqueArray(
    fc.record({
      state: fc.constantFrom(...states),
      epoch: fc.option(fc.integer({ min: 1, max: 4 })),
      claimedAt: fc.integer({ min: 0, max: 3 }),
      unit: fc.constantFrom("a", "b"),
    }),
    { minLength: 1, maxLength: 8, selector: ({ unit, epoch }) => `${unit} ${epoch}` },
  );
  fc.assert(
    fc.property(attempts, fc.infiniteStream(fc.nat({ max: 6 })), (all, random) => {
      const draw = (): number => Number(random.next().value);
      const pieces = [0, 1, 2].map(() => all.filter(() => draw() < 4)).filter((piece) => piece.length > 0);
      const known = pieces.flat();
      if (known.length === 0) return;
      const whole = standingOf(known);
      assert.deepEqual(standingOf([...known, ...known]), whole, "told twice");
      assert.deepEqual(
        standingOf(pieces.map((piece) => standingOf(piece))),
        whole,
        "drawn together piece by piece",
      );
      assert.deepEqual(
        standingOf([...pieces].reverse().map((piece) => standingOf(piece.toReversed()))),
        whole,
      );
    }),
    { numRuns: 500, seed: 1 },
  );
});

const open = (changes: Partial<OpenRun> = {}): OpenRun => ({
  standing: attempt(),
  self: "b",
  isQueued: false,
  isActing: true,
  isWanted: true,
  missedRule: "run once late",
  now: 1_000 + minute,
  ...changes,
});
const said = (run: OpenRun): string => {
  const next = resume(run);
  return next.do === "settle" ? next.outcome.state : next.do;
};

test("[CH22] a run that was left open is asked for again, or ended, by whoever acts", () => {
  const started = attempt({ state: "started", startedAt: 1_000 });
  for (const standing of [attempt(), started]) assert.equal(said(open({ standing })), "again");
  assert.equal(said(open({ isActing: false })), "leave");
  assert.equal(said(open({ isWanted: false })), "skipped");
  assert.equal(said(open({ isWanted: false, standing: started })), "unknown");
  const late = { now: 1_000 + hour };
  assert.equal(said(open({ ...late, standing: started })), "again");
  assert.equal(said(open({ ...late, missedRule: "skip" })), "skipped");
  assert.equal(said(open({ ...late, missedRule: "skip", isQueued: true })), "again");
  assert.equal(said(open({ ...late, missedRule: "skip", standing: started })), "unknown");
});

test("[CH22] an operator's run is its own unit's to end, unless it is silent for an hour", () => {
  const standing = attempt({ trigger: "operator", epoch: null });
  const own = { standing, self: "a", isActing: false };
  assert.equal(said(open(own)), "again");
  assert.equal(said(open({ ...own, now: 1_000 + hour })), "skipped");
  assert.equal(said(open({ standing })), "leave");
  assert.equal(said(open({ standing, now: 1_001 + hour })), "unknown");
  assert.equal(said(open({ standing, now: 1_001 + hour, isActing: false })), "leave");
});

test("every open run that is this unit's business comes to something, and what is settled is settled lawfully", () => {
  const runs = fc.record({
    standing: fc
      .record({
        state: fc.constantFrom("claimed" as const, "started" as const),
        trigger: fc.constantFrom("schedule" as const, "operator" as const),
        unit: fc.constantFrom("a", "b"),
      })
      .map((changes) => attempt(changes)),
    self: fc.constant("b"),
    isQueued: fc.boolean(),
    isActing: fc.boolean(),
    isWanted: fc.boolean(),
    missedRule: fc.constantFrom("skip" as const, "run once late" as const),
    now: fc.integer({ min: 1_000, max: 1_000 + 2 * hour }),
  });
  fc.assert(
    fc.property(runs, (run) => {
      const next = resume(run);
      const isOwn = run.standing.trigger === "operator" && run.standing.unit === run.self;
      if (!run.isActing && !isOwn) assert.equal(next.do, "leave");
      if (run.isActing && run.standing.trigger === "schedule") assert.notEqual(next.do, "leave");
      if (next.do === "settle") assert.ok(!isOpen(settle(run.standing, run.now, next.outcome)));
    }),
    { seed: 1 },
  );
});
