/** Licences as an issuer makes them; for tests. */
import { type CentralLicence, day } from "@tandem/licensing/central-licence";
import { licenceDocument } from "@tandem/licensing/wire";
import { newSigningKeyPem, type SigningKey, signingKeyFrom } from "@tandem/signed-documents/keys";
import { signDocument } from "@tandem/signed-documents/signed-document";

export const newIssuer = (): SigningKey => signingKeyFrom(newSigningKeyPem());

/** For these units, each with four local licences, metered, and good for a year from `at`; with changes. */
export function licenceFor(
  units: readonly string[],
  at: number,
  changes: Partial<CentralLicence> = {},
): CentralLicence {
  return {
    id: "1".repeat(16),
    account: "2".repeat(16),
    holder: "Example",
    isTrial: false,
    issuedAt: at,
    notBefore: at - day,
    expiresAt: at + 365 * day,
    units: units.map((unit) => ({ unit, local: 4, poolMbps: 0 })),
    local: { allowance: 4 * units.length },
    metered: { tierGbps: 10 },
    pool: null,
    ...changes,
  };
}

/** The same without local licences. */
export const notLocal = (licence: CentralLicence): CentralLicence => ({
  ...licence,
  local: null,
  units: licence.units.map((share) => ({ ...share, local: 0 })),
});

export const signed = (licence: CentralLicence, issuer: SigningKey): Promise<string> =>
  signDocument(licenceDocument.centralLicence, licence, issuer);
