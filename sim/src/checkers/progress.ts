/** What keeps a pair that nothing stands in the way of from being whole (CH15, CH17); null when it is. */
import type { Unit } from "../unit.ts";

export function faultOfPair(pair: readonly [Unit, Unit]): string | null {
  const [a, b] = pair.map((unit) => unit.ha?.status());
  if (a === undefined || b === undefined) return "not both run";
  const roles = [a.ourState, b.ourState].sort().join(" and ");
  if (roles !== "Master and Slave")
    return `${pair[0].name} is ${a.ourState} (${a.ourReason}) and ${pair[1].name} is ${b.ourState} (${b.ourReason})`;
  for (const [unit, status] of [
    [pair[0], a],
    [pair[1], b],
  ] as const) {
    if (!status.heartbeats.flowing) return `${unit.name} hears nothing (${status.heartbeats.error})`;
    if (status.inStep !== true) return `${unit.name} is not in step`;
    if (status.digestEqual !== true) return `${unit.name} sees another digest`;
    if (status.ourSequence !== status.peerSequence)
      return `${unit.name} shows the sequence numbers ${status.ourSequence} and ${status.peerSequence}`;
    // What an earlier peer cannot hold is its unit's alone, and said to be.
    if (status.onlyHere.count > 0 && status.withheld.length === 0)
      return `${unit.name} lists ${status.onlyHere.count} changes as its alone`;
  }
  if (!(a.isActing || b.isActing)) return "nobody acts";
  return a.digest === b.digest || a.withheld.length + b.withheld.length > 0 ? null : "the digests differ";
}
