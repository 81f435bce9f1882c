/** Licences of LoadMasters (SPEC ML2–ML4, ML7): what a LoadMaster asks a Central, and what operators see and do. */
import { type Static, Type } from "@tandem/base/schema";
import { ActivationRuleSchema } from "@tandem/licensing/rules";
import { LicenceTypeId, LicensingId, OfferedLicenceType } from "@tandem/licensing/wire";
import { Acknowledged, closed, Moment, MomentOrNull, Tag } from "./errors.ts";

const text = (maxLength: number) => Type.String({ maxLength });
const amount = Type.Integer({ minimum: 0 });

// What a LoadMaster asks. The request's signature says who it is.

const SignedText = Type.String({ minLength: 1, maxLength: 16_384, description: "a compact JWS" });

export const LicenceTypesAnswer = Type.Object({
  central: Type.String(),
  name: Type.String(),
  types: Type.Array(OfferedLicenceType),
});

export const ActivationCall = Type.Object(
  {
    request: SignedText,
    /** What Central calls the LoadMaster's API with from then on; null: it is not added to the tree. */
    management: Type.Union([Type.Object({ user: text(64), password: text(256) }, closed), Type.Null()]),
  },
  closed,
);
export type ActivationCall = Static<typeof ActivationCall>;
export const ActivationAnswer = Type.Object({ grant: SignedText });

export const CheckCall = Type.Object({ request: SignedText, grant: SignedText }, closed);
export const CheckAnswer = Type.Object({ check: SignedText });

export const ReleaseCall = Type.Object({ request: SignedText }, closed);
export const ReleaseAnswer = Type.Object({ released: Type.Boolean() });

// What operators see and do.

/** Of the allowance (licences) or of the pool (Mbit/s). */
export const LicenceShare = Type.Object({
  /** What the licence allows on both units together. */
  allowed: amount,
  /** This unit's part of it now. */
  share: amount,
  /** Granted by this unit, and held. */
  issued: amount,
  /** As far as this unit knows. */
  peerShare: amount,
  peerIssued: amount,
});
export type LicenceShare = Static<typeof LicenceShare>;

export const LicensingOverview = Type.Object({
  unit: Type.String(),
  unitName: Type.String(),
  /** Of the key of this unit's certificate: what a LoadMaster shows before it is licensed. */
  fingerprint: Type.String(),
  local: Type.Union([LicenceShare, Type.Null()]),
  pool: Type.Union([LicenceShare, Type.Null()]),
  metered: Type.Union([Type.Object({ tierGbps: amount, issued: amount }), Type.Null()]),
  /** Why this unit grants nothing now; null: it does. */
  refuses: Type.Union([text(512), Type.Null()]),
});
export type LicensingOverview = Static<typeof LicensingOverview>;

export const LicensedUnit = Type.Object({
  unit: LicensingId,
  name: text(128),
  serial: text(64),
  version: text(64),
  address: text(45),
  port: amount,
  type: LicenceTypeId,
  /** `held`: licensed by this pair (blue). `ended`: released, recovered, or its Central was removed. */
  state: Type.Union([Type.Literal("held"), Type.Literal("ended")]),
  /** The Central that holds it, or whose word ended it. */
  central: Type.String(),
  centralName: Type.String(),
  isPeer: Type.Boolean(),
  /** ML3: the holder's small number for it. */
  deviceId: Type.Integer({ minimum: 1 }),
  /** The device of the tree; null when there is none any more. */
  device: Type.Union([Type.String(), Type.Null()]),
  partner: Type.Union([LicensingId, Type.Null()]),
  number: amount,
  grantedAt: Moment,
  checkedAt: MomentOrNull,
  /** An alarm about it: seen on two machines. */
  alarm: Type.Union([text(512), Type.Null()]),
  /** Why nobody holds it; null: it is held. */
  ended: Type.Union([text(512), Type.Null()]),
});
export type LicensedUnit = Static<typeof LicensedUnit>;
export const LicensedUnitList = Type.Object({ units: Type.Array(LicensedUnit) });

export const LicensedUnitParams = Type.Object({ unit: LicensingId });
export const LicenceRecovered = Type.Object({ unit: LicensingId, acknowledged: Acknowledged });

/** Wanted from the peer's share. */
export const ShareMove = Type.Object(
  {
    kind: Type.Union([Type.Literal("local"), Type.Literal("pool")]),
    amount: Type.Integer({ minimum: 1 }),
  },
  closed,
);
export type ShareMove = Static<typeof ShareMove>;
export const ShareMoved = Type.Object({ moved: amount, share: amount });

/** Who may be licensed; of both Centrals. The tag is empty until somebody changes the rule. */
export const LicensingRules = Type.Object({ activation: ActivationRuleSchema, tag: Tag });
export type LicensingRules = Static<typeof LicensingRules>;
export const LicensingRulesChange = Type.Object({ activation: ActivationRuleSchema }, closed);
export const LicensingRulesWritten = Type.Object({
  ...LicensingRules.properties,
  acknowledged: Acknowledged,
});
export type LicensingRulesWritten = Static<typeof LicensingRulesWritten>;
