import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ApiError } from "@tandem/central-api/call";
import type { LicensedUnit } from "@tandem/central-api/licensing";
import { routes } from "@tandem/central-api/routes";
import { run } from "@tandem/lab/commands";
import { heal, killProcess, partition, start, stop } from "@tandem/lab/faults";
import { LoadMasterOperator, LoadMasterRefused } from "@tandem/lab/operator";
import { stateFolderOf } from "@tandem/lab/state";
import { pairTheCentrals } from "@tandem/lab/story-centrals";
import { bothName, licenceOn } from "@tandem/lab/story-licences";
import { centralOf, pairIsWhole, statusBecomes, type World } from "@tandem/lab/story-world";
import {
  addressOf,
  type CentralNode,
  centralApiPort,
  centralNodes,
  clientNode,
  type LoadMasterNode,
  loadMasterNodes,
  namespaceOf,
} from "@tandem/lab/topology";
import { notYet, seen, waitUntil } from "@tandem/lab/wait-until";
import { needsRoot } from "@tandem/linux/network-namespace";
import { inLab } from "./lab-parts.ts";
import { licenceIssuer } from "./licence-issuer.ts";

const lab = "t12";
const serviceAddress = "10.213.0.60";
const passPhrase = "correct horse battery staple";
const withinMs = 30_000;

const activate = (unit: LoadMasterOperator, node: CentralNode, type = "local") =>
  unit.command("aslactivate", { lic_type_id: type, aslhost: addressOf[node], aslport: centralApiPort });
const holderSaidBy = async (unit: LoadMasterOperator): Promise<unknown> =>
  (await unit.command("getaslinfo")).aslhost;

const unitsOn = async (world: World, node: CentralNode): Promise<readonly LicensedUnit[]> =>
  (await centralOf(world, node).call(routes.listLicensedUnits)).units;
const refusalOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof LoadMasterRefused || error instanceof ApiError, String(error));
    return error.message;
  }
  return assert.fail("it was not refused");
};

test("licences of a pair of Centrals", { skip: needsRoot(), timeout: 300_000 }, async (t) => {
  const issuer = await licenceIssuer(t);
  await inLab(t, lab, {}, async (world, part) => {
    await pairTheCentrals(world);
    await pairIsWhole(world, "central1", "central2");
    const ids = await Promise.all(
      centralNodes.map(async (node) => (await centralOf(world, node).call(routes.about)).unit),
    );
    const [lm1, lm2] = await Promise.all(loadMasterNodes.map((node) => LoadMasterOperator.at(lab, node)));
    assert.ok(lm1 && lm2);
    const licence = await issuer.issue(
      "--holder",
      "Lab",
      "--local",
      "2",
      "--metered",
      "10",
      ...ids.flatMap((id) => ["--unit", `${id}=1`]),
    );
    for (const node of centralNodes) {
      const central = centralOf(world, node);
      await central.call(routes.trustLicenceIssuer, { body: { key: issuer.key, name: "lab" } });
      await central.call(routes.importLicence, { body: { licence } });
    }
    await pairIsWhole(world, "central1", "central2");

    await part(
      "[ML7] a LoadMaster is licensed from its own API, and stands in the tree of both Centrals",
      async () => {
        const offered = await lm1.command("aslgetlicensetypes", {
          aslhost: addressOf.central1,
          aslport: centralApiPort,
        });
        assert.match(JSON.stringify(offered), /local/);
        await activate(lm1, "central1");
        await bothName(world, "lm1", "central1");
        assert.equal(await holderSaidBy(lm1), addressOf.central1);
        for (const node of centralNodes) {
          const { devices } = await centralOf(world, node).call(routes.tree);
          const device = devices.find(({ address }) => address === addressOf.lm1);
          assert.equal(device?.id, (await licenceOn(world, node, "lm1"))?.device);
        }
        await waitUntil(
          { what: "Central manages it with the account it was given", deadlineMs: withinMs },
          async () => {
            const { devices } = await centralOf(world, "central2").call(routes.listDevices);
            const status = devices.find(({ address }) => address === addressOf.lm1)?.status;
            return status?.state === "up" ? seen(undefined) : notYet(JSON.stringify(status));
          },
        );
      },
    );

    await part(
      "[ML3] [ML6] the metered LoadMasters of both Centrals, with what they carried, in a report that is the same on both but for the parentheses",
      async () => {
        await activate(lm1, "central1", "metered");
        await activate(lm2, "central2", "metered");
        await addService(lm1);
        await answers("web1");
        const lines = await waitUntil(
          { what: "the traffic is in the report", deadlineMs: withinMs },
          async () => {
            await answers("web1");
            const found = await linesOn(world, "central2");
            return found[0]?.hasTraffic === true && found.length === 2
              ? seen(found)
              : notYet(JSON.stringify(found));
          },
        );
        assert.deepEqual(lines, [
          { name: "lm1", isPeer: true, hasTraffic: true },
          { name: "lm2", isPeer: false, hasTraffic: false },
        ]);
        const reports = await waitUntil({ what: "both report alike", deadlineMs: withinMs }, async () => {
          const texts = await Promise.all(centralNodes.map((node) => reportOf(world, node)));
          const [one, two] = texts.map((text) => text.replaceAll(/[()]/g, ""));
          return one === two ? seen(texts) : notYet(texts.join("\n"));
        });
        assert.notEqual(reports[0], reports[1], "the other one's is marked");
        const { metered } = await usageOn(world, "central1");
        assert.equal(metered.billedGbps, 1, "rounded up to whole Gbit/s");
        await activate(lm2, "central2", "local");
        assert.equal(await lm2.command("killaslinstance").then(() => "given back"), "given back");
      },
    );

    await part(
      "[ML2] re-licensed against both in quick succession it has one holder, the last one asked",
      async () => {
        await activate(lm1, "central2");
        await activate(lm1, "central1");
        await activate(lm1, "central2");
        await bothName(world, "lm1", "central2");
        assert.equal(await holderSaidBy(lm1), addressOf.central2);
        await lm1.command("licensecheck");
      },
    );

    await part(
      "[ML2] [ML7] re-licensed against both while they are cut off it converges by itself, and no more is granted than the licence allows",
      async () => {
        await partition(lab, centralNodes);
        await statusBecomes(
          world,
          "central2",
          "Master too",
          withinMs,
          ({ ourState }) => ourState === "Master",
        );
        await activate(lm1, "central1");
        const refused = await refusalOf(activate(lm2, "central1"));
        assert.match(refused, /share of the licence is in use/);
        await activate(lm1, "central2");
        await activate(lm1, "central1");
        await heal(lab);
        await statusBecomes(
          world,
          "central1",
          "Master again",
          90_000,
          ({ ourState }) => ourState === "Master",
        );
        await bothName(world, "lm1", "central1");
        assert.equal(await holderSaidBy(lm1), addressOf.central1);
        await lm1.command("licensecheck");
        await activate(lm2, "central1");
        await bothName(world, "lm2", "central1");
        const { local } = await centralOf(world, "central1").call(routes.licensingOverview);
        assert.deepEqual([local?.issued, local?.share, local?.peerShare], [2, 2, 0], "the share moved");
      },
    );

    await part("[ML7] a Central that is killed right after it granted a licence has granted it", async () => {
      await activate(lm2, "central2");
      await killProcess(lab, "central2");
      await bothNameNow(world, "central1", "lm2", "central2");
      await lm2.command("licensecheck");
      await start(lab, "central2");
      await pairIsWhole(world, "central1", "central2");
      await bothName(world, "lm2", "central2");
    });

    await part(
      "[ML2] [ML7] one that turns to both Centrals again and again is told to wait, counted, and has one holder",
      async () => {
        const answers = [];
        for (let index = 0; index < 20; index += 1)
          answers.push(
            await activate(lm1, index % 2 === 0 ? "central1" : "central2").then(
              () => "granted",
              (error: Error) => error.message,
            ),
          );
        const last = answers.lastIndexOf("granted");
        assert.ok(last >= 0 && answers.some((answer) => /too often/.test(answer)), answers.join("; "));
        await bothName(world, "lm1", last % 2 === 0 ? "central1" : "central2");
        await lm1.command("licensecheck");
        const { events } = await centralOf(world, "central1").call(routes.haEvents, { query: {} });
        const told = events.filter(({ code, text }) => code === "licence-refused" && /too often/.test(text));
        assert.ok(told.length >= 1 && told.length <= 2, "an entry for each Central, however many refusals");
      },
    );

    await part(
      "[ML7] with every Central gone a LoadMaster says so on its home page, goes on carrying traffic and takes new services, and is well again by itself",
      async () => {
        await answers("web1");
        for (const node of centralNodes) await killProcess(lab, node);
        await refusalOf(lm1.command("licensecheck"));
        const { state, reason } = await lm1.command("licenseinfo");
        assert.equal(state, "grace");
        assert.match(String(reason), /central1: .*reached/);
        await answers("web1");
        await lm1.command("modvs", { vs: serviceAddress, port: "80", prot: "tcp", NickName: "in grace" });
        for (const node of centralNodes) await start(lab, node);
        await pairIsWhole(world, "central1", "central2");
        await lm1.command("licensecheck");
        assert.equal((await lm1.command("licenseinfo")).state, "licensed");
        await answers("web1");
      },
    );

    await part(
      "[ML5] a backup of one Central replaces what the other holds: a pair again, with what was done since, and the licences of both",
      async () => {
        const [central1, central2] = [centralOf(world, "central1"), centralOf(world, "central2")];
        const file = await central1.download(routes.downloadBackup, { body: { passPhrase } });
        await central2.call(routes.addNetwork, { body: { cidr: "10.99.0.0/16", name: "since" } });
        const licensed = await unitsOn(world, "central1");
        const { name } = await central2.upload(routes.uploadBackup, {}, file);
        const restored = await central2.call(routes.restoreOverwritten, {
          body: { backup: name, passPhrase, as: "replace a unit", apply: true },
        });
        assert.ok(restored.applied);
        await pairIsWhole(world, "central1", "central2");
        await waitUntil({ what: "the four settings fit on both", deadlineMs: withinMs }, async () => {
          const all = await Promise.all(
            centralNodes.map(async (node) => (await centralOf(world, node).ha()).status.checks),
          );
          const words = all.flat().map(({ setting, fits }) => `${setting}: ${fits}`);
          return words.every((each) => each.endsWith(": yes")) ? seen(undefined) : notYet(words.join(", "));
        });
        for (const node of centralNodes) {
          const { networks } = await centralOf(world, node).call(routes.listNetworks);
          assert.ok(networks.some((network) => network.name === "since"));
          const holders = (await unitsOn(world, node)).map(({ unit, state, central }) => [
            unit,
            state,
            central,
          ]);
          assert.deepEqual(
            holders,
            licensed.map(({ unit, state, central }) => [unit, state, central]),
          );
        }
      },
    );

    await part(
      "[ML4] the LoadMasters of a removed Central are normal devices of the other; removed there and re-licensed, they are its own",
      async () => {
        const central1 = centralOf(world, "central1");
        assert.equal((await licenceOn(world, "central2", "lm2"))?.centralName, "central2");
        const isOwn = (await licenceOn(world, "central1", "lm1"))?.centralName === "central1";
        await central1.call(routes.removeHa, { body: { removes: "the other unit" } });
        await waitUntil({ what: "lm2 is a normal device", deadlineMs: withinMs }, async () => {
          const unit = await licenceOn(world, "central1", "lm2");
          return unit?.state === "ended" ? seen(undefined) : notYet(`${unit?.state}`);
        });
        const { devices } = await central1.call(routes.listDevices);
        const device = devices.find(({ address }) => address === addressOf.lm2);
        assert.ok(device, "still in the tree");
        assert.equal((await licenceOn(world, "central1", "lm1"))?.state, isOwn ? "held" : "ended");
        assert.match(await refusalOf(activate(lm2, "central2")), /removed from its pair/);
        assert.match(await refusalOf(lm2.command("licensecheck")), /removed/);

        await central1.call(routes.removeDevice, { params: { id: device.id } });
        await activate(lm2, "central1");
        const unit = await licenceOn(world, "central1", "lm2");
        assert.deepEqual([unit?.state, unit?.centralName], ["held", "central1"]);
        assert.equal((await lm2.command("licenseinfo")).state, "licensed");
        const { local } = await central1.call(routes.licensingOverview);
        const issued = isOwn ? 2 : 1;
        assert.deepEqual([local?.issued, local?.share], [issued, 2], "the removed unit's share is here");
      },
    );

    await part(
      "[ML7] of a LoadMaster and its copy, keys and all, the one seen last is served, and it is an alarm",
      async () => {
        await stop(lab, "lm1");
        const folder = (node: LoadMasterNode) => join(stateFolderOf(lab), node, "licensing");
        await rm(folder("lm1"), { recursive: true });
        await cp(folder("lm2"), folder("lm1"), { recursive: true });
        await start(lab, "lm1");
        const copy = await LoadMasterOperator.at(lab, "lm1");
        await waitUntil({ what: "the copy is served", deadlineMs: withinMs }, () =>
          copy.command("licensecheck").then(
            () => seen(undefined),
            (error: Error) => notYet(error.message),
          ),
        );
        assert.match(await refusalOf(lm2.command("licensecheck")), /has this unit's key/);
        const { events } = await centralOf(world, "central1").call(routes.haEvents, { query: {} });
        assert.ok(events.some(({ text }) => /seen on two machines/.test(text)));
      },
    );
  });
});

async function addService(unit: LoadMasterOperator): Promise<void> {
  const service = { vs: serviceAddress, port: "80", prot: "tcp" };
  await unit.command("addvs", { ...service, VStype: "http" });
  await unit.command("addrs", { ...service, rs: addressOf.web1, rsport: "80" });
}

const thisMonth = (): string => new Date().toISOString().slice(0, 7);

const usageOn = (world: World, node: CentralNode) =>
  centralOf(world, node).call(routes.monthUsage, { params: { month: thisMonth() } });
const linesOn = async (world: World, node: CentralNode) =>
  (await usageOn(world, node)).metered.lines.map(({ members, peakBitsPerSecond }) => ({
    name: members[0]?.name,
    isPeer: members[0]?.isPeer,
    hasTraffic: (peakBitsPerSecond ?? 0) > 0,
  }));

/** The report of this month, as far as it has gone, as CSV. */
const reportOf = async (world: World, node: CentralNode): Promise<string> => {
  const params = { month: thisMonth(), kind: "metered", format: "csv" } as const;
  return (await centralOf(world, node).download(routes.downloadUsage, { params })).toString("utf8");
};

/** The service is answered by this web server. */
const answers = (server: string): Promise<void> =>
  waitUntil({ what: `${server} answers behind lm1`, deadlineMs: withinMs }, async () => {
    const script = `
      const answer = await fetch("http://${serviceAddress}/", { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
      process.stdout.write(answer?.headers.get("x-served-by") ?? "");`;
    const args = [process.execPath, "--input-type=module", "-e", script];
    const served = await run(["ip", "netns", "exec", namespaceOf(lab, clientNode), ...args]);
    return served === server ? seen(undefined) : notYet(`"${served}"`);
  });

/** One Central names a holder. */
const bothNameNow = (world: World, node: CentralNode, name: LoadMasterNode, holder: CentralNode) =>
  waitUntil({ what: `${node} names ${holder} as the holder of ${name}`, deadlineMs: withinMs }, async () => {
    const unit = await licenceOn(world, node, name);
    return unit?.centralName === holder ? seen(undefined) : notYet(`${unit?.centralName}`);
  });
