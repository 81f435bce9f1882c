import assert from "node:assert/strict";
import { test } from "node:test";
import { routes } from "@tandem/central-api/routes";
import { killProcess, start } from "@tandem/lab/faults";
import { granted } from "@tandem/lab/operator";
import { activeOf } from "@tandem/lab/roles";
import { pairTheCentrals } from "@tandem/lab/story-centrals";
import { growTheTree, pairTheLoadMasters } from "@tandem/lab/story-loadmasters";
import { centralOf, loadMasterOf, pairIsWhole, type World } from "@tandem/lab/story-world";
import {
  addressOf,
  type CentralNode,
  loadMasterNodes,
  servicePort,
  sharedAddress,
} from "@tandem/lab/topology";
import { notYet, seen, waitUntil } from "@tandem/lab/wait-until";
import { needsRoot } from "@tandem/linux/network-namespace";
import { inLab } from "./lab-parts.ts";

const lab = "t8";
const arrivesWithinMs = 30_000;

/** The numbers that a unit gives its messages to one host, as this Central holds them, oldest first. */
async function numbersOf(world: World, central: CentralNode, address: string): Promise<readonly number[]> {
  const { lines } = await centralOf(world, central).call(routes.searchLogs, {
    query: { device: address, limit: "1000" },
  });
  return lines
    .map(({ structuredData }) => Number(/sequenceId="(\d+)"/.exec(structuredData ?? "")?.[1]))
    .reverse();
}

const isGapless = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? 0) + 1);

test("syslog of a LoadMaster pair at a pair of Centrals", {
  skip: needsRoot(),
  timeout: 300_000,
}, async (t) => {
  await inLab(t, lab, {}, async (world, part) => {
    await pairTheCentrals(world);
    await pairTheLoadMasters(world);
    await growTheTree(world);
    let changes = 0;
    /** Both units log it: the active that it was changed, the standby that it was received. */
    const change = async (): Promise<void> => {
      changes += 1;
      const shared = loadMasterOf(world, await activeOf(world)).atSharedAddress();
      const service = { address: sharedAddress, port: servicePort };
      await granted("modvs", shared.modifyVirtualService(service, { NickName: `web ${changes}` }));
    };
    const countsOf = (central: CentralNode): Promise<readonly number[]> =>
      Promise.all(
        loadMasterNodes.map(async (node) => (await numbersOf(world, central, addressOf[node])).length),
      );
    /** Waits until this Central has more of each unit than `counts` says; answers how many it has. */
    const grows = (central: CentralNode, counts: readonly number[]): Promise<readonly number[]> =>
      waitUntil(
        { what: `${central} receives syslog of both units`, deadlineMs: arrivesWithinMs },
        async () => {
          const now = await countsOf(central);
          return now.every((count, index) => count > (counts[index] ?? 0))
            ? seen(now)
            : notYet(now.join(", "));
        },
      );

    await part("[CH2] both Centrals receive what each unit sends, once the units were added", async () => {
      await waitUntil({ what: "both units send to both Centrals", deadlineMs: arrivesWithinMs }, async () => {
        for (const node of loadMasterNodes) {
          const { sysloginfo } = await loadMasterOf(world, node).command("get", { param: "sysloginfo" });
          const hosts = String(sysloginfo).split(",").sort().join();
          if (hosts !== [addressOf.central1, addressOf.central2].sort().join())
            return notYet(`${node} sends to ${hosts || "nobody"}`);
        }
        return seen(true);
      });
      await change();
      for (const central of ["central1", "central2"] as const) await grows(central, [0, 0]);
    });

    for (const [killed, survivor] of [
      ["central1", "central2"],
      ["central2", "central1"],
    ] as const)
      await part(`[CH2] killing ${killed} loses nothing on ${survivor}`, async () => {
        const earlier = await countsOf(survivor);
        await change();
        const before = await grows(survivor, earlier);
        const killing = killProcess(lab, killed);
        await change();
        await killing;
        const during = await grows(survivor, before);
        await change();
        await grows(survivor, during);
        for (const [index, node] of loadMasterNodes.entries()) {
          // What was sent while this Central itself was dead is the other one's.
          const numbers = (await numbersOf(world, survivor, addressOf[node])).slice((before[index] ?? 1) - 1);
          assert.ok(isGapless(numbers), `${survivor} has of ${node}: ${numbers.join(", ")}`);
        }
        await start(lab, killed);
        await pairIsWhole(world, "central1", "central2");
        await grows(killed, [0, 0]);
      });
  });
});
