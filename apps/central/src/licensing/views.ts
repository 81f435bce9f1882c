/** What operators see of licences: the pair's usage, and each licensed LoadMaster with its holder (SPEC ML3). */
import type { UnitId } from "@tandem/base/ids";
import type { LicenceShare, LicensedUnit, LicensingOverview } from "@tandem/central-api/licensing";
import { decidingStandings } from "@tandem/licensing/holder";
import { allowedBy, type LimitedKind } from "@tandem/licensing/shares";
import { devices } from "../fleet/tables.ts";
import type { Centrals } from "./centrals.ts";
import type { Licensing } from "./licensing.ts";
import type { LicensingPair, OwnLicencePort } from "./ports.ts";
import { deviceNumbers, licenceKey } from "./tables.ts";

export type LicensingParts = {
  readonly licensing: Licensing;
  readonly centrals: Centrals;
  readonly pair: LicensingPair;
  readonly own: OwnLicencePort;
};

/** A former peer's licences are not this pair's, although their rows are still here. */
export const isOfPair = (
  { identity, belonging }: Pick<LicensingPair, "identity" | "belonging">,
  central: UnitId,
): boolean => central === identity.unit || (belonging.kind === "paired" && belonging.peer === central);

export function overviewOf({ licensing, centrals, pair, own }: LicensingParts): LicensingOverview {
  const { unit, name, certificateFingerprint } = centrals.self;
  const view = licensing.view();
  const { licence } = own.current();
  const metered = licence?.metered ?? null;
  const issued = [...decidingStandings(view.rows).values()].filter(
    ({ type, state, central }) => type === "metered" && state === "held" && isOfPair(pair, central),
  ).length;
  const refuses = view.notEntitled ?? (view.licence.state === "invalid" ? view.licence.message : null);
  return {
    unit,
    unitName: name,
    fingerprint: certificateFingerprint,
    local: shareView(licensing, "local"),
    pool: shareView(licensing, "pool"),
    metered: metered && { tierGbps: metered.tierGbps, issued },
    refuses,
  };
}

function shareView(licensing: Licensing, kind: LimitedKind): LicenceShare | null {
  const usage = licensing.usage(kind);
  if (usage === null) return null;
  const own = usage.of(licensing.view().self);
  const peer = usage.peer === null ? { share: 0, issued: 0 } : usage.of(usage.peer);
  return {
    allowed: allowedBy(usage.licence, kind),
    share: own.share,
    issued: own.issued,
    peerShare: peer.share,
    peerIssued: peer.issued,
  };
}

/** By name, then licensing id. */
export function licensedUnits({ licensing, centrals, pair }: LicensingParts): readonly LicensedUnit[] {
  return [...decidingStandings(licensing.licences()).values()]
    .map((row): LicensedUnit => {
      const number = pair.row(deviceNumbers, licenceKey(row.unit, row.central))?.values.number;
      const isHeld = row.state === "held" && isOfPair(pair, row.central);
      const moment = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
      return {
        unit: row.unit,
        name: row.name,
        serial: row.serial,
        version: row.version,
        address: row.address,
        port: row.port,
        type: row.type,
        state: isHeld ? "held" : "ended",
        central: row.central,
        centralName: centrals.nameOf(row.central),
        isPeer: row.central !== centrals.self.unit,
        deviceId: number ?? 1,
        device: row.device !== "" && pair.row(devices, row.device) !== undefined ? row.device : null,
        partner: row.partner,
        number: row.number,
        grantedAt: new Date(row.grantedAt).toISOString(),
        checkedAt: moment(row.checkedAt),
        alarm: row.state === "held" && row.remark !== "" ? row.remark : null,
        ended: isHeld ? null : row.state === "held" ? "its Central is not of this pair any more" : row.remark,
      };
    })
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }) || (a.unit < b.unit ? -1 : 1));
}
