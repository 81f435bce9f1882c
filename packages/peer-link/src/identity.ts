/**
 * Who this unit is: an ECDSA P-256 key made at its first start, and a self-signed certificate for it.
 * Peers pin the SHA-256 of the public key, so the certificate may be issued anew (another name, another
 * address, nearing its end) without anybody having to exchange keys again. Kept outside the database and
 * its backups (DESIGN, "Identity"): a restored backup never makes two units of one name.
 */
import "reflect-metadata";
import { createPrivateKey, createPublicKey, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { sha256Hex } from "@tandem/base/digest";
import { type Fingerprint, type UnitId, unitIdOf } from "@tandem/base/ids";
import { hour } from "@tandem/base/time";
import { writeFileAtomically } from "./atomic-file.ts";

/** A unit's key and certificate. The private key is PKCS#8 PEM, the certificate X.509 PEM. */
export type Identity = {
  readonly unit: UnitId;
  readonly fingerprint: Fingerprint;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
};

/** What the certificate names: a host name, and the IP addresses (or further names) the unit is reached at. */
export type IdentityNames = { readonly commonName: string; readonly addresses: readonly string[] };

/** Below the 825 days that some browsers allow a server's certificate at most. */
const certificateLifetimeMs = 820 * 24 * hour;
const certificateRenewBeforeMs = 200 * 24 * hour;
/** The clock of a machine just installed may be behind its peer's. */
const certificateBackdateMs = 24 * hour;

/** The upper bound of X.520 for a common name. */
const commonNameMaxChars = 64;

const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

/** SHA-256 of a certificate's SubjectPublicKeyInfo in DER (RFC 7469 §2.4 pins the same bytes). */
export const fingerprintOf = (certificate: X509Certificate): Fingerprint =>
  sha256Hex(certificate.publicKey.export({ type: "spki", format: "der" }));

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function generatePrivateKey(): Promise<string> {
  const pair = await webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", pair.privateKey));
  return createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }).export({
    type: "pkcs8",
    format: "pem",
  }) as string;
}

/** A new key and a self-signed certificate for it, which belong to nobody yet. */
export async function selfSignedFor(
  names: IdentityNames,
): Promise<Pick<Identity, "certificatePem" | "privateKeyPem">> {
  const privateKeyPem = await generatePrivateKey();
  return { privateKeyPem, certificatePem: await issueCertificate(privateKeyPem, names) };
}

async function issueCertificate(privateKeyPem: string, names: IdentityNames): Promise<string> {
  const privateKey = createPrivateKey(privateKeyPem);
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" });
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const keys = {
    privateKey: await webcrypto.subtle.importKey("pkcs8", pkcs8, keyAlgorithm, false, ["sign"]),
    publicKey: await webcrypto.subtle.importKey("spki", spki, keyAlgorithm, true, ["verify"]),
  };
  const alternativeNames = [...new Set([names.commonName, ...names.addresses])].map(
    (name) => ({ type: isIP(name) === 0 ? "dns" : "ip", value: name }) as const,
  );
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // A leading zero would be dropped by some readers and a leading one bit makes the number negative.
    serialNumber: `4${randomBytes(10).toString("hex").slice(1)}`,
    name: [{ CN: [names.commonName.slice(0, commonNameMaxChars)] }],
    notBefore: new Date(Date.now() - certificateBackdateMs),
    notAfter: new Date(Date.now() + certificateLifetimeMs),
    signingAlgorithm: keyAlgorithm,
    keys: keys as unknown as Parameters<typeof x509.X509CertificateGenerator.createSelfSigned>[0]["keys"],
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension(alternativeNames),
    ],
  });
  return certificate.toString("pem");
}

const namesAll = (certificate: X509Certificate, names: IdentityNames): boolean =>
  [names.commonName, ...names.addresses].every((name) =>
    isIP(name) === 0
      ? certificate.checkHost(name, { subject: "never" }) !== undefined
      : certificate.checkIP(name) !== undefined,
  );

const goodFor = (certificatePem: string, privateKeyPem: string, names: IdentityNames): boolean => {
  const certificate = new X509Certificate(certificatePem);
  return (
    certificate.checkPrivateKey(createPrivateKey(privateKeyPem)) &&
    Date.parse(certificate.validTo) - Date.now() > certificateRenewBeforeMs &&
    namesAll(certificate, names)
  );
};

/**
 * The identity kept in `directory` (`key.pem` and `certificate.pem`, both 0600), made there when absent.
 * The certificate is issued anew, under the same key, when it lacks one of the names or nears its end.
 * Throws when the directory cannot be written or holds a key that cannot be read: a unit without its identity must not run.
 */
export async function loadOrCreateIdentity(directory: string, names: IdentityNames): Promise<Identity> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const keyPath = join(directory, "key.pem");
  const certificatePath = join(directory, "certificate.pem");
  let privateKeyPem = await readIfPresent(keyPath);
  if (privateKeyPem === undefined) {
    privateKeyPem = await generatePrivateKey();
    await writeFileAtomically(keyPath, privateKeyPem, 0o600);
  }
  let certificatePem = await readIfPresent(certificatePath);
  if (certificatePem === undefined || !goodFor(certificatePem, privateKeyPem, names)) {
    certificatePem = await issueCertificate(privateKeyPem, names);
    await writeFileAtomically(certificatePath, certificatePem, 0o600);
  }
  const fingerprint = fingerprintOf(new X509Certificate(certificatePem));
  return { unit: unitIdOf(fingerprint), fingerprint, certificatePem, privateKeyPem };
}
