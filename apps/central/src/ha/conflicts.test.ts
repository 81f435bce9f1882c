import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { routes } from "@tandem/central-api/routes";
import { eventually, type LoopbackCentral, refusalOf, refused } from "../central-on-loopback.ts";
import { pairOfCentrals, signInAgain, stateBecomes } from "./two-centrals.ts";

const cidr = "10.1.0.0/16";
const rename = ({ client }: LoopbackCentral, body: { name?: string; description?: string }) =>
  client.call(routes.changeNetwork, { params: { cidr }, body });
const network = async ({ client }: LoopbackCentral) =>
  (await client.call(routes.listNetworks)).networks.find((each) => each.cidr === cidr);
const conflictsOf = async ({ client }: LoopbackCentral, state: "open" | "all" = "open") =>
  client.call(routes.listConflicts, { query: { state } });

/** Each unit runs alone for a while, and both change the same fields. */
async function withConflicts(t: TestContext, addresses: readonly [string, string]) {
  const [one, two] = await pairOfCentrals(t, addresses);
  await two.stop();
  await rename(one, { name: "by one", description: "by one" });
  await one.stop();
  await two.restart();
  await signInAgain(two);
  await stateBecomes(two, "Master");
  await rename(two, { name: "by two", description: "by two" });
  await one.restart();
  await signInAgain(one);
  for (const unit of [one, two])
    await eventually("both conflicts are listed", async () => (await conflictsOf(unit)).open === 2);
  return [one, two] as const;
}

test("[CH20] Conflicts shows what lost beside what stands; one call restores or dismisses it, on both units", async (t) => {
  const [one, two] = await withConflicts(t, ["127.0.1.1", "127.0.1.2"]);
  const { conflicts, resolved } = await conflictsOf(one);
  assert.deepEqual(await conflictsOf(two), { conflicts, open: 2, resolved });
  const stands = await network(one);
  const [name, description] = ["name", "description"].map((field) =>
    conflicts.find((conflict) => conflict.field === field),
  );
  assert.ok(stands && name && description);
  const loser = stands.name === "by one" ? "by two" : "by one";
  assert.deepEqual(
    [name.table, name.row, name.lost, name.stands, name.author, name.rowExists, name.resolution],
    ["networks", cidr, loser, stands.name, "admin", true, null],
  );
  assert.equal(name.unit, loser === "by one" ? "central1" : "central2");

  const restored = await one.client.call(routes.restoreConflict, { params: { id: name.id }, tag: name.tag });
  assert.equal(restored.acknowledged, "both");
  assert.equal(restored.resolution?.how, "restored");
  assert.equal((await network(two))?.name, loser);
  const dismissed = await two.client.call(routes.dismissConflict, {
    params: { id: description.id },
    tag: description.tag,
  });
  assert.deepEqual([dismissed.acknowledged, dismissed.resolution?.how], ["both", "dismissed"]);
  assert.equal((await network(one))?.description, stands.description);
  for (const unit of [one, two]) {
    const { open, conflicts: all } = await conflictsOf(unit, "all");
    assert.equal(open, 0);
    assert.deepEqual(all.map(({ resolution }) => resolution?.how).sort(), ["dismissed", "restored"]);
  }
  assert.deepEqual(
    await refused(one.client.call(routes.dismissConflict, { params: { id: description.id } })),
    ["409 id conflict-resolved"],
  );
  assert.deepEqual(await refused(one.client.call(routes.restoreConflict, { params: { id: "none.1" } })), [
    "404 id conflict-unknown",
  ]);
});

test("[CH20] what stands moved on since the list was read: nothing is changed, and both values are told", async (t) => {
  const [one] = await withConflicts(t, ["127.0.1.3", "127.0.1.4"]);
  const name = (await conflictsOf(one)).conflicts.find(({ field }) => field === "name");
  assert.ok(name);
  await rename(one, { name: "newer" });
  for (const route of [routes.restoreConflict, routes.dismissConflict]) {
    const { status, errors } = await refusalOf(
      one.client.call(route, { params: { id: name.id }, tag: name.tag }),
    );
    assert.equal(status, 409);
    assert.equal(errors[0]?.code, "moved-on");
    assert.match(errors[0]?.message ?? "", /"newer".*"by (one|two)"/);
  }
  assert.equal((await network(one))?.name, "newer");
  assert.equal((await conflictsOf(one)).open, 2);
});

test("[CH11] [CH15] a handover by call: the Slave becomes Master, and the status has said how far it was", async (t) => {
  const [one, two] = await pairOfCentrals(t, ["127.0.1.5", "127.0.1.6"]);
  // The preferred Master would take the role back.
  await one.client.call(routes.applyHa, { body: { preferredMaster: false } });
  const ordered = await eventually("it is accepted", () =>
    two.client.call(routes.handOver).catch(() => undefined),
  );
  assert.equal(ordered.note, null);
  await stateBecomes(two, "Master");
  const status = await stateBecomes(one, "Slave");
  assert.equal(status.acting, false);
  const differences = await one.client.call(routes.haDifferences);
  assert.equal(differences.found, null);
  assert.ok(differences.tables.some(({ table }) => table === "networks"));
});
