/** What the words after `tandem license issue` mean: the claims of a licence. */
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import {
  type CentralLicence,
  day,
  evenly,
  licenceFault,
  renewedShares,
  renewedSharesFault,
} from "@tandem/licensing/central-licence";
import { UsageError } from "../ctl/command-line.ts";

export type TermsGiven = {
  readonly holder?: string | undefined;
  /** As they stand on the command line. */
  readonly units: readonly string[];
  readonly local?: string | undefined;
  readonly metered?: string | undefined;
  readonly pool?: string | undefined;
  readonly expires: string;
};

/** The clock of a Central may be behind the issuer's. */
const backdateMs = 1 * day;

type UnitGiven = { readonly unit: string; readonly local: number | null; readonly poolMbps: number | null };

/** Throws {@link UsageError} where a word means nothing; errors where the terms do not fit together. */
export function licenceOf(
  given: TermsGiven,
  former: CentralLicence | null,
  made: { readonly now: number; readonly id: string; readonly account: string },
): Result<CentralLicence, FieldError> {
  const { now } = made;
  const holder = given.holder ?? former?.holder;
  if (holder === undefined) throw new UsageError("say whose licence it is: --holder TEXT");
  if (holder === "" || holder.length > 128) throw new UsageError("--holder takes 1 to 128 characters");
  const units = unitsOf(given.units, former);
  if (!units.ok) return units;
  const local = given.local === undefined ? sumGiven(units.value, "local") : countOf("local", given.local);
  const pool = given.pool === undefined ? sumGiven(units.value, "poolMbps") : countOf("pool", given.pool);
  const metered = countOf("metered", given.metered);
  const allowance = local === undefined ? (former?.local?.allowance ?? null) : local;
  const capacityMbps = pool === undefined ? (former?.pool?.capacityMbps ?? null) : pool;
  const tierGbps = metered === undefined ? (former?.metered?.tierGbps ?? null) : metered;
  const localShares = sharesOf("local", units.value, allowance ?? 0, former);
  if (!localShares.ok) return localShares;
  const poolShares = sharesOf("poolMbps", units.value, capacityMbps ?? 0, former);
  if (!poolShares.ok) return poolShares;
  if (allowance === null && capacityMbps === null && tierGbps === null)
    throw new UsageError("say what it allows: --local COUNT, --metered GBPS or --pool MBPS");
  const expiresAt = lastMoment(given.expires);
  if (expiresAt <= now)
    return err({
      code: "expired",
      field: "expires",
      value: given.expires,
      message: `--expires ${given.expires} is in the past`,
      remedy: "give a day to come",
    });
  const licence: CentralLicence = {
    id: made.id,
    account: former?.account ?? made.account,
    holder,
    isTrial: false,
    issuedAt: now,
    notBefore: now - backdateMs,
    expiresAt,
    units: units.value.map(({ unit }, index) => ({
      unit,
      local: localShares.value[index] as number,
      poolMbps: poolShares.value[index] as number,
    })),
    local: allowance === null ? null : { allowance },
    metered: tierGbps === null ? null : { tierGbps },
    pool: capacityMbps === null ? null : { capacityMbps },
  };
  const fault = licenceFault(licence);
  return fault === undefined ? ok(licence) : err(fault);
}

function unitsOf(
  texts: readonly string[],
  former: CentralLicence | null,
): Result<readonly UnitGiven[], FieldError> {
  const given = texts.map(unitGiven);
  if (former === null) {
    if (given.length === 0 || given.length > 2)
      throw new UsageError("say for which Central, or for which two: --unit ID; HA Status shows the id");
    return ok(given);
  }
  const names = former.units.map(({ unit }) => unit);
  if (given.length === 0) return ok(names.map((unit) => ({ unit, local: null, poolMbps: null })));
  const isSame = given.length === names.length && given.every(({ unit }) => names.includes(unit));
  if (!isSame)
    return err({
      code: "units-differ",
      field: "unit",
      value: given.map(({ unit }) => unit).join(" "),
      message: `the licence that is renewed is for ${names.join(" and ")}`,
      remedy: "leave --unit out, or name the same units; for others, issue a new licence without --renew",
    });
  // In the order of the former one, so that shares are compared with those of the same unit.
  return ok(names.map((name) => given.find(({ unit }) => unit === name) as UnitGiven));
}

function unitGiven(text: string): UnitGiven {
  const match = /^([0-9a-fA-F]{16})(?:=(\d{1,9})(?:,(\d{1,9}))?)?$/.exec(text);
  if (match?.[1] === undefined)
    throw new UsageError(
      `--unit "${text}" is not ID, ID=LOCAL or ID=LOCAL,MBPS with the 16 digits of a Central's id`,
    );
  const number = (part: string | undefined): number | null => (part === undefined ? null : Number(part));
  return { unit: match[1].toLowerCase(), local: number(match[2]), poolMbps: number(match[3]) };
}

/** Null: none; undefined: not given. */
function countOf(option: "local" | "metered" | "pool", text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined;
  if (text === "none") return null;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${option} takes a number or none, not "${text}"`);
  return Number(text);
}

/** What the shares sum up to; nothing for each is none. Undefined where they are not given. */
const sumGiven = (units: readonly UnitGiven[], kind: "local" | "poolMbps"): number | null | undefined => {
  const shares = units.map((unit) => unit[kind]);
  if (!shares.every((share) => share !== null)) return undefined;
  return shares.reduce((total, share) => total + share, 0) || null;
};

function sharesOf(
  kind: "local" | "poolMbps",
  units: readonly UnitGiven[],
  total: number,
  former: CentralLicence | null,
): Result<readonly number[], FieldError> {
  const shares = units.map((unit) => unit[kind]);
  const before = former?.units.map((share) => share[kind]);
  if (shares.every((share) => share === null))
    return ok(before === undefined ? evenly(total, units.length) : renewedShares(before, total));
  const given = shares.filter((share) => share !== null);
  if (given.length < shares.length)
    throw new UsageError("give the shares of all units, or of none: --unit ID=LOCAL[,MBPS]");
  const fault = before === undefined ? undefined : renewedSharesFault(before, given);
  return fault === undefined ? ok(given) : err(fault);
}

/** A day lasts until its end, UTC. */
function lastMoment(text: string): number {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  const at = Date.parse(text);
  const isReal = !Number.isNaN(at) && (!isDay || new Date(at).toISOString().startsWith(text));
  if (!/^\d{4}-\d\d-\d\d/.test(text) || !isReal)
    throw new UsageError(
      `--expires takes a day such as 2027-06-30, or a moment such as 2027-06-30T12:00:00Z, not "${text}"`,
    );
  return isDay ? at + day : at;
}
