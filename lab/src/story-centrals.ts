/** The parts of the story about two Centrals: pairing, shared changes, take-over and return, and a cut. */
import { routes } from "@tandem/central-api/routes";
import { monotonicMs } from "@tandem/probe/monotonic";
import { heal, killProcess, partition, start } from "./faults.ts";
import { CentralOperator } from "./operator.ts";
import { firstPassword, firstPasswordFile } from "./processes.ts";
import { repositoryFolder } from "./state.ts";
import type { World } from "./story-world.ts";
import {
  centralOf,
  ctl,
  handoverWithinMs,
  heartbeatSeconds,
  holdDownSeconds,
  holds,
  labCommand,
  milliseconds,
  onlyOneMaster,
  pairIsWhole,
  statusBecomes,
  statusLine,
} from "./story-world.ts";
import type { CentralNode } from "./topology.ts";
import { addressOf, centralNodes, labNetwork } from "./topology.ts";
import { notYet, seen, waitUntil } from "./wait-until.ts";

/** The network that the future Slave has before the pairing, and loses by it. */
const networkOfTheSlave = "10.99.0.0/24";
const stateWithinMs = 20_000;
const replicatedWithinMs = 5_000;
/** CH7: a Master whose process died is replaced within this. */
const takeOverMaxMs = 1_000;
/** Looking at the Slave this often bounds the error of the take-over's figure. */
const takeOverLookEveryMs = 10;

const otherOf = (node: CentralNode): CentralNode => (node === "central1" ? "central2" : "central1");

/** The networks that a Central shows, in order. */
const networksOf = async (world: World, node: CentralNode): Promise<readonly string[]> =>
  (await centralOf(world, node).call(routes.listNetworks)).networks.map(({ cidr }) => cidr).sort();

/** Waits until a Central shows all of these networks. */
const networksAppear = (
  world: World,
  node: CentralNode,
  networks: readonly string[],
  deadlineMs = replicatedWithinMs,
): Promise<readonly string[]> =>
  waitUntil({ what: `${node} shows ${networks.join(" and ")}`, deadlineMs, everyMs: 20 }, async () => {
    const shown = await networksOf(world, node);
    return networks.every((cidr) => shown.includes(cidr))
      ? seen(shown)
      : notYet(shown.join(", ") || "no network");
  });

async function addNetwork(world: World, node: CentralNode, cidr: string, name: string): Promise<string> {
  world.narrator.command(ctl(world, node, `network add ${cidr} --name "${name}"`));
  return (await centralOf(world, node).call(routes.addNetwork, { body: { cidr, name } })).acknowledged;
}

/** Step 1: two Centrals, paired in exactly the order of CH14, with this hold-down in seconds. */
export async function pairTheCentrals(world: World, holdDown = holdDownSeconds): Promise<void> {
  const { narrator } = world;
  narrator.does("Both have started; each has made a password for the first sign-in.");
  for (const node of centralNodes) {
    const file = firstPasswordFile(world.lab, node).slice(repositoryFolder.length + 1);
    narrator.command(ctl(world, node, `login --password-file ${file}`));
    world.centrals.set(node, await CentralOperator.at(world.lab, node));
    holds(
      firstPassword(world.lab, node) === undefined,
      "the file with the first password is gone once it has been used",
      `${file} is there`,
    );
  }
  for (const node of centralNodes)
    await statusBecomes(
      world,
      node,
      "Standalone",
      stateWithinMs,
      ({ ourState }) => ourState === "Standalone",
    );
  narrator.found("central1 and central2 are Standalone");
  narrator.does("Each gets a network: without one on both, a pair waits (CH10).");
  await addNetwork(world, "central1", labNetwork, "lab");
  await addNetwork(world, "central2", networkOfTheSlave, "to be overwritten");

  narrator.does("On the future Slave, central2: copy HA Key for this Peer.");
  narrator.command(ctl(world, "central2", "ha key"));
  const { haKeyForThisPeer: keyOfSlave } = (await centralOf(world, "central2").ha()).configuration;

  narrator.does(
    "On the future Master, central1: paste it, tick Preferred Master, fill in the address, Apply.",
  );
  narrator.command(ctl(world, "central1", applyWords("KEY", addressOf.central2, true, holdDown)));
  await centralOf(world, "central1").call(routes.applyHa, {
    body: {
      haKeyForTheOtherPeer: keyOfSlave,
      ipAddressForTheOtherPeer: addressOf.central2,
      preferredMaster: true,
      heartbeatSeconds,
      holdDownSeconds: holdDown,
    },
  });
  await statusBecomes(world, "central1", "Master", stateWithinMs, ({ ourState }) => ourState === "Master");
  narrator.found("Our State on central1 is Master");

  narrator.does("Copy central1's key; on central2 paste it, fill in the address, Apply.");
  narrator.command(ctl(world, "central1", "ha key"));
  const { haKeyForThisPeer: keyOfMaster } = (await centralOf(world, "central1").ha()).configuration;
  narrator.command(ctl(world, "central2", applyWords("KEY", addressOf.central1, false, holdDown)));
  const applied = monotonicMs();
  await centralOf(world, "central2").call(routes.applyHa, {
    body: {
      haKeyForTheOtherPeer: keyOfMaster,
      ipAddressForTheOtherPeer: addressOf.central1,
      preferredMaster: false,
      heartbeatSeconds,
      holdDownSeconds: holdDown,
    },
  });
  const slave = await statusBecomes(
    world,
    "central2",
    "Slave",
    stateWithinMs,
    ({ ourState }) => ourState === "Slave",
  );
  const status = await pairIsWhole(world, "central1", "central2");
  world.figures.push({
    what: "Apply on the second Central until the pair is in step",
    measured: milliseconds(monotonicMs() - applied),
    promised: "",
  });
  narrator.found(
    `central1 is Master, central2 is Slave, heartbeats flow, both sequence numbers are ${status.ourSequence}`,
  );

  const [ofMaster, ofSlave] = [await networksOf(world, "central1"), await networksOf(world, "central2")];
  holds(
    ofMaster.join() === labNetwork && ofSlave.join() === labNetwork,
    "the unit set up first keeps its own and the other's is overwritten (CH13)",
    `central1 has ${ofMaster.join(", ")}, central2 has ${ofSlave.join(", ")}`,
  );
  const backup =
    slave.overwrittenBackup ?? (await centralOf(world, "central2").ha()).status.overwrittenBackup;
  holds(
    backup !== null,
    "what was overwritten on central2 is kept as a backup (CH13)",
    "HA Status names none",
  );
  narrator.found(`central2 has central1's network; what it had is in the backup ${backup}`);
}

const applyWords = (key: string, address: string, preferred: boolean, holdDown: number): string =>
  `ha apply --peer-key ${key} --peer-address ${address}${preferred ? " --preferred" : ""} --heartbeat ${heartbeatSeconds} --hold-down ${holdDown}`;

/** Step 5: the Master's process is killed; the Slave takes over; the old Master returns and gets the role back. */
export async function loseTheMaster(world: World): Promise<void> {
  const { narrator } = world;
  await pairIsWhole(world, "central1", "central2");
  narrator.does("The Master's process, central1, is killed with SIGKILL.");
  narrator.command(labCommand(world, "kill central1 --process"));
  const killed = monotonicMs();
  // The client asks while the process dies: what counts is when the Slave says Master, from the outside.
  const dying = killProcess(world.lab, "central1");
  await statusBecomes(
    world,
    "central2",
    "Master",
    stateWithinMs,
    ({ ourState }) => ourState === "Master",
    takeOverLookEveryMs,
  );
  const takeOverMs = monotonicMs() - killed;
  await dying;
  world.figures.push({
    what: "Master Central killed (SIGKILL): the Slave is Master after",
    measured: milliseconds(takeOverMs),
    promised: `within ${takeOverMaxMs} ms`,
  });
  holds(
    takeOverMs <= takeOverMaxMs,
    `the Slave is Master within ${takeOverMaxMs} ms`,
    `it took ${takeOverMs} ms`,
  );
  narrator.found(`central2 is Master after ${milliseconds(takeOverMs)}`);

  const acknowledged = await addNetwork(world, "central2", "10.215.0.0/16", "added while alone");
  holds(
    acknowledged === "this unit only",
    "a change without a peer is marked so (CH21)",
    `it is acknowledged by "${acknowledged}"`,
  );
  narrator.found(`central2 accepts a change, acknowledged by "${acknowledged}"`);

  narrator.does("The old Master returns.");
  narrator.command(labCommand(world, "start central1"));
  const returned = monotonicMs();
  await start(world.lab, "central1");
  await networksAppear(world, "central1", ["10.215.0.0/16"], stateWithinMs);
  narrator.found("central1 is back and has the change that was made without it");
  narrator.does(
    `It is preferred: after ${holdDownSeconds} s in step it takes the role back in an orderly handover.`,
  );
  const gapMs = await handoverGap(world);
  await pairIsWhole(world, "central1", "central2");
  world.figures.push(
    {
      what: "Preferred Master back: in step and Master again after",
      measured: milliseconds(monotonicMs() - returned),
      promised: `hold-down ${holdDownSeconds} s`,
    },
    { what: "Handover: neither says Master for", measured: gapMs, promised: "under 200 ms" },
  );
  narrator.found("central1 is Master again, central2 its Slave, both in step");
}

/**
 * Watches both Centrals until the role has moved to central1: for how long neither said Master, as seen from
 * outside. Fails when both said so at once.
 */
async function handoverGap(world: World): Promise<string> {
  let lastOldMaster = monotonicMs();
  const newMaster = await waitUntil(
    { what: "the role is handed back to central1", deadlineMs: handoverWithinMs, everyMs: 5 },
    async () => {
      const before = monotonicMs();
      const giver = (await centralOf(world, "central2").ha()).status;
      if (giver.ourState === "Master") lastOldMaster = before;
      const taker = (await centralOf(world, "central1").ha()).status;
      return taker.ourState === "Master"
        ? seen(monotonicMs())
        : notYet(`${statusLine(giver)}; ${statusLine(taker)}`);
    },
  );
  return `at most ${milliseconds(newMaster - lastOldMaster)}`;
}

/** Step 6: the Centrals are cut from each other, both are changed, and the network heals. */
export async function cutTheCentrals(world: World): Promise<void> {
  const { narrator } = world;
  await pairIsWhole(world, "central1", "central2");
  narrator.does("The two Centrals are cut from each other; everybody else reaches both.");
  narrator.command(labCommand(world, "partition central1 central2"));
  await partition(world.lab, ["central1", "central2"]);
  const cut = monotonicMs();
  const additions: Readonly<Record<CentralNode, string>> = {
    central1: "10.216.0.0/16",
    central2: "10.217.0.0/16",
  };
  for (const node of centralNodes) {
    const acknowledged = await addNetwork(world, node, additions[node], `added on ${node} during the cut`);
    holds(
      acknowledged === "this unit only",
      `a change on ${node} is marked as its own`,
      `it says "${acknowledged}"`,
    );
  }
  narrator.does("On one the lab's network gets another name, on the other a description.");
  narrator.command(ctl(world, "central1", `network set ${labNetwork} --name "renamed on central1"`));
  await centralOf(world, "central1").call(routes.changeNetwork, {
    params: { cidr: labNetwork },
    body: { name: "renamed on central1" },
  });
  narrator.command(ctl(world, "central2", `network set ${labNetwork} --description "described on central2"`));
  await centralOf(world, "central2").call(routes.changeNetwork, {
    params: { cidr: labNetwork },
    body: { description: "described on central2" },
  });
  narrator.found("both accept changes");
  for (const node of centralNodes) {
    const shown = await networksOf(world, node);
    holds(
      !shown.includes(additions[otherOf(node)]),
      `${node} cannot know what the other was told`,
      `it shows ${shown.join(", ")}`,
    );
  }
  await statusBecomes(
    world,
    "central2",
    "Master as well",
    stateWithinMs,
    ({ ourState }) => ourState === "Master",
  );
  world.figures.push({
    what: "Centrals cut: the Slave is Master after",
    measured: milliseconds(monotonicMs() - cut),
    promised: `within ${heartbeatSeconds * 1_000 + 3_000} ms`,
  });
  narrator.found("central2, cut off, is Master too");

  narrator.does("The network heals.");
  narrator.command(labCommand(world, "heal"));
  await heal(world.lab);
  const healed = monotonicMs();
  for (const node of centralNodes) await networksAppear(world, node, Object.values(additions), stateWithinMs);
  world.figures.push({
    what: "Cut healed: both hold both changes after",
    measured: milliseconds(monotonicMs() - healed),
    promised: "",
  });
  for (const node of centralNodes) {
    const network = (await centralOf(world, node).call(routes.listNetworks)).networks.find(
      ({ cidr }) => cidr === labNetwork,
    );
    holds(
      network?.name === "renamed on central1" && network.description === "described on central2",
      `${node} holds both changes of one network (CH20)`,
      `it has name "${network?.name}", description "${network?.description}"`,
    );
  }
  narrator.found("both hold both networks, and both changes of the one network");
  await onlyOneMaster(world);
  narrator.found("one is Master, the other Slave; versions and digests are equal");
}
