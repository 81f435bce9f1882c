/**
 * How two Centrals that may be cut off from each other never grant more than the licence allows (SPEC ML7, escrow).
 *
 *     share(unit) = initial(unit) + given to it − given by it
 *
 * `initial` stands in the licence and sums up to what it allows; `given` only grows, and its giver alone writes it,
 * before anybody hears of it. A unit knows all that it gave, and of what it was given at most all: so what the units
 * take for their shares never sums up to more than the licence allows, whatever is late or lost.
 */
import type { UnitId } from "@tandem/base/ids";
import type { CentralLicence } from "./central-licence.ts";

/** Of which there is only so much. */
export const limitedKinds = ["local", "pool"] as const;
export type LimitedKind = (typeof limitedKinds)[number];

/** What a unit has given to the other one of its account, ever. Licences, or Mbit/s. */
export type Given = {
  readonly account: string;
  readonly kind: LimitedKind;
  readonly giver: UnitId;
  readonly given: number;
};

/** What a licence allows in all. */
export const allowedBy = (licence: CentralLicence, kind: LimitedKind): number =>
  kind === "local" ? (licence.local?.allowance ?? 0) : (licence.pool?.capacityMbps ?? 0);

/** What a unit has of it at first; 0 for a unit that the licence does not name. */
export function initialShare(licence: CentralLicence, kind: LimitedKind, unit: UnitId): number {
  const own = licence.units.find((named) => named.unit === unit);
  return own === undefined ? 0 : kind === "local" ? own.local : own.poolMbps;
}

/** What a unit has given under a licence, ever. */
export const givenBy = (
  licence: CentralLicence,
  kind: LimitedKind,
  gifts: readonly Given[],
  giver: UnitId,
): number =>
  gifts.find((gift) => gift.account === licence.account && gift.kind === kind && gift.giver === giver)
    ?.given ?? 0;

/** The unit that a unit shares its account with. */
export const sharesWith = (licence: CentralLicence, unit: UnitId): UnitId | undefined =>
  licence.units.some((named) => named.unit === unit)
    ? licence.units.find((named) => named.unit !== unit)?.unit
    : undefined;

/** A unit's part of what the licence allows, as far as is known; below 0 only of a unit whose licence has shrunk. */
export function shareOf(
  licence: CentralLicence,
  kind: LimitedKind,
  gifts: readonly Given[],
  unit: UnitId,
): number {
  const other = sharesWith(licence, unit);
  const received = other === undefined ? 0 : givenBy(licence, kind, gifts, other);
  return initialShare(licence, kind, unit) + received - givenBy(licence, kind, gifts, unit);
}

/** What a unit may have granted at most: its share, and never more than all. */
export const limitOf = (
  licence: CentralLicence,
  kind: LimitedKind,
  gifts: readonly Given[],
  unit: UnitId,
): number => Math.max(0, Math.min(shareOf(licence, kind, gifts, unit), allowedBy(licence, kind)));

/**
 * What a unit that has `free` gives when `wanted` is asked for: half of what it has free if that is more, so that the
 * next few need not be asked for; nothing when it has less than what is wanted.
 */
export const giftOf = (free: number, wanted: number): number =>
  free < wanted ? 0 : Math.max(wanted, Math.floor(free / 2));

/**
 * What the given amount of a unit that was removed from the pair comes to, so that all it had is the other's (ML4).
 * Only *Remove from pair* may say so: the operator has declared that it grants no more.
 */
export const givenWhenRemoved = (
  licence: CentralLicence,
  kind: LimitedKind,
  gifts: readonly Given[],
  removed: UnitId,
): number => givenBy(licence, kind, gifts, removed) + Math.max(0, shareOf(licence, kind, gifts, removed));
