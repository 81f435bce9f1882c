import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arpReplySender, arpRequestFrame, gratuitousArpFrame } from "./arp.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("[LH4] a gratuitous ARP asks for the address it owns, and is as long as Ethernet wants", () => {
  const frame = gratuitousArpFrame("02:00:00:00:00:21", "10.213.0.20/24");
  assert.equal(frame.length, 60);
  assert.equal(
    hex(frame),
    "ffffffffffff" +
      "020000000021" +
      "0806" +
      "0001080006040001" +
      "020000000021" +
      "0ad50014" +
      "000000000000" +
      "0ad50014" +
      "00".repeat(18),
  );
});

test("[LH7] an answer of the gateway is told from a question and from anything else", () => {
  const frame = arpRequestFrame("02:00:00:00:00:21", "10.213.0.21", "10.213.0.1/24");
  assert.equal(hex(frame.subarray(28, 32)), "0ad50015");
  assert.equal(hex(frame.subarray(38, 42)), "0ad50001");
  assert.equal(arpReplySender(frame), null);
  const reply = frame.slice();
  reply[21] = 2;
  assert.equal(arpReplySender(reply), "10.213.0.21");
  assert.equal(arpReplySender(reply.subarray(0, 41)), null);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      (bytes) => arpReplySender(bytes) === null || bytes[21] === 2,
    ),
  );
});
