import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredService } from "../state/document.ts";
import { type AddressFacts, addressFault, carriedFor } from "./address-rules.ts";

const single: AddressFacts = {
  interfaces: [
    { id: 0, device: "eth0", address: "10.213.0.21", prefix: 24 },
    { id: 1, device: "eth1", address: "10.214.0.21", prefix: 30 },
  ],
  sharedAddresses: [],
  partners: [],
  paired: false,
  apiPort: 443,
  partnerPort: 6973,
  peersPort: 6975,
};
const pair: AddressFacts = {
  ...single,
  sharedAddresses: ["10.213.0.20"],
  partners: ["10.213.0.22"],
  paired: true,
};
const fault = (facts: AddressFacts, address: string, port = 80) =>
  addressFault(facts, [], { address, port })?.message;

test("[LM1] own address, shared address and the networks of the interfaces can be held", () => {
  assert.equal(fault(single, "10.213.0.21"), undefined);
  assert.equal(fault(single, "10.213.0.50"), undefined);
  assert.equal(fault(single, "10.213.0.50", 443), undefined);
  assert.equal(fault(pair, "10.213.0.20"), undefined);
});

test("[LM1] anything else is refused with what would be right", () => {
  assert.match(
    fault(single, "192.0.2.1") ?? "",
    /none of its networks; use an address in 10\.213\.0\.0\/24 or 10\.214\.0\.20\/30/,
  );
  assert.match(fault(single, "10.213.0.0") ?? "", /network or broadcast/);
  assert.match(fault(single, "10.213.0.255") ?? "", /network or broadcast/);
  assert.match(fault(single, "10.213.0.300") ?? "", /not an IPv4 address/);
  assert.match(fault(single, "10.213.0.21", 443) ?? "", /own API/);
  assert.match(fault(single, "10.213.0.21", 6973) ?? "", /partner unit connects/);
  assert.match(fault(pair, "10.213.0.20", 443) ?? "", /own API/);
  assert.match(fault(pair, "10.213.0.21") ?? "", /would not move.*use the shared address 10\.213\.0\.20/);
  assert.match(
    fault(pair, "10.213.0.22") ?? "",
    /partner's own address.*use the shared address 10\.213\.0\.20/,
  );
});

const six: AddressFacts = {
  ...pair,
  interfaces: [{ ...single.interfaces[0]!, address6: "2001:db8::21", prefix6: 64 }, single.interfaces[1]!],
  sharedAddresses: ["10.213.0.20", "2001:db8::20"],
  partners6: ["2001:db8::22"],
};

test("[LH4] [LM1] a service may stand on a shared IPv6 address, or on another one of the interface's network", () => {
  assert.equal(fault(six, "2001:db8::20"), undefined);
  assert.equal(fault(six, "2001:db8::50", 443), undefined);
  const service = { address: "2001:db8::50", enabled: true } as StoredService;
  assert.deepEqual(carriedFor(six, [service, { ...service, address: "2001:db8::20" }]), [
    { device: "eth0", address: "2001:db8::50/64" },
  ]);
});

test("[LH4] [LM1] any other IPv6 address of a service is refused with what would be right", () => {
  for (const [address, port, words] of [
    ["2001:db8:1::50", 80, /none of its networks; use an address in 2001:db8::\/64$/],
    ["2001:db8::21", 80, /own address and would not move.*10\.213\.0\.20 or 2001:db8::20/],
    ["2001:db8::22", 80, /partner's own address/],
    ["2001:db8::", 80, /first address of 2001:db8::\/64, which belongs to all its routers/],
    ["fe80::1", 80, /link-local/],
    ["ff02::1", 80, /multicast/],
    ["2001:db8::20", 443, /^port: \[2001:db8::20\]:443 is where this unit's own API listens/],
  ] as const)
    assert.match(fault(six, address, port) ?? "", words);
  assert.match(fault(pair, "2001:db8::20") ?? "", /none of its interfaces has an IPv6 address.*address6/);
});
