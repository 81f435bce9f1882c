import "reflect-metadata";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { webcrypto } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as x509 from "@peculiar/x509";
import fc from "fast-check";
import {
  type Certificate,
  type ProxyModel,
  scriptedProtocols,
  type TypeOfService,
  type VirtualService,
} from "./model.ts";
import {
  exampleModel,
  examplePeers,
  exampleProcess,
  exampleServer,
  exampleService,
  exampleSubService,
  exampleTiming,
} from "./model-examples.ts";
import { proxyWeight, renderConfiguration } from "./render.ts";
import type { MatchRule } from "./rule-model.ts";

/** In goldens certificates are words, so that their files' names stay what they are; HAProxy is given real ones. */
const placeholder = (name: string): Certificate => ({
  name,
  pem: `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`,
});
const mailCertificate = placeholder("mail");
const shopCertificate = placeholder("shop");

/** A certificate with its key that HAProxy reads. */
async function issued(name: string): Promise<Certificate> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
  });
  const key = x509.PemConverter.encode(
    await webcrypto.subtle.exportKey("pkcs8", keys.privateKey),
    "PRIVATE KEY",
  );
  return { name, pem: `${certificate.toString("pem")}\n${key}\n` };
}

const withRealCertificates = async (model: ProxyModel): Promise<ProxyModel> => ({
  ...model,
  services: await Promise.all(
    model.services.map(async ({ offload, ...service }) => {
      if (offload === undefined) return service;
      const certificates = offload.certificates.map(({ name }) => issued(`${name}.example.org`));
      const { clientCertificates: clients } = offload;
      const authorities = clients === undefined ? "" : (await issued("authority")).pem;
      return {
        ...service,
        offload: {
          ...offload,
          certificates: await Promise.all(certificates),
          ...(clients === undefined ? {} : { clientCertificates: { ...clients, authorities } }),
        },
      };
    }),
  ),
});

const urlRule = (name: string, pattern: string): MatchRule => ({
  kind: "match",
  name,
  subject: { part: "url", withHost: false, withQuery: false },
  how: "regex",
  pattern,
  ignoreCase: false,
  negate: false,
  mustFail: false,
});

const mailAndShop = {
  certificates: [mailCertificate, shopCertificate],
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.3",
  http2: true,
} as const;

const passedOn = {
  mode: "tcp",
  header: { forwardedFor: false, clientSide: false, via: false },
} as const;

const goldens: Record<string, ProxyModel> = {
  "access-lists": {
    ...exampleModel([
      exampleService(1, { access: { allow: ["10.1.0.0/16", "2001:db8::/32"], block: [] } }),
      exampleService(2),
    ]),
    access: { lists: { allow: ["10.0.0.9/32"], block: ["10.0.0.0/8"] } },
  },
  "access-lists-with-answers": {
    ...exampleModel([exampleService(1, { access: { allow: [], block: ["192.0.2.0/24"] } })]),
    access: { answers: true },
  },
  "connections-and-answers": exampleModel([
    exampleService(1, {
      sharesConnections: true,
      typeOfService: 16,
      persistence: { kind: "source", timeoutSeconds: 600, heldOpen: true },
      offload: {
        ...mailAndShop,
        strictTransport: { maxAgeSeconds: 31_536_000, includesSubdomains: true, preload: true },
      },
    }),
    exampleService(2, {
      reschedules: true,
      persistence: {
        kind: "keyed",
        timeoutSeconds: 600,
        key: { by: "server-cookie", name: "SHOP" },
        orSource: true,
        heldOpen: true,
      },
    }),
    exampleService(3, {
      ...passedOn,
      persistence: { kind: "keyed", timeoutSeconds: 600, key: { by: "rdp" }, orSource: true, heldOpen: true },
    }),
    exampleService(4, {
      sharesConnections: true,
      reschedules: true,
      persistence: { kind: "keyed", timeoutSeconds: 600, key: { by: "super" }, heldOpen: true },
    }),
    exampleService(5, {
      persistence: {
        kind: "keyed",
        timeoutSeconds: 600,
        key: { by: "header", name: "X-Client" },
        heldOpen: true,
      },
    }),
  ]),
  empty: exampleModel([]),
  "http-round-robin": exampleModel([
    exampleService(1, {
      nickname: "web shop",
      check: { kind: "http", timing: exampleTiming, method: "HEAD", path: "/", codes: [] },
    }),
  ]),
  "http-check-in-full": exampleModel([
    exampleService(1, {
      header: { forwardedFor: true, clientSide: true, via: true },
      check: {
        kind: "http",
        timing: { intervalSeconds: 5, timeoutSeconds: 2, retries: 3, port: 8081 },
        method: "GET",
        path: "/health?deep=100%&who='me'",
        host: "www.example.org",
        codes: [404, 503],
      },
    }),
  ]),
  "http-check-of-content": exampleModel([
    exampleService(1, {
      check: {
        kind: "http",
        timing: exampleTiming,
        method: "POST",
        path: "/health",
        host: "www.example.org",
        codes: [],
        headers: [
          { name: "Host", value: "inner.example.org" },
          { name: "X-Check", value: "100% 'sure' \\ #1" },
        ],
        body: '{"deep": true, "who": "it\'s %[me]"}',
        pattern: '^(alive|it\'s "up") [0-9]{1,3}%$',
      },
    }),
    exampleService(2, {
      check: {
        kind: "http",
        timing: exampleTiming,
        method: "GET",
        path: "/",
        codes: [],
        pattern: "maintenance",
        inverted: true,
      },
    }),
  ]),
  "checks-of-protocols": exampleModel([
    ...scriptedProtocols.map((protocol, at) =>
      exampleService(at + 1, {
        mode: "tcp",
        check: { kind: "protocol", protocol, timing: { ...exampleTiming, port: 2_500 } },
        servers: [exampleServer(1)],
      }),
    ),
    ...[
      { within: 0 },
      { send: "00FF0D0A", pattern: "0D0A", within: 8_000 },
      { pattern: "00", within: 0 },
    ].map((data, at) =>
      exampleService(at + 20, {
        mode: "tcp",
        check: { kind: "data", timing: exampleTiming, ...data },
        servers: [exampleServer(1)],
      }),
    ),
  ]),
  "unavailable-with-too-few": exampleModel([
    exampleService(1, {
      minimumServers: 2,
      servers: [exampleServer(1, { critical: true }), exampleServer(2), exampleServer(3, { critical: true })],
    }),
    exampleService(2, {
      mode: "tcp",
      header: { forwardedFor: false, clientSide: false, via: false },
      check: { kind: "icmp", timing: exampleTiming },
      servers: [
        exampleServer(4, { critical: true }),
        exampleServer(5, { follows: { service: 1, server: 2 } }),
      ],
    }),
    exampleService(4, {
      minimumServers: 3,
      unavailable: { code: 302, url: "http://sorry.example/" },
      standby: { address: "10.213.0.99", port: 8_080 },
    }),
    exampleService(3, {
      check: { kind: "icmp", timing: exampleTiming },
      servers: [exampleServer(6, { rules: [urlRule("shop", "^/shop")] }), exampleServer(7)],
    }),
  ]),
  "tcp-weighted": exampleModel([
    exampleService(2, {
      port: 5432,
      mode: "tcp",
      schedule: "wlc",
      header: { forwardedFor: false, clientSide: false, via: false },
      servers: [
        exampleServer(1, { weight: 65_535 }),
        exampleServer(4, { weight: 100, connectionLimit: 50 }),
        exampleServer(5, { weight: 1, enabled: false }),
      ],
    }),
  ]),
  "persistence-by-source-in-a-pair": {
    process: { ...exampleProcess, peers: examplePeers },
    services: [
      exampleService(1, { persistence: { kind: "source", timeoutSeconds: 360 } }),
      exampleService(2, {
        port: 5432,
        mode: "tcp",
        header: { forwardedFor: false, clientSide: false, via: false },
        persistence: { kind: "source", timeoutSeconds: 86_400 },
      }),
    ],
  },
  "persistence-on-a-single-unit": {
    process: { ...exampleProcess, peers: { own: { name: "unit", address: "10.213.0.21", port: 6975 } } },
    services: [
      exampleService(1, { persistence: { kind: "source", timeoutSeconds: 60 } }),
      exampleService(2, {
        persistence: { kind: "cookie", name: "LBSESSION", timeoutSeconds: 3_600 },
        servers: [exampleServer(1), exampleServer(2, { enabled: false })],
      }),
    ],
  },
  "persistence-by-what-clients-show": {
    process: { ...exampleProcess, peers: examplePeers },
    services: [
      exampleService(1, {
        persistence: {
          kind: "keyed",
          timeoutSeconds: 360,
          orSource: true,
          key: { by: "server-cookie", name: "JSESSIONID" },
        },
        schedule: "fixed",
        servers: [exampleServer(1, { weight: 10 }), exampleServer(2, { weight: 500 }), exampleServer(3)],
      }),
      exampleService(2, {
        persistence: { kind: "keyed", timeoutSeconds: 60, key: { by: "header", name: "X-User" } },
      }),
      exampleService(3, { persistence: { kind: "keyed", timeoutSeconds: 60, key: { by: "super" } } }),
      exampleService(4, {
        ...passedOn,
        persistence: { kind: "keyed", timeoutSeconds: 60, key: { by: "tls-session" } },
      }),
      exampleService(5, {
        ...passedOn,
        persistence: { kind: "keyed", timeoutSeconds: 60, orSource: true, key: { by: "rdp", broker: true } },
      }),
      exampleService(6, {
        persistence: { kind: "cookie", name: "SHOP", timeoutSeconds: 60, orSource: true },
      }),
      exampleService(7, {
        persistence: { kind: "hash", of: { part: "cookie", name: "SID", orSource: true } },
      }),
    ],
  },
  "a-server-by-what-is-asked-for": exampleModel([
    exampleService(1, { persistence: { kind: "hash", of: { part: "url" } } }),
    exampleService(2, { persistence: { kind: "hash", of: { part: "host" } }, schedule: "wrr" }),
    exampleService(3, { persistence: { kind: "hash", of: { part: "query", parameter: "item.id" } } }),
    exampleService(4, { schedule: "uhash" }),
  ]),
  "ipv6-service-and-servers": {
    process: { ...exampleProcess, peers: examplePeers },
    services: [
      exampleService(1, {
        address: "2001:db8::20",
        persistence: { kind: "source", timeoutSeconds: 360 },
        check: {
          kind: "http",
          timing: exampleTiming,
          method: "GET",
          path: "/",
          host: "[2001:db8::20]",
          codes: [],
        },
        servers: [exampleServer(1, { address: "2001:db8::31" }), exampleServer(2)],
      }),
    ],
  },
  "tls-offload-and-encrypted-again": exampleModel([
    exampleService(1, {
      port: 443,
      offload: mailAndShop,
      tlsToServers: { passName: true },
      check: {
        kind: "http",
        tls: true,
        timing: { ...exampleTiming, port: 8443 },
        method: "GET",
        path: "/",
        host: "shop.example.org",
        codes: [],
      },
    }),
    exampleService(2, {
      port: 993,
      mode: "tcp",
      header: { forwardedFor: false, clientSide: false, via: false },
      offload: { ...mailAndShop, certificates: [mailCertificate], minVersion: "TLSv1.0", http2: false },
    }),
    exampleService(3, { port: 8443, offload: { ...mailAndShop, maxVersion: "TLSv1.2", http2: false } }),
  ]),
  "tls-of-clients-in-full": exampleModel([
    exampleService(1, {
      port: 443,
      offload: {
        ...mailAndShop,
        ciphers: ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
        ciphers13: ["TLS_AES_256_GCM_SHA384"],
        nameRequired: true,
        tellCipher: true,
        clientCertificates: { authorities: mailCertificate.pem, told: { kind: "fields" } },
      },
      tlsToServers: { passName: true, name: "inside.example.org" },
      rewriteLocations: "https",
    }),
    exampleService(2, {
      port: 8443,
      offload: {
        ...mailAndShop,
        minVersion: "TLSv1.1",
        ciphers: ["AES128-SHA"],
        clientCertificates: {
          authorities: mailCertificate.pem,
          told: { kind: "certificate", header: "X-CLIENT-CERT", form: "pem" },
        },
      },
    }),
    exampleService(3, {
      port: 993,
      mode: "tcp",
      header: { forwardedFor: false, clientSide: false, via: false },
      offload: {
        ...mailAndShop,
        http2: false,
        clientCertificates: { authorities: mailCertificate.pem, told: { kind: "nothing" } },
      },
    }),
    exampleService(4, {
      offload: {
        ...mailAndShop,
        clientCertificates: {
          authorities: mailCertificate.pem,
          told: { kind: "certificate", header: "SSL-CLIENT-CERT", form: "der" },
        },
      },
    }),
    exampleService(5, { tlsToServers: { passName: false }, rewriteLocations: "http" }),
  ]),
  "tls-to-servers-alone": exampleModel([
    exampleService(1, { tlsToServers: { passName: false } }),
    exampleService(2, {
      check: {
        kind: "http",
        tls: true,
        timing: exampleTiming,
        method: "HEAD",
        path: "/",
        host: "[2001:db8::20]",
        codes: [],
      },
    }),
    exampleService(3, { tlsToServers: { passName: false }, check: { kind: "none" } }),
  ]),
  "content-rules": {
    ...exampleModel([
      exampleService(1, {
        persistence: { kind: "cookie", name: "SHOP", timeoutSeconds: 600 },
        servers: [
          exampleServer(1, { rules: [urlRule("api", "^/api/v[0-9]+"), "default"] }),
          exampleServer(2, {
            rules: [
              { ...urlRule("pictures", ".png"), how: "postfix", ignoreCase: true },
              urlRule("api", "^/api/v[0-9]+"),
            ],
          }),
          exampleServer(3),
        ],
      }),
      exampleService(2, {
        rules: {
          before: [
            {
              ...urlRule("inside", "^10[.]"),
              subject: { part: "header", header: "X-Real-IP" },
              setFlag: 2,
            },
            { ...urlRule("robots", "bot"), subject: { part: "body" }, mustFail: true, negate: true },
          ],
          request: [
            { name: "tag", kind: "add-header", header: "X-Tag", value: "100% 'sure'", onlyOnFlag: 2 },
            { name: "clean", kind: "delete-header", pattern: "^X-Secret" },
            { name: "move", kind: "change-url", pattern: "^/old/([a-z]+)/(\\1)", replacement: "/new/\\2" },
          ],
          response: [
            {
              name: "location",
              kind: "replace-header",
              header: "Location",
              pattern: "(?i)http://",
              replacement: "https://",
              onlyOnNoFlag: 2,
            },
          ],
        },
        servers: [
          exampleServer(1, { rules: [{ ...urlRule("flagged", "x"), onlyOnFlag: 2 }] }),
          exampleServer(2),
        ],
      }),
    ]),
    unusedRules: [
      urlRule("unused", "(a|b)"),
      { name: "unused-too", kind: "add-header", header: "X-Unused", value: "1" },
    ],
    replacingRules: [
      { name: "move", kind: "change-url", pattern: "^/old/([a-z]+)/(\\1)", replacement: "/new/\\2" },
      { name: "quote", kind: "replace-header", header: "X-It's", pattern: "'|\"", replacement: "''" },
    ],
  },
  "sub-services": exampleModel([
    exampleService(1, {
      schedule: "wrr",
      servers: [],
      subServices: [
        exampleSubService(11, {
          weight: 300,
          persistence: { kind: "cookie", name: "SHOP", timeoutSeconds: 600 },
          servers: [exampleServer(1), exampleServer(2, { rules: [urlRule("pictures", "[.]png$")] })],
        }),
        exampleSubService(12, { weight: 100 }),
        exampleSubService(13, {
          chosenBy: [{ ...urlRule("shop", "^shop[.]"), subject: { part: "header", header: "Host" } }],
          tlsToServers: { passName: false },
        }),
        exampleSubService(14, { enabled: false }),
      ],
    }),
    exampleService(2, {
      mode: "tcp",
      header: { forwardedFor: false, clientSide: false, via: false },
      schedule: "sh",
      servers: [],
      subServices: [
        exampleSubService(21, { mode: "tcp", persistence: { kind: "source", timeoutSeconds: 60 } }),
        exampleSubService(22, { mode: "tcp", chosenBy: ["default"] }),
        exampleSubService(23, { mode: "tcp", chosenBy: ["default"] }),
      ],
    }),
  ]),
  "source-hash-unchecked-and-disabled": exampleModel([
    exampleService(1, { schedule: "sh", check: { kind: "none" } }),
    exampleService(2, { enabled: false }),
    exampleService(3, { servers: [] }),
  ]),
};

const render = (model: ProxyModel) => {
  const rendered = renderConfiguration(model);
  assert.ok(rendered.ok, rendered.ok ? "" : rendered.error.message);
  return rendered.value;
};

for (const [name, model] of Object.entries(goldens)) {
  test(`[LM1] the file for "${name}" is the golden one`, () => {
    const path = join(import.meta.dirname, "../goldens", `${name}.golden`);
    const { text } = render(model);
    if (process.env.UPDATE_GOLDENS === "1") writeFileSync(path, text);
    assert.equal(
      text,
      readFileSync(path, "utf8"),
      "run again with UPDATE_GOLDENS=1 when the change is meant",
    );
  });

  test(`[LM1] HAProxy accepts the file for "${name}" without a warning`, {
    skip: existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed",
  }, async () => {
    const directory = mkdtempSync(join(tmpdir(), "tandem-render-"));
    try {
      const path = join(directory, "haproxy.cfg");
      const filesDirectory = join(directory, "with a blank");
      mkdirSync(filesDirectory);
      const { text, files } = render({
        ...(await withRealCertificates(model)),
        process: { ...model.process, filesDirectory },
      });
      for (const file of files) writeFileSync(join(filesDirectory, file.name), file.text);
      writeFileSync(path, text);
      const said = execFileSync("/usr/sbin/haproxy", ["-c", "-f", path], { encoding: "utf8", stdio: "pipe" });
      assert.doesNotMatch(said, /WARNING|ALERT/);
      assert.match(said, /Configuration file is valid/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

test("a line of the file tells which service and parameter it comes from", () => {
  const { text, origins } = render(goldens["tcp-weighted"] as ProxyModel);
  const lines = text.split("\n");
  const at = (start: string) => origins[lines.findIndex((line) => line.trim().startsWith(start))];
  assert.deepEqual(at("server rs4"), { service: 2, server: 4, parameter: "rs" });
  assert.deepEqual(at("bind "), { service: 2, parameter: "vs" });
  assert.deepEqual(at("timeout check"), { service: 2, parameter: "CheckType" });
  assert.equal(at("maxconn 9000"), undefined);
});

test("[LM1] another certificate is another configuration, and a key stands in the files alone", () => {
  const of = (certificates: readonly Certificate[]) =>
    render(exampleModel([exampleService(1, { offload: { ...mailAndShop, certificates } })]));
  const one = of([mailCertificate, shopCertificate]);
  assert.equal(one.files.length, 3);
  assert.notEqual(one.digest, of([mailCertificate]).digest);
  assert.notEqual(one.digest, of([shopCertificate, mailCertificate]).digest, "the first one is the default");
  assert.doesNotMatch(one.text, /PRIVATE|BEGIN/);
  assert.deepEqual(render(exampleModel([exampleService(1)])).files, []);
});

test("the digest is in the file and changes with it", () => {
  const one = render(exampleModel([exampleService(1)]));
  const other = render(exampleModel([exampleService(1, { nickname: "other" })]));
  assert.match(one.text, new RegExp(`^ {4}description ${one.digest}$`, "m"));
  assert.notEqual(one.digest, other.digest);
  assert.equal(render(exampleModel([exampleService(1)])).digest, one.digest);
});

test("weights keep their ratio within HAProxy's 256 steps and none becomes 0", () => {
  const weights = (...values: number[]) => {
    const servers = values.map((weight, index) => exampleServer(index + 1, { weight }));
    return servers.map((server) => proxyWeight(server, servers));
  };
  assert.deepEqual(weights(1_000, 1_000, 1_000), [1, 1, 1]);
  assert.deepEqual(weights(1_000, 500), [2, 1]);
  assert.deepEqual(weights(65_535, 32_768, 1), [256, 128, 1]);
  assert.deepEqual(weights(300, 1), [256, 1]);
});

const refusals: [string, VirtualService, RegExp][] = [
  ["no certificate", exampleService(1, { offload: { ...mailAndShop, certificates: [] } }), /CertFile/],
  [
    "a certificate that is not PEM",
    exampleService(1, { offload: { ...mailAndShop, certificates: [{ name: "a", pem: "b\n" }] } }),
    /CertFile/,
  ],
  ["no version", exampleService(1, { offload: { ...mailAndShop, maxVersion: "TLSv1.1" } }), /TLSType/],
  ["HTTP/2 in TCP", exampleService(1, { mode: "tcp", offload: mailAndShop }), /AllowHTTP2/],
  [
    "a cipher that is none",
    exampleService(1, { offload: { ...mailAndShop, ciphers: ["AES128-SHA\n  bind :1"] } }),
    /CipherSet/,
  ],
  ["no cipher", exampleService(1, { offload: { ...mailAndShop, ciphers13: [] } }), /Tls13CipherSet/],
  [
    "headers in TCP",
    exampleService(1, { mode: "tcp", offload: { ...mailAndShop, http2: false, tellCipher: true } }),
    /PassCipher/,
  ],
  [
    "a client's certificate in TCP",
    exampleService(1, {
      mode: "tcp",
      offload: {
        ...mailAndShop,
        http2: false,
        clientCertificates: { authorities: mailCertificate.pem, told: { kind: "fields" } },
      },
    }),
    /ClientCert/,
  ],
  [
    "authorities that are not PEM",
    exampleService(1, {
      offload: { ...mailAndShop, clientCertificates: { authorities: "none", told: { kind: "nothing" } } },
    }),
    /IntermediateCerts/,
  ],
  [
    "Strict-Transport-Security for an hour",
    exampleService(1, { offload: { ...mailAndShop, strictTransport: { maxAgeSeconds: 3_600 } } }),
    /SecurityHeaderOptions/,
  ],
  ["a type of service that is none", exampleService(1, { typeOfService: 3 as TypeOfService }), /QoS/],
  ["shared connections in TCP", exampleService(1, { ...passedOn, sharesConnections: true }), /options/],
  ["redirects in TCP", exampleService(1, { mode: "tcp", rewriteLocations: "https" }), /SSLRewrite/],
  [
    "a server's name that is none",
    exampleService(1, { tlsToServers: { passName: false, name: "a) b" } }),
    /ReverseSNIHostname/,
  ],
  ["no client's name", exampleService(1, { tlsToServers: { passName: true } }), /PassSni/],
  ["a line end in a name", exampleService(1, { nickname: "a\n    server evil 6.6.6.6:80" }), /NickName/],
  ["a carriage return in a name", exampleService(1, { nickname: "a\rb" }), /NickName/],
  ["an address with a space", exampleService(1, { address: "1.2.3.4 " }), /address/],
  ["a port of 0", exampleService(1, { port: 0 }), /port/],
  ["a port that is not whole", exampleService(1, { port: 80.5 }), /port/],
  [
    "a check path with a space",
    exampleService(1, {
      check: { kind: "http", timing: exampleTiming, method: "GET", path: "/a b", codes: [] },
    }),
    /CheckUrl/,
  ],
  [
    "a check host with a line end",
    exampleService(1, {
      check: { kind: "http", timing: exampleTiming, method: "GET", path: "/", host: "a\r\nX: y", codes: [] },
    }),
    /CheckHost/,
  ],
  [
    "a check header with a line end",
    exampleService(1, {
      check: {
        kind: "http",
        timing: exampleTiming,
        method: "GET",
        path: "/",
        codes: [],
        headers: [{ name: "A", value: "b\r\nX: y" }],
      },
    }),
    /CheckHeaders/,
  ],
  [
    "a check header without a name",
    exampleService(1, {
      check: {
        kind: "http",
        timing: exampleTiming,
        method: "GET",
        path: "/",
        codes: [],
        headers: [{ name: "A b", value: "c" }],
      },
    }),
    /CheckHeaders/,
  ],
  [
    "posted data with a line end",
    exampleService(1, {
      check: { kind: "http", timing: exampleTiming, method: "POST", path: "/", codes: [], body: "a\nb" },
    }),
    /CheckPostData/,
  ],
  [
    "a pattern with a line end",
    exampleService(1, {
      check: { kind: "http", timing: exampleTiming, method: "GET", path: "/", codes: [], pattern: "a\nb" },
    }),
    /CheckPattern/,
  ],
  [
    "data that is not hexadecimal",
    exampleService(1, { check: { kind: "data", timing: exampleTiming, send: "0G", within: 0 } }),
    /CheckUrl/,
  ],
  [
    "half a byte",
    exampleService(1, { check: { kind: "data", timing: exampleTiming, pattern: "123", within: 0 } }),
    /CheckPattern/,
  ],
  [
    "a match within too much",
    exampleService(1, { check: { kind: "data", timing: exampleTiming, pattern: "12", within: 8_001 } }),
    /MatchLen/,
  ],
  ["a minimum of 0 servers", exampleService(1, { minimumServers: 0 }), /RsMinimum/],
  [
    "a server that follows one that is not there",
    exampleService(1, { servers: [exampleServer(1, { follows: { service: 1, server: 9 } })] }),
    /Follow/,
  ],
  ["a weight of 0", exampleService(1, { servers: [exampleServer(1, { weight: 0 })] }), /Weight/],
];

for (const [title, service, field] of refusals)
  test(`${title} is refused with field, value and remedy`, () => {
    const rendered = renderConfiguration(exampleModel([service]));
    assert.ok(!rendered.ok);
    assert.match(rendered.error.field, field);
    assert.ok(rendered.error.remedy.length > 0);
    assert.notEqual(rendered.error.value, undefined);
  });

test("two services on one address and port are refused, unless one is disabled", () => {
  const clash = [exampleService(1, { port: 80 }), exampleService(2, { port: 80 })];
  assert.ok(!renderConfiguration(exampleModel(clash)).ok);
  assert.ok(renderConfiguration(exampleModel([clash[0]!, { ...clash[1]!, enabled: false }])).ok);
});

test("more connections than the file descriptors allow are refused", () => {
  assert.ok(
    !renderConfiguration({ process: { ...exampleProcess, maxConnections: 20_000 }, services: [] }).ok,
  );
});

/** Texts that would do harm if they were not quoted: keywords, quotes, line ends, expansions, comments. */
const hostile = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        "\n",
        "\r",
        "\\",
        "'",
        '"',
        " ",
        "\t",
        "#",
        "$",
        ["$", "{HOME}"].join(""),
        "%[src]",
        "server x 6.6.6.6:1",
        "\u2028",
        "\0",
        "a",
        "é",
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join("")),
);

test("whatever the model's texts hold, no line of the file is one they injected", () => {
  const shape = (text: string) =>
    text.split("\n").map((line) =>
      line
        .trim()
        .split(" ")
        .slice(0, 2)
        .join(" ")
        .replace(/^description .*/, "description"),
    );
  const model = (nickname: string, path: string, host: string) =>
    exampleModel([
      exampleService(1, {
        nickname,
        rules: {
          before: [urlRule("before", host)],
          request: [{ name: "change", kind: "change-url", pattern: path, replacement: host }],
          response: [{ name: "add", kind: "add-header", header: "X-Path", value: path }],
        },
        check: {
          kind: "http",
          timing: exampleTiming,
          method: "GET",
          path,
          host,
          codes: [],
          headers: [{ name: "X-Check", value: host }],
          body: host,
          pattern: path,
        },
      }),
    ]);
  const expected = shape(render(model("x", "/", "h")).text);
  let rendered = 0;
  fc.assert(
    fc.property(hostile, hostile, hostile, (nickname, path, host) => {
      for (const each of [model(nickname, "/", "h"), model("x", `/${path}`, "h"), model("x", "/", host)]) {
        const result = renderConfiguration(each);
        if (!result.ok) continue;
        rendered += 1;
        assert.deepEqual(shape(result.value.text), expected);
        assert.equal(result.value.origins.length, result.value.text.split("\n").length - 1);
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(rendered > 100, `only ${rendered} of the models could be rendered`);
});
