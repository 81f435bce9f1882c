import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Conflict } from "@tandem/central-api/ha-conflicts";
import { routes } from "@tandem/central-api/routes";
import { freeze, heal, partition, thaw } from "@tandem/lab/faults";
import { pairTheCentrals } from "@tandem/lab/story-centrals";
import { centralOf, pairIsWhole, statusBecomes, type World } from "@tandem/lab/story-world";
import { type CentralNode, centralNodes, labNetwork } from "@tandem/lab/topology";
import { notYet, seen, waitUntil } from "@tandem/lab/wait-until";
import { needsRoot } from "@tandem/linux/network-namespace";
import { inLab } from "./lab-parts.ts";

const lab = "t5";
const masterAgainWithinMs = 90_000;
const stateWithinMs = 30_000;
const frozenMs = 120_000;

const isMaster = ({ ourState }: { readonly ourState: string }): boolean => ourState === "Master";

async function asBefore(world: World): Promise<void> {
  await statusBecomes(world, "central1", "Master again", masterAgainWithinMs, isMaster);
  await pairIsWhole(world, "central1", "central2");
}

const rename = (world: World, node: CentralNode, name: string) =>
  centralOf(world, node).call(routes.changeNetwork, { params: { cidr: labNetwork }, body: { name } });

const nameOn = async (world: World, node: CentralNode): Promise<string | undefined> =>
  (await centralOf(world, node).call(routes.listNetworks)).networks.find(({ cidr }) => cidr === labNetwork)
    ?.name;

const conflictsOn = async (world: World, node: CentralNode): Promise<readonly Conflict[]> =>
  (await centralOf(world, node).call(routes.listConflicts, { query: {} })).conflicts;

test("a pair of Centrals that is cut, and one that stands still", {
  skip: needsRoot(),
  timeout: 600_000,
}, async (t) => {
  await inLab(t, lab, {}, async (world, part) => {
    await pairTheCentrals(world);
    await pairIsWhole(world, "central1", "central2");

    await part(
      "[CH20] cut apart both go on; the same field changed on both gets one winner, the other value stands in Conflicts and comes back with one action",
      async () => {
        await partition(lab, centralNodes);
        await statusBecomes(world, "central2", "Master too", stateWithinMs, isMaster);
        for (const node of centralNodes)
          assert.equal((await rename(world, node, `named on ${node}`)).acknowledged, "this unit only");
        await heal(lab);
        await asBefore(world);
        const [winner] = await Promise.all(centralNodes.map((node) => nameOn(world, node)));
        assert.equal(await nameOn(world, "central2"), winner);
        const [found, ...others] = await conflictsOn(world, "central1");
        assert.deepEqual(others, []);
        assert.ok(found !== undefined && typeof found.lost === "string");
        assert.deepEqual([winner, found.lost].sort(), ["named on central1", "named on central2"]);
        assert.equal(found.stands, winner);
        assert.equal(found.author, "admin");
        assert.equal(`named on ${found.unit}`, found.lost);
        assert.deepEqual(await conflictsOn(world, "central2"), [found]);

        const restored = await centralOf(world, "central2").call(routes.restoreConflict, {
          params: { id: found.id },
          tag: found.tag,
        });
        assert.equal(restored.acknowledged, "both");
        for (const node of centralNodes) {
          assert.equal(await nameOn(world, node), found.lost);
          assert.deepEqual(await conflictsOn(world, node), []);
        }
      },
    );

    await part(
      "[CH21] a Master that stood still for two minutes claims nothing as acknowledged by both, follows, and loses nothing",
      async () => {
        const before = (await centralOf(world, "central1").ha()).status.epoch;
        await freeze(lab, "central1");
        const from = performance.now();
        await statusBecomes(world, "central2", "Master", stateWithinMs, isMaster);
        assert.equal(
          (await rename(world, "central2", "named while central1 stood still")).acknowledged,
          "this unit only",
        );
        await delay(frozenMs - (performance.now() - from));
        const other = (await centralOf(world, "central2").ha()).status;
        assert.equal(other.ourState, "Master");
        assert.ok((other.epoch?.number ?? 0) > (before?.number ?? 0));
        await thaw(lab, "central1");
        await statusBecomes(
          world,
          "central1",
          "Slave",
          stateWithinMs,
          ({ ourState }) => ourState === "Slave",
        );
        await waitUntil({ what: "central1 has the change", deadlineMs: stateWithinMs }, async () => {
          const name = await nameOn(world, "central1");
          return name === "named while central1 stood still" ? seen(true) : notYet(String(name));
        });
        await asBefore(world);
        assert.deepEqual(await conflictsOn(world, "central1"), []);
      },
    );
  });
});
