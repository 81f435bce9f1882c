import assert from "node:assert/strict";
import { test } from "node:test";
import { minute } from "@tandem/base/time";
import {
  addNetwork,
  type Central,
  eventually,
  inStep,
  names,
  rename,
  setUp,
  startCentral,
  stateOf,
} from "./pair-on-loopback.ts";

const day = 24 * 60 * minute;

const idsOf = ({ ha }: Central): readonly string[] =>
  ha.timeline({ limit: 1_000 }).entries.map(({ source, number }) => `${source}.${number}`);
const codesOf = ({ ha }: Central): readonly string[] =>
  ha.timeline({ limit: 1_000 }).entries.map(({ event }) => event.code);
const showTheSame = (a: Central, b: Central): boolean =>
  JSON.stringify([...idsOf(a)].sort()) === JSON.stringify([...idsOf(b)].sort());

async function pair(t: Parameters<typeof startCentral>[0], wall?: () => number) {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2", undefined, (seams) => ({
    ...seams,
    world: { ...seams.world, ...(wall && { wall }) },
  }));
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  return [a, b] as const;
}

test("[CH25] both units show one timeline of both, also what happened while one of them was away", async (t) => {
  const [a, b] = await pair(t);
  await eventually("both have all entries of both", () => showTheSame(a, b));
  const units = new Set(a.ha.timeline({ limit: 1_000 }).entries.map(({ event }) => event.unitName));
  assert.deepEqual([...units].sort(), ["central1", "central2"]);

  await a.kill();
  await eventually("B has taken over", () => stateOf(b) === "Master");
  b.ha.report({ code: "overwritten-saved", file: "while A was away" });
  await a.restart();
  await eventually("A has it, and B has A's start", () => inStep(a, b) && showTheSame(a, b), 30_000);
  assert.ok(codesOf(a).includes("overwritten-saved"));
  const { entries } = a.ha.timeline({ limit: 1_000 });
  const times = entries.map(({ event }) => event.at);
  assert.deepEqual(
    times,
    [...times].sort((x, y) => y - x),
    "by time",
  );
  const ofB = a.ha.timeline({ limit: 1_000, unit: b.identity.unit }).entries;
  assert.ok(ofB.length > 0 && ofB.every(({ event }) => event.unitName === "central2"));
  const grave = a.ha.timeline({ limit: 1_000, severities: new Set(["warning", "error"]) }).entries;
  assert.ok(grave.length < entries.length && grave.every(({ event }) => event.severity !== "info"));
});

test("[CH25] a clock that is a day off is named with the remedy; nothing is lost, and entries keep their order", async (t) => {
  const [a, b] = await pair(t, () => Date.now() + 1 * day);
  await eventually("both say so", () => [a, b].every((unit) => codesOf(unit).includes("clocks-differ")));
  const said = a.ha.events(100).find(({ code }) => code === "clocks-differ");
  assert.match(said?.message ?? "", /central2's clock is 1440 min ahead of this unit's.*set the time/);
  assert.ok(Math.abs((a.ha.clockDifferenceMs ?? 0) - day) < 5_000);
  assert.ok(Math.abs((b.ha.clockDifferenceMs ?? 0) + day) < 5_000);
  assert.deepEqual(await rename(a, "10.1.0.0/16", "by A"), { ok: true, value: "both" });
  assert.deepEqual(await rename(b, "10.1.0.0/16", "by B"), { ok: true, value: "both" });
  assert.deepEqual(await rename(a, "10.1.0.0/16", "by A again"), { ok: true, value: "both" });
  assert.deepEqual([names(a), names(b)], Array(2).fill({ "10.1.0.0/16": "by A again" }));
  assert.deepEqual(a.ha.conflicts(), []);
  await eventually("one timeline", () => showTheSame(a, b));
  for (const source of new Set(a.ha.timeline({ limit: 1_000 }).entries.map((entry) => entry.source))) {
    const numbers = a.ha
      .timeline({ limit: 1_000 })
      .entries.filter((entry) => entry.source === source)
      .map(({ number }) => number);
    assert.deepEqual(
      numbers,
      [...numbers].sort((x, y) => y - x),
    );
  }
});
