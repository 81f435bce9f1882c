/** The parts of the story about a LoadMaster pair: the shared address, the service, the tree, and failover. */
import { randomBytes } from "node:crypto";
import { routes } from "@tandem/central-api/routes";
import { monotonicMs } from "@tandem/probe/monotonic";
import type { ProberReport } from "@tandem/probe/sampler";
import { killMachine, start, stop } from "./faults.ts";
import type { Figure } from "./narrator.ts";
import { granted, LoadMasterOperator, loadMasterUser } from "./operator.ts";
import { activeOf, otherLoadMaster, rolesBecome } from "./roles.ts";
import { requestsSince, servedWell, settledReport } from "./served.ts";
import type { World } from "./story-world.ts";
import {
  centralOf,
  ctl,
  haTimeoutSeconds,
  haTimeoutSteps,
  holds,
  labCommand,
  loadMasterOf,
  milliseconds,
} from "./story-world.ts";
import {
  addressOf,
  labNetwork,
  loadMasterApiPort,
  loadMasterNodes,
  servicePort,
  sharedAddress,
  webNodes,
  webPort,
} from "./topology.ts";
import { notYet, seen, waitUntil } from "./wait-until.ts";

const replicatedWithinMs = 5_000;
/** The silent death of the active: the timeout, and a second for a machine that is busy with two of everything. */
const outageOfDeathMaxMs = haTimeoutSeconds * 1_000 + 1_000;
const outageOfStopMaxMs = 500;
/** A returning unit is watched for longer than the timeout: a take-back would show by then. */
const staysStandbyMs = haTimeoutSeconds * 1_000 + 1_000;
const requestsAfterEvent = 100;

/** A call of the LoadMaster API as one types it; the password is left out. */
export const apiCommand = (
  address: string,
  command: string,
  parameters: Readonly<Record<string, unknown>>,
): string =>
  `curl -k https://${address}/accessv2 -d '${JSON.stringify({ cmd: command, ...parameters, apiuser: loadMasterUser, apipass: "..." })}'`;

/** Step 2: two LoadMasters become a pair, and a service stands on the address they share. */
export async function pairTheLoadMasters(world: World): Promise<void> {
  const { narrator } = world;
  for (const node of loadMasterNodes)
    world.loadMasters.set(node, await LoadMasterOperator.at(world.lab, node));
  const secret = randomBytes(16).toString("hex");
  narrator.does(
    `lm1 becomes HA1 and lm2 HA2; they share ${sharedAddress}; the HA timeout is ${haTimeoutSeconds} s.`,
  );
  narrator.does(`By hand, in a shell on the client: ip netns exec tandem-${world.lab}-client bash`);
  for (const [index, node] of loadMasterNodes.entries()) {
    const unit = loadMasterOf(world, node);
    const calls: readonly (readonly [string, Readonly<Record<string, string | number>>])[] = [
      ["setpartnersecret", { secret }],
      ["set", { param: "hatimeout", value: haTimeoutSteps }],
      ["set", { param: "hamode", value: index + 1 }],
      ["modiface", { interface: 0, partner: addressOf[otherLoadMaster(node)] }],
      ["modiface", { interface: 0, shared: sharedAddress }],
    ];
    for (const [command, parameters] of calls) {
      const shown = "secret" in parameters ? { secret: "..." } : parameters;
      narrator.command(apiCommand(addressOf[node], command, shown));
      await unit.command(command, parameters);
    }
  }
  const active = await activeOf(world);
  await rolesBecome(world, { [active]: "Active", [otherLoadMaster(active)]: "Standby" });
  narrator.found(`${active} is active, ${otherLoadMaster(active)} is standby`);

  narrator.does(
    `At the shared address: a virtual service on ${sharedAddress}:${servicePort} over three web servers.`,
  );
  const shared = loadMasterOf(world, active).atSharedAddress();
  const service = { vs: sharedAddress, port: servicePort, prot: "tcp" };
  narrator.command(apiCommand(sharedAddress, "addvs", { ...service, NickName: "web", VStype: "http" }));
  await granted(
    "addvs",
    shared.addVirtualService(sharedAddress, servicePort, "tcp", {
      NickName: "web",
      VStype: "http",
      Schedule: "rr",
    }),
  );
  for (const web of webNodes) {
    narrator.command(apiCommand(sharedAddress, "addrs", { ...service, rs: addressOf[web], rsport: webPort }));
    await granted(
      "addrs",
      shared.addRealServer({ address: sharedAddress, port: servicePort }, addressOf[web], webPort),
    );
  }
  const begun = await servedWell(world, webNodes.length, monotonicMs());
  const report = await requestsSince(world, begun, 3 * requestsAfterEvent);
  const { servers, failed, requests } = report.view;
  holds(failed === 0, "every request through the service is answered", `${failed} of ${requests} failed`);
  const counts = webNodes.map((web) => servers[web] ?? 0);
  holds(
    Math.min(...counts) >= 0.25 * requests,
    "the requests are spread over the three servers",
    JSON.stringify(servers),
  );
  narrator.found(
    `${requests} requests in a row are answered: ${webNodes.map((web) => `${web} ${servers[web] ?? 0}`).join(", ")}`,
  );
  world.figures.push({
    what: "Requests through the service, by server",
    measured: counts.join(" / "),
    promised: "spread",
  });
}

/** Step 3: the pair in Central's tree, on both Centrals. */
export async function growTheTree(world: World): Promise<void> {
  const { narrator } = world;
  narrator.does("On central1 both LoadMasters are added, and an HA group of them. Central contacts each.");
  const master = centralOf(world, "central1");
  const members: string[] = [];
  for (const node of loadMasterNodes) {
    narrator.command(
      ctl(world, "central1", `device add ${addressOf[node]} --user ${loadMasterUser} --name ${node}`),
    );
    const device = await master.call(routes.addDevice, {
      body: {
        address: addressOf[node],
        port: loadMasterApiPort,
        user: loadMasterUser,
        password: loadMasterOf(world, node).password,
        name: node,
      },
    });
    holds(
      device.acknowledged === "both",
      "a change is acknowledged once both Centrals hold it (CH21)",
      `adding ${node} is acknowledged by "${device.acknowledged}"`,
    );
    holds(
      device.status.state === "up",
      `Central has contacted ${node}`,
      `its state is ${device.status.state}`,
    );
    members.push(device.id);
  }
  narrator.command(
    ctl(
      world,
      "central1",
      `ha-group add web --shared-address ${sharedAddress} --members ${members.join(",")}`,
    ),
  );
  const added = monotonicMs();
  const group = await master.call(routes.addHaGroup, { body: { name: "web", sharedAddress, members } });
  await waitUntil(
    { what: "central2 shows the group with both members", deadlineMs: replicatedWithinMs, everyMs: 20 },
    async () => {
      const tree = await centralOf(world, "central2").call(routes.tree);
      const found = tree.haGroups.find(({ id }) => id === group.id);
      const names = tree.devices.map(({ name }) => name).sort();
      return found?.members.join() === members.join() && names.join() === loadMasterNodes.join()
        ? seen(true)
        : notYet(
            `groups ${tree.haGroups.map(({ name }) => name).join(", ") || "none"}; devices ${names.join(", ") || "none"}`,
          );
    },
  );
  world.figures.push({
    what: "A change on the Master is seen on the Slave after",
    measured: milliseconds(monotonicMs() - added),
    promised: "at once",
  });
  narrator.found("central2 shows lm1, lm2 and their group");

  narrator.does("On the Slave, central2, the network gets a description.");
  const description = "written on the Slave";
  narrator.command(ctl(world, "central2", `network set ${labNetwork} --description "${description}"`));
  const changed = monotonicMs();
  const answer = await centralOf(world, "central2").call(routes.changeNetwork, {
    params: { cidr: labNetwork },
    body: { description },
  });
  holds(
    answer.acknowledged === "both",
    "a change on the Slave is acknowledged by both",
    `by "${answer.acknowledged}"`,
  );
  await waitUntil(
    { what: "central1 shows the description", deadlineMs: replicatedWithinMs, everyMs: 20 },
    async () => {
      const { networks } = await master.call(routes.listNetworks);
      const network = networks.find(({ cidr }) => cidr === labNetwork);
      return network?.description === description ? seen(true) : notYet(`"${network?.description}"`);
    },
  );
  world.figures.push({
    what: "A change on the Slave is seen on the Master after",
    measured: milliseconds(monotonicMs() - changed),
    promised: "at once",
  });
  narrator.found("central1 shows it");
}

/** Step 4: the active dies, and returns; then the active is stopped in an orderly way. */
export async function loseTheActive(world: World): Promise<void> {
  const { narrator } = world;
  const first = await activeOf(world);
  const second = otherLoadMaster(first);
  narrator.does(`The active LoadMaster, ${first}, dies: cable and processes at once.`);
  narrator.command(labCommand(world, `kill ${first}`));
  const died = monotonicMs();
  await killMachine(world.lab, first);
  const death = await outageAfter(
    world,
    died,
    "Active LoadMaster dies: the client's outage",
    outageOfDeathMaxMs,
  );
  await rolesBecome(world, { [second]: "Active" });
  narrator.found(`${second} is active; the client's outage was ${milliseconds(death.view.outageMs)}`);

  narrator.does(`${first} comes back.`);
  narrator.command(labCommand(world, `start ${first}`));
  const returned = monotonicMs();
  await start(world.lab, first);
  await rolesBecome(world, { [first]: "Standby", [second]: "Active" });
  const watched = monotonicMs();
  await waitUntil(
    { what: `${first} stays standby`, deadlineMs: 2 * staysStandbyMs, everyMs: 250 },
    async () => {
      const role = await loadMasterOf(world, first).haStatus();
      holds(role === "Standby", `${first} stays standby (LH3, no preferred host)`, `it is ${role}`);
      return monotonicMs() - watched >= staysStandbyMs ? seen(true) : notYet("watching");
    },
  );
  const back = await settledReport(world, returned, monotonicMs());
  world.figures.push(
    figureOfOutage("The dead one returns as standby: the client's outage", back, outageOfStopMaxMs),
  );
  holds(
    back.view.outageMs <= outageOfStopMaxMs,
    "a returning standby disturbs nobody",
    `the outage was ${back.view.outageMs} ms`,
  );
  narrator.found(
    `${first} is back and stays standby; the longest gap meanwhile was ${milliseconds(back.view.outageMs)}`,
  );

  narrator.does(`The active, ${second}, is stopped in an orderly way.`);
  narrator.command(labCommand(world, `stop ${second}`));
  const stopped = monotonicMs();
  const { killed } = await stop(world.lab, second);
  const orderly = await outageAfter(
    world,
    stopped,
    "Orderly stop of the active: the client's outage",
    outageOfStopMaxMs,
  );
  holds(
    killed === 0,
    `${second} stops by itself when told to`,
    `${killed} of its processes had to be killed`,
  );
  await rolesBecome(world, { [first]: "Active" });
  narrator.found(`${first} is active; the client's outage was ${milliseconds(orderly.view.outageMs)}`);

  narrator.command(labCommand(world, `start ${second}`));
  await start(world.lab, second);
  await rolesBecome(world, { [first]: "Active", [second]: "Standby" });
  narrator.found(`${second} is back as standby`);
}

const figureOfOutage = (what: string, { view, timer }: ProberReport, maxMs: number): Figure => {
  const reasons = Object.entries(view.failures).map(([reason, count]) => `${count} ${reason}`);
  const failed = view.failed === 0 ? "none failed" : `${view.failed} failed (${reasons.join(", ")})`;
  return {
    what,
    measured: milliseconds(view.outageMs),
    promised: `within ${maxMs} ms`,
    note: `${view.requests} requests, ${failed}; the client's own timer was ${timer.lateP99Ms.toFixed(1)} ms late at p99`,
  };
};

/** Waits until the client is served again, then reports on the time since the event; fails when it lasted too long. */
async function outageAfter(world: World, from: number, what: string, maxMs: number): Promise<ProberReport> {
  const again = await servedWell(world, 1, from);
  const report = await settledReport(world, from, again);
  world.figures.push(figureOfOutage(what, report, maxMs));
  holds(
    report.view.outageMs <= maxMs,
    `${what} is within ${maxMs} ms`,
    `it was ${milliseconds(report.view.outageMs)}`,
  );
  return report;
}
