/** Certificates for tests: made anew, by an authority or by themselves. */
import "reflect-metadata";
import { createPrivateKey, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { hour } from "@tandem/base/time";

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

export type Issued = {
  readonly certificate: string;
  /** PKCS#8 PEM. */
  readonly key: string;
  /** Both, as they are uploaded. */
  readonly pem: string;
  readonly issuer: { readonly subject: string; readonly keys: webcrypto.CryptoKeyPair };
};

const algorithms = {
  ec: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  rsa: {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2_048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  "rsa-1024": {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 1_024,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
} as const;

let serial = 1;

export async function issue(
  name: string,
  options: {
    readonly by?: Issued;
    readonly kind?: keyof typeof algorithms;
    readonly authority?: true;
    /** Hours from now. */
    readonly from?: number;
    readonly to?: number;
  } = {},
): Promise<Issued> {
  const algorithm = algorithms[options.kind ?? "ec"];
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const subject = `CN=${name}`;
  serial += 1;
  const issuer = options.by?.issuer ?? { subject, keys };
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: `40${serial.toString(16).padStart(6, "0")}`,
    subject,
    issuer: issuer.subject,
    notBefore: new Date(Date.now() + (options.from ?? -1) * hour),
    notAfter: new Date(Date.now() + (options.to ?? 24) * hour),
    signingKey: issuer.keys.privateKey,
    publicKey: keys.publicKey,
    signingAlgorithm: options.by === undefined ? algorithm : algorithms.ec,
    extensions: [
      new x509.BasicConstraintsExtension(options.authority === true, undefined, true),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
    ],
  });
  const certificate = `${made.toString("pem")}\n`;
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = String(
    createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }).export({ type: "pkcs8", format: "pem" }),
  );
  return { certificate, key, pem: `${certificate}${key}`, issuer: { subject, keys } };
}
