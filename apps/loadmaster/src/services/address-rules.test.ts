import assert from "node:assert/strict";
import { test } from "node:test";
import { type AddressFacts, addressFault } from "./address-rules.ts";

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
  addressFault(facts, [], address, port)?.message;

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
