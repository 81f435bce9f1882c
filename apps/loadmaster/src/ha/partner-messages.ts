/**
 * What two units of a pair say to each other on TCP 6973, after mutual TLS. Each connects to the other and asks on its
 * own connection; the other answers every message with one. Frames and bounds are those of `@tandem/peer-link/frames`.
 */
import { fits } from "@tandem/base/check";
import { hmacSha256Hex } from "@tandem/base/digest";
import { type Static, Type } from "@tandem/base/schema";
import { LedgerSchema, RunSchema } from "@tandem/fencing/ledger";
import { LicensingId } from "@tandem/licensing/wire";
import { type SharedContent, SharedContentSchema } from "../state/document.ts";
import {
  unknownToLinkVersion2,
  unknownToLinkVersion3,
  unknownToLinkVersion4,
  unknownToLinkVersion5,
} from "../state/older-partners.ts";
import { PacifiedSchema } from "./pacified.ts";

/** Told in `status`. A partner of version 1 knows no `ledger`, and is sent none. */
export const linkVersion = 6;
/** Before this version a document with persistence, layer 4 or a mode of HA such as hafast was not understood at all. */
export const linkVersionWithTraffic = 3;
/** Before this version a document with addresses of IPv6 was not understood at all. */
export const linkVersionWithIpv6 = 4;
/** Before this version a document with certificates or TLS was not understood at all. */
export const linkVersionWithCertificates = 5;
/** Before this version a document with content rules, SubVS and what else services came to know was not understood at all. */
export const linkVersionWithRules = 6;
export const linkVersionWithLedger = 2;
/** Part of what is proved, the same in every version so far. */
const proofVersion = 1;
export const documentMaxBytes = 16 * 1024 * 1024;

/** What the content uses that a partner whose program speaks this version of the link does not know, in words. */
export const unknownToVersion = (version: number, shared: SharedContent): string[] => [
  ...(version < linkVersionWithTraffic ? unknownToLinkVersion2(shared) : []),
  ...(version < linkVersionWithIpv6 ? unknownToLinkVersion3(shared) : []),
  ...(version < linkVersionWithCertificates ? unknownToLinkVersion4(shared) : []),
  ...(version < linkVersionWithRules ? unknownToLinkVersion5(shared) : []),
];

const nonce = Type.String({ pattern: "^[0-9a-f]{64}$" });
const proof = Type.String({ pattern: "^[0-9a-f]{64}$" });

export const PartnerStatusSchema = Type.Object({
  type: Type.Literal("status"),
  version: Type.Integer(),
  name: Type.String({ maxLength: 253 }),
  hamode: Type.Integer(),
  vhid: Type.Integer(),
  timeout: Type.Integer(),
  sharedAddress: Type.String({ maxLength: 15 }),
  /** Its own addresses of IPv6, which cannot be shared ones. Absent from a partner of an earlier version. */
  addresses6: Type.Optional(Type.Array(Type.String({ maxLength: 39 }), { maxItems: 256 })),
  role: Type.Union([
    Type.Literal("initial"),
    Type.Literal("backup"),
    Type.Literal("master"),
    Type.Literal("stopped"),
  ]),
  revision: Type.Integer(),
  digest: Type.String({ maxLength: 64 }),
  /** How bad it is off, 0 to 255. Absent from a partner of an earlier version, and while its carpd does not answer. */
  demotion: Type.Optional(Type.Integer()),
  /** Absent as well from a partner of an earlier version. */
  checks: Type.Optional(
    Type.Array(
      Type.Object({
        device: Type.String({ maxLength: 15 }),
        gateway: Type.Union([Type.Null(), Type.String({ maxLength: 45 })]),
        fault: Type.Union([Type.Null(), Type.String({ maxLength: 300 })]),
      }),
      { maxItems: 256 },
    ),
  ),
  /** The interface of its CARP. Absent as well from a partner of an earlier version, and while it is no pair. */
  haInterface: Type.Optional(Type.Integer()),
  /** How long it has been active. Absent while it is not. */
  activeForMs: Type.Optional(Type.Number()),
  /** What Centrals know it by, and the type of its licence. Absent from a partner of an earlier version. */
  licensing: Type.Optional(
    Type.Object({
      unit: LicensingId,
      type: Type.Union([Type.String({ maxLength: 32 }), Type.Null()]),
    }),
  ),
  /** Its carpd has ended too often. Absent otherwise, and from a partner of an earlier version. */
  pacified: Type.Optional(PacifiedSchema),
});
export type PartnerStatus = Static<typeof PartnerStatusSchema>;

export const PartnerMessageSchema = Type.Union([
  /** From the one that was connected to, before anything else. */
  Type.Object({ type: Type.Literal("challenge"), nonce }),
  /** From the one that connected. */
  Type.Object({ type: Type.Literal("response"), nonce, proof }),
  /** The other's proof: it knows the secret as well. */
  Type.Object({ type: Type.Literal("welcome"), proof }),
  PartnerStatusSchema,
  /** From the active to the standby: everything that the pair shares. */
  Type.Object({
    type: Type.Literal("document"),
    revision: Type.Integer({ minimum: 0 }),
    digest: Type.String({ maxLength: 64 }),
    shared: SharedContentSchema,
  }),
  Type.Object({
    type: Type.Literal("accepted"),
    revision: Type.Integer(),
    digest: Type.String({ maxLength: 64 }),
  }),
  /**
   * Runs and epochs of the ledger of actions (SPEC CH22), outside the order of questions and answers, since an action
   * waits for it. `claim`: the sender is about to perform it.
   */
  Type.Object({
    type: Type.Literal("ledger"),
    id: Type.Integer({ minimum: 0 }),
    claim: Type.Union([Type.Null(), RunSchema]),
    ledger: LedgerSchema,
  }),
  /** It is on the disk of the unit that answers, or the claim is refused and the ledger says why. */
  Type.Object({
    type: Type.Literal("ledger-kept"),
    id: Type.Integer({ minimum: 0 }),
    accepted: Type.Boolean(),
    ledger: LedgerSchema,
  }),
  Type.Object({
    type: Type.Literal("refused"),
    code: Type.String({ maxLength: 64 }),
    reason: Type.String({ maxLength: 1_000 }),
  }),
]);
export type PartnerMessage = Static<typeof PartnerMessageSchema>;
export type LedgerMessage = Extract<PartnerMessage, { type: "ledger" | "ledger-kept" }>;

export const isPartnerMessage = (value: unknown): value is PartnerMessage =>
  fits(PartnerMessageSchema, value);

export type Handshake = {
  readonly key: Uint8Array;
  readonly callerFingerprint: string;
  readonly calledFingerprint: string;
  readonly callerNonce: string;
  readonly calledNonce: string;
};

/**
 * HMAC-SHA256 over who proves, both certificates and both nonces: it fits this connection alone, so whoever passes it on
 * from another one, or stands in the middle with certificates of his own, does not get in.
 */
export const proofOf = (role: "caller" | "called", each: Handshake): string =>
  hmacSha256Hex(
    each.key,
    [
      `tandem partner link ${proofVersion}`,
      role,
      each.callerFingerprint,
      each.calledFingerprint,
      each.callerNonce,
      each.calledNonce,
    ].join("|"),
  );
