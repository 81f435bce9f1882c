/** The replay check between our own units: a counter that grows, per source and per lifetime of its process. */
import { replayBootsMax, replaySourcesMax, replayWindow } from "./constants.ts";

/** The greatest counter seen of each lifetime of one source, the latest first. */
export type SourceMemory = { readonly source: string; readonly greatest: readonly bigint[] };

/**
 * Looks an authenticated counter up and remembers it. A lifetime begins at 64 random bits and counts up, so a counter
 * within 2^32 of a known one belongs to that lifetime: above it it is new, at or below it a replay. One that is
 * near none begins a new lifetime. A packet captured in a lifetime that nobody here has heard of thus passes, but
 * once. Both lists are bounded; the least recently used entry is forgotten.
 */
export function checkCounter(
  memory: readonly SourceMemory[],
  source: string,
  counter: bigint,
): { readonly fresh: boolean; readonly memory: readonly SourceMemory[] } {
  const greatest = memory.find((entry) => entry.source === source)?.greatest ?? [];
  const isAhead = (known: bigint): boolean => {
    const ahead = BigInt.asUintN(64, counter - known);
    return ahead > 0n && ahead < replayWindow;
  };
  const isBehind = (known: bigint): boolean => BigInt.asUintN(64, known - counter) < replayWindow;
  if (greatest.some(isBehind)) return { fresh: false, memory };
  const lifetimes = [counter, ...greatest.filter((known) => !isAhead(known))].slice(0, replayBootsMax);
  const others = memory.filter((entry) => entry.source !== source);
  return { fresh: true, memory: [{ source, greatest: lifetimes }, ...others].slice(0, replaySourcesMax) };
}
