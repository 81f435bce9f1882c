import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { certificateUploadMaxBytes } from "@tandem/loadmaster-api/certificate-parameters";
import { unknownToVersion } from "../ha/partner-messages.ts";
import { backupOf } from "../keeping/backup.ts";
import { emptyShared, newDocument, type SharedContent, withShared } from "../state/document.ts";
import { changesInWords, Revisions } from "../state/revisions.ts";
import { issue } from "./issue.fixture.ts";
import { readCertificate, readIntermediates } from "./upload.ts";

const refusal = (file: string | Buffer, password?: string): string => {
  const read = readCertificate(Buffer.from(file), password, Date.now());
  return read.ok ? "taken" : read.error.message;
};

const root = await issue("the root", { authority: true });
const middle = await issue("the middle", { by: root, authority: true });
const shop = await issue("shop.example.org", { by: middle });
const other = await issue("other.example.org");

test("[LM2] certificate, key and chain are taken in any order, and the key in any form", () => {
  const traditional = String(createPrivateKey(shop.key).export({ type: "sec1", format: "pem" }));
  const bagged = `Bag Attributes\n    friendlyName: shop\n${shop.key.replaceAll("\n", "\r\n")}`;
  for (const file of [
    shop.certificate + shop.key + middle.certificate + root.certificate,
    root.certificate + middle.certificate + traditional + shop.certificate,
    bagged + middle.certificate + shop.certificate + shop.certificate + root.certificate,
  ]) {
    const read = readCertificate(Buffer.from(file), undefined, Date.now());
    assert.ok(read.ok, read.ok ? "" : read.error.message);
    const subjects = read.value.chain
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((pem) => new X509Certificate(pem).subject);
    assert.deepEqual(subjects, ["CN=shop.example.org", "CN=the middle", "CN=the root"]);
    assert.equal(read.value.key, shop.key);
    assert.deepEqual(read.value.warnings, []);
  }
});

test("[LM2] an encrypted key is opened with its passphrase, and refused without the right one", () => {
  const key = String(
    createPrivateKey(shop.key).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "open it",
    }),
  );
  const read = readCertificate(Buffer.from(key + shop.certificate), "open it", Date.now());
  assert.ok(read.ok && read.value.key === shop.key);
  assert.match(refusal(key + shop.certificate), /^password: the private key is encrypted; give/);
  assert.match(refusal(key + shop.certificate, "wrong"), /^password: it does not open the private key/);
});

test("[LM2] what is no certificate with its key is refused with field and remedy, and no word of the key", async () => {
  const weak = await issue("weak.example.org", { kind: "rsa-1024" });
  const key = shop.key.split("\n")[1] ?? "";
  for (const [file, words] of [
    ["", /^data: it is empty/],
    ["hello", /^data: it is not PEM/],
    [Buffer.from([0x30, 0x82, 1, 2, 3]), /^data: it is binary, and neither PKCS#12/],
    [new X509Certificate(shop.certificate).raw, /^data: it is a certificate in DER, without a private key/],
    [shop.certificate, /^data: there is a certificate but no private key/],
    [shop.key, /^data: there is no certificate in it \(PRIVATE KEY\)/],
    [other.certificate + shop.key, /^data: the private key belongs to none .*CN=other\.example\.org/],
    [shop.pem + other.key, /^data: there are 2 private keys/],
    [shop.certificate.replace(/\n.{20}/, "\n") + shop.key, /^data: certificate 1 of 1 cannot be read/],
    [shop.certificate + shop.key.replace(/\n.{20}/, "\n"), /^data: the private key cannot be read/],
    [weak.pem, /^data: CN=weak\.example\.org has an RSA key of 1024 bits; allowed are 2048/],
    [shop.pem + middle.certificate.repeat(10), /^data: there are 11 certificates in it; allowed are 10/],
    ["x".repeat(certificateUploadMaxBytes + 1), /^data: it has 131073 bytes; allowed are 131072/],
  ] as const) {
    const said = refusal(file);
    assert.match(said, words);
    assert.ok(!said.includes(key));
  }
});

test("[LM2] an expired certificate is taken with a warning, and so is one that does not belong to the chain", async () => {
  const expired = await issue("old.example.org", { from: -48, to: -24 });
  const read = readCertificate(Buffer.from(expired.pem + root.certificate), undefined, Date.now());
  assert.ok(read.ok);
  assert.match(read.value.warnings[0] ?? "", /^it expired on .*replace it$/);
  assert.match(read.value.warnings[1] ?? "", /^1 certificate that did not issue it were left out/);
  const early = await issue("new.example.org", { from: 24, to: 48 });
  const soon = readCertificate(Buffer.from(early.pem), undefined, Date.now());
  assert.ok(soon.ok);
  assert.match(soon.value.warnings[0] ?? "", /^it is not valid before/);
});

test("[LM2] intermediates come as PEM or as DER, and without a key", () => {
  for (const file of [Buffer.from(middle.certificate), new X509Certificate(middle.certificate).raw]) {
    const read = readIntermediates(file, Date.now());
    assert.ok(read.ok);
    assert.equal(new X509Certificate(read.value.chain).subject, "CN=the middle");
  }
  const withKey = readIntermediates(Buffer.from(middle.pem), Date.now());
  assert.ok(!withKey.ok);
  assert.match(withKey.error.message, /^data: there is a private key in it.*use addcert/);
});

const sharedWith = (chain: string, key: string): SharedContent => ({
  ...emptyShared,
  certificates: [{ name: "shop", chain, key }],
});

test("[CH22] neither backup nor difference holds a private key, and the backup says so", () => {
  const shared = sharedWith(shop.certificate, shop.key);
  const document = newDocument("lm1", "hash");
  const text = backupOf(shared, document.unit).toString();
  assert.ok(text.includes("BEGIN CERTIFICATE") && !text.includes("PRIVATE KEY"));
  assert.deepEqual(JSON.parse(text).leftOut, ["private key of certificate shop"]);
  assert.equal(JSON.parse(backupOf(emptyShared, document.unit).toString()).leftOut, undefined);

  const before = withShared(document, shared);
  const after = withShared(before, sharedWith(other.certificate, other.key));
  assert.match(changesInWords(before, after), /^certificate shop: content from SHA-256 \w{16} to SHA-256/);
  const told = JSON.stringify(new Revisions().differenceSince("1-unknown", after.shared));
  assert.match(told, /certificate shop: content SHA-256/);
  assert.ok(!told.includes("PRIVATE"));
});

test("[LH11] a partner whose program knows no certificates is not given any", () => {
  const shared = sharedWith(shop.certificate, shop.key);
  assert.deepEqual(unknownToVersion(4, shared), ["certificates of services"]);
  assert.deepEqual(unknownToVersion(5, shared), []);
  assert.deepEqual(unknownToVersion(4, emptyShared), []);
});
