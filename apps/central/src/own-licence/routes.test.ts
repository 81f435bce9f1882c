import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { routes } from "@tandem/central-api/routes";
import { keyIdOf } from "@tandem/signed-documents/keys";
import { refusalOf, refused, startCentral } from "../central-on-loopback.ts";
import { licenceFor, newIssuer, signed } from "./issued-licence.ts";

test("a Central's licence is shown, imported and renewed over the API, and stays over a restart", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1");
  const { unit } = here.central.pair.identity;
  const trial = await here.client.call(routes.ownLicence);
  assert.deepEqual([trial.state, trial.licence?.isTrial, trial.message], ["valid", true, null]);
  assert.deepEqual(trial.settings, { local: true, metered: false });
  assert.equal(trial.licensingKey, here.central.ownLicence.key.publicKey);

  const issuer = newIssuer();
  const id = keyIdOf(issuer.publicKey);
  const licence = await signed(licenceFor([unit], Date.now()), issuer);
  const put = (text: string) => here.client.call(routes.importLicence, { body: { licence: text } });
  const unknown = await refusalOf(put(licence));
  assert.deepEqual([unknown.status, unknown.errors[0]?.code], [400, "licence-issuer-not-trusted"]);
  assert.match(unknown.errors[0]?.remedy ?? "", /tandem license trust/);
  const trusted = await here.client.call(routes.trustLicenceIssuer, {
    body: { key: issuer.publicKey, name: "Example Sales" },
  });
  assert.equal(trusted.id, id);
  const answer = await put(licence);
  assert.deepEqual(answer.signedBy, { id, name: "Example Sales" });
  assert.deepEqual([answer.licence?.local?.allowance, answer.licence?.metered?.tierGbps], [4, 10]);
  assert.deepEqual(answer.settings, { local: true, metered: true });
  assert.deepEqual(await refused(put(`${licence.slice(0, -8)}AAAAAAAA`)), [
    "400 licence licence-signature-wrong",
  ]);
  assert.deepEqual(await refused(put(await signed(licenceFor(["b".repeat(16)], Date.now()), issuer))), [
    "400 units licence-foreign",
  ]);
  assert.deepEqual(await refused(here.client.call(routes.distrustLicenceIssuer, { params: { id: "x" } })), [
    "404 id issuer-unknown",
  ]);
  await here.restart();
  await here.client.signIn("admin", here.firstPassword);
  const again = await here.client.call(routes.ownLicence);
  assert.deepEqual(again, answer);
  const { issuers } = await here.client.call(routes.listLicenceIssuers);
  assert.deepEqual(
    issuers.map(({ key, name }) => [key, name]),
    [[issuer.publicKey, "Example Sales"]],
  );
  await here.client.call(routes.distrustLicenceIssuer, { params: { id } });
  const after = await here.client.call(routes.ownLicence);
  assert.equal(after.state, "invalid");
  assert.match(after.message ?? "", new RegExp(`issuer ${id}, whom this unit does not trust`));
  const { events } = await here.client.call(routes.haEvents, {});
  const codes = events.map(({ code }) => code);
  for (const code of ["licence-issuer-trusted", "licence-imported", "licence-issuer-removed"])
    assert.ok(codes.includes(code), code);
  const key = readFileSync(join(here.stateDir, "licensing", "key.pem"), "utf8");
  assert.ok(
    !JSON.stringify([again, events]).includes(key.split("\n")[1] ?? "?"),
    "the key itself is shown nowhere",
  );
});
