/**
 * Throughput of a LoadMaster (SPEC ML6): the bits in and out on the client side that were counted from one sample to
 * the next, over 300 s.
 *
 * A sample is taken at the beginning of its slot, and so tells of the slot before: the one of 1 December, 00:00, is the
 * last of November.
 */

export const meteringSlotMs = 300_000;

/** What was counted since the sample before; `coveredMs` is 0 where counting begins, and nothing is known. */
export type Counted = {
  /** Of the sample. */
  readonly slot: number;
  readonly coveredMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
};

const bitsPerByte = 8n;
const msPerSecond = 1_000n;

/**
 * Bits per second, rounded down; null where counting begins. Samples that are nearer to each other than a slot, as at a
 * takeover, are taken over a whole one, so that no burst counts for more than it is in 300 s. After a gap what was
 * counted in it is spread over all of it.
 */
export function bitsPerSecond({ coveredMs, bytesIn, bytesOut }: Counted, slotMs: number): number | null {
  if (coveredMs === 0) return null;
  const bits = (BigInt(bytesIn) + BigInt(bytesOut)) * bitsPerByte;
  return Number((bits * msPerSecond) / BigInt(Math.max(coveredMs, slotMs)));
}

/** The slot that a sample tells of. */
export const measuredSlot = ({ slot }: Pick<Counted, "slot">): number => slot - 1;
