/** A failover drill that Central runs on a real pair, over the network, while clients use the service (SPEC LH13). */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { CentralClient } from "@tandem/central-api/client";
import type { Drill } from "@tandem/central-api/drills";
import { readFingerprint } from "@tandem/central-api/pinned-https";
import { routes } from "@tandem/central-api/routes";
import { needsRoot } from "@tandem/linux/network-namespace";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, needsChromium, signIn } from "./browser.ts";
import { type CentralProcess, startCentral } from "./central-process.ts";
import { loadMasterUser } from "./loadmaster-process.ts";
import {
  addressOf,
  clientAddress,
  httpPort,
  linePort,
  PairingNetwork,
  type PairingUnit,
  serviceAddress,
  sharedAddress,
  Traffic,
} from "./pairing-network.ts";
import { until } from "./traffic-network.ts";

const skip = needsRoot() || (existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed");
/** Of an orderly hand-over, with the machine busy; what it really takes is printed. */
const budgetMs = 2_000;
const pair = ["a", "b"] as const;

async function signedIn({ address, port, firstPassword }: CentralProcess): Promise<CentralClient> {
  const server = { host: address, port };
  const client = new CentralClient({ ...server, fingerprint: await readFingerprint(server) });
  await client.signIn("admin", firstPassword);
  return client;
}

test("drills on a real pair, from Central", { skip, timeout: 240_000 }, async (t) => {
  const network = new PairingNetwork();
  let central: CentralProcess | undefined;
  let traffic: Traffic | undefined;
  let browser: Browser | undefined;
  let page: Page | undefined;
  const complaints: string[] = [];
  let failed = true;
  try {
    await Promise.all(pair.map((unit) => network.start(unit)));
    await network.configure("a");
    const create = ["create", "--shared", sharedAddress, "--backup-to", `${network.folder}/backups`];
    const made = await network.pair([...create, "--timeout", "3"], "a", "b");
    assert.equal(made.status, 0, made.out);

    central = await startCentral("central1", clientAddress);
    let client = await signedIn(central);
    await client.call(routes.addNetwork, { body: { cidr: "10.79.0.0/24" } });
    const members: string[] = [];
    for (const unit of pair) {
      const credentials = { user: loadMasterUser, password: network.password(unit) };
      const body = { address: addressOf(unit), port: 443, name: unit, ...credentials };
      members.push((await client.call(routes.addDevice, { body })).id);
    }
    // The pair becomes a group by what its units say.
    let id = "";
    await until("the pair is a group", async () => {
      const { haGroups } = await client.call(routes.listHaGroups);
      id = haGroups.find((group) => group.sharedAddress === sharedAddress)?.id ?? "";
      return id !== "";
    });
    const [a, b] = members;
    const read = (drill: string): Promise<Drill> => client.call(routes.readDrill, { params: { id, drill } });
    const start = (target: string, andBack: boolean) =>
      client.call(routes.startDrill, { params: { id }, body: { target, budgetMs, andBack } });
    const over = async (drill: string): Promise<Drill> => {
      await until("the drill is over", async () => (await read(drill)).state !== "running", 60_000);
      return read(drill);
    };
    const roles = (): Promise<string[]> => Promise.all(pair.map((unit: PairingUnit) => network.status(unit)));
    traffic = new Traffic();
    await traffic.goesOn();

    /** As an operator does, by the button on the group's page; over the API where there is no browser. */
    const begin = async (): Promise<string> => {
      if (needsChromium || central === undefined)
        return (await start(`http://${serviceAddress}:${httpPort}/`, true)).id;
      browser = await launchBrowser();
      page = await signIn(browser, central, complaints);
      await page.goto(`${central.url}/ha-groups/${id}`);
      await page.getByRole("button", { name: "Begin a drill" }).click();
      const dialogue = page.getByRole("dialog");
      await dialogue.getByLabel("Virtual service").selectOption(`${serviceAddress}:${httpPort}`);
      await dialogue.getByLabel("Budget in milliseconds").fill(String(budgetMs));
      await dialogue.getByLabel("Give the role back at the end").check();
      await dialogue.getByRole("button", { name: "Move the role and measure" }).click();
      await page.getByLabel("probing before: now").waitFor();
      // On a small machine a browser that draws would be measured too.
      await page.goto("about:blank");
      const [drill] = (await client.call(routes.listDrills, { params: { id } })).drills;
      return drill?.id ?? "";
    };

    await t.test(
      "[LH13] there and back over HTTP: outage, lost requests and resets against a budget",
      async () => {
        const begun = await begin();
        await assert.rejects(start(`${serviceAddress}:${linePort}`, false), /is under way/);
        const drill = await over(begun);
        t.diagnostic(`${drill.message}; ${JSON.stringify(drill.moves)} ${JSON.stringify(drill.measured)}`);
        assert.equal(drill.state, "passed", drill.message);
        assert.deepEqual(
          drill.moves.map(({ from, to }) => [from, to]),
          [
            [a, b],
            [b, a],
          ],
        );
        assert.ok(drill.measured !== null && drill.measured.requests > 100);
        assert.ok(drill.measured.outageMs > 0 && drill.measured.outageMs <= budgetMs);
        assert.deepEqual(await roles(), ["Active", "Standby"]);
        await page?.goto(`${central?.url}/ha-groups/${id}`);
        await page
          ?.getByRole("grid", { name: "Failover drills" })
          .getByText("passed", { exact: true })
          .waitFor();
        assert.deepEqual(complaints, []);
      },
    );

    await t.test(
      "[LH13] a target that is no service of the pair, and a partner that is not there: nothing is moved",
      async () => {
        await assert.rejects(
          start(`${sharedAddress}:443`, false),
          /no virtual service of TCP at 10.79.0.100 port 443/,
        );
        await network.stop("b");
        await until("its partner knows", async () => {
          const refused = await start(`${serviceAddress}:${httpPort}`, false).catch(
            (error: Error) => error.message,
          );
          return typeof refused === "string" && /cannot be moved: b does not say how it is/.test(refused);
        });
        assert.equal(await network.status("a"), "Active");
        await network.start("b");
        await network.becomes("b", "Standby");
      },
    );

    await t.test("[LH13] [CH9] a Central that is killed in the middle has no drill that passed", async () => {
      assert.ok(central);
      let begun: Drill | undefined;
      await until("the pair is ready again", async () => {
        begun = await start(`${serviceAddress}:${linePort}`, false).catch(() => undefined);
        return begun !== undefined;
      });
      assert.ok(begun);
      const { id: drill } = begun;
      await until("the role is moved", async () => (await read(drill)).step === "probing after");
      await central.stop("SIGKILL");
      await central.start();
      client = await signedIn(central);
      const cut = await over(drill);
      assert.deepEqual([cut.state, cut.measured], ["interrupted", null]);
      assert.deepEqual(await roles(), ["Standby", "Active"]);
      const { drills } = await client.call(routes.listDrills, { params: { id } });
      assert.deepEqual(
        drills.map(({ state }) => state),
        ["interrupted", "passed"],
      );
      const { events } = await client.call(routes.haEvents, {});
      const told = events.filter(({ code }) => code.startsWith("drill-")).map(({ code }) => code);
      assert.deepEqual(told, ["drill-interrupted", "drill-started", "drill-passed", "drill-started"]);
    });
    failed = false;
  } finally {
    await browser?.close();
    await traffic?.end();
    await central?.remove();
    network.close();
    if (failed) t.diagnostic(`the logs are in ${network.folder}`);
    else network.removeFolder();
  }
});
