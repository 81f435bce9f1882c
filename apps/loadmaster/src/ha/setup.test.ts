import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkInterface } from "../configuration-file.ts";
import type { AddressFacts } from "../services/address-rules.ts";
import { emptyShared, newDocument, type StoredService, type UnitDocument } from "../state/document.ts";
import { unknownToLinkVersion2 } from "../state/older-partners.ts";
import { storedService } from "../unit.fixture.ts";
import { uncheckedInUse, withCheck } from "./checks.ts";
import { carpPasswordOf, partnerKeyOf } from "./partner-secret.ts";
import { activeTimeOf, haNotices, haProblems, haStatusOf } from "./report.ts";
import { haSetup } from "./setup.ts";

const interfaces: NetworkInterface[] = [{ id: 0, device: "eth0", address: "10.213.0.21", prefix: 24 }];
const partnerKey = "ab".repeat(32);

const service = (index: number, address: string): StoredService => storedService({ index, address });

const paired = (
  changes: Partial<UnitDocument["unit"]> = {},
  shared: Partial<UnitDocument["shared"]> = {},
): UnitDocument => {
  const document = newDocument("lm1", "hash");
  return {
    ...document,
    unit: { ...document.unit, hamode: 1, partners: { "0": "10.213.0.22" }, partnerKey, ...changes },
    shared: { ...emptyShared, sharedAddresses: { "0": "10.213.0.20" }, ...shared },
  };
};

const facts: AddressFacts = {
  interfaces,
  sharedAddresses: ["10.213.0.20"],
  partners: ["10.213.0.22"],
  paired: true,
  apiPort: 443,
  partnerPort: 6973,
  peersPort: 6975,
};

const setup = (document: UnitDocument, sameMode = false) => haSetup(document, interfaces, facts, sameMode);
const carpdOf = (document: UnitDocument, sameMode = false) => {
  const found = setup(document, sameMode);
  assert.ok(found.kind === "pair");
  return found.carpd;
};

test("a mode without partner, shared address and secret is incomplete and says what is missing", () => {
  const document = newDocument("lm1", "hash");
  assert.deepEqual(setup(document), { kind: "single" });
  const incomplete = setup({ ...document, unit: { ...document.unit, hamode: 1 } });
  assert.ok(incomplete.kind === "incomplete");
  assert.equal(incomplete.missing.length, 3);
  assert.equal(haStatusOf(incomplete, null), "HA not configured");
});

test("[LH2] the HA timeout of 3 to 15 s is three advertisements of 1 to 5 s", () => {
  for (const timeout of [1, 2, 3, 4, 5])
    assert.equal(carpdOf(paired({}, { ha: { vhid: 7, timeout, preferred: 0 } })).advbase, timeout);
});

test("[LH2] fast mode is advbase 0 with advskew 10 and 20, and never beside a foreign partner", () => {
  const ha = { vhid: 7, timeout: 3, preferred: 0, fast: true } as const;
  const of = (changes: Partial<UnitDocument["unit"]>) => {
    const { advbase, advskew } = carpdOf(paired(changes, { ha }));
    return [advbase, advskew];
  };
  assert.deepEqual(of({ hamode: 1 }), [0, 10]);
  assert.deepEqual(of({ hamode: 2 }), [0, 20]);
  assert.deepEqual(of({ hamode: 2, carpPassword: "foreign" }), [3, 1]);
});

test("[LH2] what a partner of an earlier version does not know is named", () => {
  assert.deepEqual(unknownToLinkVersion2(emptyShared), []);
  assert.deepEqual(unknownToLinkVersion2({ ...emptyShared, ha: { ...emptyShared.ha, fast: true } }), [
    "hafast",
  ]);
});

test("only the shared addresses are hashed; those of other services are carried, own and partner's never", () => {
  const services = ["10.213.0.20", "10.213.0.50", "10.213.0.21", "10.213.0.22", "10.213.0.50"].map(
    (address, index) => ({
      ...service(index + 1, address),
      port: 80 + index,
    }),
  );
  const carpd = carpdOf(paired({}, { services }));
  assert.deepEqual(carpd.sharedAddresses, ["10.213.0.20/24"]);
  assert.deepEqual(carpd.serviceAddresses, ["10.213.0.50/24"]);
});

test("[LH3] skews are never equal: HA1 or the preferred unit comes first, and only the preferred pre-empts", () => {
  const of = (hamode: 1 | 2, preferred: number) => {
    const { advskew, preempt } = carpdOf(paired({ hamode }, { ha: { vhid: 1, timeout: 3, preferred } }));
    return [advskew, preempt];
  };
  assert.deepEqual(
    [of(1, 0), of(2, 0)],
    [
      [0, false],
      [1, false],
    ],
  );
  assert.deepEqual(
    [of(1, 1), of(2, 1)],
    [
      [0, true],
      [1, false],
    ],
  );
  assert.deepEqual(
    [of(1, 2), of(2, 2)],
    [
      [1, false],
      [0, true],
    ],
  );
});

test("two units of one mode are told apart by their addresses", () => {
  assert.deepEqual([carpdOf(paired(), true).advskew, carpdOf(paired({}), true).preempt], [0, false]);
  const other: NetworkInterface[] = [{ id: 0, device: "eth0", address: "10.213.0.22", prefix: 24 }];
  const document = paired({ partners: { "0": "10.213.0.21" } });
  const found = haSetup(document, other, { ...facts, interfaces: other }, true);
  assert.ok(found.kind === "pair");
  assert.equal(found.carpd.advskew, 1);
});

test("the CARP password is 19 printable characters from the partner secret; a foreign partner's own comes first", async () => {
  const key = await partnerKeyOf("a secret of the pair");
  assert.equal(key, await partnerKeyOf("a secret of the pair"));
  assert.notEqual(key, await partnerKeyOf("another secret"));
  assert.match(carpPasswordOf(key), /^[A-Za-z0-9_-]{19}$/);
  const foreign = carpdOf(paired({ carpPassword: "foreign" }));
  assert.deepEqual([foreign.password, foreign.foreignPeer], ["foreign", true]);
});

test("the status word and the active time follow carpd", () => {
  const pair = setup(paired());
  const at = (role: "initial" | "backup" | "master" | "stopped") => ({
    role,
    since: 1_700_000_000_500,
    reason: "",
  });
  assert.deepEqual(
    [at("master"), at("backup"), at("initial"), at("stopped"), null].map((carp) => haStatusOf(pair, carp)),
    ["Active", "Standby", "Passive", "Passive", "Passive"],
  );
  assert.equal(activeTimeOf(pair, at("master"), 5), 1_700_000_000);
  assert.equal(activeTimeOf(pair, at("backup"), 5), 0);
  assert.equal(activeTimeOf({ kind: "single" }, null, 5), 5);
});

test("[LH8] what the two units disagree about is reported with both values", () => {
  const status = {
    type: "status",
    version: 1,
    name: "lm1",
    hamode: 1,
    vhid: 7,
    timeout: 3,
    sharedAddress: "10.213.0.20",
    role: "master",
    revision: 1,
    digest: "",
  } as const;
  const problems = haProblems({
    setup: setup(paired()),
    carp: { role: "master", since: 0, reason: "" },
    own: status,
    partner: { kind: "up", status: { ...status, vhid: 8, timeout: 1, sharedAddress: "10.213.0.19" } },
    now: 0,
    trouble: [],
  }).join("\n");
  assert.match(problems, /both units are set to HA mode 1/);
  assert.match(problems, /HA Virtual ID differs: 7 here, 8 on the partner/);
  assert.match(problems, /HA timeout differs: 9 s here, 3 s on the partner/);
  assert.match(problems, /shared address differs: 10\.213\.0\.20 here, 10\.213\.0\.19/);
  assert.match(problems, /both units are active/);
});

const two: NetworkInterface[] = [
  ...interfaces,
  { id: 1, device: "eth1", address: "10.214.0.21", prefix: 24 },
];
const ofTwo = (document: UnitDocument) => {
  const found = haSetup(document, two, { ...facts, interfaces: two }, false);
  assert.ok(found.kind === "pair");
  return found;
};

test("[LH7] the first interface is checked by itself; others, and a gateway, when they are chosen", () => {
  assert.equal(carpdOf(paired()).checks, undefined);
  const checks = { "0": { gateway: "10.213.0.1" }, "1": {} };
  const { carpd } = ofTwo(paired({}, { ha: { ...emptyShared.ha, checks } }));
  assert.deepEqual(carpd.checks, [
    { device: "eth0", ownAddress: "10.213.0.21", gateway: "10.213.0.1" },
    { device: "eth1", ownAddress: "10.214.0.21" },
  ]);
});

test("[LH7] the last check is moved, never cleared, and a network in use without one is named", () => {
  const cleared = withCheck(emptyShared, two, 0, false);
  assert.match(cleared.ok ? "" : cleared.error, /interface 0 is the last one.*another one first/);
  const both = withCheck(emptyShared, two, 1, true);
  assert.ok(both.ok);
  const moved = withCheck(both.value, two, 0, false);
  assert.ok(moved.ok);
  assert.deepEqual(moved.value.ha.checks, { "1": {} });
  const inUse = {
    ...emptyShared,
    sharedAddresses: { "0": "10.213.0.20" },
    services: [service(1, "10.214.0.50")],
  };
  assert.deepEqual(
    uncheckedInUse(inUse, two, ["eth1"]).map(({ on, uses }) => [on.id, uses]),
    [[1, ["virtual services", "the default gateway"]]],
  );
  assert.match(
    haNotices(ofTwo(paired({}, inUse)), inUse, two, []).join(),
    /interface 1 \(eth1\) has no HA check/,
  );
  assert.deepEqual(uncheckedInUse({ ...inUse, ha: moved.value.ha }, two, []), []);
});

test("[LH5] the interface for traffic between the units is the chosen one; the others carry their addresses", () => {
  const document = paired(
    { partners: { "0": "10.213.0.22", "1": "10.214.0.22" } },
    { sharedAddresses: { "0": "10.213.0.20", "1": "10.214.0.20" } },
  );
  assert.equal(ofTwo(document).own.id, 0);
  const chosen = ofTwo({
    ...document,
    shared: { ...document.shared, ha: { ...document.shared.ha, interface: 1, broadcast: true } },
  });
  assert.deepEqual([chosen.own.id, chosen.partner, chosen.carpd.device], [1, "10.214.0.22", "eth1"]);
  assert.deepEqual(chosen.carpd.further, [{ device: "eth0", addresses: ["10.213.0.20/24"] }]);
  assert.equal(chosen.carpd.broadcast, true);
});

test("[LH4] shared IPv6 addresses are carried beside those of IPv4; a unit that has none of its own there says so", () => {
  const document = paired({}, { sharedAddresses6: { "0": "2001:db8::20" } });
  const with6: NetworkInterface[] = [{ ...interfaces[0]!, address6: "2001:db8::21", prefix6: 64 }];
  const found = haSetup(document, with6, { ...facts, interfaces: with6 }, false);
  assert.ok(found.kind === "pair");
  assert.deepEqual(found.carpd.sharedAddresses, ["10.213.0.20/24", "2001:db8::20/64"]);
  assert.equal(haNotices(found, document.shared, with6, []).join("; "), "");
  // The partner hashes it, so this unit does too: the length of its prefix does not enter the hash.
  assert.deepEqual(carpdOf(document).sharedAddresses, ["10.213.0.20/24", "2001:db8::20/128"]);
  assert.match(
    haNotices(setup(document), document.shared, interfaces, []).join("; "),
    /interface 0 \(eth0\) is to carry the shared address 2001:db8::20 and has no IPv6 address of its own/,
  );
});
