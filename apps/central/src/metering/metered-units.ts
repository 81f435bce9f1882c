/** Which LoadMasters are sampled: those that are licensed now, by the shared rows alone, so that both Centrals of a pair say the same. */
import type { WallMillis } from "@tandem/base/time";
import { decidingStandings } from "@tandem/licensing/holder";
import { pairOf, type SampledUnit } from "@tandem/licensing/sampled-unit";
import type { LicensingId } from "@tandem/licensing/wire";
import { groupOf } from "../fleet/grouped.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { deviceNumbers, type LicenceValues, licenceKey, licences } from "../licensing/tables.ts";

export type MeteredUnit = {
  readonly unit: LicensingId;
  readonly grantedAt: WallMillis;
  /** The device of the tree; "": it is in no tree, and cannot be asked. */
  readonly device: string;
  /** What a sample that is taken now says of it. */
  readonly sampled: SampledUnit;
};
export type MeteredUnits = () => readonly MeteredUnit[];

/** `tierGbps`: of this Central's own licence; null: it has none. */
export function meteredUnits(
  shared: Pick<SharedRows, "rows" | "row">,
  tierGbps: number | null,
): readonly MeteredUnit[] {
  const rows = shared.rows(licences).map(({ values }) => values);
  const held = [...decidingStandings(rows).values()].filter(({ state }) => state === "held");
  const partners = partnersOf(shared, held);
  return held.map((row): MeteredUnit => {
    const { unit, central, type, name, grantedAt, device } = row;
    return {
      unit,
      grantedAt,
      device,
      sampled: {
        type,
        central,
        deviceNumber: shared.row(deviceNumbers, licenceKey(unit, central))?.values.number ?? 0,
        tierGbps,
        name: name || unit,
        pair: pairOf(unit, partners.get(unit) ?? null),
      },
    };
  });
}

/**
 * The group in the tree says which two are a pair; where they are in none, what they said when they were licensed. A
 * LoadMaster that was licensed before it became one of a pair did not know of it, but its partner did.
 */
function partnersOf(
  shared: Pick<SharedRows, "rows">,
  held: readonly LicenceValues[],
): ReadonlyMap<LicensingId, LicensingId> {
  const byDevice = new Map(held.filter(({ device }) => device !== "").map((row) => [row.device, row.unit]));
  const partners = new Map<LicensingId, LicensingId>();
  for (const { unit, device } of held) {
    const members = groupOf(shared, device)?.values.members ?? [];
    const other = byDevice.get(members.find((member) => member !== device) ?? "");
    if (other !== undefined) partners.set(unit, other);
  }
  for (const { unit, partner } of held)
    if (partner !== null && !partners.has(unit)) {
      partners.set(unit, partner);
      if (!partners.has(partner)) partners.set(partner, unit);
    }
  return partners;
}
