/** TLS of services: certificates and versions for clients, and what servers are spoken to over. */
import { type Area, type Case, type Command, data, type Field, refused, type Value } from "../case.ts";

type Given = { readonly [name: string]: Value };

/** Two certificates, and a service that reads requests; `tls` makes it end the clients' TLS. */
const plain = { VStype: "http" };
const tls = { ...plain, SSLAcceleration: "Y", CertFile: "conformance-a" };

const given = (settings: Given): readonly Command[] => [
  { command: "addcert", with: { cert: "conformance-a", data: "$site64" } },
  { command: "addcert", with: { cert: "conformance-b", data: "$nextSite64" } },
  {
    command: "addvs",
    with: { vs: "$service", port: "$free8", prot: "tcp", Enable: "N", ...settings },
    keep: { made: "Index" },
  },
];

const after: readonly Command[] = [
  { command: "delvs", with: { vs: "$service", port: "$free8", prot: "tcp" } },
  { command: "delcert", with: { cert: "conformance-a" } },
  { command: "delcert", with: { cert: "conformance-b" } },
];

const on = (settings: Given, change: Given): Omit<Case, "name" | "expect"> => ({
  from: "API 3.6.1.4",
  given: given(settings),
  ask: { command: "modvs", with: { vs: "$made", ...change } },
  after,
});

const takes = (
  name: string,
  settings: Given,
  change: Given,
  shown: { readonly [path: string]: Field },
  more: Partial<Case> = {},
): Case => ({ name, ...on(settings, change), expect: data(shown), ...more });

const refuses = (name: string, settings: Given, change: Given): Case => ({
  name,
  ...on(settings, change),
  expect: refused(422, new RegExp(`^${Object.keys(change).at(-1)}: `)),
});

const notYet: readonly (readonly [
  name: string,
  change: Given,
  shown: { readonly [path: string]: Field },
  why: string,
])[] = [
  ["TLSType = 30, SSLv3 alone", { TLSType: 30 }, { TlsType: "30" }, "SSLv3 is not spoken"],
  ["TLSType = 2, SSLv3 beside others", { TLSType: 2 }, { TlsType: "2" }, "SSLv3 is not spoken"],
  [
    "TLSType = 11, a version off between two",
    { TLSType: 11 },
    { TlsType: "11" },
    "HAProxy serves a range of versions without gaps",
  ],
  ["ClientCert = 1", { ClientCert: 1 }, { ClientCert: 1 }, "clients are not asked for certificates yet"],
  [
    "NeedHostName = Y",
    { NeedHostName: "Y" },
    { NeedHostName: true },
    "a client without a name gets the first certificate",
  ],
  ["OCSPVerify = Y", { OCSPVerify: "Y" }, { OCSPVerify: true }, "clients are not asked for certificates yet"],
  [
    "PassCipher = Y",
    { PassCipher: "Y" },
    { PassCipher: true },
    "headers do not tell of the client's TLS yet",
  ],
  [
    "SSLRewrite = https",
    { SSLRewrite: "https" },
    { SSLRewrite: "https" },
    "redirects of servers are not rewritten yet",
  ],
  [
    "SecurityHeaderOptions = 1",
    { SecurityHeaderOptions: 1 },
    { SecurityHeaderOptions: 1 },
    "no header asks for TLS from then on yet",
  ],
  [
    "CipherSet = BestPractices",
    { CipherSet: "BestPractices" },
    { CipherSet: "BestPractices" },
    "there are no cipher sets yet",
  ],
  [
    "ReverseSNIHostname",
    { SSLReencrypt: "Y", ReverseSNIHostname: "a.example" },
    { ReverseSNIHostname: "a.example" },
    "servers are told the client's name or none",
  ],
];

export const tlsOfServices: Area = {
  name: "TLS of services",
  cases: [
    takes(
      "TLS with a certificate",
      plain,
      { CertFile: "conformance-a", SSLAcceleration: "Y" },
      {
        CertFile: "conformance-a",
        SSLAcceleration: true,
      },
    ),
    ...["1", 1, "y", true].map((value) =>
      takes(
        `SSLAcceleration = ${JSON.stringify(value)}`,
        plain,
        { SSLAcceleration: value, CertFile: "conformance-a" },
        {
          SSLAcceleration: true,
        },
      ),
    ),
    takes(
      "it is of TLS 1.1 to 1.3 when nothing is said",
      plain,
      { SSLAcceleration: "Y", CertFile: "conformance-a" },
      { TlsType: "3" },
    ),
    takes(
      "several certificates, separated by blanks",
      tls,
      { CertFile: "conformance-a conformance-b" },
      {
        CertFile: "conformance-a conformance-b",
      },
    ),
    takes(
      "several certificates, separated by a comma",
      tls,
      { CertFile: "conformance-a,conformance-b" },
      {
        CertFile: /^conformance-a[ ,]+conformance-b$/,
      },
      { from: "client I" },
    ),
    takes(
      "the list of certificates is replaced as a whole",
      tls,
      { CertFile: "conformance-b" },
      { CertFile: "conformance-b" },
    ),
    takes(
      "the certificate named by cert, as a certificate hook does",
      tls,
      { cert: "conformance-b" },
      { CertFile: "conformance-b" },
      {
        from: "client D",
      },
    ),
    takes(
      "a certificate before TLS is on",
      plain,
      { CertFile: "conformance-a" },
      { CertFile: "conformance-a", TlsType: "0" },
    ),
    takes("TLS off again", tls, { SSLAcceleration: "N" }, { TlsType: "0" }),
    refuses("an unknown certificate", tls, { CertFile: "conformance-none" }),
    refuses("an unknown certificate beside a known one", tls, { CertFile: "conformance-a conformance-none" }),
    takes("no certificate any more with TLS on", tls, { CertFile: "" }, { SSLAcceleration: true }),
    {
      name: "delcert of a certificate that a service uses",
      from: "API 3.12.1",
      given: given(tls),
      ask: { command: "delcert", with: { cert: "conformance-a" } },
      expect: refused(422),
      after,
    },
    {
      name: "a certificate that a service uses is replaced",
      from: "API 3.12.1",
      given: given(tls),
      ask: { command: "addcert", with: { cert: "conformance-a", data: "$nextSite64", replace: 1 } },
      expect: { is: "done", words: /^Certificate Successfully Installed/ },
      after,
    },
    ...[1, 3, 7, 15, 17, 19, 23].map((mask) =>
      takes(`TLSType = ${mask}`, tls, { TLSType: mask }, { TlsType: String(mask) }),
    ),
    takes("TLSType in another spelling, as digits", tls, { tlstype: "7" }, { TlsType: "7" }),
    ...[31, -1, "TLSv1.2"].map((mask) =>
      refuses(`TLSType = ${JSON.stringify(mask)}`, tls, { TLSType: mask }),
    ),
    takes("HTTP/2", tls, { AllowHTTP2: "Y" }, { AllowHTTP2: true }),
    refuses("HTTP/2 without TLS", plain, { AllowHTTP2: "Y" }),
    takes("re-encryption", tls, { SSLReencrypt: "Y" }, { SSLReencrypt: true }),
    takes(
      "re-encryption with the client's name",
      tls,
      { SSLReencrypt: 1, PassSni: 1 },
      { SSLReencrypt: true, PassSni: true },
    ),
    refuses("re-encryption without TLS", plain, { SSLReencrypt: "Y" }),
    takes(
      "re-encryption off again",
      { ...tls, SSLReencrypt: "Y" },
      { SSLReencrypt: "N" },
      { SSLReencrypt: false },
    ),
    takes("TLS to servers alone", plain, { SSLReverse: "Y" }, { SSLReverse: true, TlsType: "0" }),
    takes("a check over TLS", tls, { CheckType: "https" }, { CheckType: "https" }),
    takes(
      "what modvs does not name of TLS stays",
      { ...tls, TLSType: 7, SSLReencrypt: "Y" },
      { NickName: "stays" },
      {
        CertFile: "conformance-a",
        TlsType: "7",
        SSLReencrypt: true,
      },
    ),
    {
      name: "addvs takes TLS at once",
      from: "API 3.6.1.4",
      given: given(plain).slice(0, 2),
      ask: {
        command: "addvs",
        with: {
          vs: "$service",
          port: "$free8",
          prot: "tcp",
          Enable: "N",
          VStype: "http",
          SSLAcceleration: 1,
          CertFile: "conformance-a",
        },
      },
      expect: data({ CertFile: "conformance-a", VStype: "http" }),
      after,
    },
    ...notYet.map(([name, change, shown, why]): Case => takes(name, tls, change, shown, { notYet: why })),
    takes(
      "TLS without a certificate, which real units then make themselves",
      plain,
      { SSLAcceleration: "Y" },
      {
        SSLAcceleration: true,
      },
    ),
  ],
};
