/** Licences in words. */
import { type CentralLicence, stateOfLicence } from "@tandem/licensing/central-licence";
import { keyIdOf } from "@tandem/signed-documents/keys";

type Terms = Pick<
  CentralLicence,
  "id" | "account" | "holder" | "isTrial" | "units" | "local" | "metered" | "pool"
>;

export const aligned = (lines: readonly (readonly [string, string])[]): string =>
  lines.map(([name, text]) => `${name.padEnd(13)}${text}\n`).join("");

export function termsLines(terms: Terms): readonly (readonly [string, string])[] {
  const { id, account, holder, isTrial, units, local, metered, pool } = terms;
  return [
    ["Licence", `${id}${isTrial ? ", a trial" : ""}, account ${account}`],
    ["Holder", holder],
    [
      "Local",
      local === null ? "none" : `${local.allowance} ${local.allowance === 1 ? "licence" : "licences"}`,
    ],
    ["Metered", metered === null ? "none" : `tier ${metered.tierGbps} Gbit/s`],
    ["Pool", pool === null ? "none" : `${pool.capacityMbps} Mbit/s`],
    ...units.map(
      (share) =>
        [
          "Unit",
          `${share.unit}: ${share.local} local${pool === null ? "" : `, ${share.poolMbps} Mbit/s`}`,
        ] as const,
    ),
  ];
}

/** Of a licence whose signature is good. */
export function printLicence(licence: CentralLicence, key: string, now: number): string {
  const moment = (at: number): string => new Date(at).toISOString();
  const { state } = stateOfLicence(licence, now);
  return aligned([
    ...termsLines(licence),
    ["Issued", moment(licence.issuedAt)],
    ["Holds", `${moment(licence.notBefore)} to ${moment(licence.expiresAt)}, ${state} now`],
    ["Signed by", `${keyIdOf(key)} (${key})`],
  ]);
}
