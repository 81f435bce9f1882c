/**
 * What a Central answers to a LoadMaster (SPEC ML2, ML7), from its licence, the rows of both units, and what was
 * given between them. Every answer that grants is one row to write; the answer may go out once that is on disk.
 */
import { unreachable } from "@tandem/base/assert";
import type { UnitId } from "@tandem/base/ids";
import type { WallMillis } from "@tandem/base/time";
import type { CentralLicence } from "./central-licence.ts";
import { amountOf, decidingStanding, issuedBy, type LicenceStanding } from "./holder.ts";
import { allowedBy, type Given, type LimitedKind, limitOf, shareOf, sharesWith } from "./shares.ts";
import {
  type ActivationRefusal,
  type LicenceCheck,
  type LicenceGrant,
  type LicenceRequest,
  type LicenceType,
  licenceTypeOf,
  licenceTypes,
  type OfferedLicenceType,
} from "./wire.ts";

/** A Central's row about a LoadMaster. */
export type LicenceRow = LicenceStanding & {
  readonly grantedAt: WallMillis;
  /** The machine that asked last, and those that had asked before it, the newest first. */
  readonly machine: string;
  readonly formerMachines: readonly string[];
  readonly name: string;
  readonly version: string;
  readonly serial: string;
  readonly address: string;
  readonly port: number;
  readonly certificateFingerprint: string;
  readonly partner: string | null;
  /** Why it has ended, or what is alarming about it; for people. */
  readonly remark: string;
};

export const formerMachinesMax = 4;

/** What a Central decides from. */
export type LicensingView = {
  readonly self: UnitId;
  /** The other unit of the pair that this one belongs to. */
  readonly peer: UnitId | null;
  /** Its own licence, valid now; or why there is none. */
  readonly licence:
    | { readonly state: "valid"; readonly licence: CentralLicence }
    | { readonly state: "invalid"; readonly message: string };
  /** Of both units. This unit's own are all there are; of the peer's there may be newer ones. */
  readonly rows: readonly LicenceRow[];
  readonly gifts: readonly Given[];
  /** Why this unit grants nothing, whatever its licence says; null: it does. */
  readonly notEntitled: string | null;
};

export type GrantedBecause =
  /** Licensed for the first time, or after its licence had ended. */
  | "new"
  /** Licensed here already. */
  | "renewed"
  /** It was the other Central's until now (ML2). */
  | "migrated"
  /** The very request that was granted before: its answer had got lost. */
  | "repeated";

export type Refused = {
  readonly kind: "refused";
  readonly code: ActivationRefusal;
  readonly message: string;
  readonly remedy: string;
  /** The greatest request number that is known of the LoadMaster. */
  readonly lastNumber: number | null;
};

export type Decision =
  | { readonly kind: "granted"; readonly row: LicenceRow; readonly because: GrantedBecause }
  /** This unit's share does not suffice, and the other may have some to give. */
  | { readonly kind: "ask-peer"; readonly limited: LimitedKind; readonly amount: number }
  | Refused;

const refused = (
  code: ActivationRefusal,
  message: string,
  remedy: string,
  lastNumber: number | null = null,
): Refused => ({ kind: "refused", code, message, remedy, lastNumber });

export const limitedKindOf = (type: LicenceType): LimitedKind | null =>
  type.kind === "metered" ? null : type.kind;

const isLicensed = (licence: CentralLicence, type: LicenceType): boolean => licence[type.kind] !== null;

/** What this unit could grant of a kind now, by itself, without asking its peer. Licences, or Mbit/s. */
export function freeOf(view: LicensingView, licence: CentralLicence, kind: LimitedKind): number {
  const { self, rows, gifts } = view;
  return Math.max(0, limitOf(licence, kind, gifts, self) - issuedBy(rows, self, kind));
}

/** The types that are licensed, with how many more of each this unit could grant by itself. */
export function offeredTypes(view: LicensingView): readonly OfferedLicenceType[] {
  if (view.licence.state !== "valid" || view.notEntitled !== null) return [];
  const { licence } = view.licence;
  return licenceTypes
    .filter((type) => isLicensed(licence, type))
    .map((type) => {
      const limited = limitedKindOf(type);
      return {
        id: type.id,
        name: type.name,
        mbps: type.mbps,
        available:
          limited === null ? null : Math.floor(freeOf(view, licence, limited) / amountOf(type.id, type.kind)),
      };
    });
}

/** `request.purpose` is "activate". `now`: this Central's wall clock, for the row. */
export function decideActivation(view: LicensingView, request: LicenceRequest, now: WallMillis): Decision {
  if (view.notEntitled !== null)
    return refused("not-entitled", view.notEntitled, "license the LoadMaster against the other Central");
  if (view.licence.state === "invalid")
    return refused(
      "central-licence-invalid",
      `this Central's own licence does not hold: ${view.licence.message}`,
      "import a licence that holds under Settings and Configuration > LoadMaster Licensing",
    );
  const { licence } = view.licence;
  const type = licenceTypeOf(request.type ?? "");
  if (type === undefined || !isLicensed(licence, type))
    return refused(
      "type-not-licensed",
      `this Central is not licensed for the licence type "${request.type ?? ""}"`,
      `choose one of: ${offeredTypes(view)
        .map(({ id }) => id)
        .join(", ")}`,
    );

  const known = view.rows.filter(({ unit }) => unit === request.unit);
  const own = known.find(({ central }) => central === view.self);
  const deciding = decidingStanding(known);
  if (own !== undefined && isRepeated(own, deciding, request))
    return { kind: "granted", row: own, because: "repeated" };
  const last = Math.max(0, ...known.map(({ number }) => number));
  if (request.number <= last)
    return refused(
      "number-not-greater",
      `the request number ${request.number} was used before; the last one heard is ${last}`,
      "ask again with a greater number; a unit that was restored from an older state does so by itself",
      last,
    );

  const row = rowOf(view.self, request, type, own ?? deciding, now);
  const limited = limitedKindOf(type);
  const because: GrantedBecause =
    deciding === undefined || deciding.state === "ended"
      ? "new"
      : deciding.central === view.self
        ? "renewed"
        : "migrated";
  if (limited === null) return { kind: "granted", row, because };

  const { self, gifts } = view;
  const rows = [...view.rows.filter((other) => other !== own), row];
  const missing = issuedBy(rows, self, limited) - limitOf(licence, limited, gifts, self);
  if (missing <= 0) return { kind: "granted", row, because };
  if (sharesWith(licence, self) !== undefined) return { kind: "ask-peer", limited, amount: missing };
  return usedUp(view, licence, type);
}

/** The refusal when nobody else can be asked, or has nothing to give. `peerAnswered`: it was asked. */
export function decideWithoutPeer(view: LicensingView, type: LicenceType, peerAnswered: boolean): Refused {
  const licence = view.licence.state === "valid" ? view.licence.licence : null;
  const limited = limitedKindOf(type);
  const other = licence === null ? undefined : sharesWith(licence, view.self);
  // After *Remove from pair* the other has none.
  const hasNone =
    licence === null ||
    limited === null ||
    other === undefined ||
    shareOf(licence, limited, view.gifts, other) <= 0;
  if (peerAnswered || hasNone) return usedUp(view, licence, type);
  return refused(
    "share-used-up",
    "this Central's share of the licence is in use, and the other Central, which has the rest, cannot be asked now",
    "try again when the pair is connected, or against the other Central; if the other Central is gone for good, remove it from the pair",
  );
}

function usedUp(view: LicensingView, licence: CentralLicence | null, type: LicenceType): Refused {
  const limited = limitedKindOf(type);
  const allowed = licence === null || limited === null ? 0 : allowedBy(licence, limited);
  const issued = issuedBy(view.rows, view.self, type.kind);
  return refused(
    "allowance-used-up",
    type.kind === "local"
      ? `all that can be granted of the ${allowed} local licences is in use (${issued} by this Central)`
      : `what is left of the pool of ${allowed} Mbit/s is less than ${type.mbps} Mbit/s (${issued} granted by this Central)`,
    "recover a licence that is not needed under Licence Management, or import a licence that allows more",
  );
}

/** The answer to this very request may have got lost. */
const isRepeated = (
  own: LicenceRow,
  deciding: LicenceRow | undefined,
  { number, type, machine }: LicenceRequest,
): boolean =>
  own === deciding &&
  own.state === "held" &&
  own.number === number &&
  own.type === type &&
  own.machine === machine;

function rowOf(
  central: UnitId,
  request: LicenceRequest,
  type: LicenceType,
  before: LicenceRow | undefined,
  now: WallMillis,
): LicenceRow {
  const { unit, number } = request;
  const { isBack, ...machines } = machinesAfter(before, request.machine);
  return {
    unit,
    central,
    number,
    type: type.id,
    state: "held",
    grantedAt: now,
    ...placeOf(request),
    ...machines,
    remark: isBack ? twoMachines(request.machine, before?.machine ?? "") : "",
  };
}

/** What a request says of the LoadMaster itself. */
const placeOf = ({
  name,
  version,
  serial,
  address,
  port,
  certificateFingerprint,
  partner,
}: LicenceRequest) => ({ name, version, serial, address, port, certificateFingerprint, partner });

const twoMachines = (asking: string, other: string): string =>
  `seen on two machines (${asking} and ${other}): one of them is a copy of the other, keys included`;

/** A new machine is a moved or rebuilt LoadMaster; one that comes back after another had its place is a copy. */
function machinesAfter(
  before: LicenceRow | undefined,
  machine: string,
): { readonly machine: string; readonly formerMachines: readonly string[]; readonly isBack: boolean } {
  if (before === undefined) return { machine, formerMachines: [], isBack: false };
  if (before.machine === machine) return { machine, formerMachines: before.formerMachines, isBack: false };
  const isBack = before.formerMachines.includes(machine);
  const formerMachines = [
    before.machine,
    ...before.formerMachines.filter((former) => former !== machine),
  ].slice(0, formerMachinesMax);
  return { machine, formerMachines, isBack };
}

export type CheckDecision = {
  readonly state: LicenceCheck["state"];
  readonly message: string;
  /** The row to write before the answer, if any. */
  readonly row: LicenceRow | null;
  /** A machine with the LoadMaster's key that is not the one that is served. */
  readonly isCopy: boolean;
};

/**
 * `request.purpose` is "check", and `grant` what the LoadMaster has. `isOwnGrant`: signed by this Central's key. A
 * grant of this Central's whose row is not there any more is recorded again, if the share allows it.
 */
export function decideCheck(
  view: LicensingView,
  request: LicenceRequest,
  grant: LicenceGrant,
  isOwnGrant: boolean,
): CheckDecision {
  const answer = (
    state: LicenceCheck["state"],
    message: string,
    row: LicenceRow | null = null,
    isCopy = false,
  ): CheckDecision => ({ state, message, row, isCopy });
  // One that grants nothing vouches for nothing either: the other Central knows.
  if (view.notEntitled !== null) return answer("not-known", view.notEntitled);
  const known = view.rows.filter(({ unit }) => unit === request.unit);
  const deciding = decidingStanding(known);
  if (deciding === undefined || grant.number > deciding.number) {
    if (!isOwnGrant) return answer("not-known", "this Central has not heard of this licence");
    return recordAgain(view, request, grant, known);
  }
  if (grant.number < deciding.number) {
    const isCopy = deciding.machine !== request.machine;
    return answer(
      "superseded",
      isCopy
        ? `another machine (${deciding.name}, ${deciding.address}) has this unit's key and was licensed after it`
        : "a later licence of this unit was granted",
      null,
      isCopy,
    );
  }
  switch (deciding.state) {
    case "ended":
      return answer("ended", deciding.remark || "the licence was given back or recovered");
    case "moved":
      return takeBack(view, request, deciding);
    case "held":
      break;
    default:
      return unreachable(deciding.state);
  }
  // What another Central granted, only the pair with it tells whether it still holds.
  if (deciding.central !== view.self && deciding.central !== view.peer)
    return answer("not-known", "the licence is that of a Central with which this one is in no pair");
  if (deciding.formerMachines.includes(request.machine))
    return answer(
      "superseded",
      `another machine (${deciding.name}, ${deciding.address}) has this unit's key and took its place`,
      deciding.central === view.self
        ? { ...deciding, remark: twoMachines(request.machine, deciding.machine) }
        : null,
      true,
    );
  // Only its own writer may touch a row: at the other Central the change is seen by its next check there.
  if (deciding.central !== view.self) return answer("held", "");
  const { isBack: _, ...machines } = machinesAfter(deciding, request.machine);
  const row: LicenceRow = { ...deciding, ...placeOf(request), ...machines };
  return answer("held", "", isSame(row, deciding) ? null : row);
}

/** The other Central asked for this licence to grant it, and never did: its Central holds it again, if its share allows. */
function takeBack(view: LicensingView, request: LicenceRequest, moved: LicenceRow): CheckDecision {
  const unheld = { row: null, isCopy: false };
  if (moved.central !== view.self)
    return { ...unheld, state: "not-known", message: "the Central that granted it knows what became of it" };
  const type = licenceTypeOf(moved.type);
  const limited = type === undefined ? null : limitedKindOf(type);
  const licence = view.licence.state === "valid" ? view.licence.licence : null;
  const isFree =
    licence !== null && (limited === null || freeOf(view, licence, limited) >= amountOf(moved.type, limited));
  if (!isFree)
    return {
      ...unheld,
      state: "ended",
      message: "the licence was given up for the other Central to grant; activate it again",
    };
  const row: LicenceRow = { ...moved, ...placeOf(request), state: "held", remark: "" };
  return { state: "held", message: "", row, isCopy: false };
}

const isSame = (a: LicenceRow, b: LicenceRow): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The row of a licence that this Central did grant and no longer knows of, if it may be granted still. */
function recordAgain(
  view: LicensingView,
  request: LicenceRequest,
  grant: LicenceGrant,
  known: readonly LicenceRow[],
): CheckDecision {
  const activation = { ...request, purpose: "activate", type: grant.type } as const;
  const decision = decideActivation(view, activation, grant.grantedAt);
  if (decision.kind === "granted")
    return {
      state: "held",
      message: "",
      row: decision.row,
      isCopy: known.some(({ formerMachines }) => formerMachines.includes(request.machine)),
    };
  const why = decision.kind === "refused" ? decision.message : "the share of this Central is in use";
  return {
    state: "not-known",
    message: `this Central granted the licence and lost its record of it, and cannot grant it again: ${why}`,
    row: null,
    isCopy: false,
  };
}

/**
 * The row with which this Central ends a licence, whoever granted it; null when there is none that is held. `number`:
 * that of the LoadMaster's wish, who may have been granted a later one at the other Central.
 */
export function endedRow(view: LicensingView, unit: string, remark: string, number = 0): LicenceRow | null {
  const deciding = decidingStanding(view.rows.filter((row) => row.unit === unit));
  if (deciding === undefined || (deciding.state === "ended" && deciding.number >= number)) return null;
  const ends = Math.max(deciding.number, number);
  return { ...deciding, central: view.self, number: ends, state: "ended", remark };
}
