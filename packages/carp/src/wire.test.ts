import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { Prng } from "@tandem/base/prng";
import fc from "fast-check";
import {
  advertisementFrame,
  type CarpAdvertisement,
  createAuthentication,
  decodePacket,
  encodeAdvertisement,
  internetChecksum,
  packetSource,
  virtualMac,
} from "./wire.ts";

const group = { vhid: 7, password: "correct horse", addresses: ["10.213.0.20/24"] };
const authentication = createAuthentication(group);

const advertisement: CarpAdvertisement = {
  vhid: 7,
  advskew: 1,
  advbase: 3,
  demotion: 0,
  counter: 0x0102030405060708n,
};

const packetOf = (payload: Uint8Array, sourceAddress = "10.213.0.21"): Uint8Array =>
  advertisementFrame({
    sourceMac: "02:00:00:00:00:21",
    sourceAddress,
    destination: "multicast",
    payload,
    identification: 0xbeef,
  }).slice(14);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Changes bytes of the IP header and makes its checksum right again. */
function withHeader(packet: Uint8Array, change: (header: Uint8Array) => void): Uint8Array {
  const copy = packet.slice();
  change(copy);
  copy.set([0, 0], 10);
  const sum = internetChecksum(copy.subarray(0, 20));
  copy.set([sum >>> 8, sum & 255], 10);
  return copy;
}

/** Changes bytes of the payload and makes the CARP checksum right again. */
function withPayload(change: (payload: Uint8Array) => void): Uint8Array {
  const payload = encodeAdvertisement(advertisement, authentication);
  change(payload);
  payload.set([0, 0], 6);
  const sum = internetChecksum(payload);
  payload.set([sum >>> 8, sum & 255], 6);
  return packetOf(payload);
}

const reasonOf = (packet: Uint8Array): string => {
  const decoded = decodePacket(packet, authentication, 7);
  return decoded.ok ? "accepted" : decoded.error;
};

const arbitraryAdvertisement = fc.record(
  {
    vhid: fc.constant(7),
    advskew: fc.nat(255),
    advbase: fc.nat(255),
    demotion: fc.nat(255),
    counter: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  },
  { noNullPrototype: true },
);

test("[LH1] the HMAC is that of the documented message: version, type, vhid, addresses ascending, counter", () => {
  const auth = createAuthentication({
    vhid: 7,
    password: "secret",
    addresses: ["10.0.0.200", "10.0.0.9/24", "9.255.0.1", "2001:db8::2", "2001:db8::1/64", "fe80::1"],
  });
  const message = Buffer.from(
    "020107" +
      "09ff0001" +
      "0a000009" +
      "0a0000c8" +
      "20010db8000000000000000000000001" +
      "20010db8000000000000000000000002" +
      "0102030405060708",
    "hex",
  );
  const key = Buffer.concat([Buffer.from("secret"), Buffer.alloc(14)]);
  const expected = createHmac("sha1", key).update(message).digest();
  assert.equal(hex(encodeAdvertisement(advertisement, auth).subarray(16)), hex(expected));
});

test("[LH1] golden packet: the bytes of one advertisement never change", () => {
  const auth = createAuthentication({ vhid: 1, password: "secret", addresses: ["10.77.0.100"] });
  const payload = encodeAdvertisement(
    { vhid: 1, advskew: 100, advbase: 1, demotion: 0, counter: 0x1122334455667788n },
    auth,
  );
  assert.equal(hex(payload), "21016407000173ea11223344556677884c329dc4542a4ac6a7e3c04bf92ecbbc66c6d8ed");
  // The checksum by hand: one's complement of the one's complement sum of the other sixteen-bit words.
  const words = hex(payload)
    .match(/.{4}/g)!
    .map((word) => Number.parseInt(word, 16));
  const sum = words.filter((_, index) => index !== 3).reduce((total, word) => total + word, 0);
  const folded = (sum & 0xffff) + (sum >>> 16);
  assert.equal(words[3], ~((folded & 0xffff) + (folded >>> 16)) & 0xffff);

  const frame = advertisementFrame({
    sourceMac: virtualMac(0, 1),
    sourceAddress: "10.77.0.1",
    destination: "multicast",
    payload,
    identification: 0x1234,
  });
  assert.equal(
    hex(frame.subarray(0, 34)),
    "01005e000012" + "00005e000101" + "0800" + "4510003812344000ff70" + "7eb1" + "0a4d0001" + "e0000012",
  );
});

test("[LH1] captured from ucarp 1.5.2: its packets are accepted, and ours are the same to the last byte", () => {
  // ucarp -s 10.77.0.2 -v 1 -p secret -a 10.77.0.100 -b 1 -k 100
  const captured = [
    "01005e00001200005e00000108004510003881434000ff700fa10a4d0002e000001221016407000149db1e73248ea56c37696f8cd0939b1bdc2ba4b2460e4d740aa487bb8f47",
    "01005e00001200005e000001080045100038c92a4000ff70c7b90a4d0002e0000012210164070001ccc1e93818862ad6dbcfe47b773c5f4ff7581980c846e9616b3c71944b75",
  ].map((text) => Buffer.from(text, "hex"));
  const auth = createAuthentication({ vhid: 1, password: "secret", addresses: ["10.77.0.100"] });
  for (const frame of captured) {
    const decoded = decodePacket(frame.subarray(14), auth, 1);
    assert.ok(decoded.ok);
    const { source, advertisement: heard } = decoded.value;
    assert.deepEqual(
      { ...heard, counter: 0n },
      { vhid: 1, advskew: 100, advbase: 1, demotion: 0, counter: 0n },
    );
    const ours = advertisementFrame({
      sourceMac: "00:00:5e:00:00:01",
      sourceAddress: source,
      destination: "multicast",
      payload: encodeAdvertisement(heard, auth),
      identification: frame.readUInt16BE(18),
    });
    assert.equal(hex(ours), hex(frame));
  }
});

test("the order of the shared addresses and their prefix lengths do not matter; the set does", () => {
  const of = (addresses: string[]) =>
    hex(encodeAdvertisement(advertisement, createAuthentication({ ...group, addresses })));
  assert.equal(of(["10.0.0.2", "10.0.0.1/24"]), of(["10.0.0.1", "10.0.0.2/16"]));
  assert.notEqual(of(["10.0.0.2", "10.0.0.1"]), of(["10.0.0.2"]));
});

test("a peer that hashes link-local addresses as well is accepted, as OpenBSD accepts it", () => {
  const addresses = ["10.0.0.1", "fe80::1", "2001:db8::1"];
  const ours = createAuthentication({ ...group, addresses });
  const theirs = { ...ours, prefix: ours.prefixWithLinkLocal! };
  assert.notEqual(hex(theirs.prefix), hex(ours.prefix));
  assert.ok(decodePacket(packetOf(encodeAdvertisement(advertisement, theirs)), ours, 7).ok);
  assert.equal(createAuthentication(group).prefixWithLinkLocal, null);
});

test("what is encoded is decoded", () => {
  fc.assert(
    fc.property(arbitraryAdvertisement, (sent) => {
      const decoded = decodePacket(packetOf(encodeAdvertisement(sent, authentication)), authentication, 7);
      assert.deepEqual(decoded, {
        ok: true,
        value: { source: "10.213.0.21", destination: "224.0.0.18", advertisement: sent },
      });
    }),
  );
});

test("decoding is total: random bytes, and random damage to a good packet, give an answer", () => {
  const good = packetOf(encodeAdvertisement(advertisement, authentication));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      assert.equal(decodePacket(bytes, authentication, 7).ok, false);
      packetSource(bytes);
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.nat(good.length), fc.nat(good.length - 1), fc.nat(255), (length, index, byte) => {
      const damaged = good.slice(0, length);
      if (index < length) damaged[index] = byte;
      decodePacket(damaged, authentication, 7);
    }),
    { numRuns: 500 },
  );
});

test("any bit flipped in what the HMAC covers is refused, though the checksum is made right again", () => {
  const covered = [0, 1, ...Array.from({ length: 28 }, (_, index) => 8 + index)];
  for (const index of covered)
    for (let bit = 0; bit < 8; bit++) {
      const packet = withPayload((payload) => {
        payload[index]! ^= 1 << bit;
      });
      assert.notEqual(reasonOf(packet), "accepted", `byte ${index} bit ${bit}`);
    }
});

test("any single bit flipped in the payload is refused when the checksum is left alone", () => {
  const good = packetOf(encodeAdvertisement(advertisement, authentication));
  for (let bit = 20 * 8; bit < good.length * 8; bit++) {
    const damaged = good.slice();
    damaged[bit >>> 3]! ^= 1 << (bit & 7);
    assert.notEqual(reasonOf(damaged), "accepted", `bit ${bit}`);
  }
});

test("advskew, advbase and demotion are not covered by the HMAC: that is CARP, and why replays are checked for", () => {
  for (const index of [2, 4, 5])
    assert.equal(reasonOf(withPayload((payload) => payload.fill(9, index, index + 1))), "accepted");
});

test("every reject reason has its packet", () => {
  const good = packetOf(encodeAdvertisement(advertisement, authentication));
  assert.equal(reasonOf(good), "accepted");
  assert.equal(reasonOf(good.subarray(0, 19)), "short");
  assert.equal(reasonOf(good.subarray(0, 50)), "short");
  assert.equal(reasonOf(withHeader(good, (header) => header.fill(0x65, 0, 1))), "ip-header");
  assert.equal(reasonOf(withHeader(good, (header) => header.fill(0x44, 0, 1))), "ip-header");
  assert.equal(reasonOf(withHeader(good, (header) => header.fill(17, 9, 10))), "protocol");
  assert.equal(reasonOf(withHeader(good, (header) => header.fill(0x20, 6, 7))), "fragment");
  assert.equal(reasonOf(withHeader(good, (header) => header.fill(254, 8, 9))), "ttl");
  assert.equal(reasonOf(good.map((byte, index) => (index === 10 ? byte ^ 1 : byte))), "ip-checksum");
  assert.equal(
    reasonOf(packetOf(encodeAdvertisement(advertisement, authentication).subarray(0, 6))),
    "length",
  );
  assert.equal(
    reasonOf(packetOf(encodeAdvertisement(advertisement, authentication).subarray(0, 35))),
    "length",
  );
  assert.equal(
    reasonOf(packetOf(Uint8Array.of(...encodeAdvertisement(advertisement, authentication), 0))),
    "length",
  );
  assert.equal(reasonOf(withPayload((payload) => payload.fill(0x41, 0, 1))), "version");
  assert.equal(reasonOf(withPayload((payload) => payload.fill(0x31, 0, 1))), "vrrp3");
  assert.equal(reasonOf(withPayload((payload) => payload.fill(0x22, 0, 1))), "type");
  assert.equal(reasonOf(withPayload((payload) => payload.fill(8, 1, 2))), "vhid");
  assert.equal(reasonOf(withPayload((payload) => payload.fill(1, 3, 4))), "authlen");
  assert.equal(reasonOf(good.map((byte, index) => (index === 26 ? byte ^ 1 : byte))), "checksum");
  assert.equal(reasonOf(withPayload((payload) => payload.fill(0, 8, 16))), "hmac");
});

test("[LH8] a VRRPv3 router with our number is told from one with another number", () => {
  // RFC 5798: version 3 and type 1, vrid, priority, count of addresses, interval in centiseconds, checksum.
  const vrrp3 = (vrid: number) => Uint8Array.of(0x31, vrid, 100, 1, 0, 100, 0x12, 0x34, 10, 213, 0, 20);
  assert.equal(reasonOf(packetOf(vrrp3(7))), "vrrp3");
  assert.equal(reasonOf(packetOf(vrrp3(8))), "vhid");
});

test("[LH8] a VRRPv2 router with our number is told from another CARP group with our number", () => {
  // An advertisement of VRRPv2 (RFC 3768): 0x21, vrid, priority, count of addresses, auth type, interval, checksum.
  const vrrp = Uint8Array.of(0x21, 7, 100, 1, 0, 1, 0, 0, 10, 213, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0);
  const sum = internetChecksum(vrrp);
  vrrp.set([sum >>> 8, sum & 255], 6);
  assert.equal(reasonOf(packetOf(vrrp)), "authlen");
  for (const other of [
    { ...group, password: "another" },
    { ...group, addresses: ["10.213.0.99"] },
  ])
    assert.equal(reasonOf(packetOf(encodeAdvertisement(advertisement, createAuthentication(other)))), "hmac");
  assert.equal(packetSource(packetOf(vrrp, "10.213.0.66")), "10.213.0.66");
});

test("IP options are skipped, and Ethernet padding after the packet is left out", () => {
  const good = packetOf(encodeAdvertisement(advertisement, authentication));
  assert.equal(reasonOf(Uint8Array.of(...good, 0, 0, 0, 0)), "accepted");
  const withOptions = Uint8Array.of(...good.subarray(0, 20), 1, 1, 1, 0, ...good.subarray(20));
  withOptions[0] = 0x46;
  withOptions[3]! += 4;
  withOptions.set([0, 0], 10);
  const sum = internetChecksum(withOptions.subarray(0, 24));
  withOptions.set([sum >>> 8, sum & 255], 10);
  assert.equal(reasonOf(withOptions), "accepted");
});

test("the Internet checksum is that of RFC 1071's example, and 0 over data that holds it", () => {
  const example = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  assert.equal(internetChecksum(example), ~0xddf2 & 0xffff);
  const random = new Prng(5);
  const data = Uint8Array.from({ length: 36 }, () => random.below(256));
  data.set([0, 0], 6);
  const sum = internetChecksum(data);
  data.set([sum >>> 8, sum & 255], 6);
  assert.equal(internetChecksum(data), 0);
});

test("a broadcast advertisement goes to everybody", () => {
  const frame = advertisementFrame({
    sourceMac: "02:00:00:00:00:21",
    sourceAddress: "10.213.0.21",
    destination: "broadcast",
    payload: encodeAdvertisement(advertisement, authentication),
    identification: 1,
  });
  assert.equal(hex(frame.subarray(0, 6)), "ffffffffffff");
  const decoded = decodePacket(frame.subarray(14), authentication, 7);
  assert.equal(decoded.ok && decoded.value.destination, "255.255.255.255");
});

test("[LH8] the virtual MAC is 00:00:5e:00:(1 + 2 × interface):VHID", () => {
  assert.equal(virtualMac(0, 7), "00:00:5e:00:01:07");
  assert.equal(virtualMac(1, 255), "00:00:5e:00:03:ff");
  assert.equal(virtualMac(127, 16), "00:00:5e:00:ff:10");
  assert.throws(() => virtualMac(128, 1));
  assert.throws(() => virtualMac(0, 0));
  assert.throws(() => virtualMac(0, 256));
});
