import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import {
  createServer as createSecureServer,
  get,
  type RequestOptions,
  type Server as SecureServer,
} from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { systemCipherSets } from "@tandem/loadmaster-api/cipher-sets";
import type { Parameters } from "@tandem/loadmaster-api/client";
import { type Issued, issue } from "../certificates/issue.fixture.ts";
import { loopback, portFor, startUnit, type TestUnit, value } from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("clients of services that end TLS", { skip }, () => {
  let unit: TestUnit;
  let web: Server;
  let secure: SecureServer;
  let root: Issued;
  let shop: Issued;
  let someone: Issued;
  let stranger: Issued;
  const asked: (string | false)[] = [];
  const vs = { address: loopback(50), port: portFor(5) };
  const of = { vs: vs.address, port: vs.port, prot: "tcp" };
  const port = (server: Server | SecureServer): number => (server.address() as AddressInfo).port;

  before(async () => {
    unit = await startUnit(1);
    root = await issue("the root", { authority: true });
    shop = await issue("shop.example.org", { by: root });
    someone = await issue("someone", { by: root });
    stranger = await issue("stranger");
    web = createServer((request, response) => {
      if (request.url === "/away") response.writeHead(302, { location: String(request.headers["x-to"]) });
      response.end(JSON.stringify(request.headers));
    });
    secure = createSecureServer({ cert: stranger.certificate, key: stranger.key }, (request, response) => {
      asked.push((request.socket as TLSSocket).servername ?? false);
      response.end("{}");
    });
    for (const server of [web, secure])
      await new Promise<void>((resolve) => server.listen(0, loopback(60), resolve));
    await call("addcert", { cert: "shop", data: base64(shop.pem) });
    await call("addvs", {
      ...of,
      VStype: "http",
      CheckType: "none",
      SSLAcceleration: 1,
      CertFile: "shop",
    });
    value(await unit.client().addRealServer(vs, loopback(60), port(web)));
  });

  after(async () => {
    for (const server of [web, secure]) {
      server?.close();
      server?.closeAllConnections();
    }
    await unit?.remove();
  });

  const base64 = (text: string | Buffer): string => Buffer.from(text).toString("base64");
  const call = async (command: string, parameters: Parameters = {}) =>
    value(await unit.client().call(command, parameters));
  const modify = async (parameters: Parameters) => call("modvs", { ...of, ...parameters });
  const refusal = async (command: string, parameters: Parameters): Promise<string> => {
    const before = unit.unit.document;
    const answer = await unit.client().call(command, parameters);
    assert.ok(!answer.ok, `${command} ${JSON.stringify(parameters)} was not refused`);
    assert.equal(unit.unit.document, before);
    return answer.error.message;
  };
  const fetch = (
    options: RequestOptions = {},
  ): Promise<{ headers: IncomingHttpHeaders; told: IncomingHttpHeaders; cipher: string }> =>
    new Promise((resolve, reject) => {
      const request = get(
        {
          host: vs.address,
          port: vs.port,
          servername: "shop.example.org",
          rejectUnauthorized: false,
          agent: false,
          timeout: 3_000,
          ...options,
        },
        (response) => {
          const cipher = (response.socket as TLSSocket).getCipher().name;
          let body = "";
          response.on("data", (part) => {
            body += part;
          });
          response.on("end", () => resolve({ headers: response.headers, told: JSON.parse(body), cipher }));
        },
      );
      request.on("error", reject);
      request.on("timeout", () => request.destroy(new Error("timeout")));
    });
  const by = ({ certificate, key }: Issued): RequestOptions => ({ cert: certificate, key });

  test("[LM1] clients need a certificate of an authority that the unit knows, and servers are told of it", async () => {
    assert.match(
      await refusal("modvs", { ...of, ClientCert: 1 }),
      /^ClientCert: 1 needs the root certificate/,
    );
    await call("addintermediate", { cert: "root", data: base64(root.certificate) });
    assert.equal((await modify({ ClientCert: 1 })).ClientCert, 1);
    await assert.rejects(fetch());
    await assert.rejects(fetch(by(stranger)));
    const plain = await fetch(by(someone));
    assert.deepEqual(
      Object.keys(plain.told).filter((name) => /ssl|cert/.test(name)),
      [],
    );
    await modify({ ClientCert: 2 });
    const { told } = await fetch({ ...by(someone), headers: { "X-SSL-ClientSubject": "CN=somebody else" } });
    assert.equal(told["x-ssl-clientsubject"], "CN=someone");
    assert.equal(told["x-ssl-clientissuer"], "CN=the root");
    assert.match(String(told["x-ssl-clientserialid"]), /^40[0-9A-F]{6}$/);
    const der = new X509Certificate(someone.certificate).raw.toString("base64");
    const pem = `-----BEGIN CERTIFICATE----- ${der} -----END CERTIFICATE-----`;
    for (const [mode, name, expected] of [
      [3, "ssl-client-cert", der],
      [4, "x-client-cert", der],
      [5, "ssl-client-cert", pem],
      [6, "x-client-cert", pem],
    ] as const) {
      await modify({ ClientCert: mode });
      assert.equal((await fetch({ ...by(someone), headers: { [name]: "forged" } })).told[name], expected);
    }
    assert.match(
      await refusal("delintermediate", { cert: "root" }),
      /^cert: clients of virtual service 1 need certificates.*set ClientCert 0/,
    );
    const other = await issue("another root", { authority: true });
    await call("addintermediate", { cert: "other", data: base64(other.certificate) });
    const view = await modify({ ClientCert: 1, IntermediateCerts: "other" });
    assert.equal(view.IntermediateCerts, "other");
    await assert.rejects(fetch(by(someone)));
    assert.match(
      await refusal("delintermediate", { cert: "other" }),
      /^cert: "other" is used by virtual service 1/,
    );
    await modify({ IntermediateCerts: "other+root" });
    await fetch(by(someone));
    await modify({ ClientCert: 0, IntermediateCerts: "" });
    await fetch();
    for (const cert of ["other", "root"]) await call("delintermediate", { cert });
  });

  test("[LM1] a client that asks for no name is turned away where one is needed", async () => {
    await fetch({ servername: "" });
    assert.equal((await modify({ NeedHostName: "Y" })).NeedHostName, true);
    await assert.rejects(fetch({ servername: "" }));
    await fetch();
    await modify({ NeedHostName: "N" });
    await fetch({ servername: "" });
  });

  test("[LM1] servers are told of a client's TLS, whatever the client says itself", async () => {
    assert.equal((await modify({ PassCipher: "Y" })).PassCipher, true);
    const { told, cipher } = await fetch({
      headers: { "X-SSL-Cipher": "none", "X-SSL-ClientSerialid": "1" },
    });
    assert.deepEqual(
      [told["x-ssl-cipher"], told["x-ssl-protocol"], told["x-ssl-snihost"], told["x-ssl-clientserialid"]],
      [cipher, "TLSv1.3", "shop.example.org", undefined],
    );
    assert.match(String(told["x-ssl-serialid"]), /^40[0-9A-F]{6}$/);
    await modify({ PassCipher: "N" });
    assert.equal((await fetch()).told["x-ssl-cipher"], undefined);
  });

  test("[LM1] what the unit answers itself asks for TLS from then on; what servers answer does so if they say it", async () => {
    const asksFor = (): Promise<string | undefined> =>
      new Promise((resolve, reject) =>
        get({ host: vs.address, port: vs.port, rejectUnauthorized: false, agent: false }, (response) => {
          resolve(response.headers["strict-transport-security"]);
          response.resume();
        }).on("error", reject),
      );
    assert.equal((await modify({ ErrorCode: 503 })).SecurityHeaderOptions, 0);
    assert.equal((await modify({ SecurityHeaderOptions: 1 })).SecurityHeaderOptions, 1);
    assert.equal(await asksFor(), undefined);
    await call("disablers", { rs: loopback(60) });
    for (const [option, words] of [
      [1, "max-age=31536000"],
      [2, "max-age=31536000; includeSubDomains"],
      [4, "max-age=31536000; preload"],
      [6, "max-age=31536000; includeSubDomains; preload"],
    ] as const) {
      await modify({ SecurityHeaderOptions: option });
      assert.equal(await asksFor(), words);
    }
    await call("set", { param: "securityheaderage", value: 86_400 });
    await unit.unit.trafficSettled();
    assert.match(String(await asksFor()), /^max-age=86400;/);
    for (const age of [86_399, 94_608_001, "long"])
      assert.match(
        await refusal("set", { param: "securityheaderage", value: age }),
        /^securityheaderage: .*86400 to 94608000 seconds/,
      );
    await modify({ SecurityHeaderOptions: 0, ErrorCode: "" });
    await call("enablers", { rs: loopback(60) });
    assert.match(
      await refusal("modvs", { ...of, VStype: "gen", SecurityHeaderOptions: 1 }),
      /^SecurityHeaderOptions: 1 writes a header/,
    );
  });

  test("[LM1] VStype http2 offers HTTP/2 to clients that come over TLS, without AllowHTTP2", async () => {
    const spoken = (): Promise<string | false | null> =>
      new Promise((resolve, reject) => {
        const socket = connect(
          { host: vs.address, port: vs.port, rejectUnauthorized: false, ALPNProtocols: ["h2", "http/1.1"] },
          () => {
            resolve(socket.alpnProtocol);
            socket.destroy();
          },
        ).on("error", reject);
      });
    assert.notEqual(await spoken(), "h2");
    const view = await modify({ VStype: "http2" });
    assert.deepEqual([view.VStype, view.AllowHTTP2], ["http2", true]);
    assert.equal(await spoken(), "h2");
    assert.equal((await modify({ VStype: "http", AllowHTTP2: "N" })).AllowHTTP2, false);
    assert.notEqual(await spoken(), "h2");
  });

  test("[LM1] redirects of servers are put under the scheme that clients use", async () => {
    const away = async (to: string) =>
      (await fetch({ path: "/away", headers: { "x-to": to } })).headers.location;
    assert.equal(await away("http://shop.example.org/x"), "http://shop.example.org/x");
    assert.equal((await modify({ SSLRewrite: "https" })).SSLRewrite, "https");
    for (const [from, to] of [
      ["http://shop.example.org/x?y=1#z", "https://shop.example.org/x?y=1#z"],
      ["HTTP://shop.example.org", "https://shop.example.org"],
      ["http://shop.example.org:80/x", "https://shop.example.org/x"],
      ["http://shop.example.org:8080/x", "https://shop.example.org:8080/x"],
      ["https://shop.example.org/x", "https://shop.example.org/x"],
      ["/x", "/x"],
    ] as const)
      assert.equal(await away(from), to);
    await modify({ SSLRewrite: "http" });
    assert.equal(await away("https://shop.example.org:443/x"), "http://shop.example.org/x");
    assert.equal((await modify({ SSLRewrite: "" })).SSLRewrite, "0");
  });

  test("[LM1] [LM2] sets of ciphers: what is in one is spoken, the unit's own stay, one in use is not removed", async () => {
    const old = "ECDHE-ECDSA-AES128-SHA256";
    const with12 = (ciphers: string): RequestOptions => ({ maxVersion: "TLSv1.2", ciphers });
    assert.equal((await fetch(with12(old))).cipher, old);
    assert.equal((await modify({ CipherSet: "BestPractices" })).CipherSet, "BestPractices");
    await assert.rejects(fetch(with12(old)));
    await fetch(with12("ECDHE-ECDSA-AES256-GCM-SHA384"));
    assert.deepEqual(await call("modifycipherset", { name: "Mine", value: old }), {
      code: 200,
      status: "ok",
      message: "Cipher set updated",
      revision: unit.unit.revision,
    });
    await modify({ CipherSet: "Mine" });
    await fetch(with12(old));
    await call("modifycipherset", { name: "Mine", value: "ECDHE-ECDSA-AES256-GCM-SHA384" });
    await assert.rejects(fetch(with12(old)), "a set that changes is in force at once");
    assert.equal((await call("getcipherset", { name: "Mine" })).cipherset, "ECDHE-ECDSA-AES256-GCM-SHA384");
    assert.equal(await refusal("delcipherset", { name: "Mine" }), "Command Failed: Cipher set in use");
    const view = await modify({ Ciphers: `${old}:ECDHE-ECDSA-AES128-GCM-SHA256` });
    assert.equal(view.CipherSet, "Custom_1");
    await call("delcipherset", { name: "Mine" });
    assert.equal(await refusal("getcipherset", { name: "Mine" }), "Unknown cipher set");
    assert.equal((await modify({ CipherSet: "Default" })).CipherSet, undefined);
    await call("delcipherset", { name: "Custom_1" });
    assert.equal(
      (await modify({ Tls13CipherSet: "TLS_AES_128_GCM_SHA256" })).Tls13CipherSet,
      "TLS_AES_128_GCM_SHA256",
    );
    assert.equal((await fetch()).cipher, "TLS_AES_128_GCM_SHA256");
    await modify({
      Tls13CipherSet: "TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
    });
    for (const [name, words] of [
      ["Default", /^name: Default is one of the unit's own sets/],
      ["None", /^Unknown cipher set$/],
    ] as const)
      assert.match(await refusal("delcipherset", { name }), words);
    for (const [value, words] of [
      ["AES128-SHA:RC4-SHA", /^value: "RC4-SHA" is no cipher that this unit speaks/],
      ["TLS_AES_128_GCM_SHA256", /^value: TLS_AES_128_GCM_SHA256 is of TLS 1\.3/],
      [":", /^value: there is no cipher in it/],
      ["AES128-SHA\nbind", /^value: .*is not valid/],
    ] as const)
      assert.match(await refusal("modifycipherset", { name: "Mine", value }), words);
    assert.match(await refusal("modifycipherset", { name: "WUI", value: old }), /^name: WUI is one of/);
  });

  test("the unit's sets hold what the machine's OpenSSL speaks, and Default is what it calls so", (t) => {
    const listed = (...words: string[]) =>
      spawnSync("openssl", ["ciphers", ...words], { encoding: "utf8" }).stdout.trim();
    if (listed("-v") === "") return t.skip("openssl is not installed");
    assert.equal(systemCipherSets.Default.join(":"), listed("-s", "-tls1_2", "DEFAULT"));
    for (const [name, ciphers] of Object.entries(systemCipherSets))
      assert.equal(listed("-tls1_2", "-s", `${ciphers.join(":")}:@SECLEVEL=0`), ciphers.join(":"), name);
  });

  test("[LM1] servers are told the name that the operator chose", async () => {
    value(await unit.client().deleteRealServer(vs, { address: loopback(60), port: port(web) }));
    value(await unit.client().addRealServer(vs, loopback(60), port(secure)));
    const view = await modify({ SSLReencrypt: 1, PassSni: 1, ReverseSNIHostname: "inside.example.org" });
    assert.equal(view.ReverseSNIHostname, "inside.example.org");
    await fetch();
    await modify({ ReverseSNIHostname: "" });
    await fetch();
    assert.deepEqual([...new Set(asked)], ["inside.example.org", "shop.example.org"]);
    await modify({ SSLReencrypt: 0 });
  });

  test("[LM2] what cannot be is refused with parameter, value and remedy", async () => {
    for (const [parameters, words] of [
      [{ OCSPVerify: "Y" }, /^OCSPVerify: Y is not possible, since HAProxy asks no OCSP responder/],
      [{ ClientCert: 7 }, /^ClientCert: 7 is not valid; allowed: 0 to 6/],
      [{ IntermediateCerts: "none" }, /^IntermediateCerts: there is no intermediate certificate "none"/],
      [{ CipherSet: "None" }, /^CipherSet: there is no set "None"; there are Default, /],
      [{ CipherSet: "Null_Ciphers" }, /^CipherSet: Null_Ciphers encrypts nothing/],
      [{ CipherSet: "a b" }, /^CipherSet: "a b" is not valid/],
      [
        { Ciphers: "AES128-SHA", CipherSet: "FIPS" },
        /^Ciphers: they make a set of their own, and CipherSet names FIPS/,
      ],
      [{ Ciphers: "NULL-SHA" }, /^Ciphers: "NULL-SHA" is no cipher/],
      [{ Tls13CipherSet: "AES128_SHA" }, /^Tls13CipherSet: "AES128_SHA" is no cipher of TLS 1\.3/],
      [{ SSLRewrite: "ftp" }, /^SSLRewrite: "ftp" is not valid; allowed: http, https/],
      [{ ReverseSNIHostname: "a b" }, /^ReverseSNIHostname: "a b" is not valid; allowed: a host name/],
      [
        { ReverseSNIHostname: "a.example" },
        /^ReverseSNIHostname: a\.example .*set SSLReencrypt or SSLReverse/,
      ],
      [{ SSLAcceleration: "N", NeedHostName: "Y" }, /^NeedHostName: Y needs SSLAcceleration Y/],
      [{ SSLAcceleration: "N", PassCipher: "Y" }, /^PassCipher: Y needs SSLAcceleration Y/],
      [{ SSLAcceleration: "N", ClientCert: 1 }, /^ClientCert: 1 needs SSLAcceleration Y/],
      [{ VStype: "gen", PassCipher: "Y" }, /^PassCipher: Y writes headers/],
      [{ VStype: "gen", ClientCert: 2 }, /^ClientCert: 2 writes a header/],
      [{ VStype: "gen", SSLRewrite: "https" }, /^SSLRewrite: https rewrites a header/],
      [
        { VStype: "gen", ForceL4: 1, SSLAcceleration: "N", CipherSet: "FIPS" },
        /^CipherSet: FIPS is not possible at layer 4/,
      ],
    ] as const)
      assert.match(await refusal("modvs", { ...of, ...parameters }), words);
  });

  test("[LM2] PKCS#12 files are read, those of old programs too, and a wrong pass phrase is told", async (t) => {
    const pem = join(unit.configuration.stateDir, "shop.pem");
    writeFileSync(pem, shop.pem + root.certificate);
    const archive = (...more: string[]): Buffer =>
      spawnSync("openssl", ["pkcs12", "-export", "-in", pem, "-passout", "pass:of the file", ...more]).stdout;
    const modern = archive();
    if (modern === null || modern.length === 0) return t.skip("openssl is not installed");
    for (const [file, cert] of [
      [modern, "modern"],
      [archive("-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES"), "legacy"],
    ] as const) {
      const { message } = await call("addcert", { cert, data: base64(file), password: "of the file" });
      assert.equal(message, "Certificate Successfully Installed");
      const { certificate } = await call("readcert", { cert });
      assert.equal(String(certificate).split("BEGIN").length - 1, 2, "its own and the root");
      for (const [password, words] of [
        ["another", /^password: it does not open the PKCS#12/],
        ["", /^password: the file is PKCS#12 \(PFX\) and encrypted; give its pass phrase/],
      ] as const)
        assert.match(await refusal("addcert", { cert: "new", data: base64(file), password }), words);
      assert.match(
        await refusal("addcert", {
          cert: "new",
          data: base64(file.subarray(0, -40)),
          password: "of the file",
        }),
        /^data: the PKCS#12 \(PFX\) file cannot be read/,
      );
      await call("delcert", { cert });
    }
  });

  test("[LM2] an expired certificate is taken, with a warning", async () => {
    const old = await issue("old.example.org", { from: -48, to: -24 });
    const { message } = await call("addcert", { cert: "old", data: base64(old.pem) });
    assert.match(
      String(message),
      /^Certificate Successfully Installed; it expired on .*clients will not trust it/,
    );
    await call("delcert", { cert: "old" });
  });
});
