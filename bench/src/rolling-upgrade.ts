/**
 * `npm run rolling-upgrade -- PROGRAM`: a real Central of an earlier version (its `bin/tandem`) and one of this version
 * as a pair, then the upgrade, in both orders. Says what it sees and exits 1 at the first thing that is not as
 * `docs/rolling-upgrade.md` says.
 */
import assert from "node:assert/strict";
import { routes } from "@tandem/central-api/routes";
import { fillState } from "./fill.ts";
import { type BenchedCentral, isWhole, pairUp, type TwoCentrals, twoCentrals } from "./two-centrals.ts";

const [earlier] = process.argv.slice(2);
if (earlier === undefined) {
  process.stderr.write(
    "usage: npm run rolling-upgrade -- PROGRAM\n  PROGRAM: bin/tandem of the earlier version\n",
  );
  process.exit(2);
}
const heartbeatSeconds = 2;
const quick = { heartbeatSeconds, holdDownSeconds: 1 };
const roleWithinMs = 30_000;

const say = (what: string): void => console.log(what);
const addNetwork = async (central: BenchedCentral, cidr: string): Promise<string> =>
  (await central.client.call(routes.addNetwork, { body: { cidr, name: `made on ${central.address}` } }))
    .acknowledged;
const networksOf = async (central: BenchedCentral): Promise<readonly string[]> =>
  (await central.client.call(routes.listNetworks)).networks.map(({ cidr, name }) => `${cidr} ${name}`).sort();
const actionsOf = async (central: BenchedCentral): Promise<readonly string[]> =>
  (await central.client.call(routes.listScheduledActions)).scheduledActions.map(({ name }) => name).sort();
const eventsOf = async (central: BenchedCentral): Promise<readonly string[]> =>
  (await central.client.call(routes.haEvents, { query: { limit: "200" } })).events.map(({ code }) => code);

const addAction = async (central: BenchedCentral, name: string): Promise<string> => {
  const body = {
    name,
    kind: "backup",
    devices: ["0".repeat(16)],
    when: { cron: "0 3 * * *", timeZone: "UTC" },
  } as const;
  return (await central.client.call(routes.addScheduledAction, { body })).acknowledged;
};

const hasRole = (central: BenchedCentral, role: string) =>
  central.becomes(
    `${role}, whole`,
    (status) => status.ourState === role && isWhole(status),
    20,
    roleWithinMs,
  );
const areWhole = (master: BenchedCentral, slave: BenchedCentral): Promise<unknown> =>
  Promise.all([hasRole(master, "Master"), hasRole(slave, "Slave")]);

async function areEqual({ a, b }: TwoCentrals): Promise<void> {
  const digest = async (central: BenchedCentral): Promise<string> => (await central.status()).digest;
  await a.becomes(
    "has nothing withheld or alone",
    (status) => status.withheld.length + status.unacknowledged === 0,
  );
  assert.equal(await digest(a), await digest(b), "both units hold the same");
  assert.deepEqual(await networksOf(a), await networksOf(b));
  assert.deepEqual(await actionsOf(a), await actionsOf(b));
  for (const central of [a, b])
    for (const code of await eventsOf(central))
      assert.ok(
        !["changes-refused", "digests-differ", "message-refused", "conflicts-found"].includes(code),
        code,
      );
}

/** This version's unit is Master with a fleet, and an earlier one joins it, takes over, and is upgraded. */
async function earlierJoins(pair: TwoCentrals): Promise<void> {
  const { a, b } = pair;
  await fillState(a.stateDir, { networks: 10, devices: 20, services: 40 });
  await a.start();
  await b.use(earlier as string).start();
  await b.client.call(routes.addNetwork, { body: { cidr: "10.99.0.0/16" } });
  await pairUp(pair, heartbeatSeconds);
  await a.client.call(routes.applyHa, { body: quick });
  await areWhole(a, b);
  say("the earlier unit joins and is in step, digests equal");
  assert.equal(await addNetwork(a, "10.101.0.0/16"), "both");
  assert.equal(await addNetwork(b, "10.102.0.0/16"), "both");
  assert.equal(await addAction(a, "first"), "this unit only");
  assert.equal(await addNetwork(a, "10.103.0.0/16"), "both");
  say(`edits on both are on both; withheld from the earlier unit: ${(await a.status()).withheld.join(", ")}`);
  await areWhole(a, b);

  await a.kill();
  await b.becomes("Master", ({ ourState }) => ourState === "Master");
  await addNetwork(b, "10.104.0.0/16");
  await a.start();
  await areWhole(a, b);
  say("the earlier unit takes over from a killed Master, and hands the role back");
  assert.deepEqual(await networksOf(a), await networksOf(b));

  await b.stop();
  assert.equal(await addAction(a, "second"), "this unit only");
  await b.use("this version").start();
  await areWhole(a, b);
  await areEqual(pair);
  assert.deepEqual(await actionsOf(b), ["first", "second"]);
  assert.equal(await addAction(b, "third"), "both");
  say("upgraded on its data, it has everything: 40 services, the actions, equal digests");
}

/** Two earlier units, upgraded as an operator does it: the Slave, then the Master. */
async function bothUpgraded(pair: TwoCentrals): Promise<void> {
  const { a, b } = pair;
  for (const [central, cidr] of [
    [a, "10.1.0.0/16"],
    [b, "10.2.0.0/16"],
  ] as const) {
    await central.use(earlier as string).start();
    await addNetwork(central, cidr);
  }
  await pairUp(pair, heartbeatSeconds);
  await a.client.call(routes.applyHa, { body: quick });
  await areWhole(a, b);
  await b.stop();
  await b.use("this version").start();
  await areWhole(a, b);
  assert.equal(await addNetwork(a, "10.3.0.0/16"), "both");
  assert.equal(await addNetwork(b, "10.4.0.0/16"), "both");
  await b.client.call(routes.changeSynchronised, { body: { profiles: true } });
  await b.client.call(routes.addProfile, { body: { name: "standard", settings: {} } });
  say(`the Slave is upgraded: a pair, in step; withheld: ${(await b.status()).withheld.join(", ")}`);
  await areWhole(a, b);

  await a.stop();
  await b.becomes("Master", ({ ourState }) => ourState === "Master");
  await a.use("this version").start();
  await areWhole(a, b);
  await areEqual(pair);
  const profiles = (await a.client.call(routes.listProfiles)).profiles.map(({ name }) => name);
  assert.deepEqual(profiles, ["standard"]);
  say("the Master is upgraded: the role went and came back, both hold the same");
}

for (const scenario of [earlierJoins, bothUpgraded]) {
  const pair = twoCentrals();
  try {
    await scenario(pair);
  } finally {
    await pair.close();
  }
}
say("as docs/rolling-upgrade.md says");
