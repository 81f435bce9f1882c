/**
 * What a service that ends TLS asks of its clients, and tells its servers of them: ciphers, a name, certificates. `ClientCert`
 * is the API's number: 1 a certificate, 2 with headers about it, 3 to 6 with all of it in a header.
 */
import type { X509Certificate } from "node:crypto";
import { err, ok, type Result } from "@tandem/base/result";
import type { ClientCertificateTold, StrictTransport, TlsOffload } from "@tandem/haproxy-config/model";
import { tls13Ciphers } from "@tandem/loadmaster-api/cipher-sets";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { cipherSetFault, ciphersOf, ownSetOf, withCipherSet } from "../certificates/cipher-sets.ts";
import { certificatesIn, pemOf } from "../certificates/upload.ts";
import type { SharedContent, StoredService } from "../state/document.ts";

type StoredTls = NonNullable<StoredService["tls"]>;
type ClientTls = Pick<
  StoredTls,
  "cipherSet" | "ciphers13" | "clientCert" | "nameRequired" | "tellCipher" | "authorities" | "securityHeader"
>;

export type ClientTlsValues = {
  readonly Ciphers?: string | undefined;
  readonly CipherSet?: string | undefined;
  readonly Tls13CipherSet?: string | undefined;
  readonly ClientCert?: number | undefined;
  readonly NeedHostName?: boolean | undefined;
  readonly PassCipher?: boolean | undefined;
  readonly OCSPVerify?: boolean | undefined;
  readonly IntermediateCerts?: string | undefined;
  readonly SecurityHeaderOptions?: string | undefined;
};

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** The content with the set that a service's `Ciphers` make, before the service refers to it. */
export const withOwnCiphers = (
  shared: SharedContent,
  index: number,
  { Ciphers }: ClientTlsValues,
): Result<SharedContent, Failure> =>
  Ciphers === undefined || Ciphers === ""
    ? ok(shared)
    : withCipherSet(shared, ownSetOf(index), "Ciphers", Ciphers);

/** What the parameters say of it together; what needs the offload ends with it. */
export function clientTlsOf(
  { tls: before, type, index }: Pick<StoredService, "tls" | "type" | "index">,
  values: ClientTlsValues,
  offload: boolean,
  shared: SharedContent,
): Result<ClientTls, Failure> {
  const fault = offload ? undefined : withoutOffloadFault(values);
  if (fault !== undefined) return refuse(fault);
  if (values.OCSPVerify === true)
    return refuse(
      "OCSPVerify: Y is not possible, since HAProxy asks no OCSP responder about certificates of clients; leave it N, and let certificates of clients live shortly",
    );
  const cipherSet = cipherSetOf(before, values, index, shared);
  if (!cipherSet.ok) return cipherSet;
  const ciphers13 = ciphers13Of(before, values);
  if (!ciphers13.ok) return ciphers13;
  const authorities = authoritiesOf(before, values, shared);
  if (!authorities.ok) return authorities;
  const clientCert = offload ? (values.ClientCert ?? before?.clientCert ?? 0) : 0;
  const nameRequired = offload && (values.NeedHostName ?? before?.nameRequired === true);
  const tellCipher = offload && (values.PassCipher ?? before?.tellCipher === true);
  if (type !== "http" && clientCert > 1)
    return refuse(
      `ClientCert: ${clientCert} writes a header, and the service's VStype is ${type}; use ClientCert 1, or VStype http`,
    );
  if (type !== "http" && values.PassCipher === true)
    return refuse(`PassCipher: Y writes headers, and the service's VStype is ${type}; use VStype http`);
  if (type !== "http" && asksForSecurityHeader(values))
    return refuse(
      `SecurityHeaderOptions: ${values.SecurityHeaderOptions} writes a header, and the service's VStype is ${type}; use VStype http`,
    );
  const securityHeader =
    offload && type === "http"
      ? values.SecurityHeaderOptions === undefined
        ? before?.securityHeader
        : securityHeaders.find((each) => String(each) === values.SecurityHeaderOptions)
      : undefined;
  const next: ClientTls = {
    ...(cipherSet.value === undefined ? {} : { cipherSet: cipherSet.value }),
    ...(ciphers13.value === undefined ? {} : { ciphers13: [...ciphers13.value] }),
    ...(authorities.value === undefined ? {} : { authorities: [...authorities.value] }),
    ...(clientCert === 0 ? {} : { clientCert }),
    ...(nameRequired ? { nameRequired: true } : {}),
    ...(tellCipher && type === "http" ? { tellCipher: true } : {}),
    ...(securityHeader === undefined ? {} : { securityHeader }),
  };
  if (clientCert !== 0 && !hasRoot(authoritiesIn(shared, next.authorities)))
    return refuse(
      `ClientCert: ${clientCert} needs the root certificate of the authority that issues certificates of clients; add it with addintermediate${next.authorities === undefined ? "" : " and name it in IntermediateCerts"}`,
    );
  return ok(next);
}

const asksForSecurityHeader = ({ SecurityHeaderOptions = "0" }: ClientTlsValues): boolean =>
  SecurityHeaderOptions !== "0";

function withoutOffloadFault(values: ClientTlsValues): string | undefined {
  const asked = [
    ["ClientCert", values.ClientCert !== undefined && values.ClientCert !== 0, values.ClientCert],
    ["NeedHostName", values.NeedHostName === true, "Y"],
    ["PassCipher", values.PassCipher === true, "Y"],
    ["SecurityHeaderOptions", asksForSecurityHeader(values), values.SecurityHeaderOptions],
  ] as const;
  const [name, , value] = asked.find(([, isAsked]) => isAsked) ?? [];
  return name === undefined
    ? undefined
    : `${name}: ${value} needs SSLAcceleration Y, since it is about the TLS of clients; set that as well`;
}

function cipherSetOf(
  before: StoredTls | undefined,
  { CipherSet, Ciphers }: ClientTlsValues,
  index: number,
  shared: SharedContent,
): Result<string | undefined, Failure> {
  const named = CipherSet === undefined || CipherSet === "" ? undefined : CipherSet;
  if (Ciphers !== undefined && Ciphers !== "") {
    if (named !== undefined && named !== ownSetOf(index))
      return refuse(
        `Ciphers: they make a set of their own, and CipherSet names ${named}; give one of the two`,
      );
    return ok(ownSetOf(index));
  }
  if (CipherSet === undefined) return ok(before?.cipherSet);
  if (named === undefined || named === "Default") return ok(undefined);
  const fault = cipherSetFault(shared, named);
  return fault === undefined ? ok(named) : refuse(fault);
}

function ciphers13Of(
  before: StoredTls | undefined,
  { Tls13CipherSet }: ClientTlsValues,
): Result<StoredTls["ciphers13"], Failure> {
  if (Tls13CipherSet === undefined) return ok(before?.ciphers13);
  const names = [...new Set(Tls13CipherSet.split(/[ :,]+/).filter((name) => name !== ""))];
  const known: readonly string[] = tls13Ciphers;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined || names.length === 0)
    return refuse(
      `Tls13CipherSet: ${unknown === undefined ? "there is no cipher in it" : `"${unknown}" is no cipher of TLS 1.3`}; allowed: ${known.join(", ")}, separated by colons`,
    );
  return ok(names as StoredTls["ciphers13"]);
}

function authoritiesOf(
  before: StoredTls | undefined,
  { IntermediateCerts }: ClientTlsValues,
  { intermediates = [] }: SharedContent,
): Result<StoredTls["authorities"], Failure> {
  if (IntermediateCerts === undefined) return ok(before?.authorities);
  const names = [...new Set(IntermediateCerts.split(/[ ,+]+/).filter((name) => name !== ""))];
  const unknown = names.find((name) => !intermediates.some((each) => each.name === name));
  if (unknown !== undefined)
    return refuse(
      `IntermediateCerts: there is no intermediate certificate ${JSON.stringify(unknown.slice(0, 127))}; listintermediate shows which there are, addintermediate adds one`,
    );
  return ok(names.length === 0 ? undefined : names);
}

/** The intermediate and root certificates of a service: those that it names, else all. */
export const authoritiesIn = (
  { intermediates = [] }: SharedContent,
  names: StoredTls["authorities"],
): X509Certificate[] =>
  intermediates
    .filter(({ name }) => names === undefined || names.includes(name))
    .flatMap(({ chain }) => certificatesIn(chain));

/** OpenSSL trusts nothing that does not lead to a certificate that issued itself. */
const hasRoot = (certificates: readonly X509Certificate[]): boolean =>
  certificates.some((each) => each.checkIssued(each));

/** Why the content cannot be without certificates that it had: a service whose clients need one is left without a root. */
export const rootlessService = (shared: SharedContent): number | undefined =>
  shared.services.find(
    ({ tls }) => tls?.clientCert !== undefined && !hasRoot(authoritiesIn(shared, tls.authorities)),
  )?.index;

const securityHeaders = [1, 2, 4, 6] as const;

/** Seconds of Strict-Transport-Security when nothing is said: a year. */
export const securityHeaderAgeDefault = 31_536_000;

const strictTransportOf = (
  securityHeader: (typeof securityHeaders)[number],
  { securityHeaderAge = securityHeaderAgeDefault }: SharedContent,
): StrictTransport => ({
  maxAgeSeconds: securityHeaderAge,
  ...((securityHeader & 2) === 0 ? {} : { includesSubdomains: true }),
  ...((securityHeader & 4) === 0 ? {} : { preload: true }),
});

const toldBy: readonly ClientCertificateTold[] = [
  { kind: "nothing" },
  { kind: "nothing" },
  { kind: "fields" },
  { kind: "certificate", header: "SSL-CLIENT-CERT", form: "der" },
  { kind: "certificate", header: "X-CLIENT-CERT", form: "der" },
  // The description says DER of 5 as well, which 3 is already.
  { kind: "certificate", header: "SSL-CLIENT-CERT", form: "pem" },
  { kind: "certificate", header: "X-CLIENT-CERT", form: "pem" },
];

/** The same in HAProxy's terms. */
export function proxyClientTls(
  { cipherSet, ciphers13, clientCert = 0, nameRequired, tellCipher, authorities, securityHeader }: StoredTls,
  shared: SharedContent,
): Partial<TlsOffload> {
  const ciphers = cipherSet === undefined ? undefined : ciphersOf(shared, cipherSet);
  const told = toldBy[clientCert];
  return {
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(ciphers13 === undefined ? {} : { ciphers13 }),
    ...(nameRequired === true ? { nameRequired } : {}),
    ...(tellCipher === true ? { tellCipher } : {}),
    ...(securityHeader === undefined ? {} : { strictTransport: strictTransportOf(securityHeader, shared) }),
    ...(clientCert === 0 || told === undefined
      ? {}
      : { clientCertificates: { authorities: pemOf(authoritiesIn(shared, authorities)), told } }),
  };
}
