/** Two Centrals as processes, with licences that an issuer made: what a pair with metered licensing compares. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { type TestContext, test } from "node:test";
import { eventually, refused } from "@tandem/central/central-on-loopback";
import { setUpPair, stateBecomes } from "@tandem/central/ha/two-centrals";
import { licenceFor, newIssuer, notLocal, signed } from "@tandem/central/own-licence/issued-licence";
import { type CentralProcess, startCentralProcess } from "@tandem/central/process-on-loopback";
import type { HaStatus } from "@tandem/central-api/ha";
import { routes } from "@tandem/central-api/routes";
import type { CentralLicence } from "@tandem/licensing/central-licence";

const heartbeatMs = 1_000;
/** Two processes and a test on two processors. */
const slackMs = 1_000;

const statusOf = async ({ client }: CentralProcess): Promise<HaStatus> =>
  (await client.call(routes.ha)).status;

/** What a syslog receiver is told. */
async function receiver(t: TestContext): Promise<{ readonly port: number; readonly told: string[] }> {
  const told: string[] = [];
  const socket = createSocket("udp4").on("message", (message) => told.push(message.toString()));
  await new Promise<void>((resolve) => socket.bind({ address: "127.0.0.1" }, resolve));
  t.after(() => socket.close());
  return { port: socket.address().port, told };
}

type Expected = {
  readonly field: string;
  /** Of the Master and of the Slave. */
  readonly values: readonly [string, string];
  readonly remedy: RegExp;
};

/** Both stand alone and say which of the three differs, with both values; only the last Master goes on executing. */
async function bothStandAlone(
  master: CentralProcess,
  slave: CentralProcess,
  { field, values, remedy }: Expected,
): Promise<void> {
  const [ofMaster, ofSlave] = await Promise.all([
    stateBecomes(master, "Standalone"),
    stateBecomes(slave, "Standalone"),
  ]);
  const [ours, theirs] = values;
  assert.match(ofMaster.ourReason, new RegExp(`${field} \\(here: ${ours}, central2: ${theirs}\\) differs`));
  assert.match(ofSlave.ourReason, new RegExp(`${field} \\(here: ${theirs}, central1: ${ours}\\) differs`));
  for (const { ourReason } of [ofMaster, ofSlave]) assert.match(ourReason, remedy);
  assert.match(ofMaster.ourReason, /this unit goes on executing/);
  assert.match(ofSlave.ourReason, /executes nothing until released/);
  assert.deepEqual([ofMaster.acting, ofSlave.acting], [true, false]);
  for (const unit of [master, slave]) {
    const { events } = await unit.client.call(routes.haEvents, { query: { unit: "this", limit: "20" } });
    const said = events.find(({ code }) => code === "role-changed");
    assert.equal(said?.severity, "warning");
    assert.match(said?.text ?? "", new RegExp(`→ Standalone: ${field} `));
  }
}

const onePair = async (master: CentralProcess, slave: CentralProcess): Promise<void> => {
  await stateBecomes(master, "Master");
  await stateBecomes(slave, "Slave");
  await eventually("in step", async () => {
    const status = await statusOf(master);
    return status.inStep === true && status.heartbeats.flowing;
  });
};

test("[ML1] local licensing, metered licensing or the version of Central unequal: both stand alone within a heartbeat and say why, the last Master goes on, and once equal the pair forms again by merging", async (t) => {
  const [a, b] = await Promise.all([
    startCentralProcess(t, "central1", "127.0.0.1"),
    startCentralProcess(t, "central2", "127.0.0.2"),
  ]);
  const issuer = newIssuer();
  const { port, told } = await receiver(t);
  let made = 0;
  const issued = (change: (licence: CentralLicence) => CentralLicence): Promise<string> => {
    made += 1;
    const id = made.toString(16).padStart(16, "0");
    return signed(change(licenceFor([a.unit, b.unit], Date.now(), { id })), issuer);
  };
  const importOn = async (unit: CentralProcess, licence: string): Promise<number> => {
    await unit.client.call(routes.importLicence, { body: { licence } });
    return performance.now();
  };
  const same = (licence: CentralLicence): CentralLicence => licence;
  for (const unit of [a, b]) {
    const body = { key: issuer.publicKey, name: "Example Sales" };
    await unit.client.call(routes.trustLicenceIssuer, { body });
    await importOn(unit, await issued(same));
    await unit.client.call(routes.addNotification, {
      body: { name: "log", kind: "syslog", address: `127.0.0.1:${port}` },
    });
  }
  await setUpPair(a, b, { preferredMaster: false });
  await onePair(a, b);

  const remedy = /import licences of the same kinds on both, and the pair forms again by itself/;
  const cases: readonly (Expected & {
    readonly on: CentralProcess;
    readonly change: (licence: CentralLicence) => CentralLicence;
  })[] = [
    { field: "local licensing", values: ["on", "off"], remedy, on: b, change: notLocal },
    {
      field: "metered licensing",
      values: ["off", "on"],
      remedy,
      on: a,
      change: (licence) => ({ ...licence, metered: null }),
    },
    {
      field: "metered licensing",
      values: ["on", "off"],
      remedy,
      on: b,
      change: (licence) => ({ ...licence, metered: null }),
    },
  ];
  for (const [index, { on, change, ...expected }] of cases.entries()) {
    const begun = await importOn(on, await issued(change));
    await eventually(
      "both stand alone",
      async () =>
        (await statusOf(a)).ourState === "Standalone" && (await statusOf(b)).ourState === "Standalone",
      heartbeatMs + slackMs,
    );
    t.diagnostic(
      `${expected.field}: both Standalone ${Math.round(performance.now() - begun)} ms after the import`,
    );
    await bothStandAlone(a, b, expected);
    // While they stand alone, both still take changes, which are merged later.
    await a.client.call(routes.addNetwork, { body: { cidr: `10.1${index}.0.0/16`, name: "on a" } });
    await b.client.call(routes.addNetwork, { body: { cidr: `10.2${index}.0.0/16`, name: "on b" } });
    const again = await issued(same);
    await importOn(on, again);
    await onePair(a, b);
    for (const unit of [a, b]) {
      const { networks } = await unit.client.call(routes.listNetworks);
      for (const cidr of [`10.1${index}.0.0/16`, `10.2${index}.0.0/16`])
        assert.ok(
          networks.some((network) => network.cidr === cidr),
          `${cidr} of ${index}`,
        );
    }
  }

  await b.kill();
  await b.start(0, "9.9.9");
  const { version: ours } = await a.client.call(routes.about);
  assert.equal((await b.client.call(routes.about)).version, "9.9.9");
  const mend = /run the same version of Central on both, and the pair forms again by itself/;
  await bothStandAlone(a, b, { field: "version of Central", values: [ours, "9.9.9"], remedy: mend });
  const beats = (await statusOf(a)).heartbeats;
  assert.ok(beats.flowing, "heartbeats go on as probes");
  await b.client.call(routes.actHa);
  assert.equal((await statusOf(b)).acting, true, "released by an operator");
  const { events } = await b.client.call(routes.haEvents, { query: { unit: "this" } });
  assert.match(events.find(({ code }) => code === "told-to-act")?.text ?? "", /^admin let this unit execute/);
  await b.kill();
  await b.start();
  await onePair(a, b);
  assert.equal((await statusOf(b)).acting, false, "in a pair again only the Master executes");
  assert.deepEqual(await refused(b.client.call(routes.actHa)), ["409 state cannot-act"]);

  const reasons = ["local licensing", "metered licensing", "version of Central"];
  await eventually("each cause was notified, by both units", () =>
    reasons.every((reason) =>
      ["central1", "central2"].every((name) =>
        told.some((text) => text.includes(`${reason} (here: `) && text.includes(name)),
      ),
    ),
  );
});

test("[ML1] without metered licensing nothing is compared, and an ended licence counts as what it licensed", async (t) => {
  const [a, b] = await Promise.all([
    startCentralProcess(t, "central1", "127.0.0.1"),
    startCentralProcess(t, "central2", "127.0.0.2"),
  ]);
  const issuer = newIssuer();
  const soon = 4_000;
  const issued = (unit: CentralProcess, changes: Partial<CentralLicence>): Promise<string> =>
    signed(licenceFor([unit.unit], Date.now(), { metered: null, ...changes }), issuer);
  await setUpPair(a, b, { preferredMaster: false });
  for (const unit of [a, b])
    await unit.client.call(routes.trustLicenceIssuer, { body: { key: issuer.publicKey, name: "Example" } });
  const put = async (unit: CentralProcess, licence: string): Promise<void> =>
    void (await unit.client.call(routes.importLicence, { body: { licence } }));
  await put(a, await issued(a, { local: null, units: [{ unit: a.unit, local: 0, poolMbps: 0 }] }));
  await b.client.call(routes.refreshHa);
  await onePair(a, b);

  // Metered on both; that of a ends while they run, and nothing becomes unequal by it.
  const metered = { metered: { tierGbps: 1 } };
  await put(a, await issued(a, { id: "3".repeat(16), ...metered, expiresAt: Date.now() + soon }));
  await put(b, await issued(b, { id: "4".repeat(16), ...metered }));
  await onePair(a, b);
  await eventually("the licence of a has ended", async () => {
    const { state } = await a.client.call(routes.ownLicence);
    return state === "expired";
  });
  const { status } = await a.client.call(routes.refreshHa);
  assert.equal(status.ourState, "Master");
  assert.deepEqual((await a.client.call(routes.ownLicence)).settings, { local: true, metered: true });
  await b.client.call(routes.refreshHa);
  assert.equal((await statusOf(b)).ourState, "Slave");
});
