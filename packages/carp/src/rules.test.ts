import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  backupTakesOver,
  heardClaim,
  intervalMs,
  isBowOut,
  masterDownMs,
  masterYields,
  ownClaim,
  patienceMs,
} from "./rules.ts";
import type { CarpConfig } from "./state.ts";

const config: CarpConfig = {
  vhid: 7,
  advbase: 1,
  advskew: 100,
  preempt: false,
  password: "secret",
  hashedAddresses: ["10.0.0.20"],
  ownAddress: "10.0.0.1",
  trustDemotion: true,
  replayCheck: "growing",
};
const claim = fc.record({ advbase: fc.nat(5), advskew: fc.nat(255), demotion: fc.nat(3) });
const [lower, higher] = ["10.0.0.9", "10.0.0.10"];

test("[LH2] intervals and master-down times are OpenBSD's, the fast mode's too", () => {
  assert.equal(intervalMs({ advbase: 1, advskew: 0 }), 1000);
  assert.equal(intervalMs({ advbase: 1, advskew: 128 }), 1500);
  assert.equal(intervalMs({ advbase: 0, advskew: 64 }), 250);
  assert.equal(intervalMs({ advbase: 0, advskew: 0 }), 1000 / 256);
  assert.equal(masterDownMs({ advbase: 1, advskew: 128 }), 3500);
  assert.equal(masterDownMs({ advbase: 0, advskew: 64 }), 750);
  assert.equal(masterDownMs({ advbase: 0, advskew: 0 }), 3000 / 256);
  for (const timeout of [3, 6, 9, 12, 15])
    assert.equal(masterDownMs({ advbase: timeout / 3, advskew: 0 }), timeout * 1000);
  assert.ok(masterDownMs({ advbase: 0, advskew: 20 }) < 240);
});

test("only 255/255 is a bow-out", () => {
  assert.ok(isBowOut({ advbase: 255, advskew: 255 }));
  assert.ok(!isBowOut({ advbase: 255, advskew: 254 }));
  assert.ok(!isBowOut({ advbase: 1, advskew: 255 }));
});

test("a demoted unit says so in the demotion byte, or towards ucarp by an advskew above any ordinary one", () => {
  assert.deepEqual(ownClaim(config, 3), { advbase: 1, advskew: 100, demotion: 3 });
  const foreign = { ...config, trustDemotion: false };
  assert.deepEqual(ownClaim(foreign, 0), { advbase: 1, advskew: 100, demotion: 0 });
  assert.deepEqual(ownClaim(foreign, 1), { advbase: 1, advskew: 240, demotion: 0 });
  assert.deepEqual(ownClaim(foreign, 3), { advbase: 1, advskew: 242, demotion: 0 });
  assert.deepEqual(ownClaim(foreign, 255), { advbase: 1, advskew: 254, demotion: 0 });
  assert.deepEqual(heardClaim(foreign, { advbase: 1, advskew: 0, demotion: 9 }), {
    advbase: 1,
    advskew: 0,
    demotion: 0,
  });
});

test("[LH1] of two masters exactly one yields, whatever the two claim", () => {
  fc.assert(
    fc.property(claim, claim, (a, b) => {
      fc.pre(!isBowOut(a) && !isBowOut(b));
      const aYields = masterYields(a, lower, b, higher) !== null;
      const bYields = masterYields(b, higher, a, lower) !== null;
      assert.notEqual(aYields, bYields);
    }),
    { numRuns: 1000 },
  );
});

test("two masters equal in everything: the lower address stays, compared as a number", () => {
  const equal = { advbase: 1, advskew: 0, demotion: 0 };
  assert.equal(masterYields(equal, lower, equal, higher), null);
  assert.match(masterYields(equal, higher, equal, lower)!, /lower address/);
});

test("a backup takes over only from a master that yields to it: no rule makes the two chase each other", () => {
  fc.assert(
    fc.property(claim, claim, fc.boolean(), fc.boolean(), (own, heard, preempt, ownIsLower) => {
      fc.pre(!isBowOut(heard) && !isBowOut(own));
      const [ownAddress, heardAddress] = ownIsLower ? [lower, higher] : [higher, lower];
      if (backupTakesOver(own, preempt, heard, heardAddress) === null) return;
      assert.notEqual(masterYields(heard, heardAddress, own, ownAddress), null);
    }),
    { numRuns: 2000 },
  );
});

test("[LH3] without preemption a backup follows whoever is master; with it, only one that is not slower", () => {
  const fast = { advbase: 1, advskew: 0, demotion: 0 };
  const slow = { advbase: 1, advskew: 1, demotion: 0 };
  assert.equal(backupTakesOver(fast, false, slow, higher), null);
  assert.match(backupTakesOver(fast, true, slow, higher)!, /preempts/);
  assert.equal(backupTakesOver(slow, true, fast, higher), null);
  assert.equal(backupTakesOver(fast, true, fast, higher), null);
});

test("[LH2] a less demoted backup takes over whatever the preference, and the demoted one does not take it back", () => {
  const healthy = { advbase: 1, advskew: 1, demotion: 0 };
  const failing = { advbase: 1, advskew: 0, demotion: 1 };
  assert.match(backupTakesOver(healthy, false, failing, higher)!, /more demoted/);
  assert.equal(backupTakesOver(failing, true, healthy, higher), null);
  assert.match(masterYields(failing, lower, healthy, higher)!, /less demoted/);
});

test("a peer whose interval exceeds our master-down time counts as timed out, unless it is less demoted", () => {
  const own = { advbase: 1, advskew: 0, demotion: 0 };
  assert.equal(backupTakesOver(own, false, { advbase: 3, advskew: 0, demotion: 0 }, higher), null);
  assert.match(backupTakesOver(own, false, { advbase: 3, advskew: 1, demotion: 0 }, higher)!, /too seldom/);
  assert.equal(
    backupTakesOver({ ...own, demotion: 1 }, false, { advbase: 9, advskew: 0, demotion: 0 }, higher),
    null,
  );
});

test("[LH2] a bow-out is obeyed by every backup, and by no master, however demoted", () => {
  const leaving = { advbase: 255, advskew: 255, demotion: 0 };
  for (const demotion of [0, 200]) {
    const own = { advbase: 1, advskew: 254, demotion };
    assert.match(backupTakesOver(own, false, leaving, lower)!, /bowed out/);
    assert.equal(masterYields(own, higher, leaving, lower), null);
  }
});

test("[LH2] a backup of ours waits for a slower master of ours at that master's pace, beside another program it does not", () => {
  const fast = { advbase: 0, advskew: 20 };
  assert.equal(masterDownMs(fast) < 240, true);
  assert.equal(
    patienceMs(config, fast, { advbase: 3, advskew: 10 }),
    masterDownMs({ advbase: 3, advskew: 20 }),
  );
  assert.equal(
    patienceMs(config, { advbase: 5, advskew: 1 }, { advbase: 1, advskew: 0 }),
    masterDownMs({ advbase: 5, advskew: 1 }),
  );
  // A pace that no unit of ours has may be forged in a genuine packet.
  assert.equal(patienceMs(config, fast, { advbase: 200, advskew: 0 }), masterDownMs(fast));
  assert.equal(
    patienceMs({ ...config, replayCheck: "none" }, fast, { advbase: 3, advskew: 0 }),
    masterDownMs(fast),
  );
});
