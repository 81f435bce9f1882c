import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { unitIdOf } from "@tandem/base/ids";
import { fingerprintOf, loadOrCreateIdentity } from "./identity.ts";
import { temporaryDirectory } from "./loopback.ts";

test("an identity is made once, is readable by its owner alone, and names what it was given", async (t) => {
  const directory = join(await temporaryDirectory(t), "identity");
  const names = { commonName: "central1", addresses: ["10.213.0.11", "central1.example"] };
  const first = await loadOrCreateIdentity(directory, names);
  const second = await loadOrCreateIdentity(directory, names);
  assert.deepEqual(second, first);
  assert.equal(first.unit, unitIdOf(first.fingerprint));
  for (const file of ["key.pem", "certificate.pem"])
    assert.equal((await stat(join(directory, file))).mode & 0o777, 0o600, file);
  const certificate = new X509Certificate(first.certificatePem);
  assert.equal(fingerprintOf(certificate), first.fingerprint);
  assert.equal(certificate.checkIP("10.213.0.11"), "10.213.0.11");
  assert.equal(certificate.checkHost("central1.example"), "central1.example");
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
});

test("a new address gives a new certificate for the same key, so that nobody has to exchange keys", async (t) => {
  const directory = join(await temporaryDirectory(t), "identity");
  const before = await loadOrCreateIdentity(directory, { commonName: "a", addresses: ["10.0.0.1"] });
  const after = await loadOrCreateIdentity(directory, { commonName: "a", addresses: ["10.0.0.2"] });
  assert.notEqual(after.certificatePem, before.certificatePem);
  assert.equal(after.fingerprint, before.fingerprint);
  assert.equal(new X509Certificate(after.certificatePem).checkIP("10.0.0.2"), "10.0.0.2");
});
