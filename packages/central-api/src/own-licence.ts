/** Central's own licence on one unit (SPEC ML1): what it is, the import of another, and whose licences are taken. */
import { type Static, Type } from "@tandem/base/schema";
import { CentralLicence } from "@tandem/licensing/central-licence";
import { PublicKeyText } from "@tandem/licensing/wire";
import { closed, Moment } from "./errors.ts";

const orNull = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);
const keyId = Type.String({
  pattern: "^[0-9a-f]{16}$",
  description: "the first 16 hexadecimal digits of the SHA-256 of the key's 32 bytes",
});

export const LicenceIssuer = Type.Object({
  id: keyId,
  key: PublicKeyText,
  name: Type.String(),
  trustedAt: Moment,
});
export type LicenceIssuer = Static<typeof LicenceIssuer>;

export const OwnLicence = Type.Object({
  unit: Type.String(),
  state: Type.Union([
    Type.Literal("valid"),
    Type.Literal("expired"),
    Type.Literal("not-yet"),
    Type.Literal("none"),
    Type.Literal("invalid"),
  ]),
  message: orNull(Type.String({ description: "why it does not hold, and what would mend it" })),
  licence: orNull(
    Type.Object({
      ...CentralLicence.properties,
      issuedAt: Moment,
      notBefore: Moment,
      expiresAt: Moment,
    }),
  ),
  signedBy: orNull(
    Type.Object({ id: keyId, name: Type.String({ description: "as this unit calls the issuer" }) }),
  ),
  alarm: orNull(Type.String({ description: "what is wrong with this unit's clock" })),
  settings: Type.Object(
    { local: Type.Boolean(), metered: Type.Boolean() },
    { description: "what the units of a pair compare: what is licensed, whether it has ended or not" },
  ),
  licensingKey: Type.String({ description: "this unit's public key, which signs what it grants" }),
});
export type OwnLicence = Static<typeof OwnLicence>;

export const LicenceImport = Type.Object(
  {
    licence: Type.String({ minLength: 1, maxLength: 16_384, description: "a compact JWS, as it was issued" }),
    replaceNewer: Type.Optional(
      Type.Boolean({ description: "also in the place of one of the same account that was issued later" }),
    ),
  },
  closed,
);

export const LicenceIssuerList = Type.Object({ issuers: Type.Array(LicenceIssuer) });
export const LicenceIssuerNew = Type.Object(
  {
    key: Type.String({
      minLength: 1,
      maxLength: 64,
      description: "the Ed25519 public key, base64url, as tandem license keygen printed it",
    }),
    name: Type.String({ minLength: 1, maxLength: 64 }),
  },
  closed,
);
export const LicenceIssuerParams = Type.Object({ id: Type.String({ maxLength: 32 }) }, closed);
