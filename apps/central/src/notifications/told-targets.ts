/**
 * Who is told. Two units that were set up alike may each bring a target for the same receiver into the pair (SPEC CH4): it
 * is told once. And what both bring may be more than a unit would have let anybody add: so many are told.
 */
import { canonicalJson } from "@tandem/base/canonical-json";
import { notificationTargetsMax } from "@tandem/central-api/notifications";
import type { TimelineEntry } from "../ha/timeline.ts";
import type { Target } from "./target.ts";

/** As many as two units with full lists bring together. */
export const toldReceiversMax = 2 * notificationTargetsMax;

const gravity = { info: 0, warning: 1, error: 2 } as const;

/** Enabled targets, those together that name the same receiver in the same way. Both units agree on the order. */
export function receivers(targets: readonly Target[]): readonly (readonly Target[])[] {
  const enabled = targets.filter((target) => target.enabled);
  return [
    ...Map.groupBy(enabled, ({ id: _, name: _n, severity: _s, enabled: _e, tag: _t, ...receiver }) =>
      canonicalJson(receiver),
    ).values(),
  ];
}

/** Of each receiver's targets the first whose threshold the event reaches. */
export const toldOf = (targets: readonly Target[], severity: TimelineEntry["severity"]): readonly Target[] =>
  receivers(targets)
    .slice(0, toldReceiversMax)
    .flatMap((group) => group.find((target) => gravity[severity] >= gravity[target.severity]) ?? []);

/** Why a target is not told by itself, in words; null for one that is. */
export function noteOn(targets: readonly Target[], { id }: Target): string | null {
  const all = receivers(targets);
  const index = all.findIndex((group) => group.some((each) => each.id === id));
  if (index < 0) return null;
  if (index >= toldReceiversMax)
    return `not told, since there are more than ${toldReceiversMax} receivers: remove those that are not needed`;
  const other = all[index]?.find((each) => each.id !== id);
  return other === undefined ? null : `the same receiver as "${other.name}" (${other.id}), told once`;
}
