/** A Central that licenses units as a test says: real TLS, real signatures, and answers that can be made wrong. */

import { X509Certificate } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { World } from "@tandem/base/world";
import {
  checkIntervalMsDefault,
  graceMsDefault,
  type LicenceCheck,
  type LicenceGrant,
  LicenceRequest,
  type LicensingCentral,
  licenceDocument,
  licenceTypes,
} from "@tandem/licensing/wire";
import { fingerprintOf, selfSignedFor } from "@tandem/peer-link/identity";
import { newSigningKeyPem, type SigningKey, signingKeyFrom } from "@tandem/signed-documents/keys";
import { readDocument, signDocument } from "@tandem/signed-documents/signed-document";

type Tls = { readonly certificatePem: string; readonly privateKeyPem: string };
type Management = { readonly user: string; readonly password: string };
type Body = { readonly request: string; readonly grant?: string; readonly management?: Management };

export class FakeCentral {
  readonly host: string;
  readonly key: SigningKey = signingKeyFrom(newSigningKeyPem());
  port = 0;
  /** What was asked, in order. */
  readonly heard: LicenceRequest[] = [];
  management: Management | undefined;
  /** In place of every answer. */
  refusal: { readonly code: string; readonly message: string; readonly value?: unknown } | undefined;
  /** It takes requests and says nothing. */
  isSilent = false;
  /** It answers this many bytes of nothing. */
  floods = 0;
  editsGrant: (grant: LicenceGrant) => LicenceGrant = (grant) => grant;
  /** In place of its own key. */
  signsWith: SigningKey | undefined;
  /** Applied to the text of what it has signed. */
  forges: (text: string) => string = (text) => text;
  checkState: LicenceCheck["state"] = "held";
  lastNumber = 0;
  peer: FakeCentral | undefined;
  #tls: Tls;
  #server: Server | undefined;

  private constructor(host: string, tls: Tls) {
    this.host = host;
    this.#tls = tls;
  }

  static async start(host: string): Promise<FakeCentral> {
    const central = new FakeCentral(host, await selfSignedFor({ commonName: "central", addresses: [host] }));
    await central.open();
    return central;
  }

  get fingerprint(): string {
    return fingerprintOf(new X509Certificate(this.#tls.certificatePem));
  }

  get unit(): string {
    return this.fingerprint.slice(0, 16);
  }

  get description(): LicensingCentral {
    return {
      unit: this.unit,
      name: `central ${this.host}`,
      address: this.host,
      port: this.port,
      certificateFingerprint: this.fingerprint,
      key: this.key.publicKey,
    };
  }

  /** Another machine answers there from now on. */
  async changeKey(): Promise<void> {
    this.#tls = await selfSignedFor({ commonName: "another", addresses: [this.host] });
    await this.close();
    await this.open();
  }

  open(): Promise<void> {
    const server = createServer(
      { cert: this.#tls.certificatePem, key: this.#tls.privateKeyPem },
      (request, response) => {
        let text = "";
        request.on("data", (part) => {
          text += part;
        });
        request.on("end", () => {
          void this.#answer(request.url ?? "", text).then((answer) => {
            if (answer === undefined) return;
            response.statusCode = answer.status;
            response.setHeader("content-type", "application/json");
            response.end(JSON.stringify(answer.body));
          });
        });
      },
    );
    this.#server = server;
    return new Promise((resolve) =>
      server.listen(this.port, this.host, () => {
        this.port = (server.address() as AddressInfo).port;
        resolve();
      }),
    );
  }

  close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async #answer(path: string, text: string): Promise<{ status: number; body: object } | undefined> {
    const route = path.replace("/api/v1/licensing/", "");
    const body = text === "" ? undefined : (JSON.parse(text) as Body);
    const request = body === undefined ? undefined : await this.#hear(body);
    if (this.isSilent) return undefined;
    if (this.floods > 0) return { status: 200, body: { grant: "x".repeat(this.floods) } };
    if (this.refusal !== undefined) return refused(this.refusal);
    switch (route) {
      case "types":
        return {
          status: 200,
          body: {
            central: this.unit,
            name: this.description.name,
            types: licenceTypes.map(({ id, name, mbps }) => ({
              id,
              name,
              mbps,
              available: id === "local" ? 3 : null,
            })),
          },
        };
      case "activations":
        return request === undefined ? undefined : this.#grant(request, body?.management);
      case "checks":
        return request === undefined ? undefined : this.#check(request);
      case "releases":
        return { status: 200, body: { released: true } };
      default:
        return { status: 404, body: {} };
    }
  }

  async #hear({ request }: Body): Promise<LicenceRequest> {
    const read = await readDocument(request, {
      type: licenceDocument.request,
      schema: LicenceRequest,
      keys: "any",
    });
    if (!read.ok) throw new Error(read.error.message);
    this.heard.push(read.value.claims);
    return read.value.claims;
  }

  async #grant(request: LicenceRequest, management: Management | undefined) {
    if (request.number <= this.lastNumber)
      return refused({
        code: "number-not-greater",
        message: "a greater number was heard before",
        value: this.lastNumber,
      });
    this.lastNumber = request.number;
    this.management = management;
    const grant: LicenceGrant = {
      unit: request.unit,
      number: request.number,
      type: request.type ?? "local",
      central: this.unit,
      holder: "Example Ltd",
      grantedAt: Date.now(),
      checkIntervalMs: checkIntervalMsDefault,
      graceMs: graceMsDefault,
      centrals: this.#centrals,
    };
    const text = await this.#sign(licenceDocument.grant, this.editsGrant(grant));
    return { status: 201, body: { grant: text } };
  }

  async #check({ unit, number }: LicenceRequest) {
    const check: LicenceCheck = {
      unit,
      number,
      central: this.unit,
      at: Date.now(),
      state: this.checkState,
      message: this.checkState === "held" ? "" : `it is ${this.checkState}`,
      centrals: this.#centrals,
    };
    return { status: 200, body: { check: await this.#sign(licenceDocument.check, check) } };
  }

  get #centrals(): LicensingCentral[] {
    return [this.description, ...(this.peer === undefined ? [] : [this.peer.description])];
  }

  async #sign(type: string, claims: object): Promise<string> {
    return this.forges(await signDocument(type, claims, this.signsWith ?? this.key));
  }
}

const refused = ({ code, message, value }: { code: string; message: string; value?: unknown }) => ({
  status: 409,
  body: { errors: [{ code, field: "number", value, message, remedy: "do otherwise" }] },
});

/** Clocks that a test moves. */
export class HandWorld implements World {
  #now = 1_000_000;
  #wall = Date.now();
  readonly #timers = new Set<{ readonly at: number; readonly body: () => void }>();

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wall;
  }

  after(delayMs: number, body: () => void): () => void {
    const timer = { at: this.#now + delayMs, body };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  randomHex(bytes: number): string {
    return "80".repeat(bytes);
  }

  setWall(wall: number): void {
    this.#wall = wall;
  }

  /** Timers that are due go off once, at the end. */
  pass(ms: number): void {
    this.#now += ms;
    this.#wall += ms;
    for (const timer of [...this.#timers].filter(({ at }) => at <= this.#now)) {
      this.#timers.delete(timer);
      timer.body();
    }
  }
}
