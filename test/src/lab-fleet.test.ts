import assert from "node:assert/strict";
import { test } from "node:test";
import { minute } from "@tandem/base/time";
import { routes } from "@tandem/central-api/routes";
import { killMachine, killProcess, start } from "@tandem/lab/faults";
import { hostPortOf } from "@tandem/lab/forwarders";
import { pairTheCentrals } from "@tandem/lab/story-centrals";
import { growTheTree, pairTheLoadMasters } from "@tandem/lab/story-loadmasters";
import { centralOf, pairIsWhole, statusBecomes, type World } from "@tandem/lab/story-world";
import {
  addressOf,
  type CentralNode,
  centralNodes,
  type LoadMasterNode,
  loadMasterNodes,
  servicePort,
  sharedAddress,
  webPort,
} from "@tandem/lab/topology";
import { notYet, seen, waitUntil } from "@tandem/lab/wait-until";
import { needsRoot } from "@tandem/linux/network-namespace";
import { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { inLab } from "./lab-parts.ts";

const lab = "t7";
const withinMs = 30_000;
const pollsWithinMs = 3 * minute;
const masterAgainWithinMs = 90_000;

const isMaster = ({ ourState }: { readonly ourState: string }): boolean => ourState === "Master";

/** Somebody whom a LoadMaster turns away, which it logs. */
async function turnAway(node: LoadMasterNode, user: string): Promise<void> {
  const client = new LoadMasterClient({
    address: "127.0.0.1",
    port: hostPortOf(lab, node),
    credentials: { kind: "password", user, password: "wrong" },
  });
  const answer = await client.listVirtualServices();
  assert.ok(!answer.ok && answer.error.kind === "unauthorised", JSON.stringify(answer));
}

const linesOn = async (world: World, node: CentralNode, text: string): Promise<readonly string[]> =>
  (await centralOf(world, node).call(routes.searchLogs, { query: { text } })).lines.map(
    ({ source }) => source,
  );

const receivedOn = (world: World, node: CentralNode, text: string, from: readonly string[]): Promise<true> =>
  waitUntil({ what: `${node} has "${text}" from ${from.join(", ")}`, deadlineMs: withinMs }, async () => {
    const sources = await linesOn(world, node, text);
    return from.every((source) => sources.includes(source)) ? seen(true as const) : notYet(sources.join());
  });

/** The minutes, in unix seconds, at which a Central has a sample of the device. */
async function sampledMinutes(world: World, node: CentralNode, device: string): Promise<readonly number[]> {
  const series = await centralOf(world, node).call(routes.statistics, {
    query: { device, step: String(minute / 1_000) },
  });
  return series.atUnixSeconds.filter((_, index) => series.activeConnections[index] !== null);
}

const samplesBecome = (world: World, node: CentralNode, device: string, count: number) =>
  waitUntil({ what: `${node} has ${count} samples`, deadlineMs: pollsWithinMs, everyMs: 1_000 }, async () => {
    const minutes = await sampledMinutes(world, node, device);
    return minutes.length >= count ? seen(minutes) : notYet(`${minutes.length}`);
  });

test("what a pair of Centrals does with its LoadMasters", {
  skip: needsRoot(),
  timeout: 900_000,
}, async (t) => {
  await inLab(t, lab, {}, async (world, part) => {
    await pairTheCentrals(world);
    await pairTheLoadMasters(world);
    await growTheTree(world);
    await pairIsWhole(world, "central1", "central2");
    const { devices } = await centralOf(world, "central1").call(routes.listDevices);
    const lm1 = devices.find(({ address }) => address === addressOf.lm1);
    const [group] = (await centralOf(world, "central1").call(routes.listHaGroups)).haGroups;
    assert.ok(lm1 && group);
    const units = loadMasterNodes.map((node) => addressOf[node]);

    await part(
      "[CH2] a service of the LoadMaster pair is changed through its group on the Slave, and both Centrals know",
      async () => {
        const slave = centralOf(world, "central2");
        const before = await slave.call(routes.listDeviceServices, { params: { id: group.id } });
        assert.equal(before.services.length, 1);
        const body = {
          address: sharedAddress,
          port: servicePort,
          protocol: "tcp" as const,
          servers: [
            { address: addressOf.web1, port: webPort },
            { address: addressOf.web2, port: webPort },
          ],
          ...(before.revision === null ? {} : { basedOn: before.revision }),
        };
        const put = await slave.call(routes.putDeviceService, { params: { id: group.id }, body });
        assert.equal(put.acknowledged, "both");
        const after = await centralOf(world, "central1").call(routes.listDeviceServices, {
          params: { id: group.id },
        });
        assert.deepEqual(
          after.services.map(({ managed, servers }) => [managed, servers.map(({ address }) => address)]),
          [[true, [addressOf.web1, addressOf.web2]]],
        );
        assert.equal(after.revision, put.revision);
        await assert.rejects(
          slave.call(routes.putDeviceService, { params: { id: lm1.id }, body }),
          /member of the HA group/,
        );
        // What the first author had read is no longer so.
        await assert.rejects(
          centralOf(world, "central1").call(routes.putDeviceService, {
            params: { id: group.id },
            body: { ...body, servers: [] },
          }),
          /revision/,
        );
      },
    );

    await part(
      "[CH9] a backup of the group, scheduled on the Slave, is run by the Master, once, and its file is on both Centrals",
      async () => {
        const slave = centralOf(world, "central2");
        const { id } = await slave.call(routes.addScheduledAction, {
          body: {
            name: "nightly",
            kind: "backup",
            devices: [group.id],
            when: { cron: "0 3 * * *", timeZone: "UTC" },
          },
        });
        const { status } = await centralOf(world, "central1").ha();
        // Due a moment from now: a schedule of whole seconds, so that the test does not wait for the night.
        const at = new Date(Date.now() + 3_000).toISOString().slice(0, 19);
        await slave.call(routes.changeScheduledAction, {
          params: { id },
          body: { when: { once: at, timeZone: "UTC" } },
        });
        const run = await waitUntil({ what: "the backup is proved", deadlineMs: withinMs }, async () => {
          const { runs } = await slave.call(routes.listRuns, { query: { action: id } });
          return runs[0]?.state === "proved" ? seen(runs[0]) : notYet(JSON.stringify(runs[0] ?? "no run"));
        });
        assert.equal(run.unit, status.ourUnit, "the Master ran it");
        assert.equal(run.epoch, status.epoch?.number);
        assert.equal(run.startedOn, "both");
        assert.equal(run.attempts.length, 1);
        for (const node of centralNodes) {
          const central = centralOf(world, node);
          await waitUntil({ what: `${node} has the file`, deadlineMs: withinMs }, async () => {
            const { snapshots } = await central.call(routes.listSnapshots, { query: { device: group.id } });
            const found = snapshots.find(({ digest }) => digest === run.evidence?.digest);
            return found?.here === true ? seen(true) : notYet(JSON.stringify(snapshots));
          });
        }
      },
    );

    await part("[CH2] both Centrals receive syslog from both LoadMasters", async () => {
      for (const node of loadMasterNodes) await turnAway(node, "nobody-first");
      for (const central of centralNodes) await receivedOn(world, central, "nobody-first", units);
    });

    await part(
      "[CH8] the Master dies: its peer goes on polling, no line of syslog is lost on it, and the graphs have no hole",
      async () => {
        await samplesBecome(world, "central2", lm1.id, 1);
        await killProcess(lab, "central1");
        for (const node of loadMasterNodes) await turnAway(node, "nobody-second");
        await receivedOn(world, "central2", "nobody-second", units);
        await statusBecomes(world, "central2", "Master", withinMs, isMaster);
        const before = await sampledMinutes(world, "central2", lm1.id);
        assert.ok(before.length >= 1, "the Slave had what the Master polled");
        await samplesBecome(world, "central2", lm1.id, before.length + 1);
        await start(lab, "central1");
        await statusBecomes(world, "central1", "Master again", masterAgainWithinMs, isMaster);
        await pairIsWhole(world, "central1", "central2");
        await receivedOn(world, "central1", "nobody-first", units);
        const minutes = await waitUntil(
          { what: "both have the same samples", deadlineMs: withinMs, everyMs: 500 },
          async () => {
            const [ours, theirs] = await Promise.all(
              centralNodes.map((node) => sampledMinutes(world, node, lm1.id)),
            );
            return JSON.stringify(ours) === JSON.stringify(theirs)
              ? seen(ours as readonly number[])
              : notYet(`${ours} and ${theirs}`);
          },
        );
        // A take-over takes less than a second: at most the one poll is missed that fell into it.
        for (const [index, at] of minutes.entries())
          if (index > 0)
            assert.ok(
              at - (minutes[index - 1] as number) <= (2 * minute) / 1_000,
              `a hole before ${at}: ${minutes.join(", ")}`,
            );
      },
    );

    await part(
      "[CH19] [CH25] the active LoadMaster dies: the group shows the other one, the Master tells it once, and a service is added through the group",
      async () => {
        const master = centralOf(world, "central1");
        const groupNow = () => master.call(routes.haGroup, { params: { id: group.id } });
        const rolesTold = async () =>
          (await master.call(routes.haEvents, { query: {} })).events.filter(
            ({ code }) => code === "ha-group-role",
          );
        const before = await waitUntil(
          { what: "the group is sound", deadlineMs: pollsWithinMs },
          async () => {
            const now = await groupNow();
            return now.state === "ready" && now.origin === "units" ? seen(now) : notYet(JSON.stringify(now));
          },
        );
        const told = (await rolesTold()).length;
        const active = devices.find(({ id }) => id === before.active);
        const dying = loadMasterNodes.find((node) => addressOf[node] === active?.address);
        const staying = loadMasterNodes.find((node) => node !== dying);
        assert.ok(dying && staying);
        await killMachine(lab, dying);
        const body = {
          address: sharedAddress,
          port: servicePort + 1,
          protocol: "tcp" as const,
          servers: [{ address: addressOf.web1, port: webPort }],
        };
        // Until the other unit has the shared address nobody answers there, and nothing is changed.
        await waitUntil({ what: "the service is added", deadlineMs: withinMs, everyMs: 500 }, async () => {
          try {
            return seen(await master.call(routes.putDeviceService, { params: { id: group.id }, body }));
          } catch (error) {
            return notYet((error as Error).message);
          }
        });
        const after = await waitUntil(
          { what: "the group shows the other one, and why it is not sound", deadlineMs: pollsWithinMs },
          async () => {
            const now = await groupNow();
            return now.active !== null &&
              now.active !== before.active &&
              /does not answer/.test(now.warnings.join())
              ? seen(now)
              : notYet(JSON.stringify(now));
          },
        );
        assert.equal(addressOf[staying], devices.find(({ id }) => id === after.active)?.address);
        const changes = await waitUntil({ what: "the change is told", deadlineMs: withinMs }, async () => {
          const all = await rolesTold();
          const [last] = (await groupNow()).roleChanges;
          return all.length > told && last ? seen({ all, last }) : notYet(`${all.length} events`);
        });
        assert.equal(changes.all.length, told + 1, "once");
        assert.deepEqual([changes.last.from, changes.last.to], [before.active, after.active]);
        await start(lab, dying);
        await waitUntil({ what: "the group is sound again", deadlineMs: pollsWithinMs }, async () => {
          const now = await groupNow();
          return now.state === "ready" && now.active === after.active
            ? seen(true)
            : notYet(JSON.stringify(now));
        });
      },
    );
  });
});
