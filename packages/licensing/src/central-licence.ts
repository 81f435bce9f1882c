/**
 * Central's own licence: what it allows, for which units, until when; and the rules by which a unit judges one. Who
 * signed it is the shell's to find out (`apps/central/src/own-licence`).
 */
import type { FieldError } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import { hour, type WallMillis } from "@tandem/base/time";
import { poolSizesMbps } from "./wire.ts";

const unitId = Type.String({ pattern: "^[0-9a-f]{16}$" });
/** No later than what a date can say (ECMA-262, "Time Values"). */
const wall = Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 });
const amount = Type.Integer({ minimum: 0, maximum: 1_000_000_000 });

/** How the allowance and the pool are divided at first between the units that the licence is for. */
export const InitialShare = Type.Object({ unit: unitId, local: amount, poolMbps: amount });
export type InitialShare = Static<typeof InitialShare>;

/**
 * Claims of a document of the type `licenceDocument.centralLicence`. What `licenceFault` finds nothing wrong with
 * holds: the shares sum up to the allowance and to the pool, units are not named twice, and a pool comes without
 * metered licensing.
 */
export const CentralLicence = Type.Object({
  id: Type.String({ pattern: "^[0-9a-f]{16}$" }),
  /** Stays the same over renewals: what was given and taken goes on counting. */
  account: Type.String({ pattern: "^[0-9a-f]{16}$" }),
  holder: Type.String({ minLength: 1, maxLength: 128 }),
  isTrial: Type.Boolean(),
  issuedAt: wall,
  notBefore: wall,
  expiresAt: wall,
  units: Type.Array(InitialShare, { minItems: 1, maxItems: 2 }),
  /** How many local licences there are; null: not licensed for local licensing. */
  local: Type.Union([Type.Object({ allowance: amount }), Type.Null()]),
  /** The tier in Gbit/s, for which nothing beyond its price is billed; null: not licensed for metered licensing. */
  metered: Type.Union([Type.Object({ tierGbps: amount }), Type.Null()]),
  pool: Type.Union([
    Type.Object({ capacityMbps: Type.Integer({ minimum: poolSizesMbps[0], maximum: 1_000_000_000 }) }),
    Type.Null(),
  ]),
});
export type CentralLicence = Static<typeof CentralLicence>;

/** What a unit has for a licence now; `message` says why it grants nothing, and what would mend it. */
export type CentralLicenceState =
  | { readonly state: "valid"; readonly licence: CentralLicence }
  | {
      readonly state: "expired" | "not-yet" | "none" | "invalid";
      readonly licence: CentralLicence | null;
      readonly message: string;
    };

export const day = 24 * hour;
const when = (at: WallMillis): string => new Date(at).toISOString();
const sum = (amounts: readonly number[]): number => amounts.reduce((total, each) => total + each, 0);

// What is licensed.

/** ML1 compares what is licensed, not whether it has expired. */
export type LicensingSettings = { readonly local: boolean; readonly metered: boolean };
export const licensingSettings = (licence: CentralLicence | null): LicensingSettings => ({
  local: licence !== null && licence.local !== null,
  metered: licence !== null && licence.metered !== null,
});

/** What in the claims contradicts itself; undefined: nothing does. */
export function licenceFault(licence: CentralLicence): FieldError | undefined {
  const { units, local, metered, pool, notBefore, expiresAt } = licence;
  const wrong = (field: string, value: unknown, message: string, remedy: string): FieldError => ({
    code: "licence-contradicts-itself",
    field,
    value,
    message,
    remedy: `${remedy}; have the issuer issue it anew`,
  });
  const names = units.map(({ unit }) => unit);
  const twice = names.find((unit, index) => names.indexOf(unit) !== index);
  if (twice !== undefined)
    return wrong("units", twice, `the licence names the unit ${twice} twice`, "each unit stands in it once");
  const shares = sum(units.map(({ local }) => local));
  const allowance = local?.allowance ?? 0;
  if (shares !== allowance)
    return wrong(
      "units",
      shares,
      `the units' shares of local licences sum up to ${shares}, and the licence allows ${allowance}`,
      "the shares must sum up to the allowance",
    );
  const poolShares = sum(units.map(({ poolMbps }) => poolMbps));
  const capacity = pool?.capacityMbps ?? 0;
  if (poolShares !== capacity)
    return wrong(
      "units",
      poolShares,
      `the units' shares of the pool sum up to ${poolShares} Mbit/s, and the pool has ${capacity}`,
      "the shares must sum up to the pool",
    );
  if (pool !== null && metered !== null)
    return wrong(
      "pool",
      pool.capacityMbps,
      "the licence has both a pool and metered licensing",
      "it can have one of the two",
    );
  if (expiresAt <= notBefore)
    return wrong(
      "expiresAt",
      when(expiresAt),
      `the licence ends at ${when(expiresAt)}, which is not after its beginning at ${when(notBefore)}`,
      "it must end after it begins",
    );
  return undefined;
}

export function foreignFault(licence: CentralLicence, unit: string): FieldError | undefined {
  const names = licence.units.map((share) => share.unit);
  if (names.includes(unit)) return undefined;
  return {
    code: "licence-foreign",
    field: "units",
    value: names,
    message: `the licence is for ${names.join(" and ")}, and this unit is ${unit}`,
    remedy: `have it issued for this unit: tandem license issue --unit ${unit} …`,
  };
}

// When it holds.

/**
 * The moment by which licences are judged: the greatest wall time that was ever seen, so that a clock that is set back
 * makes no licence last longer.
 */
export const judgedAt = (now: WallMillis, greatestSeen: WallMillis): WallMillis =>
  Math.max(now, greatestSeen);

/** NTP, and a machine that was just installed, move a clock by less. */
export const clockSlackMs = 1 * hour;
const issuedAheadSlackMs = 1 * day;

/** What is wrong with the unit's clock, as far as a licence can tell; null: nothing. It is an alarm and stops nothing. */
export function clockAlarm(
  licence: CentralLicence | null,
  now: WallMillis,
  greatestSeen: WallMillis,
): string | null {
  const judged = judgedAt(now, greatestSeen);
  if (licence !== null && licence.issuedAt > judged + issuedAheadSlackMs)
    return `the licence was issued at ${when(licence.issuedAt)}, and this unit's clock says ${when(now)}: set the clock right`;
  if (now + clockSlackMs < greatestSeen)
    return `this unit's clock was set back: it says ${when(now)} and has said ${when(greatestSeen)}, by which licences go on being judged; set the clock right, or, where it was wrong before, import a licence that was issued anew`;
  return null;
}

/** `now`: as `judgedAt` says. */
export function stateOfLicence(licence: CentralLicence, now: WallMillis): CentralLicenceState {
  const { notBefore, expiresAt, isTrial } = licence;
  if (now < notBefore)
    return {
      state: "not-yet",
      licence,
      message: `Central's licence begins at ${when(notBefore)}, and it is ${when(now)} on this unit: wait, or set its clock right`,
    };
  if (now >= expiresAt)
    return {
      state: "expired",
      licence,
      message: isTrial
        ? `Central's trial ended at ${when(expiresAt)}: import a licence`
        : `Central's licence ended at ${when(expiresAt)}: have it renewed (tandem license issue --renew) and import it`,
    };
  return { state: "valid", licence };
}

// Taking another one.

export type Importing = {
  readonly unit: string;
  readonly now: WallMillis;
  readonly greatestSeen: WallMillis;
  readonly present: CentralLicence | null;
  /** When the newest licence that was ever imported was issued; null: none was. */
  readonly newestIssuedAt: WallMillis | null;
  /** Also in the place of one of the same account that was issued later. */
  readonly replaceNewer: boolean;
};

/**
 * The moment by which a licence is judged that is imported, and the greatest wall time to remember from then on. A
 * licence that was issued after every other that was imported shows that what the clock had said may have been an error: the clock
 * counts anew. Without this, a clock that was once years ahead would end every licence for good.
 */
export function importedAt(licence: CentralLicence, importing: Importing): WallMillis {
  const { now, greatestSeen, newestIssuedAt } = importing;
  const isNewer = newestIssuedAt === null || licence.issuedAt > newestIssuedAt;
  return isNewer ? now : judgedAt(now, greatestSeen);
}

/** Why a licence whose signature is good is not taken; undefined: it is. */
export function importFault(licence: CentralLicence, importing: Importing): FieldError | undefined {
  const { unit, present, replaceNewer } = importing;
  const wrong = licenceFault(licence) ?? foreignFault(licence, unit);
  if (wrong !== undefined) return wrong;
  const now = importedAt(licence, importing);
  const judged = stateOfLicence(licence, now);
  if (judged.state === "expired")
    return {
      code: "licence-expired",
      field: "expiresAt",
      value: when(licence.expiresAt),
      message: `the licence ended at ${when(licence.expiresAt)}, and it is ${when(now)} here`,
      remedy: "have it renewed: tandem license issue --renew FILE --expires DATE",
    };
  if (judged.state === "not-yet")
    return {
      code: "licence-not-yet",
      field: "notBefore",
      value: when(licence.notBefore),
      message: `the licence begins at ${when(licence.notBefore)}, and it is ${when(now)} here`,
      remedy: "import it then; if this unit's clock is wrong, set it right first",
    };
  const isOlder = present?.account === licence.account && licence.issuedAt < present.issuedAt;
  if (isOlder && !replaceNewer)
    return {
      code: "licence-older",
      field: "issuedAt",
      value: when(licence.issuedAt),
      message: `the licence was issued at ${when(licence.issuedAt)}, and the present one of the same account at ${when(present.issuedAt)}`,
      remedy: "import the newest one; to go back to this one all the same, say replaceNewer",
    };
  return undefined;
}

// Telling that it ends.

/** So many days before the end, and at the end, it is told. */
export const noticeDays = [90, 60, 30, 7, 0] as const;
export type NoticeDays = (typeof noticeDays)[number];

/**
 * The notice to tell now; null: none. Each is told once; after a long downtime only the latest that is due. `told`
 * holds those of this very licence. A trial is not announced at the moment it begins.
 */
export function noticeDue(
  licence: CentralLicence,
  told: readonly number[],
  now: WallMillis,
): NoticeDays | null {
  const due = noticeDays.filter((days) => {
    const at = licence.expiresAt - days * day;
    return now >= at && !(licence.isTrial && at <= licence.issuedAt);
  });
  const latest = due.at(-1);
  return latest === undefined || told.some((days) => days <= latest) ? null : latest;
}

export function noticeWords({ isTrial, expiresAt }: CentralLicence, now: WallMillis): string {
  const what = isTrial ? "trial" : "licence";
  const mend = isTrial ? "import a licence" : "have it renewed and import it";
  if (now >= expiresAt)
    return `Central's ${what} ended at ${when(expiresAt)}: LoadMasters that it licensed go on, and no licence is granted any more; ${mend}`;
  const days = Math.ceil((expiresAt - now) / day);
  return `Central's ${what} ends in ${days} day(s), at ${when(expiresAt)}: ${mend}`;
}

// The trial.

export const trialLifetimeMs = 30 * day;
export const trialAllowance = 4;

/** The unit's own licensing key signs it; `keyId` is that key's, so each key has one trial. */
export const trialOf = (keyId: string, unit: string, holder: string, at: WallMillis): CentralLicence => ({
  id: keyId,
  account: keyId,
  holder,
  isTrial: true,
  issuedAt: at,
  notBefore: at,
  expiresAt: at + trialLifetimeMs,
  units: [{ unit, local: trialAllowance, poolMbps: 0 }],
  local: { allowance: trialAllowance },
  metered: null,
  pool: null,
});

/** Whether it is a trial such as a unit may sign for itself. */
export const isOwnTrial = (licence: CentralLicence, keyId: string): boolean => {
  const { unit = "" } = licence.units[0] ?? {};
  const wanted = trialOf(keyId, unit, licence.holder, licence.issuedAt);
  return JSON.stringify(inOrder(licence)) === JSON.stringify(inOrder(wanted));
};
const inOrder = (licence: CentralLicence): readonly unknown[] =>
  Object.entries(licence).sort(([a], [b]) => (a < b ? -1 : 1));

// Shares, for who issues licences.

/** As even as it can be; the first unit has what is left over. */
export const evenly = (total: number, units: number): readonly number[] =>
  Array.from({ length: units }, (_, index) => Math.floor((total + units - 1 - index) / units));

/**
 * The shares of a renewal: what is more, or less, is divided evenly, and no share falls below nothing. So all of them
 * grow, or all of them shrink, and what units of a pair have given each other stays covered.
 */
export function renewedShares(former: readonly number[], total: number): readonly number[] {
  const before = sum(former);
  if (total >= before) {
    const more = evenly(total - before, former.length);
    return former.map((share, index) => share + (more[index] as number));
  }
  const [first = 0, second = 0] = former;
  if (former.length === 1) return [total];
  const fromFirst = Math.min(first, Math.max(before - total - second, Math.ceil((before - total) / 2)));
  return [first - fromFirst, total - (first - fromFirst)];
}

/** Shares of a renewal that were given by hand: never one up and one down. */
export function renewedSharesFault(
  former: readonly number[],
  renewed: readonly number[],
): FieldError | undefined {
  const changes = renewed.map((share, index) => share - (former[index] ?? 0));
  if (!(changes.some((change) => change > 0) && changes.some((change) => change < 0))) return undefined;
  return {
    code: "shares-cross",
    field: "unit",
    value: renewed.join(","),
    message: `the shares were ${former.join(" and ")} and would be ${renewed.join(" and ")}: one grows and one shrinks`,
    remedy:
      "let all of them grow or all of them shrink: units that have not both imported the renewal could grant more than it allows together",
  };
}
