import assert from "node:assert/strict";
import { test } from "node:test";
import type { PairOfDevice } from "@tandem/central-api/devices";
import { type DeviceRole, neverContacted } from "./device-status.ts";
import {
  agreedPairs,
  disagreements,
  type KnownDevice,
  recognise,
  warningsOf,
  whyInNoGroup,
} from "./group-recognition.ts";
import { type GroupRow, groupOf, groupRows } from "./grouped.ts";

const shared = "10.0.0.10";
const pairOf = (unit: "HA1" | "HA2", own: string, partner: string, more: object = {}): PairOfDevice => ({
  unit,
  virtualId: 1,
  ownAddresses: [own],
  partnerAddresses: [partner],
  sharedAddresses: [shared],
  activeSince: null,
  report: "",
  ...more,
});
const device = (
  id: string,
  pair: PairOfDevice | null | undefined,
  haRole: DeviceRole = pair ? "standby" : "single",
): KnownDevice => ({
  id,
  name: id,
  address: `10.0.0.${id.slice(1)}`,
  status: { ...neverContacted, state: "up", haRole, ...(pair === undefined ? {} : { pair }) },
});
const ha1 = device("d1", pairOf("HA1", "10.0.0.1", "10.0.0.2"), "active");
const ha2 = device("d2", pairOf("HA2", "10.0.0.2", "10.0.0.1"));
const silent = (known: KnownDevice): KnownDevice => ({
  ...known,
  status: { ...known.status, haRole: "unknown", failedAttempts: 1, error: "it refuses" },
});
const row = (key: string, members: string[], origin: "units" | "operator" = "units"): GroupRow =>
  ({ key, tag: "", values: { id: key, name: key, sharedAddress: shared, members, origin } }) as never;
const inWords = (devices: readonly KnownDevice[], rows: readonly GroupRow[]): string[] =>
  recognise(devices, rows).map((each) =>
    each.kind === "end"
      ? `end ${each.group.key}: ${each.reason}`
      : `${each.kind} ${each.kind === "change" ? `${each.group.key} ` : ""}${each.pair.members.map(({ id }) => id).join("+")} at ${each.pair.sharedAddress}`,
  );

test("[CH19] two units that name each other, as HA1 and HA2 of one virtual id and shared address, form a group; HA1 stands first", () => {
  assert.deepEqual(inWords([ha2, ha1], []), ["form d1+d2 at 10.0.0.10"]);
  assert.deepEqual(inWords([ha1, ha2], [row("g", ["d1", "d2"])]), []);
  assert.deepEqual(inWords([ha1, ha2], [row("g", ["d1", "d2"], "operator")]), [
    "change g d1+d2 at 10.0.0.10",
  ]);
  assert.deepEqual(inWords([ha1, device("d2", undefined)], []), [], "one that has not told is no member");
});

test("[CH19] units that contradict each other form no group, and the reason is told in words", () => {
  const differing = (pair: PairOfDevice | null) => {
    const other = device("d2", pair);
    assert.deepEqual(inWords([ha1, other], []), []);
    assert.deepEqual(whyInNoGroup(ha1, [ha1, other]), disagreements(ha1, other));
    return disagreements(ha1, other);
  };
  assert.deepEqual(differing(null), ["d2 says that it is a single unit"].slice(0, 1));
  assert.deepEqual(differing(pairOf("HA2", "10.0.0.2", "10.0.0.7")), [
    "d2 names 10.0.0.7 as its partner, not d1",
  ]);
  assert.deepEqual(differing(pairOf("HA1", "10.0.0.2", "10.0.0.1")), [
    "d1 and d2 both say that they are HA1",
  ]);
  assert.deepEqual(differing(pairOf("HA2", "10.0.0.2", "10.0.0.1", { virtualId: 7 })), [
    "their HA Virtual IDs differ: d1 has 1, d2 7",
  ]);
  assert.deepEqual(differing(pairOf("HA2", "10.0.0.2", "10.0.0.1", { sharedAddresses: ["10.0.0.20"] })), [
    "their shared addresses differ: d1 has 10.0.0.10, d2 10.0.0.20",
  ]);
  assert.match(whyInNoGroup(ha1, [ha1])[0] ?? "", /HA1 of a pair with 10\.0\.0\.2, which is no device here/);
  const byShared = device("d10", pairOf("HA1", "10.0.0.1", "10.0.0.2"));
  assert.match(whyInNoGroup(byShared, [byShared, ha2])[0] ?? "", /10\.0\.0\.10 is the shared address/);
  assert.deepEqual(inWords([byShared, ha2], []), []);
});

test("[CH19] a pair that was dissolved ends its group, a member that was replaced changes it, and one that is silent does neither", () => {
  const group = row("g", ["d1", "d2"]);
  const alone = device("d1", null);
  assert.deepEqual(inWords([alone, device("d2", null)], [group]), [
    "end g: d1 and d2 say that they are single units",
  ]);
  assert.deepEqual(inWords([alone, silent(ha2)], [group]), [
    "end g: d1 says that it is a single unit, and the other does not answer",
  ]);
  assert.deepEqual(inWords([alone, ha2], [group]), [], "the other still says that they are a pair");
  assert.deepEqual(inWords([silent(ha1), silent(ha2)], [group]), []);
  assert.deepEqual(inWords([ha1], [group]), ["end g: one of its members is not a device any more"]);
  assert.deepEqual(inWords([alone, device("d2", null)], [row("g", ["d1", "d2"], "operator")]), []);
  const stays = device("d1", pairOf("HA1", "10.0.0.1", "10.0.0.3"), "active");
  const came = device("d3", pairOf("HA2", "10.0.0.3", "10.0.0.1"));
  assert.deepEqual(inWords([stays, silent(ha2), came], [group]), ["change g d1+d3 at 10.0.0.10"]);
  const moved = { sharedAddresses: ["10.0.0.99"] };
  const both = [
    device("d1", pairOf("HA1", "10.0.0.1", "10.0.0.2", moved)),
    device("d2", pairOf("HA2", "10.0.0.2", "10.0.0.1", moved)),
  ];
  assert.deepEqual(inWords(both, [group]), ["change g d1+d2 at 10.0.0.99"]);
});

test("[CH19] a device that two Centrals have put into two groups is in one, the same on both, whatever the order of the rows", () => {
  const rows = [
    row("b", ["d1", "d3"]),
    row("a", ["d1", "d2"], "operator"),
    row("c", ["d3", "d4"]),
    row("d", ["d5", "d2"], "operator"),
  ];
  const orders = [rows, [...rows].reverse(), [rows[2], rows[0], rows[3], rows[1]]] as GroupRow[][];
  for (const order of orders) {
    const there = { rows: () => order } as never;
    assert.deepEqual(
      groupRows(there).map(({ key }) => key),
      ["b", "d"],
      "what units say goes first, then the smaller id",
    );
    assert.equal(groupOf(there, "d1")?.key, "b");
    assert.equal(groupOf(there, "d4"), undefined);
    const proposals = inWords([ha1, ha2], order);
    assert.deepEqual(proposals.slice(0, 2), [
      "change a d1+d2 at 10.0.0.10",
      "end b: d1 and d2 say that they are a pair",
    ]);
  }
  const third = device("d0", pairOf("HA2", "10.0.0.2", "10.0.0.1"));
  const ids = (devices: readonly KnownDevice[]) =>
    agreedPairs(devices).map(({ members }) => members.map(({ id }) => id).join("+"));
  assert.deepEqual(ids([ha1, ha2, third]), ids([third, ha2, ha1]), "of two that claim to be the partner");
});

test("[CH19] what is wrong with a pair is told in words", () => {
  const warnings = (a: KnownDevice, b: KnownDevice, address = shared) =>
    warningsOf(a, b, address, (one) => ["10.0.0.1", "10.0.0.2"].includes(one));
  assert.deepEqual(warnings(ha1, ha2), []);
  const active = device("d2", ha2.status.pair, "active");
  assert.deepEqual(warnings(ha1, active), ["both members say that they are active"]);
  assert.deepEqual(warnings(ha2, { ...ha1, status: { ...ha1.status, haRole: "standby" } }), [
    "no member says that it is active: d2 is standby, d1 is standby",
  ]);
  assert.deepEqual(warnings(ha1, silent(ha2)), ["d2 does not answer: it refuses"]);
  assert.deepEqual(warnings(ha1, ha2, "10.0.0.77").length, 2);
  const elsewhere = device("d2", pairOf("HA2", "10.0.0.2", "10.0.0.9", { report: "eth1 has no carrier" }));
  assert.deepEqual(warnings(ha1, elsewhere), [
    "d2 names 10.0.0.9 as its partner, not d1",
    "the partner that d2 names, 10.0.0.9, is no device here",
    "d2: eth1 has no carrier",
  ]);
});
