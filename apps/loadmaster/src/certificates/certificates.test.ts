import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { request } from "node:https";
import { after, before, describe, test } from "node:test";
import { certificatesMax } from "@tandem/loadmaster-api/certificate-parameters";
import type { Parameters } from "@tandem/loadmaster-api/client";
import { emptyShared } from "../state/document.ts";
import { loopback, startUnit, type TestUnit, value } from "../unit.fixture.ts";
import { withCertificate } from "./certificates.ts";
import { type Issued, issue } from "./issue.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("certificates of a single unit", { skip }, () => {
  let unit: TestUnit;
  let shop: Issued;
  let next: Issued;
  let old: Issued;

  before(async () => {
    unit = await startUnit(1);
    shop = await issue("shop.example.org");
    next = await issue("shop.example.org", { kind: "rsa" });
    old = await issue("old.example.org", { from: -48, to: -24 });
  });
  after(() => unit?.remove());

  const call = async (command: string, parameters: Parameters = {}) =>
    value(await unit.client().call(command, parameters));
  const refusal = async (command: string, parameters: Parameters): Promise<string> => {
    const answer = await unit.client().call(command, parameters);
    assert.ok(!answer.ok, `${command} was not refused`);
    return answer.error.message;
  };
  /** Of v1: a file as the body of a POST, under the content type that curl gives it. */
  const upload = (path: string, body: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: loopback(1),
          port: unit.configuration.apiPort,
          path: `/access/${path}`,
          method: "POST",
          rejectUnauthorized: false,
          headers: {
            authorization: `Basic ${base64(`bal:${unit.password}`)}`,
            "content-type": "application/x-www-form-urlencoded",
          },
        },
        (response) => {
          let text = "";
          response.on("data", (part) => {
            text += part;
          });
          response.on("end", () => resolve(text));
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });

  test("[LM2] a certificate is added, listed, read without its key, replaced and removed, by v2 and v1", async () => {
    const added = await call("addcert", { cert: "shop", data: base64(shop.pem), replace: 0 });
    assert.equal(added.message, "Certificate Successfully Installed");
    const listed = await call("listcert");
    const spki = new X509Certificate(shop.certificate).publicKey.export({ type: "spki", format: "der" });
    assert.deepEqual(listed.cert, [{ name: "shop", type: "ECC", publickey: spki.toString("base64") }]);
    const read = await call("readcert", { cert: "shop" });
    assert.equal(String(read.certificate).trim(), shop.certificate.trim());
    const der = await call("readcert", { cert: "shop", outform: "DER" });
    assert.deepEqual(
      Buffer.from(String(der.certificate), "base64"),
      new X509Certificate(shop.certificate).raw,
    );

    assert.match(await upload("addcert?cert=shop&replace=1", next.key + next.certificate), /stat="200"/);
    assert.match(
      await upload("listcert", ""),
      /<cert><name>shop<\/name><type>RSA<\/type><modulus>[0-9A-F]{512}</,
    );
    assert.match(await upload("readcert?cert=shop", ""), /<certificate>-----BEGIN CERTIFICATE-----/);
    assert.ok(!JSON.stringify(unit.log).includes("PRIVATE KEY"));

    await call("delcert", { cert: "shop" });
    assert.deepEqual((await call("listcert")).cert, []);
    assert.equal(unit.unit.document.shared.certificates, undefined, "as it was before");
  });

  test("[LM2] an expired certificate is taken, and its answer says so", async () => {
    const answer = await upload("addcert?cert=old&replace=0", old.pem);
    assert.match(answer, /Certificate Successfully Installed; it expired on/);
    await call("delcert", { cert: "old" });
  });

  test("[LM2] intermediates are added, listed, read and removed", async () => {
    await call("addintermediate", { cert: "middle", data: base64(shop.certificate) });
    assert.match(
      await refusal("addintermediate", { cert: "middle", data: base64(shop.certificate) }),
      /^cert: there is an intermediate certificate "middle" already/,
    );
    assert.match(JSON.stringify((await call("listintermediate")).cert), /"name":"middle","type":"ECC"/);
    assert.match(
      String((await call("readintermediate", { cert: "middle" })).certificate),
      /BEGIN CERTIFICATE/,
    );
    await call("delintermediate", { cert: "middle" });
    assert.match(
      await refusal("readintermediate", { cert: "middle" }),
      /^cert: there is no intermediate certificate "middle"/,
    );
  });

  test("[LM2] what cannot be is refused, and what was stored stays", async () => {
    await call("addcert", { cert: "shop", data: base64(shop.pem) });
    const before = unit.unit.document;
    const data = base64(next.pem);
    for (const [command, parameters, words] of [
      ["addcert", { cert: "shop", data }, /^cert: there is a certificate "shop" already; set replace to 1/],
      ["addcert", { cert: "none", data, replace: 1 }, /^cert: there is no certificate "none" to replace/],
      [
        "addcert",
        { cert: "../../etc", data },
        /^cert: "\.\.\/\.\.\/etc" is not valid; allowed: a letter or digit first/,
      ],
      ["addcert", { cert: "a b", data }, /^cert: "a b" is not valid/],
      ["addcert", { cert: "<b>", data }, /^cert: "<b>" is not valid/],
      ["addcert", { cert: "x".repeat(128), data }, /^cert: .* is not valid/],
      ["addcert", { cert: "shop", replace: 1 }, /^data: String Value missing/],
      [
        "addcert",
        { cert: "shop", replace: 1, data: "not*base64" },
        /^data: this value is not valid; allowed: the file in base64/,
      ],
      ["addcert", { cert: "shop", replace: 1, data: base64("no PEM") }, /^data: it is not PEM/],
      ["addcert", { cert: "shop", replace: 1, data: base64(shop.certificate) }, /^data: .* no private key/],
      ["addcert", { cert: "shop", replace: "maybe", data }, /^replace: "maybe" is not valid/],
      [
        "addcert",
        { cert: "shop", replace: 1, data: base64(shop.certificate + next.key) },
        /^data: the private key belongs to none/,
      ],
      ["readcert", { cert: "none" }, /^cert: there is no certificate "none"; listcert shows/],
      ["readcert", { cert: "shop", outform: "TXT" }, /^outform: "TXT" is not valid; allowed: PEM, DER/],
      ["delcert", { cert: "none" }, /^cert: there is no certificate "none"/],
      ["delintermediate", { cert: "none" }, /^cert: there is no intermediate certificate "none"/],
    ] as const)
      assert.match(await refusal(command, parameters), words);
    assert.match(await upload("addcert?cert=shop&replace=1", ""), /stat="422".*data: it is empty/);
    assert.match(
      await upload("addcert?cert=shop&replace=1", "x".repeat(200_000)),
      /stat="422".*data: it has 200000 bytes/,
    );
    assert.equal(unit.unit.document, before);
    await call("delcert", { cert: "shop" });
  });

  test("[LM2] there are at most so many certificates", () => {
    const certificates = Array.from({ length: certificatesMax }, (_, index) => ({
      name: `c${index}`,
      chain: "chain",
      key: "key",
    }));
    const one = { name: "one", chain: "chain", key: "key" };
    const more = withCertificate({ ...emptyShared, certificates }, one, false);
    assert.ok(!more.ok);
    assert.match(more.error.message, /^cert: there are 250 certificates already; remove one/);
    const large = withCertificate(emptyShared, { ...one, chain: "x".repeat(3_000_000) }, false);
    assert.ok(!large.ok);
    assert.match(large.error.message, /^data: all certificates .* allowed are 2097152, remove/);
  });
});
