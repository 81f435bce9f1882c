/** Certificates of services and intermediates: a file in base64 in v2, as it is in v1. */
import { type Area, type Case, type Command, data, type Expected, refused } from "../case.ts";

const installed: Expected = { is: "done", words: /^Certificate Successfully Installed/ };
const removed: Expected = { is: "done", words: /ok$/ };

const added: Command = { command: "addcert", with: { cert: "conformance-a", data: "$site64" } };
const gone: Command = { command: "delcert", with: { cert: "conformance-a" } };
const addedAuthority: Command = {
  command: "addintermediate",
  with: { cert: "conformance-ca", data: "$authority64" },
};
const goneAuthority: Command = { command: "delintermediate", with: { cert: "conformance-ca" } };

/** `$bare` with TLS, and as it was. */
const ending: Command = {
  command: "modvs",
  with: { vs: "$bare", SSLAcceleration: 1, CertFile: "conformance-a" },
};
const plain: Command = {
  command: "modvs",
  with: { vs: "$bare", SSLAcceleration: 0, CertFile: "", TLSType: 0 },
};

const refuses = (name: string, ask: Command, code = 422): Case => ({
  name,
  from: "API 3.12.1",
  ask,
  expect: refused(code),
});

const upload = (data: string, more: { readonly [name: string]: string | number } = {}): Command => ({
  command: "addcert",
  with: { cert: "conformance-a", data, ...more },
});

export const certificates: Area = {
  name: "certificates",
  cases: [
    {
      name: "a certificate with its key is added",
      from: "API 3.12.1",
      ask: added,
      expect: installed,
      next: [{ ask: { command: "readcert", with: { cert: "conformance-a" } }, expect: data() }],
      after: [gone],
    },
    {
      name: "replace = 0 adds",
      from: "API 3.12.1",
      ask: upload("$site64", { replace: 0 }),
      expect: installed,
      after: [gone],
    },
    {
      name: "an empty password is none",
      from: "client T",
      ask: upload("$site64", { password: "", replace: "0" }),
      expect: installed,
      after: [gone],
    },
    {
      name: "replace = 1 replaces",
      from: "API 3.12.1",
      given: [added],
      ask: upload("$nextSite64", { replace: 1 }),
      expect: installed,
      after: [gone],
    },
    { ...refuses("a name that is taken, without replace", added), given: [added], after: [gone] },
    {
      ...refuses("a name that is taken, with replace = 0", upload("$site64", { replace: 0 })),
      given: [added],
      after: [gone],
    },
    refuses("a certificate without its key", upload("$keyless64")),
    refuses("a certificate with the key of another one", upload("$mismatched64")),
    refuses("what is no certificate", upload("$noPem64")),
    refuses("a certificate without a name", { command: "addcert", with: { data: "$site64" } }, 400),
    ...["a b", "a/b", "../a", "<b>", ""].map((cert) =>
      refuses(`a certificate named ${JSON.stringify(cert)}`, {
        command: "addcert",
        with: { cert, data: "$site64" },
      }),
    ),
    {
      ...refuses("v2: no data", { command: "addcert", with: { cert: "conformance-a" } }, 400),
      versions: [2],
    },
    {
      ...refuses("v2: data that is no base64", {
        command: "addcert",
        with: { cert: "conformance-a", data: "-----BEGIN" },
      }),
      versions: [2],
    },
    ...["name", "type"].map(
      (name): Case => ({
        name: `listcert shows a certificate's ${name}`,
        from: "API 3.12.1",
        given: [added],
        ask: { command: "listcert" },
        expect: data({ [`cert.0.${name}`]: { type: "string" } }),
        after: [gone],
      }),
    ),
    {
      name: "listcert shows an elliptic key whole",
      from: "API 3.12.1",
      given: [added],
      ask: { command: "listcert" },
      expect: data(
        { "cert.0.type": "ECC", "cert.0.publickey": /^[A-Za-z0-9+/]+=*$/ },
        { absent: ["cert.0.modulus"] },
      ),
      after: [gone],
    },
    {
      name: "listcert shows an RSA key's modulus",
      from: "API 3.12.1",
      given: [upload("$nextSite64")],
      ask: { command: "listcert" },
      expect: data(
        { "cert.0.type": "RSA", "cert.0.modulus": /^[0-9A-F]{256,}$/ },
        { absent: ["cert.0.publickey"] },
      ),
      after: [gone],
    },
    {
      name: "readcert answers PEM, without the key",
      from: "API 3.12.1, client K",
      given: [added],
      ask: { command: "readcert", with: { cert: "conformance-a" } },
      expect: data({ certificate: /^(?![\s\S]*PRIVATE)-----BEGIN CERTIFICATE-----\n/ }),
      after: [gone],
    },
    ...["PEM", "pem"].map(
      (outform): Case => ({
        name: `readcert as ${outform}`,
        from: "API 3.12.1",
        given: [added],
        ask: { command: "readcert", with: { cert: "conformance-a", outform } },
        expect: data({ certificate: /^-----BEGIN CERTIFICATE-----/ }),
        after: [gone],
      }),
    ),
    {
      name: "readcert as DER is in base64",
      from: "API 3.12.1",
      given: [added],
      ask: { command: "readcert", with: { cert: "conformance-a", outform: "DER" } },
      expect: data({ certificate: /^MII[A-Za-z0-9+/\r\n]+=*\s*$/ }),
      after: [gone],
    },
    {
      ...refuses("readcert as something else", {
        command: "readcert",
        with: { cert: "conformance-a", outform: "P12" },
      }),
      given: [added],
      after: [gone],
    },
    { name: "delcert removes it", from: "API 3.12.1", given: [added], ask: gone, expect: removed },
    ...["delcert", "readcert", "delintermediate", "readintermediate"].flatMap((command) => [
      refuses(`${command} of an unknown one`, { command, with: { cert: "conformance-none" } }),
      refuses(`${command} without a name`, { command }, 400),
    ]),
    {
      name: "an intermediate is added",
      from: "API 3.12.1",
      ask: addedAuthority,
      expect: installed,
      next: [
        {
          ask: { command: "readintermediate", with: { cert: "conformance-ca" } },
          expect: data({ certificate: /^-----BEGIN CERTIFICATE-----/ }),
        },
        { ask: { command: "listintermediate" }, expect: data({ "cert.0.name": { type: "string" } }) },
      ],
      after: [goneAuthority],
    },
    {
      name: "delintermediate removes it",
      from: "API 3.12.1",
      given: [addedAuthority],
      ask: goneAuthority,
      expect: removed,
    },
    refuses("an intermediate that is none", {
      command: "addintermediate",
      with: { cert: "conformance-ca", data: "$noPem64" },
    }),
    ...[undefined, "application/x-www-form-urlencoded", "application/octet-stream", "text/plain"].map(
      (type): Case => ({
        name: `v1: the file as the body of a POST, ${type === undefined ? "without a content type" : `as ${type}`}`,
        from: "API 3.12.1, curl --data-binary",
        ask: {
          method: "POST",
          path: "/access/addcert?cert=conformance-a&replace=0",
          headers: {
            authorization: "basic:$user:$password",
            ...(type === undefined ? {} : { "content-type": type }),
          },
          body: "$sitePem",
        },
        expect: installed,
        after: [gone],
      }),
    ),
    {
      name: "a service ends TLS with a certificate, and shows both last",
      from: "API 3.6.1.4",
      given: [added],
      ask: { command: "modvs", with: { vs: "$bare", SSLAcceleration: 1, CertFile: "conformance-a" } },
      expect: data(
        { SSLAcceleration: true, CertFile: "conformance-a", TlsType: "3" },
        { order: ["NumberOfRSs", "SSLAcceleration", "CertFile"] },
      ),
      after: [plain, gone],
    },
    {
      name: "TLSType 23 leaves TLS 1.2 alone",
      from: "API 3.6.1.4.1",
      given: [added, ending],
      ask: { command: "modvs", with: { vs: "$bare", TLSType: 23 } },
      expect: data({ TlsType: "23" }),
      after: [plain, gone],
    },
    {
      name: "what was decrypted is encrypted again",
      from: "API 3.6.1.4",
      given: [added, ending],
      ask: { command: "modvs", with: { vs: "$bare", SSLReencrypt: 1, PassSNI: 1 } },
      expect: data({ SSLReencrypt: true, PassSni: true }),
      after: [plain, gone],
    },
    {
      ...refuses("delcert of one that a service uses", gone),
      given: [added, ending],
      after: [plain, gone],
    },
    refuses("CertFile with an unknown name", {
      command: "modvs",
      with: { vs: "$bare", CertFile: "conformance-none" },
    }),
    refuses("TLSType with every version off", { command: "modvs", with: { vs: "$bare", TLSType: 31 } }),
    {
      name: "listcert of a unit without certificates succeeds",
      from: "clients T, K",
      versions: [2],
      ask: { command: "listcert" },
      expect: data(),
    },
  ],
};
