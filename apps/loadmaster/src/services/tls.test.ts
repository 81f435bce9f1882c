import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { createServer, get, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect, type DetailedPeerCertificate, type SecureVersion, type TLSSocket } from "node:tls";
import type { Parameters } from "@tandem/loadmaster-api/client";
import { type Issued, issue } from "../certificates/issue.fixture.ts";
import {
  fetchText,
  loopback,
  portFor,
  startUnit,
  startWebServer,
  type TestUnit,
  value,
  type WebServer,
  waitFor,
} from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("TLS of a single unit's services", { skip }, () => {
  let unit: TestUnit;
  let web: WebServer;
  let secure: Server;
  /** Names that the HTTPS server was asked for. */
  const asked: (string | false)[] = [];
  let root: Issued;
  let middle: Issued;
  let shop: Issued;
  let mail: Issued;
  const vs = { address: loopback(50), port: portFor(5) };

  before(async () => {
    unit = await startUnit(1);
    web = await startWebServer(60, "plain");
    root = await issue("the root", { authority: true });
    middle = await issue("the middle", { by: root, authority: true });
    shop = await issue("shop.example.org", { by: middle });
    mail = await issue("mail.example.org", { kind: "rsa" });
    const own = await issue("server.example.org");
    secure = createServer({ cert: own.certificate, key: own.key }, (request, response) => {
      asked.push((request.socket as TLSSocket).servername ?? false);
      response.end("encrypted");
    });
    await new Promise<void>((resolve) => secure.listen(0, loopback(60), resolve));
    for (const [cert, { pem }] of [
      ["shop", shop],
      ["mail", mail],
    ] as const)
      await call("addcert", { cert, data: base64(pem) });
  });

  after(async () => {
    await web?.close();
    secure?.close();
    secure?.closeAllConnections();
    await unit?.remove();
  });

  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const call = async (command: string, parameters: Parameters = {}) =>
    value(await unit.client().call(command, parameters));
  const refusal = async (command: string, parameters: Parameters): Promise<string> => {
    const answer = await unit.client().call(command, parameters);
    assert.ok(!answer.ok, `${command} ${JSON.stringify(parameters)} was not refused`);
    return answer.error.message;
  };
  const add = async (parameters: Parameters, server: number = web.port) => {
    const view = value(
      await unit.client().addVirtualService(vs.address, vs.port, "tcp", { CheckType: "none", ...parameters }),
    );
    value(await unit.client().addRealServer(vs, loopback(60), server));
    return view;
  };
  const remove = async (): Promise<void> => {
    value(await unit.client().deleteVirtualService(vs));
  };
  /** A handshake alone: who answers, with what above it, in which version. */
  const shakeHands = (
    servername: string | undefined,
    version?: SecureVersion,
  ): Promise<{ readonly peer: DetailedPeerCertificate; readonly version: string | null }> =>
    new Promise((resolve, reject) => {
      const socket = connect({
        host: vs.address,
        port: vs.port,
        rejectUnauthorized: false,
        ...(servername === undefined ? {} : { servername }),
        ...(version === undefined
          ? {}
          : { minVersion: version, maxVersion: version, ciphers: "DEFAULT:@SECLEVEL=0" }),
      });
      socket.setTimeout(3_000, () => socket.destroy(new Error("timeout")));
      socket.on("error", reject);
      socket.once("secureConnect", () => {
        resolve({ peer: socket.getPeerCertificate(true), version: socket.getProtocol() });
        socket.destroy();
      });
    });
  const nameOf = async (servername: string | undefined): Promise<string> =>
    String((await shakeHands(servername)).peer.subject.CN);
  const fetchSecure = (servername: string): Promise<string> =>
    new Promise((resolve, reject) => {
      get(
        {
          host: vs.address,
          port: vs.port,
          servername,
          rejectUnauthorized: false,
          agent: false,
          timeout: 3_000,
        },
        (response) => {
          let body = "";
          response.on("data", (part) => {
            body += part;
          });
          response.on("end", () => resolve(body));
        },
      )
        .on("error", reject)
        .on("timeout", () => reject(new Error("timeout")));
    });
  const filesDirectory = (): string => join(unit.configuration.stateDir, "haproxy/files");
  const files = (): string[] => readdirSync(filesDirectory()).sort();

  test("[LM1] each name gets its certificate, another one the first; a replaced one is served from then on", async () => {
    const view = await add({ VStype: "http", SSLAcceleration: 1, CertFile: "shop mail" });
    assert.deepEqual(
      [view.SSLAcceleration, view.CertFile, view.TlsType, view.VStype],
      [true, "shop mail", "3", "http"],
    );
    assert.match(await fetchSecure("shop.example.org"), new RegExp(`^plain ${loopback(0).slice(0, 4)}`));
    assert.equal(await nameOf("shop.example.org"), "shop.example.org");
    assert.equal(await nameOf("mail.example.org"), "mail.example.org");
    assert.equal(await nameOf("other.example.org"), "shop.example.org");
    assert.equal(await nameOf(undefined), "shop.example.org");
    assert.equal(files().length, 3, "two certificates and their list");
    for (const name of files())
      assert.equal(statSync(join(filesDirectory(), name)).mode & 0o777, 0o600, name);
    assert.equal(statSync(filesDirectory()).mode & 0o777, 0o700);

    const before = files();
    const renewed = await issue("mail.example.org");
    await call("addcert", { cert: "mail", data: base64(renewed.pem), replace: 1 });
    const { peer } = await shakeHands("mail.example.org");
    assert.equal(peer.raw.toString("base64"), renewed.certificate.split("\n").slice(1, -2).join(""));
    assert.equal(files().length, 3, "the one before is gone");
    assert.notDeepEqual(files(), before);
    assert.match(
      await refusal("delcert", { cert: "mail" }),
      /^cert: "mail" is used by virtual service \d+; take it out of CertFile/,
    );
    await remove();
    assert.deepEqual(files(), []);
  });

  test("[LM1] intermediates complete the chain that a client is given", async () => {
    await add({ VStype: "http", SSLAcceleration: 1, CertFile: "shop" });
    const alone = (await shakeHands("shop.example.org")).peer;
    assert.equal(alone.issuerCertificate, undefined);
    await call("addintermediate", { cert: "middle", data: base64(middle.certificate) });
    const { peer } = await shakeHands("shop.example.org");
    assert.equal(peer.issuerCertificate?.subject.CN, "the middle");
    await call("delintermediate", { cert: "middle" });
    await remove();
  });

  test("[LM1] HTTP/2 is spoken where it is allowed, and HTTP/1.1 elsewhere", async () => {
    const protocolOf = (): Promise<string | undefined> =>
      new Promise((resolve, reject) => {
        const session = connectHttp2(`https://${vs.address}:${vs.port}`, {
          servername: "shop.example.org",
          rejectUnauthorized: false,
        });
        session.on("error", reject);
        session.once("connect", () => {
          const { alpnProtocol } = session;
          const request = session.request({ ":path": "/" });
          request.on("error", reject);
          request.once("response", (headers) => {
            assert.equal(headers[":status"], 200);
            session.destroy();
            resolve(alpnProtocol);
          });
        });
      });
    await add({ VStype: "http", SSLAcceleration: 1, CertFile: "shop", AllowHTTP2: 1 });
    assert.equal(await protocolOf(), "h2");
    assert.match(await fetchSecure("shop.example.org"), /^plain /);
    const view = value(await unit.client().modifyVirtualService(vs, { AllowHTTP2: "N" }));
    assert.equal(view.AllowHTTP2, false);
    await assert.rejects(protocolOf());
    assert.match(await fetchSecure("shop.example.org"), /^plain /);
    await remove();
  });

  test("[LM1] TLSType says which versions are spoken: 1.1 to 1.3 by default, and no others", async () => {
    await add({ VStype: "http", SSLAcceleration: 1, CertFile: "shop" });
    assert.equal((await shakeHands("shop.example.org", "TLSv1.1")).version, "TLSv1.1");
    await assert.rejects(shakeHands("shop.example.org", "TLSv1"));
    const view = value(await unit.client().modifyVirtualService(vs, { TLSType: 23 }));
    assert.equal(view.TlsType, "23");
    assert.equal((await shakeHands("shop.example.org", "TLSv1.2")).version, "TLSv1.2");
    await assert.rejects(shakeHands("shop.example.org", "TLSv1.3"));
    await assert.rejects(shakeHands("shop.example.org", "TLSv1.1"));
    await remove();
  });

  test("[LM1] what was decrypted is encrypted again to an HTTPS server, with the client's name when that is asked for", async () => {
    const { port } = secure.address() as AddressInfo;
    const view = await add(
      {
        VStype: "http",
        SSLAcceleration: 1,
        CertFile: "shop",
        SSLReencrypt: 1,
        PassSni: 1,
        CheckType: "https",
      },
      port,
    );
    assert.deepEqual([view.SSLReencrypt, view.PassSni, view.CheckType], [true, true, "https"]);
    await waitFor("its check over TLS finds the server", async () => {
      const shown = value(await unit.client().showVirtualService(vs));
      return shown.Status === "Up";
    });
    asked.length = 0;
    assert.equal(await fetchSecure("shop.example.org"), "encrypted");
    assert.ok(asked.includes("shop.example.org"));
    value(await unit.client().modifyVirtualService(vs, { PassSni: "N", CheckType: "none" }));
    asked.length = 0;
    assert.equal(await fetchSecure("shop.example.org"), "encrypted");
    assert.deepEqual(asked, [false]);

    const off = value(await unit.client().modifyVirtualService(vs, { SSLAcceleration: "N" }));
    assert.deepEqual(
      [off.SSLAcceleration, off.SSLReencrypt, off.CertFile],
      [undefined, false, "shop"],
      "the certificate stays assigned",
    );
    const reverse = value(await unit.client().modifyVirtualService(vs, { SSLReverse: "Y" }));
    assert.equal(reverse.SSLReverse, true);
    assert.equal(await fetchText(vs.address, vs.port), "encrypted", "from clients without TLS");
    await remove();
  });

  test("[LM1] a service that passes TCP on ends TLS as well", async () => {
    await add({ VStype: "gen", SSLAcceleration: 1, CertFile: "mail" });
    assert.equal(await nameOf("mail.example.org"), "mail.example.org");
    assert.match(await fetchSecure("mail.example.org"), /^plain -/);
    await remove();
  });

  test("[LM1] a service without a certificate shows one that the unit made itself, which stays the same", async () => {
    const view = await add({ VStype: "http", SSLAcceleration: 1 });
    assert.deepEqual([view.SSLAcceleration, view.CertFile], [true, undefined]);
    const own = (await shakeHands("shop.example.org")).peer;
    assert.equal(own.subject.CN, "self-signed.loadmaster.invalid");
    assert.match(await fetchSecure("shop.example.org"), /^plain /);
    value(await unit.client().modifyVirtualService(vs, { CertFile: "shop" }));
    assert.equal(await nameOf("shop.example.org"), "shop.example.org");
    value(await unit.client().modifyVirtualService(vs, { CertFile: "" }));
    assert.equal((await shakeHands("shop.example.org")).peer.fingerprint256, own.fingerprint256);
    assert.ok(!JSON.stringify(await call("listcert")).includes("self-signed"));
    await remove();
  });

  test("[LM2] TLS that cannot be is refused with parameter, value and remedy, and nothing is changed", async () => {
    await add({ VStype: "http", SSLAcceleration: 1, CertFile: "shop" });
    const before = unit.unit.document;
    const of = { vs: vs.address, port: vs.port, prot: "tcp" };
    const other = { ...of, port: portFor(6) };
    for (const [command, parameters, words] of [
      ["addvs", { ...other, CertFile: "none" }, /^CertFile: there is no certificate "none"; listcert shows/],
      ["addvs", { ...other, CertFile: "../key" }, /^CertFile: "\.\.\/key" is not valid; allowed: names/],
      ["addvs", { ...other, SSLReencrypt: 1 }, /^SSLReencrypt: Y needs SSLAcceleration Y.*use SSLReverse Y/],
      ["addvs", { ...other, AllowHTTP2: 1 }, /^AllowHTTP2: Y needs SSLAcceleration Y/],
      ["addvs", { ...other, PassSni: 1 }, /^PassSni: Y needs SSLAcceleration Y/],
      [
        "addvs",
        { ...other, VStype: "gen", SSLAcceleration: 1, CertFile: "shop", AllowHTTP2: 1 },
        /^AllowHTTP2: Y needs VStype http/,
      ],
      [
        "addvs",
        { ...other, ForceL4: 1, SSLAcceleration: 1, CertFile: "shop" },
        /^SSLAcceleration: Y is not possible at layer 4.*use ForceL4 N/,
      ],
      ["addvs", { ...other, ForceL4: 1, SSLReverse: 1 }, /^SSLReverse: Y is not possible at layer 4/],
      [
        "addvs",
        { ...other, ForceL4: 1, CheckType: "https" },
        /^CheckType: https is not available at layer 4/,
      ],
      ["modvs", { ...of, PassSni: 1 }, /^PassSni: Y .*set SSLReencrypt Y as well/],
      ["modvs", { ...of, TLSType: 31 }, /^TLSType: 31 is not valid; allowed: 0 to 30/],
      ["modvs", { ...of, TLSType: 2 }, /^TLSType: 2 has SSLv3 on.*use 3/],
      [
        "modvs",
        { ...of, TLSType: 11 },
        /^TLSType: 11 has TLSv1\.2 off between TLSv1\.1 and TLSv1\.3.*without gaps/,
      ],
    ] as const)
      assert.match(await refusal(command, parameters), words);
    assert.equal(unit.unit.document, before);
    assert.match(await fetchSecure("shop.example.org"), /^plain /);
    await remove();
  });
});
