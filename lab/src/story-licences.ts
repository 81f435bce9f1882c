/** The part of the story about licences: both LoadMasters are licensed, and one of them by both Centrals during a cut. */
import type { LicensedUnit } from "@tandem/central-api/licensing";
import { routes } from "@tandem/central-api/routes";
import { monotonicMs } from "@tandem/probe/monotonic";
import { heal, partition } from "./faults.ts";
import { apiCommand } from "./story-loadmasters.ts";
import type { World } from "./story-world.ts";
import {
  centralOf,
  ctl,
  holds,
  labCommand,
  loadMasterOf,
  milliseconds,
  onlyOneMaster,
  pairIsWhole,
} from "./story-world.ts";
import type { CentralNode, LoadMasterNode } from "./topology.ts";
import { addressOf, centralApiPort, centralNodes, loadMasterNodes } from "./topology.ts";
import { notYet, seen, waitUntil } from "./wait-until.ts";

const withinMs = 30_000;

/** A LoadMaster's licence as a Central knows it; undefined: of none. */
export const licenceOn = async (
  world: World,
  node: CentralNode,
  unit: LoadMasterNode,
): Promise<LicensedUnit | undefined> =>
  (await centralOf(world, node).call(routes.listLicensedUnits)).units.find(
    ({ address }) => address === addressOf[unit],
  );

/** Waits until both Centrals name this one as the holder of a LoadMaster's licence. */
export const bothName = (world: World, unit: LoadMasterNode, holder: CentralNode): Promise<void> =>
  waitUntil(
    { what: `both Centrals name ${holder} as the holder of ${unit}'s licence`, deadlineMs: withinMs },
    async () => {
      const licences = await Promise.all(centralNodes.map((node) => licenceOn(world, node, unit)));
      const words = licences.map((licence) => `${licence?.state} ${licence?.centralName}`);
      return words.every((each) => each === `held ${holder}`) ? seen(undefined) : notYet(words.join(", "));
    },
  );

async function activate(world: World, unit: LoadMasterNode, holder: CentralNode): Promise<void> {
  const parameters = { lic_type_id: "local", aslhost: addressOf[holder], aslport: centralApiPort };
  world.narrator.command(apiCommand(addressOf[unit], "aslactivate", parameters));
  await loadMasterOf(world, unit).command("aslactivate", parameters);
}

/** Step 7: both LoadMasters are licensed by a Central; one of them by both while they are cut off. */
export async function licenseTheLoadMasters(world: World): Promise<void> {
  const { narrator } = world;
  await pairIsWhole(world, "central1", "central2");
  narrator.does(
    "Each Central has a trial licence of its own. Both LoadMasters get a local one from central1.",
  );
  for (const unit of loadMasterNodes) await activate(world, unit, "central1");
  for (const unit of loadMasterNodes) await bothName(world, unit, "central1");
  narrator.found("both Centrals name central1 as the holder of both");

  narrator.does("The Centrals are cut off from each other, and lm1 is licensed by one after the other.");
  narrator.command(labCommand(world, "partition central1 central2"));
  await partition(world.lab, centralNodes);
  for (const holder of ["central2", "central1", "central2"] as const) await activate(world, "lm1", holder);
  const [before, after] = await Promise.all(centralNodes.map((node) => licenceOn(world, node, "lm1")));
  holds(
    before?.centralName === "central1" && after?.centralName === "central2",
    "each Central takes itself for the holder of lm1's licence",
    `they name ${before?.centralName} and ${after?.centralName}`,
  );
  narrator.found("each Central takes itself for the holder");

  narrator.does("The network heals.");
  narrator.command(labCommand(world, "heal"));
  await heal(world.lab);
  const healed = monotonicMs();
  await bothName(world, "lm1", "central2");
  world.figures.push({
    what: "Cut healed: a licence that both had given has one holder after",
    measured: milliseconds(monotonicMs() - healed),
    promised: "by itself",
  });
  await loadMasterOf(world, "lm1").command("licensecheck");
  narrator.command(ctl(world, "central1", "licensing list"));
  narrator.found("both name central2, the last that lm1 has asked, and its daily check is answered");
  await onlyOneMaster(world);
}
