/** A LoadMaster as far as a Central's API sees one: a key, a number, signed requests; for tests. */
import { createHash } from "node:crypto";
import type { CentralClient } from "@tandem/central-api/client";
import { routes } from "@tandem/central-api/routes";
import { LicenceCheck, LicenceGrant, type LicenceRequest, licenceDocument } from "@tandem/licensing/wire";
import { keyIdOf, newSigningKeyPem, type SigningKey, signingKeyFrom } from "@tandem/signed-documents/keys";
import { readDocument, signDocument } from "@tandem/signed-documents/signed-document";

type Caller = Pick<CentralClient, "call">;

export class SigningLoadMaster {
  readonly key: SigningKey = signingKeyFrom(newSigningKeyPem());
  readonly unit = keyIdOf(this.key.publicKey);
  number = 0;
  about: Partial<LicenceRequest>;
  /** As it was signed. */
  grant = "";

  constructor(address: string, about: Partial<LicenceRequest> = {}) {
    this.about = { address, ...about };
  }

  claims(
    purpose: LicenceRequest["purpose"],
    type: string | null,
    changes: Partial<LicenceRequest> = {},
  ): LicenceRequest {
    return {
      purpose,
      unit: this.unit,
      number: this.number,
      type,
      name: `lm-${this.unit.slice(0, 4)}`,
      version: "1.0.0",
      serial: this.unit,
      machine: this.unit,
      address: "10.1.0.1",
      port: 443,
      certificateFingerprint: createHash("sha256").update(this.unit).digest("hex"),
      partner: null,
      at: Date.now(),
      ...this.about,
      ...changes,
    };
  }

  sign(claims: LicenceRequest): Promise<string> {
    return signDocument(licenceDocument.request, claims, this.key);
  }

  /** Rejects with an `ApiError` when it is refused. */
  async activate(central: Caller, type = "local"): Promise<LicenceGrant> {
    this.number += 1;
    const request = await this.sign(this.claims("activate", type));
    const management = { user: "tandem-central", password: "not-a-real-one" };
    const { grant } = await central.call(routes.activateLicence, { body: { request, management } });
    this.grant = grant;
    return read(grant, licenceDocument.grant, LicenceGrant);
  }

  async check(central: Caller): Promise<LicenceCheck> {
    const request = await this.sign(this.claims("check", null));
    const { check } = await central.call(routes.checkLicence, { body: { request, grant: this.grant } });
    return read(check, licenceDocument.check, LicenceCheck);
  }

  async release(central: Caller): Promise<boolean> {
    const request = await this.sign(this.claims("release", null));
    return (await central.call(routes.releaseLicence, { body: { request } })).released;
  }
}

async function read<Schema extends typeof LicenceGrant | typeof LicenceCheck>(
  text: string,
  type: string,
  schema: Schema,
) {
  const document = await readDocument(text, { type, schema, keys: "any" });
  if (!document.ok) throw new Error(document.error.message);
  return document.value.claims;
}
