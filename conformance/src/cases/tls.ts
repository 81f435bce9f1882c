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
  [
    "OCSPVerify = Y",
    { OCSPVerify: "Y" },
    { OCSPVerify: true },
    "HAProxy asks no OCSP responder about clients",
  ],
];

const authority: Command = {
  command: "addintermediate",
  with: { cert: "conformance-ca", data: "$authority64" },
};
const noAuthority: Command = { command: "delintermediate", with: { cert: "conformance-ca" } };

/** With a root certificate beside the two of the service. */
const knowing = (row: Case): Case => ({
  ...row,
  given: [authority, ...(row.given ?? [])],
  after: [...(row.after ?? []), noAuthority],
});

const made: Command = {
  command: "modifycipherset",
  with: { name: "Conformance", value: "AES128-SHA:AES256-SHA" },
};
const unmade: Command = { command: "delcipherset", with: { name: "Conformance" } };

const ofClients: readonly Case[] = [
  ...[1, 2, 3, 4, 5, 6].map((mode) =>
    knowing(takes(`ClientCert = ${mode}`, tls, { ClientCert: mode }, { ClientCert: mode })),
  ),
  knowing(takes("ClientCert = 0 again", { ...tls, ClientCert: 1 }, { ClientCert: 0 }, { ClientCert: 0 })),
  ...[7, -1, "yes"].map((mode) =>
    knowing(refuses(`ClientCert = ${JSON.stringify(mode)}`, tls, { ClientCert: mode })),
  ),
  refuses("ClientCert without an authority", tls, { ClientCert: 1 }),
  knowing(refuses("ClientCert without TLS", plain, { ClientCert: 1 })),
  knowing(
    takes(
      "IntermediateCerts",
      tls,
      { IntermediateCerts: "conformance-ca" },
      { IntermediateCerts: "conformance-ca" },
    ),
  ),
  refuses("an unknown one in IntermediateCerts", tls, { IntermediateCerts: "conformance-none" }),
  ...["Y", 1, true].map((value) =>
    takes(`NeedHostName = ${JSON.stringify(value)}`, tls, { NeedHostName: value }, { NeedHostName: true }),
  ),
  takes(
    "NeedHostName off again",
    { ...tls, NeedHostName: "Y" },
    { NeedHostName: 0 },
    { NeedHostName: false },
  ),
  refuses("NeedHostName without TLS", plain, { NeedHostName: "Y" }),
  takes("PassCipher = Y", tls, { PassCipher: "Y" }, { PassCipher: true }),
  refuses("PassCipher without TLS", plain, { PassCipher: "Y" }),
  ...["http", "https"].map((scheme) =>
    takes(`SSLRewrite = ${scheme}`, tls, { SSLRewrite: scheme }, { SSLRewrite: scheme }),
  ),
  takes("SSLRewrite unset", { ...tls, SSLRewrite: "https" }, { SSLRewrite: "" }, { SSLRewrite: "0" }),
  refuses("SSLRewrite = ftp", tls, { SSLRewrite: "ftp" }),
  takes(
    "ReverseSNIHostname",
    tls,
    { SSLReencrypt: "Y", ReverseSNIHostname: "a.example" },
    { ReverseSNIHostname: "a.example" },
  ),
  refuses("ReverseSNIHostname that is no name", { ...tls, SSLReencrypt: "Y" }, { ReverseSNIHostname: "a b" }),
  ...[
    "Default_NoRc4",
    "BestPractices",
    "Intermediate_compatibility",
    "Backward_compatibility",
    "WUI",
    "FIPS",
    "Legacy",
    "ECDSA_Default",
    "ECDSA_BestPractices",
  ].map((name) => takes(`CipherSet = ${name}`, tls, { CipherSet: name }, { CipherSet: name })),
  refuses("CipherSet in other capitals", tls, { CipherSet: "bestpractices" }),
  refuses("an unknown CipherSet", tls, { CipherSet: "Conformance" }),
  takes(
    "Ciphers one by one make a set",
    tls,
    { Ciphers: "AES128-SHA:AES256-SHA" },
    { CipherSet: /^Custom_\d+$/ },
  ),
  refuses("Ciphers that are none", tls, { Ciphers: "AES128-SHA:none" }),
  refuses("Ciphers beside a CipherSet", tls, { CipherSet: "FIPS", Ciphers: "AES128-SHA" }),
  ...["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"].map((name) =>
    takes(`Tls13CipherSet = ${name}`, tls, { Tls13CipherSet: name }, { Tls13CipherSet: name }),
  ),
  refuses("a Tls13CipherSet that is none", tls, { Tls13CipherSet: "TLS_NONE" }),
  ...["Default", "BestPractices", "WUI", "FIPS", "Legacy"].map(
    (name): Case => ({
      name: `getcipherset of ${name}`,
      from: "API 3.12.3.2",
      ask: { command: "getcipherset", with: { name } },
      expect: data({ cipherset: /^[A-Z0-9-]+(:[A-Z0-9-]+)+$/ }),
    }),
  ),
  {
    name: "modifycipherset makes a set",
    from: "API 3.12.3.1",
    ask: made,
    expect: { is: "done", words: /^Cipher set updated$/ },
    next: [
      {
        ask: { command: "getcipherset", with: { name: "Conformance" } },
        expect: data({ cipherset: "AES128-SHA:AES256-SHA" }),
      },
    ],
    after: [unmade],
  },
  {
    name: "delcipherset removes it",
    from: "API 3.12.3.3",
    given: [made],
    ask: unmade,
    expect: { is: "done", words: /ok$/ },
  },
  {
    name: "delcipherset of one that a service uses",
    from: "API 3.12.3.3",
    given: [made, ...given({ ...tls, CipherSet: "Conformance" })],
    ask: unmade,
    expect: refused(422, "Command Failed: Cipher set in use"),
    after: [...after, unmade],
  },
  ...["getcipherset", "delcipherset"].flatMap((command): Case[] => [
    {
      name: `${command} of an unknown set`,
      from: "API 3.12.3, client I",
      ask: { command, with: { name: "Conformance" } },
      expect: refused(422, "Unknown cipher set"),
    },
    { name: `${command} without a name`, from: "API 3.12.3", ask: { command }, expect: refused(400) },
  ]),
  ...["Default", "FIPS"].flatMap((name): Case[] => [
    {
      name: `delcipherset of ${name}, which every unit has`,
      from: "API 3.12.3",
      ask: { command: "delcipherset", with: { name } },
      expect: refused(422),
    },
    {
      name: `modifycipherset of ${name}, which every unit has`,
      from: "API 3.12.3",
      ask: { command: "modifycipherset", with: { name, value: "AES128-SHA" } },
      expect: refused(422),
    },
  ]),
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
    ...ofClients,
    ...[1, 2, 4, 6, 0].map((option) =>
      takes(
        `SecurityHeaderOptions = ${option}`,
        tls,
        { SecurityHeaderOptions: option },
        { SecurityHeaderOptions: option },
      ),
    ),
    ...[3, 5, 7, -1, "always"].map((option) =>
      refuses(`SecurityHeaderOptions = ${JSON.stringify(option)}`, tls, { SecurityHeaderOptions: option }),
    ),
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
