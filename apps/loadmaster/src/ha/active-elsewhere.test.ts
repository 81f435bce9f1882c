import assert from "node:assert/strict";
import { test } from "node:test";
import { givesWay } from "./active-elsewhere.ts";
import type { PartnerStatus } from "./partner-messages.ts";

const active = (hamode: number, haInterface: number, activeForMs: number): PartnerStatus => ({
  type: "status",
  version: 3,
  name: `lm${hamode}`,
  hamode,
  vhid: 1,
  timeout: 1,
  sharedAddress: "10.0.0.20",
  role: "master",
  revision: 5,
  digest: "d",
  haInterface,
  activeForMs,
});

test("[LH5] of two units that are active on different interfaces exactly one gives way, the later one", () => {
  const pairs: readonly (readonly [PartnerStatus, PartnerStatus, string])[] = [
    [active(1, 0, 60_000), active(2, 1, 3_000), "lm2"],
    [active(1, 0, 3_000), active(2, 1, 60_000), "lm1"],
    [active(1, 0, 3_400), active(2, 1, 3_900), "lm2"],
    [active(1, 0, 3_900), active(2, 1, 3_400), "lm2"],
  ];
  for (const [one, two, who] of pairs) {
    assert.equal(givesWay(one, two), who === "lm1");
    assert.equal(givesWay(two, one), who === "lm2");
  }
});

test("[LH5] on one interface CARP decides, and a partner that does not say where it is active is given no way", () => {
  const long = active(1, 0, 60_000);
  const short = active(2, 1, 3_000);
  assert.equal(givesWay({ ...short, haInterface: 0 }, long), false);
  assert.equal(givesWay({ ...short, role: "backup" }, long), false);
  assert.equal(givesWay(short, { ...long, role: "backup" }), false);
  const { haInterface: _, activeForMs: __, ...ofEarlierVersion } = long;
  assert.equal(givesWay(short, ofEarlierVersion), false);
  assert.equal(givesWay(ofEarlierVersion, short), false);
});
