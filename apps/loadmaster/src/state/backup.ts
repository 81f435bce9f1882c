/**
 * The whole configuration as one file. Equal configurations give equal bytes, so a digest of them is evidence (SPEC CH22).
 * Left out is what a unit keeps for itself alone: its password, its API keys, the partner secret, the CARP password; and
 * the private keys of certificates, of which `leftOut` reminds whoever reads the file.
 */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import type { SharedContent, UnitContent } from "./document.ts";

export const backupFormat = "tandem-loadmaster-backup-1";

export function backupOf(shared: SharedContent, unit: UnitContent): Buffer {
  const { passwordHash: _hash, apiKeys: _keys, partnerKey: _key, carpPassword: _password, ...own } = unit;
  const { certificates = [], ...others } = shared;
  const withoutKeys =
    certificates.length === 0
      ? { shared }
      : {
          shared: { ...others, certificates: certificates.map(({ name, chain }) => ({ name, chain })) },
          leftOut: certificates.map(({ name }) => `private key of certificate ${name}`),
        };
  return Buffer.from(
    `${canonicalJson({ format: backupFormat, ...withoutKeys, unit: own } as unknown as Json)}\n`,
  );
}
