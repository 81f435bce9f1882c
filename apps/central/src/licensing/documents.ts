/** Requests of LoadMasters as they come, and what they are answered with: signed texts around the claims. */

import type { Static } from "@tandem/base/schema";
import type { WallMillis } from "@tandem/base/time";
import {
  checkIntervalMsDefault,
  graceMsDefault,
  LicenceGrant,
  type LicencePurpose,
  LicenceRequest,
  licenceDocument,
} from "@tandem/licensing/wire";
import { keyIdOf, type SigningKey } from "@tandem/signed-documents/keys";
import { type DocumentFault, readDocument, signDocument } from "@tandem/signed-documents/signed-document";
import { Refusal } from "../refusal.ts";
import type { Centrals } from "./centrals.ts";
import type { Checked } from "./licensing.ts";
import type { LicenceValues } from "./tables.ts";

const remedies: { readonly [code in DocumentFault["code"]]: string } = {
  "not-a-document": "send the text as the LoadMaster signed it, whole",
  "wrong-type": "send a licence request",
  "unknown-key": "send a document of this Central or its peer",
  "signature-wrong": "let the LoadMaster sign the request anew",
  "claims-wrong": "bring the older of the two programs up to date",
};

/** A request that its sender has signed, or throws the refusal. */
export async function readRequest(
  text: string,
  purpose: Static<typeof LicencePurpose>,
): Promise<LicenceRequest> {
  const type = licenceDocument.request;
  const read = await readDocument(text, { type, schema: LicenceRequest, keys: "any" });
  if (!read.ok) throw refusalOf("request", read.error);
  const { claims, key } = read.value;
  const wrong = (field: string, value: string, message: string, remedy: string): Refusal =>
    new Refusal(400, { code: "request-wrong", field: `request/${field}`, value, message, remedy });
  if (keyIdOf(key) !== claims.unit)
    throw wrong(
      "unit",
      claims.unit,
      `the request is signed by the LoadMaster ${keyIdOf(key)} and speaks of ${claims.unit}`,
      "a LoadMaster speaks for itself alone",
    );
  if (claims.purpose !== purpose)
    throw wrong(
      "purpose",
      claims.purpose,
      `the request is to ${claims.purpose}, and was sent to ${purpose}`,
      "send it where it belongs",
    );
  return claims;
}

/** What the LoadMaster has been granted; `isOwn`: by this Central. */
export async function readGrant(
  text: string,
  request: LicenceRequest,
  own: SigningKey,
): Promise<{ readonly grant: LicenceGrant; readonly isOwn: boolean }> {
  const type = licenceDocument.grant;
  const read = await readDocument(text, { type, schema: LicenceGrant, keys: "any" });
  if (!read.ok) throw refusalOf("grant", read.error);
  const { claims: grant, key } = read.value;
  if (grant.unit !== request.unit || grant.number !== request.number)
    throw new Refusal(400, {
      code: "grant-foreign",
      field: "grant",
      message: `the grant is that of ${grant.unit} with the number ${grant.number}, and the request speaks of ${request.unit} with ${request.number}`,
      remedy: "send the grant that the request is about",
    });
  return { grant, isOwn: key === own.publicKey };
}

const refusalOf = (field: string, { code, message }: DocumentFault): Refusal =>
  new Refusal(400, { code: `${field}-${code}`, field, message, remedy: remedies[code] });

export function signGrant(
  row: LicenceValues,
  holder: string,
  centrals: Centrals,
  key: SigningKey,
): Promise<string> {
  const grant: LicenceGrant = {
    unit: row.unit,
    number: row.number,
    type: row.type,
    central: row.central,
    holder,
    grantedAt: row.grantedAt,
    checkIntervalMs: checkIntervalMsDefault,
    graceMs: graceMsDefault,
    centrals: [...centrals.list()],
  };
  return signDocument(licenceDocument.grant, grant, key);
}

export function signCheck(
  request: LicenceRequest,
  checked: Checked,
  at: WallMillis,
  centrals: Centrals,
  key: SigningKey,
): Promise<string> {
  const { unit, number } = request;
  const check = { unit, number, central: centrals.self.unit, at, ...checked, centrals: [...centrals.list()] };
  return signDocument(licenceDocument.check, check, key);
}
