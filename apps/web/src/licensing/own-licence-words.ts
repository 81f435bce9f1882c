/** Central's own licence in words. */
import type { OwnLicence } from "@tandem/central-api/own-licence";

const dayMs = 24 * 3_600_000;
/** From so long before the end on Central tells of it by itself as well. */
const noticeFromDays = 90;

export const stateWords = {
  valid: "valid",
  expired: "ended",
  "not-yet": "not begun",
  none: "none",
  invalid: "invalid",
} as const satisfies Record<OwnLicence["state"], string>;

export type ExpiryNotice = { readonly isOver: boolean; readonly title: string; readonly remedy: string };

/** What has to be said of the end of a licence at `now`, wall milliseconds; null: it is far enough away. */
export function expiryNotice(own: Pick<OwnLicence, "licence" | "state">, now: number): ExpiryNotice | null {
  const { licence, state } = own;
  if (licence === null || (state !== "valid" && state !== "expired")) return null;
  const what = licence.isTrial ? "trial" : "licence";
  const remedy = licence.isTrial ? "Import a licence." : "Have it renewed, and import the renewal.";
  if (state === "expired")
    return {
      isOver: true,
      title: `The ${what} has ended: no licence is granted any more`,
      remedy: `LoadMasters that are licensed stay so. ${remedy}`,
    };
  const days = Math.ceil((Date.parse(licence.expiresAt) - now) / dayMs);
  return days > noticeFromDays
    ? null
    : { isOver: false, title: `The ${what} ends in ${days === 1 ? "one day" : `${days} days`}`, remedy };
}

/** What a licence allows, one sentence each. */
export function allowedWords({
  local,
  metered,
  pool,
}: NonNullable<OwnLicence["licence"]>): readonly string[] {
  const all = [
    ...(local === null ? [] : [`${local.allowance} local ${local.allowance === 1 ? "licence" : "licences"}`]),
    ...(metered === null ? [] : [`metered licences without limit, tier ${metered.tierGbps} Gbit/s`]),
    ...(pool === null ? [] : [`a pool of ${pool.capacityMbps} Mbit/s`]),
  ];
  return all.length === 0 ? ["nothing"] : all;
}
