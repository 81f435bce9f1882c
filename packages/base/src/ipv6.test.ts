import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  canonicalAddress,
  contains6,
  formatCidr6,
  formatIpv6,
  hostFaultIpv6,
  networkOf6,
  parseInterfaceCidr6,
  parseIpv6,
} from "./ipv6.ts";

test("IPv6 addresses are read in every spelling of RFC 4291 §2.2, and nothing else is", () => {
  const hex = (text: string) => {
    const bytes = parseIpv6(text);
    return bytes && Buffer.from(bytes).toString("hex");
  };
  assert.equal(hex("::"), "0".repeat(32));
  assert.equal(hex("::1"), `${"0".repeat(31)}1`);
  assert.equal(hex("2001:DB8::8:800:200C:417A"), "20010db80000000000080800200c417a");
  assert.equal(hex("1::"), `0001${"0".repeat(28)}`);
  assert.equal(hex("::ffff:129.144.52.38"), "00000000000000000000ffff81903426");
  assert.equal(hex("1:2:3:4:5:6:7:8"), "00010002000300040005000600070008");
  for (const bad of [
    "",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "g::",
    "::1.2.3",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "fe80::1%eth0",
  ])
    assert.equal(parseIpv6(bad), undefined, bad);
});

test("they are written as RFC 5952 §4 wants it", () => {
  for (const [text, canonical] of [
    ["2001:0DB8::0001", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["10.0.0.1", "10.0.0.1"],
    ["10.0.0.256", undefined],
    ["2001:db8::/64", undefined],
  ] as const)
    assert.equal(canonicalAddress(text), canonical, text);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      assert.deepEqual(parseIpv6(formatIpv6(bytes)), bytes);
    }),
  );
});

test("a network holds the addresses that share its prefix, to the bit", () => {
  const own = parseInterfaceCidr6("2001:db8:0:1::21/61")!;
  assert.equal(formatCidr6(networkOf6(own)), "2001:db8::/61");
  const holds = (text: string): boolean => contains6(own, parseIpv6(text)!);
  assert.deepEqual(["2001:db8:0:7::1", "2001:db8:0:8::1", "2001:db9::1"].map(holds), [true, false, false]);
  assert.equal(formatCidr6(networkOf6(parseInterfaceCidr6("2001:db8::1/0")!)), "::/0");
  assert.equal(formatCidr6(networkOf6(parseInterfaceCidr6("2001:db8::1/128")!)), "2001:db8::1/128");
  for (const bad of ["2001:db8::1", "2001:db8::1/129", "2001:db8::1/", "2001:db8::1/64/64", "10.0.0.1/24"])
    assert.equal(parseInterfaceCidr6(bad), undefined, bad);
});

test("an address at which no single host can be reached is named for what it is", () => {
  const fault = (text: string): string | undefined => hostFaultIpv6(parseIpv6(text)!);
  assert.equal(fault("2001:db8::20"), undefined);
  assert.equal(fault("fd00::20"), undefined);
  assert.match(fault("fe80::1")!, /link-local/);
  assert.match(fault("::ffff:10.0.0.9")!, /IPv4/);
  assert.match(fault("::")!, /unspecified/);
  assert.match(fault("::1")!, /loopback/);
  assert.match(fault("ff02::1")!, /multicast/);
});
