import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loopback, pairSecret, startUnit, type TestUnit, value, waitFor } from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

const sharedHost = loopback(60);

/** Two units with two interfaces; the second one is not a pair's yet. */
async function makePair(unit: TestUnit, mode: 1 | 2, partners: readonly number[]): Promise<void> {
  const client = unit.client();
  value(await client.setPartnerSecret(pairSecret));
  for (const [id, host] of partners.entries())
    value(await client.modifyInterface(id, "partner", loopback(host)));
  value(await client.modifyInterface(1, "shared", loopback(70)));
  value(await client.modifyInterface(0, "shared", sharedHost));
  // With this it is a pair, which is configured at the shared address alone.
  value(await client.set("hamode", mode));
}

test("[LH5] haif moves the standby first, then the active, and the link with them; not without the partner", {
  skip,
}, async () => {
  const one = await startUnit(61, { furtherHosts: [71] });
  const two = await startUnit(62, { furtherHosts: [72] });
  try {
    await makePair(one, 1, [62, 72]);
    one.carp.become("master");
    const atShared = one.client(sharedHost);
    const alone = await atShared.set("haif", 1);
    assert.ok(
      !alone.ok &&
        /^haif: .*interface 1: the partner is not connected .*nothing was changed/.test(alone.error.message),
    );
    assert.equal(one.unit.document.shared.ha.interface, undefined);
    await makePair(two, 2, [61, 71]);
    await waitFor("both hold the same", () => one.unit.revision === two.unit.revision);
    await waitFor("the link is up", () => [one, two].every(({ unit }) => unit.partnerState.kind === "up"));

    const order: string[] = [];
    for (const unit of [one, two]) {
      const configure = unit.carp.configure.bind(unit.carp);
      unit.carp.configure = (configuration) => {
        if (configuration.ownAddress !== unit.carp.configuration?.ownAddress)
          order.push(`${unit.unit.document.unit.hostname} to ${configuration.ownAddress}`);
        return configure(configuration);
      };
    }
    value(await atShared.set("haif", 1));
    assert.deepEqual(order, [`lm62 to ${loopback(72)}`, `lm61 to ${loopback(71)}`]);
    await waitFor("they are connected there", () =>
      [one, two].every(({ unit }) => unit.partnerState.kind === "up"),
    );
    assert.deepEqual(one.unit.haProblems, []);
    assert.equal(one.unit.revision, two.unit.revision);
    for (const unit of [one, two])
      assert.deepEqual(
        unit.log.filter(
          ({ event }) => event === "configuration-superseded" || event === "configuration-not-accepted",
        ),
        [],
      );

    // A standby that cannot take it does not move, and so neither does the active.
    two.carp.become("master");
    await waitFor("it is known", () => {
      const { partnerState } = one.unit;
      return partnerState.kind === "up" && partnerState.status.role === "master";
    });
    const before = JSON.stringify(one.unit.document.shared);
    const refused = await atShared.set("haif", 0);
    assert.ok(
      !refused.ok && /^haif: .*the partner does not move.*nothing was changed/.test(refused.error.message),
    );
    assert.equal(JSON.stringify(one.unit.document.shared), before);
    assert.equal(order.length, 2);
  } finally {
    await one.remove();
    await two.remove();
  }
});

/** Starts it again where it hears nobody: it is active there before the link to its partner is up. */
const again = (unit: TestUnit, host: number): Promise<TestUnit> =>
  startUnit(host, {
    stateDir: unit.configuration.stateDir,
    password: unit.password,
    furtherHosts: [host + 10],
    startsActive: true,
  });

const isLinked = (...units: readonly TestUnit[]): boolean =>
  units.every(({ unit }) => unit.partnerState.kind === "up");

test("[LH5] a unit that dies while haif moves, and comes back active on the other interface, gives way to the one that was active", {
  skip,
}, async () => {
  let one = await startUnit(61, { furtherHosts: [71] });
  let two = await startUnit(62, { furtherHosts: [72] });
  const noAnswer = new Promise<never>(() => {});
  try {
    await makePair(one, 1, [62, 72]);
    one.carp.become("master");
    await makePair(two, 2, [61, 71]);
    await waitFor("both hold the same", () => one.unit.revision === two.unit.revision);
    await waitFor("the link is up", () => isLinked(one, two));

    // The standby dies before it has the document on its disk. The active cannot know, and moves.
    const dying = two;
    dying.unit.receive = () => {
      void dying.stop();
      return noAnswer;
    };
    value(await one.client(sharedHost).set("haif", 1));
    assert.equal(one.carp.configuration?.ownAddress, loopback(71));
    two = await again(dying, 62);
    assert.equal(two.carp.configurations[0]?.ownAddress, loopback(62));
    await waitFor("it is standby where the active is", () =>
      [two.carp.configuration?.ownAddress === loopback(72), two.carp.status?.role === "backup"].every(
        Boolean,
      ),
    );
    await waitFor("both hold the same", () => one.unit.revision === two.unit.revision);
    await waitFor("the link is up", () => isLinked(one, two));
    assert.equal(one.carp.status?.role, "master");
    assert.ok(two.log.some(({ event }) => event === "active-elsewhere"));

    // The active dies before the standby has the document; the standby becomes active where it is.
    const left = mkdtempSync(join(tmpdir(), "tandem-unit-"));
    const { receive } = two.unit;
    two.unit.receive = async () => {
      cpSync(one.configuration.stateDir, left, { recursive: true });
      return { accepted: false, reason: "what the disk of the active holds now is what it comes back with" };
    };
    assert.ok(!(await one.client(sharedHost).set("haif", 0)).ok);
    two.unit.receive = receive;
    await one.remove();
    two.carp.become("master");
    two.carp.hears({ since: Date.now() - 60_000 });
    one = await again({ ...one, configuration: { ...one.configuration, stateDir: left } }, 61);
    assert.equal(one.carp.configurations[0]?.ownAddress, loopback(61));
    await waitFor("the returned one is standby where the active is", () =>
      [one.carp.configuration?.ownAddress === loopback(71), one.carp.status?.role === "backup"].every(
        Boolean,
      ),
    );
    await waitFor("the link is up", () => isLinked(one, two));
    assert.equal(two.carp.status?.role, "master");
    // What it had been set to is kept beside.
    assert.ok(one.log.some(({ event }) => event === "configuration-superseded"));
  } finally {
    await one.remove();
    await two.remove();
  }
});
