/** A unit that serves becomes a pair and single again by `tandem pair`, under traffic that must not notice (SPEC LH10). */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { needsRoot } from "@tandem/linux/network-namespace";
import type { PairingView } from "@tandem/loadmaster-api/pairing";
import { addressOf, PairingNetwork, serviceAddress, sharedAddress, Traffic } from "./pairing-network.ts";
import { until } from "./traffic-network.ts";

const skip = needsRoot() || (existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed");

test("from one unit to two, and back, under traffic", { skip, timeout: 240_000 }, async (t) => {
  const network = new PairingNetwork();
  const backups = join(network.folder, "backups");
  const create = ["create", "--shared", sharedAddress, "--backup-to", backups];
  let traffic: Traffic | undefined;
  let failed = false;
  const part = (title: string, act: (traffic: Traffic) => Promise<void>): Promise<void> =>
    t.test(title, { skip: failed && "an earlier part failed" }, async () => {
      failed = true;
      traffic ??= new Traffic();
      await traffic.goesOn();
      await act(traffic);
      await traffic.goesOn();
      assert.deepEqual(traffic.faults, []);
      failed = false;
    });
  const progress = async (): Promise<PairingView> => {
    const answer = await network.client("a").call("hapairstatus");
    assert.ok(answer.ok);
    return answer.value as unknown as PairingView;
  };

  try {
    await Promise.all([network.start("a"), network.start("b")]);
    await network.configure("a");

    await part("[LH10] the check looks at both units and the cable, and changes nothing", async () => {
      const before = await network.client("a").revision();
      const well = await network.pair(["check", "--shared", sharedAddress, "--vhid", "9"], "a", "b");
      assert.equal(well.status, 0, well.out);
      const taken = await network.pair(["check", "--shared", addressOf("b").replace(/2$/, "31")], "a", "b");
      assert.equal(taken.status, 1);
      assert.match(taken.out, /NOT OK {2}shared address free\s+another machine answers/);
      assert.deepEqual(await network.client("a").revision(), before);
    });

    await part(
      "[LH10] a partner that dies in the middle: the unit is single and serves as before",
      async () => {
        const [ran] = await Promise.all([
          network.pair(create, "a", "b"),
          until("it is checked", async () => (await progress()).state === "running").then(() =>
            network.kill("b"),
          ),
        ]);
        assert.equal(ran.status, 1, ran.out);
        assert.match(ran.out, /this unit is single and serves as before/);
        assert.equal(await network.status("a"), "HA not configured");
        network.plugIn("b");
        await network.start("b");
      },
    );

    await part("[LH10] a single unit becomes a pair: nothing is lost, nothing is reset", async () => {
      const ran = await network.pair([...create, "--timeout", "3"], "a", "b");
      assert.equal(ran.status, 0, ran.out);
      assert.deepEqual([await network.status("a"), await network.status("b")], ["Active", "Standby"]);
      assert.deepEqual(network.addresses("a").sort(), [addressOf("a"), sharedAddress, serviceAddress].sort());
      assert.deepEqual(network.addresses("b"), [addressOf("b")]);
      assert.equal(readdirSync(backups).length, 2);
      const [one, two] = [await network.client("a").revision(), await network.client("b").revision()];
      assert.deepEqual(one, two);
    });

    await part(
      "[LH10] and single again: the services and the shared address stay where they are",
      async () => {
        const ran = await network.pair(["dissolve", "--backup-to", backups], "a", "b");
        assert.equal(ran.status, 0, ran.out);
        assert.deepEqual(
          network.addresses("a").sort(),
          [addressOf("a"), sharedAddress, serviceAddress].sort(),
        );
        assert.deepEqual(network.addresses("b"), [addressOf("b")]);
        const there = await network.client("a", sharedAddress).get("hastatus");
        assert.equal(there.ok && there.value, "HA not configured");
        // What the other unit kept is switched off.
        const kept = await network.client("b").listVirtualServices();
        assert.ok(kept.ok);
        assert.deepEqual(
          kept.value.map(({ Enable }) => Enable),
          [false, false],
        );
      },
    );

    await part("[LH10] a dead partner is replaced by a new unit, which can stand in", async () => {
      const again = await network.pair([...create, "--overwrite"], "a", "b");
      assert.equal(again.status, 0, again.out);
      await network.start("c");
      const early = await network.pair(["replace", "--backup-to", backups], "a", "c");
      assert.equal(early.status, 1);
      assert.match(early.out, /is there; end the pair first/);
      await network.kill("b");
      await until("nothing is heard of it", async () => {
        const { unit } = await progress();
        return (
          !unit.hearsPartner && unit.problems.some((each) => each.startsWith("the partner link is down"))
        );
      });
      const ran = await network.pair(["replace", "--backup-to", backups], "a", "c");
      assert.equal(ran.status, 0, ran.out);
      assert.deepEqual([await network.status("a"), await network.status("c")], ["Active", "Standby"]);
    });

    if (traffic !== undefined) {
      t.diagnostic(
        `${traffic.requests} requests, the longest ${traffic.longestMs.toFixed(0)} ms; ${traffic.lines} lines`,
      );
      await traffic.end();
    }
    traffic = undefined;
    await t.test(
      "[LH10] the new partner takes over",
      { skip: failed && "an earlier part failed" },
      async () => {
        await network.stop("a");
        await network.becomes("c", "Active");
        assert.deepEqual(
          network.addresses("c").sort(),
          [addressOf("c"), sharedAddress, serviceAddress].sort(),
        );
      },
    );
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    await traffic?.end();
    network.close();
    if (failed) t.diagnostic(`the logs are in ${network.folder}`);
    else network.removeFolder();
  }
});
