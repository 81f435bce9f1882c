import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { loopback, pairSecret, startUnit, type TestUnit, value, waitFor } from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

test("[LH5] haif moves the standby first, then the active, and the link with them; not without the partner", {
  skip,
}, async () => {
  const one = await startUnit(61, { furtherHosts: [71] });
  const two = await startUnit(62, { furtherHosts: [72] });
  const shared = loopback(60);
  try {
    const pair = async (unit: TestUnit, mode: 1 | 2, partners: readonly number[]): Promise<void> => {
      const client = unit.client();
      value(await client.setPartnerSecret(pairSecret));
      for (const [id, host] of partners.entries())
        value(await client.modifyInterface(id, "partner", loopback(host)));
      value(await client.modifyInterface(1, "shared", loopback(70)));
      value(await client.modifyInterface(0, "shared", shared));
      // With this it is a pair, which is configured at the shared address alone.
      value(await client.set("hamode", mode));
    };
    await pair(one, 1, [62, 72]);
    one.carp.become("master");
    const atShared = one.client(shared);
    const alone = await atShared.set("haif", 1);
    assert.ok(
      !alone.ok &&
        /^haif: .*interface 1: the partner is not connected .*nothing was changed/.test(alone.error.message),
    );
    assert.equal(one.unit.document.shared.ha.interface, undefined);
    await pair(two, 2, [61, 71]);
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
