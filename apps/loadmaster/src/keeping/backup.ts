/**
 * The whole configuration as one file. Equal configurations give equal bytes, so a digest of them is evidence (SPEC CH22).
 * Private keys of certificates are in it only where it is to be encrypted; else `leftOut` reminds whoever reads the file.
 */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import type { SharedContent, UnitContent } from "../state/document.ts";

export const backupFormat = "tandem-loadmaster-backup-1";

/**
 * What a restore does with each member of the pair's content: `services` is what virtual services are and use, `base` the
 * parameters of the pair. A member that is new to the document is put in here.
 */
export const sharedParts: { readonly [Name in keyof Required<SharedContent>]: "services" | "base" } = {
  services: "services",
  health: "services",
  adaptive: "services",
  securityHeaderAge: "services",
  nextServiceIndex: "services",
  nextServerIndex: "services",
  certificates: "services",
  intermediates: "services",
  rules: "services",
  templates: "services",
  selfSigned: "services",
  cipherSets: "services",
  access: "services",
  ha: "base",
  sharedAddresses: "base",
  sharedAddresses6: "base",
};

/**
 * The same of what is this unit's own: `stays` is its place in a pair, which no restore changes; `secret` is what a unit
 * never gives out, so that it stands in no backup.
 */
export const unitParts: { readonly [Name in keyof Required<UnitContent>]: "base" | "stays" | "secret" } = {
  hostname: "base",
  syslog: "base",
  hawaitSeconds: "base",
  hamode: "stays",
  partners: "stays",
  routes: "stays",
  holdsShared: "stays",
  extendedPermissions: "base",
  passwordCharsMin: "base",
  hosts: "base",
  callsMax: "base",
  passwordHash: "secret",
  passwordIsFirst: "secret",
  users: "secret",
  apiKeys: "secret",
  partnerKey: "secret",
  carpPassword: "secret",
};

/** Members of an object by what they are; those of none of `kinds` are left out. */
export const partsOf = <Whole extends object, Kind extends string>(
  whole: Whole,
  kindOf: { readonly [Name in keyof Required<Whole>]: Kind },
  ...kinds: readonly NoInfer<Kind>[]
): Partial<Whole> =>
  Object.fromEntries(
    Object.entries(whole).filter(([name]) => kinds.includes(kindOf[name as keyof Whole])),
  ) as Partial<Whole>;

export function backupOf(shared: SharedContent, unit: UnitContent, keys?: "with private keys"): Buffer {
  const { certificates = [], selfSigned, ...others } = shared;
  const leftOut = [
    ...certificates.map(({ name }) => `private key of certificate ${name}`),
    ...(selfSigned === undefined ? [] : ["the certificate that the unit made itself"]),
  ];
  const content =
    keys !== undefined || leftOut.length === 0
      ? { shared }
      : {
          shared: {
            ...others,
            ...(certificates.length === 0
              ? {}
              : { certificates: certificates.map(({ name, chain }) => ({ name, chain })) }),
          },
          leftOut,
        };
  const own = partsOf(unit, unitParts, "base", "stays");
  return Buffer.from(
    `${canonicalJson({ format: backupFormat, ...content, unit: own } as unknown as Json)}\n`,
  );
}
