import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitsPerSecond, measuredSlot, meteringSlotMs } from "./throughput.ts";

const counted = (coveredMs: number, bytesIn: number, bytesOut: number) => ({
  slot: 1,
  coveredMs,
  bytesIn,
  bytesOut,
});

test("[ML6] throughput is the bits in and out over the time between two samples, rounded down", () => {
  // 300 s at 1.5 Gbit/s: a third in, two thirds out.
  const bytes = (1_500_000_000 * 300) / 8;
  assert.equal(bitsPerSecond(counted(300_000, bytes / 3, (bytes * 2) / 3), meteringSlotMs), 1_500_000_000);
  assert.equal(bitsPerSecond(counted(900_000, bytes / 3, (bytes * 2) / 3), meteringSlotMs), 500_000_000);
  assert.equal(bitsPerSecond(counted(300_000, 1, 0), meteringSlotMs), 0);
  assert.equal(bitsPerSecond(counted(300_000, 0, 38), meteringSlotMs), 1);
});

test("[ML6] where counting begins nothing is known, and that is not a throughput of nothing", () => {
  assert.equal(bitsPerSecond(counted(0, 5, 5), meteringSlotMs), null);
});

test("[ML6] samples that are close to each other make no peak out of a short burst", () => {
  assert.equal(bitsPerSecond(counted(30_000, 37_500_000, 0), meteringSlotMs), 1_000_000);
});

test("[ML6] throughput is exact for any counters, never negative, and never more than all bits in one slot", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.maxSafeNat(),
      fc.maxSafeNat(),
      (coveredMs, bytesIn, bytesOut) => {
        const value = bitsPerSecond(counted(coveredMs, bytesIn, bytesOut), meteringSlotMs) as number;
        const bits = 8n * (BigInt(bytesIn) + BigInt(bytesOut));
        const over = BigInt(Math.max(coveredMs, meteringSlotMs));
        assert.ok(value >= 0 && Number.isSafeInteger(value));
        assert.ok(BigInt(value) * over <= bits * 1_000n && bits * 1_000n < (BigInt(value) + 1n) * over);
      },
    ),
  );
});

test("[ML6] the sample of the first of a month tells of the last slot of the month before", () => {
  const slot = Date.UTC(2026, 11, 1) / meteringSlotMs;
  assert.equal(measuredSlot({ slot }) * meteringSlotMs, Date.UTC(2026, 10, 30, 23, 55));
});
