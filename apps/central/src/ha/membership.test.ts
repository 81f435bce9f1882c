import assert from "node:assert/strict";
import { test } from "node:test";
import { addNetwork, eventually, names, rename, setUp, startCentral, stateOf } from "./pair-on-loopback.ts";

const reasonOf = ({ ha }: Awaited<ReturnType<typeof startCentral>>): string => ha.status().ourReason;

/** Joining a pair and hearing the first heartbeat of it are two moments. */
async function canTalk(...units: readonly Awaited<ReturnType<typeof startCentral>>[]): Promise<void> {
  const channels = units.map(({ ha }) => ha.channel("test", { received: () => {} }));
  await eventually("each can speak to the other", () => channels.every(({ isOpen }) => isOpen));
}

for (const [as, from] of [
  ["stays", "the Master"],
  ["leaves", "the Master"],
  ["stays", "the Slave"],
  ["leaves", "the Slave"],
] as const)
  test(`[CH24] ${from} ${as}: the other takes the other part at once, both keep the data, one executes`, async (t) => {
    const a = await startCentral(t, "central1", "127.0.0.1");
    const b = await startCentral(t, "central2", "127.0.0.2");
    await addNetwork(a, "10.1.0.0/16", "of A");
    await addNetwork(b, "10.2.0.0/16", "of B");
    await setUp(a, b);
    await canTalk(a, b);
    const [asked, other] = from === "the Master" ? [a, b] : [b, a];
    const [stays, leaves] = as === "stays" ? [asked, other] : [other, asked];
    let wereBothActing = false;
    for (const { ha } of [a, b])
      ha.onChange(() => {
        wereBothActing ||= a.ha.isActing && b.ha.isActing;
      });
    assert.deepEqual(await asked.ha.removeFromPair(as), { ok: true, value: { peerTold: true } });
    assert.equal(wereBothActing, false);
    for (const unit of [a, b]) {
      assert.equal(stateOf(unit), "Standalone");
      assert.equal(unit.ha.settings.peer, null);
      assert.deepEqual(names(unit), { "10.1.0.0/16": "of A" });
    }
    assert.deepEqual([stays.ha.isActing, leaves.ha.isActing], [true, false]);
    assert.match(reasonOf(leaves), /removed/);
    assert.deepEqual(await rename(stays, "10.1.0.0/16", "goes on"), { ok: true, value: "this unit only" });
    const again = await asked.ha.removeFromPair(as);
    assert.ok(!again.ok && again.error.code === "not-paired");
    // Also after a restart the removed one executes nothing.
    await leaves.kill();
    await leaves.restart();
    assert.equal(leaves.ha.isActing, false);
  });

test("[CH24] both operators want their own unit to stay: one wish is carried out, and one unit goes on", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  await canTalk(a, b);
  await Promise.all([a.ha.removeFromPair("stays"), b.ha.removeFromPair("stays")]);
  assert.deepEqual([a.ha.isActing, b.ha.isActing].sort(), [false, true]);
});

test("[CH24] a dead unit is removed and replaced by a new one with a new exchange of keys; should it come back, it executes nothing", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  await a.kill();
  await eventually("B has taken over", () => stateOf(b) === "Master");
  await rename(b, "10.1.0.0/16", "after A died");
  for (const confirm of [undefined, "central3"]) {
    const refused = await b.ha.removeFromPair("stays", confirm);
    assert.ok(!refused.ok);
    assert.deepEqual([refused.error.code, refused.error.field], ["removal-unconfirmed", "confirm"]);
    assert.match(refused.error.message, /^central1 could not be told .*: last heard .* s ago$/);
    assert.equal(stateOf(b), "Master", "nothing is changed");
  }
  b.ha.deviceRefused({ n: 1, unit: a.ha.status().ourUnit }, 2_000);
  const seen = await b.ha.removeFromPair("stays");
  assert.match(seen.ok ? "" : seen.error.message, /; a LoadMaster heard it .*, 2 s ago$/);
  assert.deepEqual(await b.ha.removeFromPair("stays", "central1"), { ok: true, value: { peerTold: false } });
  assert.ok(stateOf(b) === "Standalone" && b.ha.isActing);

  const c = await startCentral(t, "central3", "127.0.0.3");
  await addNetwork(c, "10.3.0.0/16", "of C");
  await setUp(b, c);
  assert.deepEqual(names(c), { "10.1.0.0/16": "after A died" });
  await canTalk(b, c);
  assert.deepEqual(await rename(c, "10.1.0.0/16", "edited on C"), { ok: true, value: "both" });

  await a.restart();
  await eventually("A knows that it is not known any more", () => /does not know/.test(reasonOf(a)));
  assert.deepEqual([a.ha.isActing, b.ha.isActing, c.ha.isActing], [false, true, false]);
  assert.deepEqual([stateOf(b), stateOf(c)], ["Master", "Slave"]);
});
