import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpv6 } from "@tandem/base/ipv6";
import fc from "fast-check";
import { announcementFrame, icmpv6Checksum, neighbourAdvertisementFrame } from "./neighbour.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("[LH4] an unsolicited neighbour advertisement is, byte for byte, the one that Linux sends of its own accord", () => {
  // Captured with tcpdump, which found its checksum right, from a kernel with ndisc_notify=1 that was given this address.
  assert.equal(
    hex(neighbourAdvertisementFrame("02:00:00:00:00:21", "2001:db8::20/64")),
    "333300000001" +
      "020000000021" +
      "86dd" +
      "6000000000203aff" +
      "20010db8000000000000000000000020" +
      "ff020000000000000000000000000001" +
      "8800f8cc" +
      "20000000" +
      "20010db8000000000000000000000020" +
      "0201020000000021",
  );
});

test("[LH4] a receiver's sum over pseudo header and message comes out as nothing, for every address", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const frame = neighbourAdvertisementFrame("00:00:5e:00:01:07", formatIpv6(bytes));
      assert.equal(icmpv6Checksum(frame.subarray(14, 54), frame.subarray(54)), 0);
      frame[60]! ^= 1;
      assert.notEqual(icmpv6Checksum(frame.subarray(14, 54), frame.subarray(54)), 0);
    }),
  );
});

test("[LH4] an address is announced in the way of its family", () => {
  assert.equal(hex(announcementFrame("02:00:00:00:00:21", "10.0.0.20/24").subarray(12, 14)), "0806");
  assert.equal(hex(announcementFrame("02:00:00:00:00:21", "2001:db8::20/64").subarray(12, 14)), "86dd");
});
