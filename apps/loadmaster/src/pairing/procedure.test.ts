import assert from "node:assert/strict";
import { test } from "node:test";
import { done, failed, interrupted, type ProcedureState, runProcedure, type StepPlan } from "./procedure.ts";

const names = ["check", "backup", "this unit", "partner", "link", "synchronised", "standby"] as const;

/** Steps like those of `hapair`: two of them can be undone. What is in force afterwards is in `set`. */
function bench(
  failing: (typeof names)[number] | undefined,
  options: { stuck?: boolean; throws?: boolean } = {},
) {
  const set = new Set<string>();
  const order: string[] = [];
  const kept: ProcedureState[] = [];
  const plan: StepPlan[] = names.map((name) => ({
    name,
    about: name,
    act: async () => {
      order.push(name);
      if (name === "this unit" || name === "partner") set.add(name);
      if (name !== failing) return done(`${name} is well`);
      if (options.throws === true) throw new Error(`${name} threw`);
      return failed(`${name} is not well`, `mend ${name}`);
    },
    ...(name === "this unit" || name === "partner"
      ? {
          undo: async () => {
            order.push(`undo ${name}`);
            if (options.stuck === true && name === "partner") return failed("it does not answer", "wait");
            set.delete(name);
            return done("undone");
          },
        }
      : {}),
  }));
  const run = () =>
    runProcedure("pair", plan, {
      wall: () => 1_000,
      keep: async (state) => void kept.push(state),
      standing: () => `set: ${[...set].join(", ") || "nothing"}`,
    });
  return { set, order, kept, run };
}

test("[LH10] every step is done in its order, and each is written down before and after", async () => {
  const { order, kept, run } = bench(undefined);
  const end = await run();
  assert.equal(end.state, "done");
  assert.deepEqual(order, names);
  assert.ok(end.steps.every(({ state, since }) => state === "done" && since === 1_000));
  assert.equal(kept.length, 2 * names.length + 1);
  assert.deepEqual(kept[0]?.steps.map(({ state }) => state).slice(0, 2), ["running", "waiting"]);
});

for (const name of names)
  for (const throws of [false, true])
    test(`[LH10] ${name} ${throws ? "throws" : "fails"}: all that was set is undone, the last first`, async () => {
      const { set, order, run } = bench(name, { throws });
      const end = await run();
      assert.equal(end.state, "failed");
      assert.deepEqual([...set], []);
      const fault = end.steps.find((step) => step.state === "failed");
      assert.equal(fault?.name, name);
      assert.notEqual(fault?.remedy, "");
      const undone = order.filter((each) => each.startsWith("undo"));
      const expected =
        names.indexOf(name) >= 3
          ? ["undo partner", "undo this unit"]
          : names.indexOf(name) === 2
            ? ["undo this unit"]
            : [];
      assert.deepEqual(undone, expected);
      assert.match(
        end.outcome,
        expected.length === 0 ? /nothing was changed/ : /has been undone; set: nothing/,
      );
      // What was not begun says so.
      assert.ok(
        end.steps.slice(names.indexOf(name) + 1, names.length).every(({ state }) => state === "waiting"),
      );
    });

test("[LH10] when the partner cannot be undone, this unit is left as it is, and both is said", async () => {
  const { set, order, run } = bench("link", { stuck: true });
  const end = await run();
  assert.deepEqual([...set], ["this unit", "partner"]);
  assert.ok(!order.includes("undo this unit"));
  assert.match(end.outcome, /not all could be undone; set: this unit, partner/);
  assert.deepEqual(end.steps.at(-1)?.name, "undo");
  assert.equal(end.steps.at(-1)?.remedy, "wait");
});

test("[LH10] a unit that was ended in the middle says which step it was at, and what to do", async () => {
  const { kept, run } = bench(undefined);
  await run();
  const middle = kept[6];
  assert.ok(middle);
  const found = interrupted(middle, 2_000, "this unit is Active");
  const step = found.steps.find(({ state }) => state === "failed");
  assert.equal(step?.name, "partner");
  assert.match(step?.remedy ?? "", /same command again.*haunpair undoes/);
  assert.deepEqual([found.state, found.outcome], ["failed", "this unit is Active"]);
  const end = kept.at(-1);
  assert.ok(end);
  assert.equal(interrupted(end, 2_000, ""), end);
});
