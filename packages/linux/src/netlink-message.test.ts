import assert from "node:assert/strict";
import test from "node:test";
import {
  addressOf,
  decodeMessages,
  deleteAddressBody,
  encodeMessage,
  errorOf,
  linkOf,
  NLMSG_ERROR,
  newAddressBody,
  RTM_NEWADDR,
  RTM_NEWLINK,
} from "./netlink-message.ts";

const address = Uint8Array.of(10, 213, 0, 20);

test("an address message is the bytes that rtnetlink(7) describes", () => {
  const bytes = encodeMessage({ type: 20, flags: 0x605, sequence: 7, body: newAddressBody(3, address, 24) });
  assert.equal(
    bytes.toString("hex"),
    "28000000" +
      "1400" +
      "0506" +
      "07000000" +
      "00000000" +
      "02180000" +
      "03000000" +
      "080002000ad50014" +
      "080001000ad50014",
  );
});

test("a removal names the local address alone, so that the prefix length does not matter", () => {
  assert.equal(
    deleteAddressBody(3, address, 24).toString("hex"),
    "02200000" + "03000000" + "080002000ad50014",
  );
});

test("an IPv6 address is added without detection of duplicates, without a route, and not preferred", () => {
  const six = Uint8Array.from([0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 0x20]);
  const target = "20010db8000000000000000000000020";
  assert.equal(
    newAddressBody(3, six, 64).toString("hex"),
    `0a40000003000000` +
      `14000100${target}` +
      "0800080002020000" +
      "1400060000000000ffffffff0000000000000000",
  );
  assert.equal(deleteAddressBody(3, six, 64).toString("hex"), `0a4000000300000014000100${target}`);
  const message = { type: RTM_NEWADDR, flags: 0, sequence: 1, body: newAddressBody(3, six, 64) };
  assert.deepEqual(addressOf(message), { index: 3, address: "2001:db8::20", prefix: 64 });
});

test("messages come back as they were written, several in a datagram", () => {
  const one = { type: RTM_NEWADDR, flags: 0, sequence: 1, body: newAddressBody(2, address, 32) };
  const two = { type: NLMSG_ERROR, flags: 0, sequence: 2, body: Buffer.from([0xef, 0xff, 0xff, 0xff]) };
  const messages = decodeMessages(Buffer.concat([encodeMessage(one), encodeMessage(two)]));
  assert.deepEqual(messages, [one, two]);
  assert.deepEqual(addressOf(messages[0]!), { index: 2, address: "10.213.0.20", prefix: 32 });
  assert.equal(errorOf(messages[0]!), undefined);
  assert.equal(errorOf(messages[1]!), 17);
});

test("a link runs only when it is up and has carrier", () => {
  const link = (type: number, flags: number) => {
    const header = Buffer.alloc(16);
    header.writeInt32LE(5, 4);
    header.writeUInt32LE(flags, 8);
    const name = Buffer.from([9, 0, 3, 0, ...Buffer.from("eth0\0"), 0, 0, 0]);
    return linkOf({ type, flags: 0, sequence: 0, body: Buffer.concat([header, name]) });
  };
  assert.deepEqual(link(RTM_NEWLINK, 0x41), {
    index: 5,
    name: "eth0",
    mac: new Uint8Array(0),
    running: true,
    up: true,
    parent: undefined,
  });
  assert.equal(link(RTM_NEWLINK, 0x01)?.running, false);
  assert.equal(link(RTM_NEWLINK, 0x01)?.up, true, "up without carrier");
  assert.equal(link(RTM_NEWLINK, 0x40)?.running, false);
  assert.equal(link(17, 0x41)?.running, false, "a deleted link does not run");
});

test("lengths that lie end the decoding and never throw", () => {
  const good = encodeMessage({
    type: RTM_NEWADDR,
    flags: 0,
    sequence: 1,
    body: newAddressBody(2, address, 32),
  });
  for (let cut = 0; cut < good.length; cut++) assert.deepEqual(decodeMessages(good.subarray(0, cut)), []);
  const lying = Buffer.from(good);
  lying.writeUInt16LE(3, 24);
  assert.equal(addressOf(decodeMessages(lying)[0]!), undefined);
  const endless = Buffer.from(good);
  endless.writeUInt32LE(0, 0);
  assert.deepEqual(decodeMessages(endless), []);
});
