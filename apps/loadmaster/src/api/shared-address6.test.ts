import assert from "node:assert/strict";
import { test } from "node:test";
import { linkVersion, unknownToVersion } from "../ha/partner-messages.ts";
import { emptyShared, newDocument, type UnitDocument } from "../state/document.ts";
import { storedService } from "../unit.fixture.ts";
import type { Unit } from "../unit.ts";
import { changeInterface, interfaceViews } from "./interfaces.ts";

const interfaces = [
  {
    id: 0,
    device: "eth0",
    address: "10.213.0.21",
    prefix: 24,
    address6: "2001:db8::21",
    prefix6: 64,
  },
  { id: 1, device: "eth1", address: "10.214.0.21", prefix: 24 },
  { id: 2, device: "eth2", address: "10.215.0.21", prefix: 24, address6: "2001:db8::31", prefix6: 64 },
];
const unit = (version?: number, addresses6: readonly string[] = []): Unit =>
  ({
    configuration: { interfaces, apiPort: 443 },
    partnerState:
      version === undefined
        ? { kind: "down", reason: "" }
        : { kind: "up", status: { name: "lm2", version, addresses6 } },
  }) as unknown as Unit;

const empty = newDocument("lm1", "hash");
const document: UnitDocument = {
  ...empty,
  revision: 4,
  shared: {
    ...emptyShared,
    services: [
      storedService({ index: 1, address: "2001:db8::50", port: 443 }),
      storedService({ index: 2, address: "10.213.0.50", port: 80 }),
    ],
    sharedAddresses: { "0": "10.213.0.20" },
    sharedAddresses6: { "2": "2001:db8::30" },
  },
};
const give = (
  sharedv6: string,
  {
    on = 0,
    version = linkVersion,
    theirs = ["2001:db8::22"],
    to = document,
  }: {
    readonly on?: number;
    readonly version?: number;
    readonly theirs?: readonly string[];
    readonly to?: UnitDocument;
  } = {},
) =>
  changeInterface(unit(version, theirs), to, {
    interface: on,
    partner: undefined,
    shared: undefined,
    sharedv6,
    hacheck: undefined,
    hagateway: undefined,
  });
const refusal = (sharedv6: string, options?: Parameters<typeof give>[1]): string => {
  const made = give(sharedv6, options);
  assert.ok(!made.ok, `${sharedv6} is taken`);
  assert.equal(made.error.code, 422);
  return made.error.message;
};

test("[LH4] a shared IPv6 address is kept in one spelling, beside the one of IPv4, and shown", () => {
  const made = give("2001:DB8:0:0::0020");
  assert.ok(made.ok);
  const next = made.value.document;
  assert.equal(next.revision, 5);
  assert.deepEqual(next.shared.sharedAddresses6, { "0": "2001:db8::20", "2": "2001:db8::30" });
  assert.deepEqual(next.shared.sharedAddresses, { "0": "10.213.0.20" });
  assert.deepEqual(next.unit, document.unit, "what is the unit's own is left alone");
  const [first] = interfaceViews({ ...unit(), document: next } as unknown as Unit);
  assert.deepEqual(
    [first?.IPv6Address, first?.SharedIPAddress, first?.SharedIPv6Address],
    ["2001:db8::21/64", "10.213.0.20", "2001:db8::20"],
  );
  const removed = give("", { to: next });
  assert.ok(removed.ok);
  assert.deepEqual(removed.value.document.shared.sharedAddresses6, { "2": "2001:db8::30" });
  const last = give("", { on: 2, to: removed.value.document });
  assert.ok(last.ok);
  assert.equal("sharedAddresses6" in last.value.document.shared, false, "as earlier versions know it");
});

for (const [title, address, options, words] of [
  ["no address", "shared", {}, /^sharedv6: "shared" is not an IPv6 address; write it as 2001:db8::20$/],
  ["a malformed one", "2001:db8:::20", {}, /^sharedv6: "2001:db8:::20" is not an IPv6 address; write it as/],
  ["a prefix length", "2001:db8::20/64", {}, /is not an IPv6 address; leave the prefix length away/],
  ["one of IPv4", "10.213.0.20", {}, /"10\.213\.0\.20" is not an IPv6 address; give one of IPv4 as shared/],
  ["IPv4 in IPv6", "::ffff:10.213.0.20", {}, /is an IPv4 address written as IPv6; give it in its IPv4 form/],
  ["a multicast one", "ff02::12", {}, /ff02::12 is a multicast address.*; use an address that clients/],
  ["a link-local one", "fe80::20", {}, /fe80::20 is a link-local address.*; use an address that clients/],
  ["the unspecified one", "::", {}, /:: is the unspecified address/],
  ["the loopback", "::1", {}, /::1 is the loopback address/],
  [
    "one outside the network",
    "2001:db8:1::20",
    {},
    /2001:db8:1::20 is not in the network of interface 0; use an address in 2001:db8::\/64$/,
  ],
  ["that of all routers", "2001:db8::", {}, /2001:db8:: is the first address of 2001:db8::\/64.*another one/],
  ["the unit's own", "2001:db8::21", {}, /2001:db8::21 is this unit's own address; give a third one/],
  ["the partner's own", "2001:db8::22", {}, /2001:db8::22 is the partner's own address; .*three different/],
  ["one given before", "2001:db8::30", {}, /already belongs to the pair on interface 2; every address is/],
  ["where a service stands", "2001:db8::50", {}, /virtual service 1 stands on \[2001:db8::50\]:443.*another/],
  [
    "an interface without IPv6",
    "2001:db8::20",
    { on: 1 },
    /interface 1, which has no IPv6 address of its own; give it one in the unit's configuration file/,
  ],
  [
    "an older partner",
    "2001:db8::20",
    { version: 3 },
    /the partner lm2 runs an earlier version, which does not know shared addresses of IPv6; update it first/,
  ],
  [
    "a partner without IPv6 there",
    "2001:db8::20",
    { theirs: ["2001:db8:1::22"] },
    /the partner lm2 has no IPv6 address in 2001:db8::\/64; give it one in its configuration file/,
  ],
  [
    "a partner of another kind",
    "2001:db8::20",
    { to: { ...document, unit: { ...document.unit, carpPassword: "x" } } },
    /a partner of another kind \(carppassword\)/,
  ],
] as const)
  test(`[LH4] a shared IPv6 address: ${title} is refused with field, value and remedy, and nothing is lost`, () => {
    const before = structuredClone(document);
    assert.match(refusal(address, options), words);
    assert.match(refusal(address, options), /^sharedv6: /);
    assert.deepEqual(document, before);
  });

test("[LH4] [LH6] a pair of IPv6 alone and a gateway of IPv6 are refused with the reason", () => {
  const nothing = {
    interface: 0,
    partner: undefined,
    shared: undefined,
    sharedv6: undefined,
    hacheck: undefined,
    hagateway: undefined,
  };
  for (const [given, words] of [
    [{ partner: "2001:db8::22" }, /^partner: 2001:db8::22 .*over IPv4; give the partner's own IPv4 address/],
    [{ shared: "2001:db8::20" }, /^shared: 2001:db8::20 .*shared one of IPv4.*as sharedv6$/],
    [{ hagateway: "2001:db8::1" }, /^hagateway: 2001:db8::1 .*ARP.*; give the router's IPv4 address$/],
  ] as const) {
    const made = changeInterface(unit(), document, { ...nothing, ...given });
    assert.match(made.ok ? "" : made.error.message, words);
  }
});

test("[LH4] [LH11] a partner of an earlier version is not given addresses of IPv6, and the refusal names them", () => {
  assert.deepEqual(unknownToVersion(3, emptyShared), []);
  assert.deepEqual(unknownToVersion(linkVersion, document.shared), []);
  assert.deepEqual(unknownToVersion(3, document.shared), [
    "shared addresses of IPv6",
    "services or real servers with IPv6 addresses",
  ]);
});
