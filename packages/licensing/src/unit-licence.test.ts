import assert from "node:assert/strict";
import { test } from "node:test";
import { hour } from "@tandem/base/time";
import fc from "fast-check";
import {
  type Answer,
  additionFault,
  clockKeptEveryMs,
  graceEndsAt,
  graceRetryMs,
  type Input,
  licenceNotice,
  licenceWakeAt,
  neverLicensed,
  type Step,
  startedLicence,
  stepLicence,
  type UnitLicence,
} from "./unit-licence.ts";
import {
  checkIntervalMsDefault,
  graceMsDefault,
  type LicenceCheck,
  type LicenceGrant,
  type LicensingCentral,
  requestNumberMax,
} from "./wire.ts";

const unit = "00000000000000aa";
const keyOf = (letter: string): string => letter.repeat(43);
const central = (letter: "a" | "b", more: Partial<LicensingCentral> = {}): LicensingCentral => ({
  unit: letter.repeat(16),
  name: `central-${letter}`,
  address: `192.0.2.${letter === "a" ? 1 : 2}`,
  port: 443,
  certificateFingerprint: letter.repeat(64),
  key: keyOf(letter),
  ...more,
});
const addressOf = (letter: "a" | "b") => ({
  address: central(letter).address ?? "",
  port: 443,
  certificateFingerprint: letter.repeat(64),
});
const grantOf = (number: number, more: Partial<LicenceGrant> = {}): LicenceGrant => ({
  unit,
  number,
  type: "local",
  central: "a".repeat(16),
  holder: "the holder",
  grantedAt: 0,
  checkIntervalMs: checkIntervalMsDefault,
  graceMs: graceMsDefault,
  centrals: [central("a"), central("b")],
  ...more,
});
const grant = (number: number, more: Partial<LicenceGrant> = {}, letter = "a"): Answer => ({
  kind: "granted",
  grant: grantOf(number, more),
  text: "the grant",
  key: keyOf(letter),
});
const check = (letter: "a" | "b", number: number, more: Partial<LicenceCheck> = {}): Answer => ({
  kind: "checked",
  check: {
    unit,
    number,
    central: letter.repeat(16),
    at: 0,
    state: "held",
    message: "",
    centrals: [central("a"), central("b")],
    ...more,
  },
});
const silence: Answer = { kind: "no-answer", reason: "connection refused" };
const greaterHeard = (lastNumber: number): Answer => ({
  kind: "refused",
  code: "number-not-greater",
  message: "a greater number was heard",
  remedy: "send a greater one",
  lastNumber,
});

/** A machine and its clocks. */
class Machine {
  state: UnitLicence;
  now = 1_000;
  wall = 1_000_000_000_000;
  last: Step | undefined;
  kept = neverLicensed(0);

  constructor() {
    this.state = startedLicence(unit, this.kept, this.moment);
  }

  get moment() {
    return { now: this.now, wall: this.wall, spread: 0.5 };
  }

  give(input: Input): Step {
    const step = stepLicence(this.state, input, this.moment);
    this.state = step.state;
    if (step.keep !== null) this.kept = step.keep;
    this.last = step;
    return step;
  }

  answer(answer: Answer): Step {
    return this.give({ kind: "answer", answer });
  }

  pass(ms: number): Step {
    this.now += ms;
    this.wall += ms;
    return this.give({ kind: "tick" });
  }

  /** To the next check. */
  toCheck(): Step {
    for (;;) {
      const at = licenceWakeAt(this.state);
      assert.ok(at !== null);
      const step = this.pass(Math.max(0, at - this.now));
      if (step.send !== null) return step;
    }
  }

  activate(letter: "a" | "b" = "a", type = "local"): Step {
    return this.give({ kind: "activate", type, central: addressOf(letter) });
  }

  restart(): void {
    this.now = 5;
    this.state = startedLicence(unit, this.kept, this.moment);
  }

  get stand() {
    return this.state.stand.kind;
  }
}

const licensed = (): Machine => {
  const machine = new Machine();
  machine.activate();
  machine.answer(grant(1));
  assert.equal(machine.stand, "licensed");
  return machine;
};

const outcomeCode = ({ outcome }: Step): string | undefined =>
  outcome === null ? undefined : outcome.ok ? "ok" : outcome.fault.code;

test("[ML2] a request number is kept before it is sent, and is never used twice", () => {
  const machine = new Machine();
  const step = machine.activate();
  assert.equal(step.keep?.number, 1);
  assert.deepEqual(step.send, { purpose: "activate", number: 1, type: "local", central: addressOf("a") });
  // Killed before the answer: the next request has the next number.
  machine.restart();
  assert.equal(machine.stand, "unlicensed");
  assert.match(licenceNotice(machine.state)?.title ?? "", /was not answered/);
  assert.equal(machine.activate().send?.number, 2);
  assert.equal(machine.answer(grant(1)).outcome?.ok, false, "the grant of the lost request is no answer");
  assert.equal(machine.activate().send?.number, 3);
  assert.equal(outcomeCode(machine.answer(grant(3))), "ok");
  assert.equal(licenceNotice(machine.state), null);
});

test("[ML2] a Central that has heard a greater number is sent the next one, once, by itself", () => {
  const machine = new Machine();
  machine.activate();
  const again = machine.answer(greaterHeard(41));
  assert.equal(again.keep?.number, 42);
  assert.equal(again.send?.number, 42);
  assert.equal(again.outcome, null);
  assert.equal(outcomeCode(machine.answer(greaterHeard(77))), "number-not-greater");
  assert.equal(machine.activate().send?.number, 43);
  assert.equal(outcomeCode(machine.answer(greaterHeard(requestNumberMax))), "numbers-used-up");
  assert.equal(machine.state.number, 43);
});

test("[ML7] a grant for another unit, number or type, or by another key, is not taken", () => {
  const wrong: readonly (readonly [string, Answer])[] = [
    ["unit", grant(2, { unit: "00000000000000bb" })],
    ["number", grant(1)],
    ["type", grant(2, { type: "metered" })],
    ["another signer than it names", grant(2, {}, "b")],
    ["no Central", grant(2, { central: "c".repeat(16) })],
    ["TLS key", grant(2, { centrals: [central("a", { certificateFingerprint: "c".repeat(64) })] })],
    ["a new key of a pinned Central", grant(2, { centrals: [central("a", { key: keyOf("c") })] }, "c")],
    ["forged", { kind: "not-trusted", reason: "its signature does not fit" }],
  ];
  for (const [name, answer] of wrong) {
    const machine = licensed();
    const before = machine.state.stand;
    machine.activate();
    assert.equal(outcomeCode(machine.answer(answer)), "grant-not-trusted", name);
    assert.deepEqual(machine.state.stand, before, name);
    machine.restart();
    assert.equal(machine.stand, "licensed");
  }
});

test("[ML7] grace begins when neither Central answers, ends when one does, and is over after its time", () => {
  const machine = licensed();
  const first = machine.toCheck();
  assert.ok(machine.now <= 1_000 + checkIntervalMsDefault, "daily");
  assert.equal(first.send?.purpose === "check" && first.send.central.address, "192.0.2.1");
  const second = machine.answer(silence);
  assert.equal(second.send?.purpose === "check" && second.send.central.address, "192.0.2.2");
  const grace = machine.answer(silence);
  assert.equal(machine.stand, "grace");
  assert.equal(grace.notes[0]?.kind, "grace");
  assert.match(licenceNotice(machine.state)?.text ?? "", /central-b: connection refused.*30 days are left/);
  assert.equal(additionFault(machine.state), null);

  const since = machine.now;
  machine.toCheck();
  assert.ok(
    machine.now - since >= graceRetryMs * 0.75 && machine.now - since <= graceRetryMs * 1.25,
    "hourly",
  );
  machine.answer(silence);
  assert.equal(machine.answer(check("b", 1)).notes[0]?.kind, "held-again");
  assert.equal(machine.stand, "licensed");

  machine.toCheck();
  machine.answer(silence);
  machine.answer(silence);
  const begun = machine.now;
  const ends = graceEndsAt(machine.state, machine.wall);
  assert.equal(ends, machine.wall + graceMsDefault);
  while (machine.stand === "grace") {
    machine.toCheck();
    machine.answer(silence);
    machine.answer(silence);
  }
  assert.ok(
    machine.now - begun >= graceMsDefault && machine.now - begun <= graceMsDefault + 2 * graceRetryMs,
  );
  assert.equal(machine.stand, "over");
  assert.match(additionFault(machine.state)?.message ?? "", /no service can be added/);
  assert.equal(licenceNotice(machine.state)?.level, "danger");
  machine.toCheck();
  machine.answer(check("a", 1));
  assert.equal(machine.stand, "licensed");
  assert.equal(additionFault(machine.state), null);
});

test("[ML7] a Central that does not know the licence leaves the word to the other one; an ended one is in grace", () => {
  const machine = licensed();
  machine.toCheck();
  assert.equal(machine.answer(check("a", 1, { state: "not-known" })).send?.purpose, "check");
  machine.answer(check("b", 1));
  assert.equal(machine.stand, "licensed");
  machine.toCheck();
  const ended = machine.answer(check("a", 1, { state: "ended", message: "recovered by bal" }));
  assert.equal(ended.send, null);
  assert.equal(machine.stand, "grace");
  assert.match(licenceNotice(machine.state)?.text ?? "", /recovered by bal/);
  machine.activate("b");
  machine.answer(grant(2, { central: "b".repeat(16), centrals: [central("b"), central("a")] }, "b"));
  assert.equal(machine.stand, "licensed");
});

test("an answer to a check counts only if it is about this unit and number, and from the Central that was asked", () => {
  for (const answer of [
    check("a", 2),
    check("b", 1),
    check("a", 1, { unit: "00000000000000bb" }),
    { kind: "not-trusted", reason: "another key" } as const,
  ]) {
    const machine = licensed();
    machine.toCheck();
    assert.equal(machine.answer(answer).send?.purpose, "check", "the other Central is asked");
    machine.answer(silence);
    assert.equal(machine.stand, "grace");
  }
});

test("a Central whose address or key is not known is not asked", () => {
  const machine = new Machine();
  machine.activate();
  machine.answer(grant(1, { centrals: [central("a"), central("b", { key: null, address: null })] }));
  machine.toCheck();
  assert.equal(machine.answer(silence).send, null);
  assert.equal(machine.stand, "grace");
});

test("[ML2] a licence superseded by the unit's own lost request is asked for anew by itself", () => {
  const machine = licensed();
  machine.activate("b");
  assert.equal(outcomeCode(machine.answer(silence)), "no-answer");
  assert.equal(machine.stand, "licensed");
  machine.restart();
  machine.toCheck();
  const again = machine.answer(check("a", 1, { state: "superseded", message: "request 2 was granted at B" }));
  assert.deepEqual(again.send, { purpose: "activate", number: 3, type: "local", central: addressOf("b") });
  assert.equal(again.keep?.number, 3);
  machine.answer(grant(3, { central: "b".repeat(16), centrals: [central("b"), central("a")] }, "b"));
  assert.equal(machine.stand, "licensed");
  machine.toCheck();
  machine.answer(check("b", 3, { state: "superseded", message: "another machine" }));
  assert.equal(machine.stand, "grace", "a copy of this unit is for people to look at");
});

test("a licence is given back to the Central that has granted it, or ends here by force", () => {
  const machine = licensed();
  const step = machine.give({ kind: "release", force: false });
  assert.equal(step.send?.purpose === "release" && step.send.number, 1);
  assert.equal(outcomeCode(machine.answer(silence)), "not-released");
  assert.equal(machine.stand, "licensed");
  machine.give({ kind: "release", force: true });
  assert.deepEqual(machine.answer(silence).notes, [{ kind: "released", told: false }]);
  assert.equal(machine.stand, "unlicensed");
  assert.equal(licenceWakeAt(machine.state), null);
  assert.equal(machine.activate().send?.number, 2);
  machine.answer(grant(2));
  machine.give({ kind: "release", force: false });
  machine.answer({ kind: "released" });
  assert.equal(machine.stand, "unlicensed");
  assert.equal(outcomeCode(machine.give({ kind: "release", force: false })), "no-licence");
  assert.equal(outcomeCode(machine.give({ kind: "check" })), "no-licence");
});

test("one thing is asked at a time", () => {
  const machine = licensed();
  machine.give({ kind: "check" });
  assert.equal(outcomeCode(machine.activate()), "busy");
  assert.equal(outcomeCode(machine.answer(check("a", 1))), "ok");
  assert.equal(
    machine.answer(check("a", 1)).outcome,
    null,
    "an answer that nobody waits for changes nothing",
  );
});

test("[ML7] property: however the clock is set and the unit restarted, the grace lasts no longer than it may", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          passMs: fc.integer({ min: 1, max: 40 * hour }),
          setMs: fc.oneof(fc.constant(0), fc.integer({ min: -400 * 24 * hour, max: 0 })),
          restart: fc.boolean(),
        }),
        { minLength: 1, maxLength: 200 },
      ),
      (events) => {
        const machine = licensed();
        machine.toCheck();
        machine.answer(silence);
        machine.answer(silence);
        let inGraceMs = 0;
        let forgottenMs = 0;
        for (const { passMs, setMs, restart } of events) {
          machine.wall += setMs;
          machine.pass(passMs);
          inGraceMs += passMs;
          while (machine.state.doing.kind === "checking") machine.answer(silence);
          if (restart) {
            machine.restart();
            forgottenMs += clockKeptEveryMs;
          }
          if (inGraceMs < graceMsDefault) assert.equal(machine.stand, "grace");
          if (inGraceMs >= graceMsDefault + forgottenMs) assert.equal(machine.stand, "over");
          const ends = graceEndsAt(machine.state, machine.wall) ?? 0;
          assert.ok(ends - machine.wall <= graceMsDefault);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("[ML2] property: numbers only grow, on disk before they are sent, whatever is answered and wherever it is killed", () => {
  const answers = fc.oneof(
    fc.constant<Answer>(silence),
    fc.integer({ min: 0, max: 1_000 }).map((number) => greaterHeard(number)),
    fc.integer({ min: 1, max: 1_000 }).map((number) => grant(number)),
    fc.integer({ min: 1, max: 50 }).map((number) => check("a", number, { state: "superseded" })),
    fc.constant<Answer>({ kind: "released" }),
    fc.constant<Answer>({ kind: "not-trusted", reason: "forged" }),
  );
  const inputs = fc.oneof(
    fc.constant<Input>({ kind: "activate", type: "local", central: addressOf("a") }),
    fc.constant<Input>({ kind: "check" }),
    fc.constant<Input>({ kind: "release", force: false }),
    answers.map((answer): Input => ({ kind: "answer", answer })),
    fc.constant("right" as const),
    fc.constant("restart" as const),
  );
  fc.assert(
    fc.property(fc.array(inputs, { maxLength: 80 }), (given) => {
      const machine = new Machine();
      const sent: number[] = [];
      for (const each of given) {
        if (each === "restart") {
          machine.restart();
          continue;
        }
        const input: Input =
          each === "right" ? { kind: "answer", answer: grant(machine.state.number) } : each;
        const { send, keep } = machine.give(input);
        if (send?.purpose === "activate") {
          assert.equal(keep?.number, send.number);
          assert.ok(send.number > (sent.at(-1) ?? 0));
          sent.push(send.number);
        }
        if (machine.state.stand.kind !== "unlicensed")
          assert.ok(sent.includes(machine.state.stand.licence.grant.number));
      }
    }),
    { numRuns: 300 },
  );
});
