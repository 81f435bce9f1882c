/**
 * TLS of a virtual service: what of it the parameters ask for, what cannot be, and what HAProxy is to do. `TLSType` is
 * the API's bit mask of what is off: 1 SSLv3, 2 TLS 1.0, 4 TLS 1.1, 8 TLS 1.2, 16 TLS 1.3.
 */
import type { X509Certificate } from "node:crypto";
import { err, ok, type Result } from "@tandem/base/result";
import { certificatesPerServiceMax } from "@tandem/haproxy-config/limits";
import {
  type Certificate,
  type TlsVersion,
  tlsVersions,
  type VirtualService,
} from "@tandem/haproxy-config/model";
import { certificateNamePattern } from "@tandem/loadmaster-api/certificate-parameters";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { invalid } from "@tandem/loadmaster-api/parameters";
import { certificatesIn, completed, pemOf } from "../certificates/upload.ts";
import type { SharedContent, StoredService } from "../state/document.ts";
import { authoritiesIn, type ClientTlsValues, clientTlsOf, proxyClientTls } from "./client-tls.ts";
import { orLayer7 } from "./place.ts";

type StoredTls = NonNullable<StoredService["tls"]>;
export type TlsValues = ClientTlsValues & {
  readonly SSLAcceleration?: boolean | undefined;
  readonly SSLReencrypt?: boolean | undefined;
  readonly SSLReverse?: boolean | undefined;
  readonly CertFile?: string | undefined;
  readonly TLSType?: number | undefined;
  readonly AllowHTTP2?: boolean | undefined;
  readonly PassSni?: boolean | undefined;
  readonly ReverseSNIHostname?: string | undefined;
  readonly SSLRewrite?: string | undefined;
};

/** What clients may speak when nothing is said: TLS 1.1 to 1.3, as on real units. */
export const tlsTypeDefault = 3;
const sslv3 = 1;

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** The service's TLS with what the parameters say; absent when there is none. */
export function tlsOf(
  service: Pick<StoredService, "tls" | "type" | "index"> & { readonly options: StoredService["options"] },
  values: TlsValues,
  shared: SharedContent,
): Result<StoredService["tls"], Failure> {
  const { tls: before, type } = service;
  const certificates = certificatesOf(before, values, shared);
  if (!certificates.ok) return certificates;
  const offload = values.SSLAcceleration ?? before?.offload === true;
  const tlsType = tlsTypeOf(before, values, offload);
  if (!tlsType.ok) return tlsType;
  const contradiction = offload ? offloadFault(values, type) : withoutOffloadFault(values);
  if (contradiction !== undefined) return refuse(contradiction);
  // What needs the offload ends with it; the certificates stay assigned for when it comes back.
  const reencrypt = offload && (values.SSLReencrypt ?? before?.reencrypt === true);
  const reverse = values.SSLReverse ?? before?.reverse === true;
  const http2 =
    offload &&
    type === "http" &&
    (service.options?.http2 === true || (values.AllowHTTP2 ?? before?.http2 === true));
  const encrypts = reencrypt || reverse;
  if (values.PassSni === true && !encrypts)
    return refuse(
      "PassSni: Y tells a name to servers that are spoken to over TLS; set SSLReencrypt Y as well, or leave it out",
    );
  const passSni = offload && encrypts && (values.PassSni ?? before?.passSni === true);
  const clients = clientTlsOf(service, values, offload, shared);
  if (!clients.ok) return clients;
  const serverName = (encrypts ? (values.ReverseSNIHostname ?? before?.serverName) : undefined) || undefined;
  if (values.ReverseSNIHostname && !encrypts)
    return refuse(
      `ReverseSNIHostname: ${values.ReverseSNIHostname} is told to servers that are spoken to over TLS; set SSLReencrypt or SSLReverse Y as well, or leave it empty`,
    );
  const rewrite = rewriteOf(before, values, type);
  if (!rewrite.ok) return rewrite;
  const tls: StoredTls = {
    certificates: certificates.value,
    ...(offload ? { offload: true } : {}),
    ...(tlsType.value === undefined ? {} : { tlsType: tlsType.value }),
    ...(http2 ? { http2: true } : {}),
    ...(reencrypt ? { reencrypt: true } : {}),
    ...(reverse ? { reverse: true } : {}),
    ...(passSni ? { passSni: true } : {}),
    ...(serverName === undefined ? {} : { serverName }),
    ...(rewrite.value === undefined ? {} : { rewrite: rewrite.value }),
    ...clients.value,
  };
  return ok(Object.keys(tls).length === 1 && tls.certificates.length === 0 ? undefined : tls);
}

/** What a layer-4 service cannot do, by the parameter that asks for it. */
export function layer4TlsFault(service: StoredService): string | undefined {
  const { tls, check } = service;
  const why = `is not possible at layer 4, where packets are passed on unread; leave it out${orLayer7(service)}`;
  if (check.type === "https")
    return `CheckType: https is not available at layer 4 on this unit yet; use http, tcp or none`;
  if (tls?.cipherSet !== undefined) return `CipherSet: ${tls.cipherSet} ${why}`;
  if (tls?.offload === true) return `SSLAcceleration: Y ${why}`;
  return tls?.reverse === true ? `SSLReverse: Y ${why}` : undefined;
}

function certificatesOf(
  before: StoredTls | undefined,
  { CertFile }: TlsValues,
  shared: SharedContent,
): Result<string[], Failure> {
  if (CertFile === undefined) return ok(before?.certificates ?? []);
  const names = [...new Set(CertFile.split(/[ ,]+/).filter((name) => name !== ""))];
  if (names.length > certificatesPerServiceMax)
    return refuse(
      `CertFile: there are ${names.length} certificates in it; allowed are ${certificatesPerServiceMax} for one service`,
    );
  const known = new Set(shared.certificates?.map(({ name }) => name));
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return ok(names);
  return certificateNamePattern.test(unknown)
    ? refuse(
        `CertFile: there is no certificate "${unknown}"; listcert shows which there are, addcert adds one`,
      )
    : err(invalid("CertFile", CertFile, "names of certificates as listcert shows them, separated by blanks"));
}

/** What is about requests goes when the service does not read them any more. */
function rewriteOf(
  before: StoredTls | undefined,
  { SSLRewrite }: TlsValues,
  type: StoredService["type"],
): Result<StoredTls["rewrite"], Failure> {
  const asked = SSLRewrite?.toLowerCase();
  const scheme = asked === "http" || asked === "https" ? asked : undefined;
  if (scheme !== undefined && type !== "http")
    return refuse(
      `SSLRewrite: ${scheme} rewrites a header of answers, and the service's VStype is ${type}; use VStype http`,
    );
  return ok(type === "http" ? (asked === undefined ? before?.rewrite : scheme) : undefined);
}

function tlsTypeOf(
  before: StoredTls | undefined,
  { TLSType }: TlsValues,
  offload: boolean,
): Result<number | undefined, Failure> {
  // Without an offload 0 is what views show, and clients send it back.
  const asked = TLSType ?? before?.tlsType;
  if (asked === undefined || asked === tlsTypeDefault || (asked === 0 && !offload)) return ok(undefined);
  if ((asked & sslv3) === 0)
    return refuse(
      `TLSType: ${asked} has SSLv3 on, which this unit does not speak; use ${asked === 30 ? tlsTypeDefault : asked + sslv3}, which is the same without it`,
    );
  const on = versionsOn(asked);
  const [first, last] = [on[0], on.at(-1)];
  const gap = tlsVersions.find(
    (each) => first !== undefined && last !== undefined && each > first && each < last && !on.includes(each),
  );
  return gap === undefined
    ? ok(asked)
    : refuse(
        `TLSType: ${asked} has ${gap} off between ${first} and ${last}, and HAProxy serves a range without gaps; leave on what lies between, or turn off one end`,
      );
}

const versionsOn = (tlsType: number): readonly TlsVersion[] =>
  tlsVersions.filter((_version, index) => (tlsType & (2 << index)) === 0);

function offloadFault(values: TlsValues, type: StoredService["type"]): string | undefined {
  if (values.AllowHTTP2 === true && type !== "http")
    return `AllowHTTP2: Y needs VStype http, and the service's is ${type}; use VStype http`;
  return undefined;
}

function withoutOffloadFault(values: TlsValues): string | undefined {
  if (values.SSLReencrypt === true)
    return "SSLReencrypt: Y needs SSLAcceleration Y; for servers with TLS behind clients without, use SSLReverse Y";
  for (const name of ["AllowHTTP2", "PassSni"] as const)
    if (values[name] === true)
      return `${name}: Y needs SSLAcceleration Y, since it is about the TLS of clients; set that as well`;
  return undefined;
}

/** What the API shows. */
export const tlsTypeShown = ({ tls }: StoredService): number =>
  tls?.tlsType ?? (tls?.offload === true ? tlsTypeDefault : 0);

/** What services' TLS is made of: certificates as HAProxy is given them, and the rest by service. */
export type TlsSources = {
  readonly shared: SharedContent;
  /** Chains completed from the intermediates, and the keys; a service that has none gets the one that the unit made. */
  certificates(tls: StoredTls): readonly Certificate[];
};

export function tlsSources(shared: SharedContent): TlsSources {
  const { certificates = [], selfSigned } = shared;
  const made = new Map<string, Certificate>();
  const issuersOf = new Map<string, readonly X509Certificate[]>();
  const named = (name: string, authorities: StoredTls["authorities"]): Certificate[] => {
    const from = authorities?.join(" ") ?? "";
    const known = made.get(`${name} ${from}`);
    if (known !== undefined) return [known];
    const stored = certificates.find((each) => each.name === name);
    if (stored === undefined) return [];
    const issuers = issuersOf.get(from) ?? authoritiesIn(shared, authorities);
    issuersOf.set(from, issuers);
    const chain =
      issuers.length === 0 ? stored.chain : pemOf(completed(certificatesIn(stored.chain), issuers));
    const file = { name, pem: chain + stored.key };
    made.set(`${name} ${from}`, file);
    return [file];
  };
  return {
    shared,
    certificates: ({ certificates: names, authorities }) =>
      names.length > 0 || selfSigned === undefined
        ? names.flatMap((name) => named(name, authorities))
        : [{ name: "self-signed", pem: selfSigned.chain + selfSigned.key }],
  };
}

/** TLS of one service in HAProxy's terms. */
export function proxyTls(
  { tls }: StoredService,
  sources: TlsSources,
): Pick<VirtualService, "offload" | "tlsToServers" | "rewriteLocations"> {
  if (tls === undefined) return {};
  const on = versionsOn(tls.tlsType ?? tlsTypeDefault);
  return {
    ...(tls.offload === true
      ? {
          offload: {
            certificates: sources.certificates(tls),
            minVersion: on[0] ?? "TLSv1.2",
            maxVersion: on.at(-1) ?? "TLSv1.3",
            http2: tls.http2 === true,
            ...proxyClientTls(tls, sources.shared),
          },
        }
      : {}),
    ...(tls.reencrypt === true || tls.reverse === true
      ? {
          tlsToServers: {
            passName: tls.passSni === true,
            ...(tls.serverName === undefined ? {} : { name: tls.serverName }),
          },
        }
      : {}),
    ...(tls.rewrite === undefined ? {} : { rewriteLocations: tls.rewrite }),
  };
}
