/**
 * What is uploaded as a certificate, read: PEM in any order, a private key that belongs to one of the certificates, the
 * others in the order in which each is issued by the next. Nothing of a private key is ever repeated in a refusal.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { err, ok, type Result } from "@tandem/base/result";
import {
  certificateChainMax,
  certificateUploadMaxBytes,
} from "@tandem/loadmaster-api/certificate-parameters";
import type { Failure } from "@tandem/loadmaster-api/envelope";

export const rsaMinBits = 2_048;
const curves: readonly string[] = ["prime256v1", "secp384r1", "secp521r1"];

/** PEM of the service's own certificate and those above it, and of its key in PKCS#8. */
export type CertificateRead = {
  readonly chain: string;
  readonly key: string;
  /** What is strange about it although it is taken, each a part of a sentence. */
  readonly warnings: readonly string[];
};

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** A certificate with its key; `now` in milliseconds since 1970. */
export function readCertificate(
  file: Buffer,
  password: string | undefined,
  now: number,
): Result<CertificateRead, Failure> {
  const blocks = readBlocks(file);
  if (!blocks.ok) return blocks;
  const certificates = readCertificates(blocks.value);
  if (!certificates.ok) return certificates;
  const keys = blocks.value.filter(({ label }) => label.endsWith("PRIVATE KEY"));
  const [first] = keys;
  if (first === undefined)
    return refuse(
      "data: there is a certificate but no private key; put the key into the same file, before or after the certificate",
    );
  if (keys.length > 1)
    return refuse(`data: there are ${keys.length} private keys; leave only the one of the certificate`);
  const key = readKey(first.text, password);
  if (!key.ok) return key;
  const own = certificates.value.find((each) => each.checkPrivateKey(key.value));
  if (own === undefined)
    return refuse(
      `data: the private key belongs to none of the certificates (${subjectOf(certificates.value[0])}); give the key that the certificate was requested with`,
    );
  const { chain, others } = chainOf(own, certificates.value);
  return ok({
    chain: pemOf(chain),
    key: String(key.value.export({ type: "pkcs8", format: "pem" })),
    warnings: [
      ...validity(own, now),
      ...(others === 0
        ? []
        : [`${others} certificate${others === 1 ? "" : "s"} that did not issue it were left out`]),
    ],
  });
}

/** Intermediate certificates, PEM, or one in DER. */
export function readIntermediates(
  file: Buffer,
  now: number,
): Result<Pick<CertificateRead, "chain" | "warnings">, Failure> {
  const der = fromDer(file);
  if (der !== undefined) return ok({ chain: pemOf([der]), warnings: validity(der, now) });
  const blocks = readBlocks(file);
  if (!blocks.ok) return blocks;
  if (blocks.value.some(({ label }) => label.endsWith("PRIVATE KEY")))
    return refuse(
      "data: there is a private key in it, which an intermediate certificate has none of; use addcert for a certificate with its key",
    );
  const certificates = readCertificates(blocks.value);
  if (!certificates.ok) return certificates;
  const [first] = certificates.value;
  return ok({
    chain: pemOf(certificates.value),
    warnings: first === undefined ? [] : validity(first, now),
  });
}

/** The certificates of stored PEM. */
export const certificatesIn = (chain: string): X509Certificate[] =>
  blocksIn(chain).map(({ text }) => new X509Certificate(text));

type Block = { readonly label: string; readonly text: string };

function readBlocks(file: Buffer): Result<readonly Block[], Failure> {
  if (file.length === 0)
    return refuse("data: it is empty; send a PEM file with the certificate and its private key");
  if (file.length > certificateUploadMaxBytes)
    return refuse(
      `data: it has ${file.length} bytes; allowed are ${certificateUploadMaxBytes}, which is enough for a certificate, its key and its chain`,
    );
  const blocks = blocksIn(file.toString("latin1"));
  if (blocks.length > 0) return ok(blocks);
  return refuse(
    fromDer(file) !== undefined
      ? "data: it is a certificate in DER, without a private key; send PEM with both, which `openssl x509 -inform DER` writes"
      : file[0] === 0x30
        ? "data: it is binary, and neither PKCS#12 (PFX) with a private key nor a certificate that can be read; send PEM"
        : "data: it is not PEM; send a text with -----BEGIN CERTIFICATE----- and -----BEGIN PRIVATE KEY-----, and what belongs to each",
  );
}

/** Blocks from their first line to their last; what stands between them, such as bag attributes, is disregarded. */
function blocksIn(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { label: string; lines: string[] } | undefined;
  for (const line of text.split(/\r\n|\r|\n/)) {
    const [, edge, label] = /^-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----\s*$/.exec(line) ?? [];
    if (edge === "BEGIN" && label !== undefined) open = { label, lines: [line.trim()] };
    else if (open !== undefined && edge === "END" && label === open.label) {
      blocks.push({ label, text: `${[...open.lines, line.trim()].join("\n")}\n` });
      open = undefined;
    } else open?.lines.push(line);
  }
  return blocks;
}

function readCertificates(blocks: readonly Block[]): Result<X509Certificate[], Failure> {
  const texts = blocks.filter(({ label }) => label === "CERTIFICATE" || label === "X509 CERTIFICATE");
  if (texts.length === 0)
    return refuse(
      `data: there is no certificate in it (${blocks.map(({ label }) => label).join(", ")}); it begins with -----BEGIN CERTIFICATE-----`,
    );
  if (texts.length > certificateChainMax)
    return refuse(
      `data: there are ${texts.length} certificates in it; allowed are ${certificateChainMax}, the service's own and those above it`,
    );
  const certificates: X509Certificate[] = [];
  for (const [index, { text }] of texts.entries()) {
    const certificate = attempt(() => new X509Certificate(text));
    if (certificate === undefined)
      return refuse(
        `data: certificate ${index + 1} of ${texts.length} cannot be read; look whether it was cut off or changed on its way`,
      );
    const weak = weakness(certificate.publicKey);
    if (weak !== undefined) return refuse(`data: ${subjectOf(certificate)} has ${weak}`);
    certificates.push(certificate);
  }
  return ok(certificates);
}

/** What HAProxy and today's clients do not take. */
function weakness({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve = "" } = asymmetricKeyDetails;
  if (asymmetricKeyType === "rsa")
    return modulusLength >= rsaMinBits
      ? undefined
      : `an RSA key of ${modulusLength} bits; allowed are ${rsaMinBits} and more`;
  if (asymmetricKeyType === "ec" && curves.includes(namedCurve)) return undefined;
  return `a key of the kind ${asymmetricKeyType} ${namedCurve}; allowed are RSA, and EC on ${curves.join(", ")}`;
}

function readKey(text: string, password: string | undefined): Result<KeyObject, Failure> {
  const isEncrypted = text.startsWith("-----BEGIN ENCRYPTED") || /^Proc-Type:\s*4,\s*ENCRYPTED/im.test(text);
  if (isEncrypted && (password === undefined || password === ""))
    return refuse("password: the private key is encrypted; give its passphrase");
  const key = attempt(() =>
    createPrivateKey({ key: text, ...(isEncrypted ? { passphrase: password } : {}) }),
  );
  if (key !== undefined) return ok(key);
  return refuse(
    isEncrypted
      ? "password: it does not open the private key; give the passphrase that the key was encrypted with"
      : "data: the private key cannot be read; look whether it was cut off or changed on its way",
  );
}

/** From the service's own upwards, each once, and how many of them are no part of that. */
function chainOf(
  own: X509Certificate,
  all: readonly X509Certificate[],
): { readonly chain: readonly X509Certificate[]; readonly others: number } {
  const rest = all.filter((each) => each.fingerprint256 !== own.fingerprint256);
  const chain = completed([own], rest);
  const others = rest.filter((each) => !chain.some((one) => one.fingerprint256 === each.fingerprint256));
  return { chain, others: others.length };
}

/** The chain with those of `issuers` that issued its last one, and so on. */
export function completed(
  chain: readonly X509Certificate[],
  issuers: readonly X509Certificate[],
): readonly X509Certificate[] {
  const whole = [...chain];
  const used = new Set(whole.map((each) => each.fingerprint256));
  for (;;) {
    const last = whole.at(-1);
    const next =
      last === undefined
        ? undefined
        : issuers.find((each) => !used.has(each.fingerprint256) && last.checkIssued(each));
    if (next === undefined || whole.length >= certificateChainMax) return whole;
    used.add(next.fingerprint256);
    whole.push(next);
  }
}

function validity({ validFromDate, validToDate }: X509Certificate, now: number): string[] {
  if (validToDate.getTime() <= now)
    return [`it expired on ${validToDate.toISOString()}; clients will not trust it, replace it`];
  return validFromDate.getTime() > now
    ? [`it is not valid before ${validFromDate.toISOString()}; clients will not trust it until then`]
    : [];
}

export const pemOf = (certificates: readonly X509Certificate[]): string =>
  certificates.map((each) => each.toString()).join("");

const fromDer = (file: Buffer): X509Certificate | undefined =>
  file[0] === 0x30 ? attempt(() => new X509Certificate(file)) : undefined;

const subjectMaxChars = 120;
const subjectOf = (certificate: X509Certificate | undefined): string =>
  (certificate?.subject ?? "no subject").replaceAll("\n", ", ").slice(0, subjectMaxChars);

/** OpenSSL's words about what it cannot read help nobody, and may hold parts of it. */
function attempt<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
