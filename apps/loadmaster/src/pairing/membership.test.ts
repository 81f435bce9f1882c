import assert from "node:assert/strict";
import { test } from "node:test";
import { newDocument, type UnitDocument } from "../state/document.ts";
import { asFirst, asLast, asLeft, membershipOf, type PairShape, withMembership } from "./membership.ts";

const shape: PairShape = {
  mode: 1,
  partner: "10.213.0.22",
  shared: "10.213.0.20",
  interface: 0,
  vhid: 1,
  timeout: 3,
  fast: false,
  partnerKey: "ab".repeat(32),
};
const single = newDocument("lm1", "hash");
const first = asFirst(single, shape);
const pair: UnitDocument = {
  ...first,
  shared: { ...first.shared, sharedAddresses6: { "0": "2001:db8::20" } },
};

test("[LH10] [LH4] the unit that stays holds the shared addresses of IPv6 on as well, or lets go of them", () => {
  const kept = asLast(pair, "keep");
  assert.deepEqual(kept.shared.sharedAddresses6, { "0": "2001:db8::20" });
  assert.equal(kept.unit.holdsShared, true);
  for (const gone of [asLast(pair, "drop"), asLeft(pair, "keep"), asLeft(pair, "empty")]) {
    assert.deepEqual(gone.shared.sharedAddresses, {});
    assert.equal("sharedAddresses6" in gone.shared, false);
  }
});

test("[LH10] [LH4] a procedure that fails puts back the shared addresses that were, of IPv6 too", () => {
  assert.deepEqual(withMembership(asLast(pair, "drop"), membershipOf(pair)).shared, pair.shared);
  assert.deepEqual(withMembership(pair, membershipOf(single)).shared, single.shared);
});
