/** Central's own licence: what it allows, for which units, until when. */
import { type Static, Type } from "@tandem/base/schema";
import { poolSizesMbps } from "./wire.ts";

const unitId = Type.String({ pattern: "^[0-9a-f]{16}$" });
const wall = Type.Integer({ minimum: 0 });
const amount = Type.Integer({ minimum: 0, maximum: 1_000_000_000 });

/** How the allowance and the pool are divided at first between the units that the licence is for. */
const InitialShare = Type.Object({ unit: unitId, local: amount, poolMbps: amount });

/**
 * Claims of a document of the type `licenceDocument.centralLicence`. What `readCentralLicence` took holds: the shares
 * sum up to the allowance and to the pool, units are not named twice, and a pool comes without metered licensing.
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
