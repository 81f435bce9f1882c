import assert from "node:assert/strict";
import { test } from "node:test";
import { addNetwork, eventually, formFor, setUp, startCentral, stateOf } from "./pair-on-loopback.ts";

test("[CH11] an operator hands the role over, from the Master and back from the Slave, with no moment when two act", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  const plain = await a.ha.apply(formFor(b, { holdDownMs: 60_000 }));
  assert.ok(plain.ok, "nobody is preferred");

  a.ha.setRunningActions(1);
  assert.deepEqual(a.ha.handover(), { ok: true, value: { note: null } });
  await eventually("A waits for its action, and says so", () => {
    const handover = a.ha.status().handover;
    return handover?.phase === "draining" && handover.byOperator && /1 running/.test(handover.waitsFor);
  });
  assert.ok(!a.ha.isActing);
  a.ha.setRunningActions(0);
  let wereBothActing = false;
  const changed = (): boolean => {
    wereBothActing ||= a.ha.isActing && b.ha.isActing;
    return stateOf(b) === "Master" && stateOf(a) === "Slave" && a.ha.status().peerState === "Master";
  };
  await eventually("B is Master", changed);
  assert.equal(a.ha.status().handover, null);

  await eventually("B knows that A is Slave", () => b.ha.status().peerState === "Slave");
  assert.ok(a.ha.handover().ok, "and the Slave takes it back");
  await eventually("A is Master", () => {
    wereBothActing ||= a.ha.isActing && b.ha.isActing;
    return stateOf(a) === "Master" && stateOf(b) === "Slave";
  });
  assert.equal(wereBothActing, false);
  assert.ok(a.ha.events(100).some(({ code }) => code === "handover-ordered"));

  await b.kill();
  await eventually("A notices", () => !a.ha.status().heartbeats.flowing);
  const refused = a.ha.handover();
  assert.ok(!refused.ok);
  assert.equal(refused.error[0]?.code, "peer-absent");
});
