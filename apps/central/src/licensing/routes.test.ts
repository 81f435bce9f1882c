import assert from "node:assert/strict";
import { test } from "node:test";
import type { FieldError } from "@tandem/base/result";
import { ApiError } from "@tandem/central-api/call";
import { routes } from "@tandem/central-api/routes";
import { licenceDocument } from "@tandem/licensing/wire";
import { signDocument } from "@tandem/signed-documents/signed-document";
import { eventually, type LoopbackCentral, startCentral } from "../central-on-loopback.ts";
import { pairOfCentrals } from "../ha/two-centrals.ts";
import { licenceFor, newIssuer, signed } from "../own-licence/issued-licence.ts";
import { SigningLoadMaster } from "./signing-load-master.ts";

const refusal = async (call: Promise<unknown>): Promise<{ status: number } & FieldError> => {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return { status: error.status, ...(error.errors[0] as FieldError) };
  }
  return assert.fail("it was not refused");
};
const overview = (central: LoopbackCentral) => central.client.call(routes.licensingOverview);
const units = async (central: LoopbackCentral) => (await central.client.call(routes.listLicensedUnits)).units;

test("[ML7] a LoadMaster is licensed from a trial: signed both ways, checked, given back, and in the tree", async (t) => {
  const central = await startCentral(t, "central1", "127.0.0.1");
  const one = new SigningLoadMaster("10.4.0.21");
  const offered = await central.client.call(routes.licenceTypes);
  assert.deepEqual(
    offered.types.map(({ id, available }) => [id, available]),
    [["local", 4]],
  );
  const grant = await one.activate(central.client);
  assert.equal(grant.unit, one.unit);
  assert.equal(grant.centrals.length, 1);
  assert.equal(grant.centrals[0]?.port, central.server.port);
  assert.equal(grant.centrals[0]?.certificateFingerprint?.length, 64);
  const [listed] = await units(central);
  assert.equal(listed?.unit, one.unit);
  assert.equal(listed?.deviceId, 1);
  assert.ok(listed?.device);
  const tree = await central.client.call(routes.tree);
  assert.deepEqual(
    tree.networks.map(({ cidr }) => cidr),
    ["10.4.0.0/24"],
  );
  assert.equal((await one.check(central.client)).state, "held");
  assert.equal((await overview(central)).local?.issued, 1);

  await central.restart();
  await central.client.signIn("admin", central.firstPassword);
  assert.equal((await one.check(central.client)).state, "held");
  assert.equal(await one.release(central.client), true);
  assert.equal(await one.release(central.client), false);
  assert.equal((await one.check(central.client)).state, "ended");
  assert.equal((await overview(central)).local?.issued, 0);
});

test("[ML7] forged, foreign, truncated and misdirected requests are refused by name, and change nothing", async (t) => {
  const central = await startCentral(t, "central1", "127.0.0.1");
  const one = new SigningLoadMaster("10.4.0.21");
  const other = new SigningLoadMaster("10.4.0.22");
  const activate = (request: string) =>
    refusal(central.client.call(routes.activateLicence, { body: { request, management: null } }));
  const good = await one.sign(one.claims("activate", "local", { number: 1 }));
  const [header, , signature] = good.split(".");
  const changed = Buffer.from(JSON.stringify(one.claims("activate", "local", { number: 9 })));
  const cases: readonly (readonly [string, string])[] = [
    [good.slice(0, -40), "request-signature-wrong"],
    ["not a document", "request-not-a-document"],
    [`${header}.${changed.toString("base64url")}.${signature}`, "request-signature-wrong"],
    [await other.sign(one.claims("activate", "local", { number: 1 })), "request-wrong"],
    [await one.sign(one.claims("check", null, { number: 1 })), "request-wrong"],
    [
      await signDocument(licenceDocument.grant, one.claims("activate", "local"), one.key),
      "request-wrong-type",
    ],
    [await one.sign(one.claims("activate", "local", { number: 0 })), "request-claims-wrong"],
  ];
  for (const [request, code] of cases) assert.equal((await activate(request)).code, code);
  const wrongType = await activate(await one.sign(one.claims("activate", "metered", { number: 1 })));
  assert.deepEqual([wrongType.status, wrongType.code, wrongType.field], [409, "type-not-licensed", "type"]);
  assert.deepEqual(await units(central), []);
  await one.activate(central.client);
  const foreign = await refusal(
    (async () => {
      const request = await other.sign(other.claims("check", null, { number: 1 }));
      await central.client.call(routes.checkLicence, { body: { request, grant: one.grant } });
    })(),
  );
  assert.equal(foreign.code, "grant-foreign");
  one.number = 0;
  one.about = { address: "10.4.0.21", machine: "f".repeat(16) };
  const again = await refusal(one.activate(central.client));
  assert.equal(again.code, "number-not-greater");
  assert.equal(again.value, 1);
});

test("[ML2] [ML7] a pair under one licence: shares move, one holds, and what is refused is in the timeline of both", async (t) => {
  const [a, b] = await pairOfCentrals(t, ["127.0.0.1", "127.0.0.2"]);
  const issuer = newIssuer();
  const ids = await Promise.all([a, b].map(async ({ client }) => (await client.call(routes.about)).unit));
  const licence = licenceFor(ids, Date.now(), {
    local: { allowance: 3 },
    units: [
      { unit: ids[0] as string, local: 2, poolMbps: 0 },
      { unit: ids[1] as string, local: 1, poolMbps: 0 },
    ],
    metered: null,
  });
  for (const { client } of [a, b]) {
    await client.call(routes.trustLicenceIssuer, { body: { key: issuer.publicKey, name: "us" } });
    await client.call(routes.importLicence, { body: { licence: await signed(licence, issuer) } });
  }
  await eventually(
    "the pair stands",
    async () => (await a.client.call(routes.ha)).status.peerState === "Slave",
  );
  const all = [21, 22, 23].map((host) => new SigningLoadMaster(`10.1.0.${host}`));
  const [one, two, three] = all as [SigningLoadMaster, SigningLoadMaster, SigningLoadMaster];
  await one.activate(b.client);
  await two.activate(b.client);
  await eventually("the LoadMaster learns of both Centrals", async () => {
    const { state, centrals } = await two.check(b.client);
    return state === "held" && centrals.length === 2;
  });
  await three.activate(a.client);
  await one.activate(a.client);
  await eventually("both name the same holders", async () => {
    const [seenByA, seenByB] = await Promise.all([units(a), units(b)]);
    const holders = (seen: typeof seenByA) => seen.map(({ unit, central }) => `${unit} ${central}`).join();
    return (
      holders(seenByA) === holders(seenByB) &&
      seenByA.some(({ unit, isPeer }) => unit === one.unit && !isPeer)
    );
  });
  const denied = await refusal(new SigningLoadMaster("10.1.0.24").activate(b.client));
  assert.equal(denied.code, "allowance-used-up");
  const shares = await overview(a);
  assert.equal((shares.local?.issued ?? 0) + (shares.local?.peerIssued ?? 0), 3);
  assert.equal((shares.local?.share ?? 0) + (shares.local?.peerShare ?? 0), 3);
  await eventually("the refusal is told on the other unit as well", async () => {
    const { events } = await a.client.call(routes.haEvents, { query: {} });
    return events.some(({ code }) => code === "licence-refused");
  });
});

test("[ML7] [CH13] who may be licensed is the pair's to say, and nothing is written until somebody does", async (t) => {
  const central = await startCentral(t, "central1", "127.0.0.1");
  const { client } = central;
  const isBlank = async () => (await client.call(routes.ha)).status.ourSequence;
  const before = await isBlank();
  assert.deepEqual(await client.call(routes.licensingRules), { activation: "open", tag: "" });
  const same = await client.call(routes.changeLicensingRules, { body: { activation: "open" }, tag: "" });
  assert.equal(same.tag, "");
  assert.equal(await isBlank(), before);

  const one = new SigningLoadMaster("10.4.0.21");
  await one.activate(client);
  const closed = await client.call(routes.changeLicensingRules, { body: { activation: "closed" }, tag: "" });
  assert.equal(closed.activation, "closed");
  const stale = client.call(routes.changeLicensingRules, { body: { activation: "open" }, tag: "" });
  assert.deepEqual((({ status, code, field }) => [status, code, field])(await refusal(stale)), [
    409,
    "moved-on",
    "activation",
  ]);
  await one.activate(client);
  const denied = await refusal(new SigningLoadMaster("10.4.0.22").activate(client));
  assert.deepEqual([denied.status, denied.code, denied.field], [403, "not-allowed", "address"]);

  const rule = { activation: "known-networks" } as const;
  await client.call(routes.changeLicensingRules, { body: rule, tag: closed.tag });
  const outside = await refusal(new SigningLoadMaster("10.4.0.22").activate(client));
  assert.match(outside.message, /127\.0\.0\.1, from which it asks/);
  await client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/8", name: "", description: "" } });
  await new SigningLoadMaster("10.4.0.22").activate(client);
  await central.restart();
  await client.signIn("admin", central.firstPassword);
  assert.equal((await client.call(routes.licensingRules)).activation, "known-networks");
});
