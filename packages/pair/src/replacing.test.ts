import assert from "node:assert/strict";
import { test } from "node:test";
import { inPair, master, OneUnit, pairP, settings, slave, unitA, unitB } from "./one-unit.ts";
import { durableAfterReplacing, faultOfReplacing } from "./replacing.ts";
import { newDurable } from "./state.ts";

const other = "2".repeat(32);
const backup = { pairId: pairP, seen: { n: 2, unit: unitB } };
const codeOf = (unit: OneUnit, pairId: string | null): string | null =>
  faultOfReplacing(unit.state, { ...backup, pairId })?.code ?? null;

test("[ML5] a backup of the pair may replace either unit; one of another pair or of none may not, while there is a peer", () => {
  for (const unit of [slave(), master()])
    assert.deepEqual(
      [codeOf(unit, pairP), codeOf(unit, other), codeOf(unit, null)],
      [null, "other-pair", "backup-of-no-pair"],
    );
  const alone = new OneUnit({ settings: { ...settings, peer: null } });
  assert.deepEqual([codeOf(alone, pairP), codeOf(alone, other), codeOf(alone, null)], [null, null, null]);
});

test("[ML5] what the peer says of its pair counts before what this unit knew; a silent one's is the pair that this unit belongs to", () => {
  const set = new OneUnit({ durable: newDurable });
  assert.equal(codeOf(set, other), null, "nothing is known yet");
  set.linkUp();
  set.heard({ pairId: other });
  assert.deepEqual([codeOf(set, other), codeOf(set, pairP)], [null, "other-pair"]);
  const apart = slave();
  apart.heard({ pairId: other });
  assert.equal(apart.reason, "other-pair");
  assert.deepEqual([codeOf(apart, other), codeOf(apart, pairP)], [null, "other-pair"]);
  const gone = slave();
  gone.after(60_000);
  assert.deepEqual([codeOf(gone, other), codeOf(gone, pairP)], ["other-pair", null]);
});

test("[ML5] after it: the backup's pair, the greater epoch seen, nothing armed; whoever has no peer executes nothing", () => {
  const own = {
    ...inPair,
    armedFor: unitB,
    setUpFirst: true,
    offered: { n: 5, to: unitB },
    seen: { n: 4, unit: unitA },
  };
  const after = durableAfterReplacing({ durable: own, settings }, backup, "saved");
  assert.deepEqual(after, {
    ...own,
    armedFor: null,
    setUpFirst: false,
    offered: null,
    overwrittenBackup: "saved",
  });
  const later = { ...backup, seen: { n: 9, unit: unitB } };
  assert.deepEqual(durableAfterReplacing({ durable: own, settings }, later, "saved").seen, later.seen);
  const alone = { ...settings, peer: null };
  for (const [pairId, removed] of [
    [pairP, true],
    [null, false],
  ] as const)
    assert.equal(
      durableAfterReplacing({ durable: newDurable, settings: alone }, { ...backup, pairId }, "saved").removed,
      removed,
    );
});

test("[ML5] a replaced Master starts in Starting: a Slave where the other took the role, Master under a new term where it is gone", () => {
  const durable = durableAfterReplacing(master().state, backup, "saved");
  const met = new OneUnit({ durable });
  assert.equal(met.role, "Starting");
  met.linkUp();
  met.heard({ state: "Master", epoch: { n: 6, unit: unitB } });
  assert.equal(met.role, "Slave");
  const alone = new OneUnit({ durable });
  for (let tries = 0; tries < 3; tries += 1) {
    alone.refused();
    alone.after(300);
  }
  alone.after(10_000);
  assert.equal(alone.role, "Master");
  assert.ok(alone.state.durable.epoch.n > durable.seen.n);
});
