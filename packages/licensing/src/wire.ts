/**
 * What LoadMasters and Centrals say to each other about licences (SPEC ML2, ML7). Each text is a compact JWS
 * (`@tandem/signed-documents`) whose claims are one of these schemas; `licenceDocument` names their `typ`.
 */
import { type Static, Type } from "@tandem/base/schema";
import { hour } from "@tandem/base/time";

export const licenceDocument = {
  centralLicence: "tandem-central-licence",
  request: "tandem-licence-request",
  grant: "tandem-licence-grant",
  check: "tandem-licence-check",
} as const;

const text = (maxLength: number) => Type.String({ maxLength });
const wall = Type.Integer({ minimum: 0 });
const port = Type.Integer({ minimum: 1, maximum: 65_535 });
const fingerprint = Type.String({ pattern: "^[0-9a-f]{64}$" });
const unitId = Type.String({ pattern: "^[0-9a-f]{16}$" });

/** What a LoadMaster is known by: the first 16 hexadecimal digits of the SHA-256 of its public key's 32 bytes. */
export const LicensingId = Type.String({ pattern: "^[0-9a-f]{16}$" });
export type LicensingId = string;

/** An Ed25519 public key as JWKs carry it: `x`, base64url. */
export const PublicKeyText = Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" });

export const requestNumberMax = 2 ** 48;
const requestNumber = Type.Integer({ minimum: 1, maximum: requestNumberMax });

// Types of licence.

/** Sizes that a licence out of the pool can have, in Mbit/s: 50 Mbit/s to 10 Gbit/s. */
export const poolSizesMbps = [50, 100, 200, 500, 1_000, 2_000, 3_000, 5_000, 10_000] as const;

export const licenceKinds = ["local", "metered", "pool"] as const;
export type LicenceKind = (typeof licenceKinds)[number];

/** `local`, `metered`, or `pool-` and the size in Mbit/s. */
export const LicenceTypeId = Type.String({ pattern: "^(local|metered|pool-[0-9]{2,5})$" });
export type LicenceType = {
  readonly id: string;
  readonly kind: LicenceKind;
  /** Of the pool; null of the other kinds, which have no limit. */
  readonly mbps: number | null;
  /** For people. */
  readonly name: string;
};

const speed = (mbps: number): string => (mbps < 1_000 ? `${mbps} Mbit/s` : `${mbps / 1_000} Gbit/s`);

export const licenceTypes: readonly LicenceType[] = [
  { id: "local", kind: "local", mbps: null, name: "Local licence" },
  { id: "metered", kind: "metered", mbps: null, name: "Metered licence" },
  ...poolSizesMbps.map(
    (mbps): LicenceType => ({
      id: `pool-${mbps}`,
      kind: "pool",
      mbps,
      name: `Pooled licence, ${speed(mbps)}`,
    }),
  ),
];
export const licenceTypeOf = (id: string): LicenceType | undefined =>
  licenceTypes.find((type) => type.id === id);

/** What a Central offers, unsigned: `GET /licensing/types`. */
export const OfferedLicenceType = Type.Object({
  id: LicenceTypeId,
  name: text(64),
  mbps: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  /** How many more of it could be granted now, here; null: without limit. */
  available: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
});
export type OfferedLicenceType = Static<typeof OfferedLicenceType>;

// Requests.

export const LicencePurpose = Type.Union([
  Type.Literal("activate"),
  Type.Literal("check"),
  Type.Literal("release"),
]);

/** Signed by the LoadMaster's key, which the JWS header names in full. */
export const LicenceRequest = Type.Object({
  purpose: LicencePurpose,
  unit: LicensingId,
  /**
   * `activate`: new, greater than any before, and on the LoadMaster's disk before it is sent. `check` and `release`:
   * that of the activation which they are about.
   */
  number: requestNumber,
  /** What is wanted; null but for `activate`. */
  type: Type.Union([LicenceTypeId, Type.Null()]),
  /** The LoadMaster's host name. */
  name: text(128),
  version: text(64),
  serial: text(64),
  /** Digest of what tells this machine from a copy of it (machine id, MAC addresses). */
  machine: unitId,
  /** Where its API answers, and the SHA-256 of the public key that it answers with. */
  address: text(45),
  port,
  certificateFingerprint: fingerprint,
  /** The licensing id of the other member of its HA pair. */
  partner: Type.Union([LicensingId, Type.Null()]),
  /** By the LoadMaster's clock; for people. */
  at: wall,
});
export type LicenceRequest = Static<typeof LicenceRequest>;

// Grants.

/** A Central that the LoadMaster may turn to. */
export const LicensingCentral = Type.Object({
  unit: unitId,
  name: text(128),
  /** Null while it is not known where the other Central serves its API. */
  address: Type.Union([text(255), Type.Null()]),
  port,
  /** SHA-256 of the public key of its TLS certificate. */
  certificateFingerprint: Type.Union([fingerprint, Type.Null()]),
  /** Its licensing key: it signs grants and answers to checks. */
  key: Type.Union([PublicKeyText, Type.Null()]),
});
export type LicensingCentral = Static<typeof LicensingCentral>;

export const graceMsDefault = 30 * 24 * hour;
export const checkIntervalMsDefault = 24 * hour;

export const LicenceGrant = Type.Object({
  unit: LicensingId,
  /** Of the request that it answers. */
  number: requestNumber,
  type: LicenceTypeId,
  /** The Central that granted it. */
  central: unitId,
  /** Holder of Central's licence, for people. */
  holder: text(128),
  grantedAt: wall,
  checkIntervalMs: Type.Integer({ minimum: 1_000 }),
  graceMs: Type.Integer({ minimum: 0 }),
  /** This Central first, then its peer where there is one. */
  centrals: Type.Array(LicensingCentral, { minItems: 1, maxItems: 2 }),
});
export type LicenceGrant = Static<typeof LicenceGrant>;

// Checks.

export const LicenceCheck = Type.Object({
  unit: LicensingId,
  number: requestNumber,
  central: unitId,
  at: wall,
  /**
   * `held`: the licence holds. `superseded`: a request with a greater number was granted, to another machine or at
   * the other Central. `not-known`: this Central knows nothing of it; the other may. `ended`: released, recovered, or
   * the Central was removed from its pair.
   */
  state: Type.Union([
    Type.Literal("held"),
    Type.Literal("superseded"),
    Type.Literal("not-known"),
    Type.Literal("ended"),
  ]),
  /** For people: why it is not held, and what to do. */
  message: text(512),
  centrals: Type.Array(LicensingCentral, { minItems: 1, maxItems: 2 }),
});
export type LicenceCheck = Static<typeof LicenceCheck>;

/** Codes with which a Central refuses an activation; each goes into the audit with its count. */
export const activationRefusals = [
  /** Neither this type nor any like it is licensed on this Central. */
  "type-not-licensed",
  /** All that the licence allows is in use. */
  "allowance-used-up",
  /** This Central's share is in use, and the rest is with its peer, which cannot be asked now. */
  "share-used-up",
  /** Central's own licence has expired, is not valid yet, or there is none. */
  "central-licence-invalid",
  /** A request with this number or a greater one was heard before; `lastNumber` says which. */
  "number-not-greater",
  /** Too many requests of this LoadMaster, or of ones that nobody knew before; `retryAfterMs`. */
  "too-often",
  /** This Central was removed from its pair, or was restored and has not met its peer again. */
  "not-entitled",
  /** The rule of the pair about who may be licensed (`rules.ts`) does not let this LoadMaster. */
  "not-allowed",
] as const;
export type ActivationRefusal = (typeof activationRefusals)[number];
