/** A real LoadMaster that two real Centrals of a pair license, from its own pages in a real browser. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CentralClient } from "@tandem/central-api/client";
import { readFingerprint } from "@tandem/central-api/pinned-https";
import { routes } from "@tandem/central-api/routes";
import type { LicenceView } from "@tandem/loadmaster-api/licence-commands";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, needsChromium, newPage, screenshots, unnamed } from "./browser.ts";
import { type CentralProcess, startCentral } from "./central-process.ts";
import { type LoadMasterProcess, loadMasterUser, startLoadMaster } from "./loadmaster-process.ts";

const skip = needsChromium;
const becomesWithinMs = 60_000;

let browser: Browser;
let unit: LoadMasterProcess;
const centrals: CentralProcess[] = [];
const clients: CentralClient[] = [];
const complaints: string[] = [];

before(async () => {
  if (skip) return;
  centrals.push(await startCentral("central1", "127.0.0.4"), await startCentral("central2", "127.0.0.5"));
  for (const central of centrals) clients.push(await clientOf(central));
  unit = await startLoadMaster("lm1", "127.0.0.6");
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  for (const client of clients) client.close();
  for (const central of centrals) await central.remove();
  await unit?.remove();
});

async function clientOf(central: CentralProcess): Promise<CentralClient> {
  const server = { host: central.address, port: central.port };
  const client = new CentralClient({ ...server, fingerprint: await readFingerprint(server) });
  await client.signIn("admin", central.firstPassword);
  return client;
}

async function becomes(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + becomesWithinMs;
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, `in vain waited for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function pair(): Promise<void> {
  const [first, second] = clients as [CentralClient, CentralClient];
  for (const client of clients) await client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/8" } });
  for (const [client, other, at, state] of [
    [first, second, centrals[1], "Master"],
    [second, first, centrals[0], "Slave"],
  ] as const) {
    const { haKeyForThisPeer } = (await other.call(routes.ha)).configuration;
    await client.call(routes.applyHa, {
      body: {
        haKeyForTheOtherPeer: haKeyForThisPeer,
        ipAddressForTheOtherPeer: at?.address ?? "",
        peerPort: at?.peerPort ?? 0,
      },
    });
    await becomes(state, async () => {
      const { status } = await client.call(routes.ha);
      return status.ourState === state;
    });
  }
}

async function licence(): Promise<LicenceView> {
  const answer = await unit.client.call("licenseinfo");
  assert.ok(answer.ok);
  return answer.value as unknown as LicenceView;
}

/** Who holds the unit's licence, by what a Central says; undefined: nobody. */
async function holderBy(client: CentralClient): Promise<string | undefined> {
  const { uuid } = await licence();
  const { units } = await client.call(routes.listLicensedUnits);
  return units.find((each) => each.unit === uuid && each.state === "held")?.centralName;
}

async function licenseOnPage(page: Page, at: CentralProcess): Promise<void> {
  await page.getByLabel("Central's address").fill(at.address);
  await page.getByLabel("Port").fill(String(at.port));
  await page.getByRole("button", { name: "Show types of licence" }).click();
  await page.getByText(/Is it the right Central/).waitFor();
  await page.getByLabel("Type of licence").selectOption("local");
}

test("a LoadMaster and the two Centrals that license it", { skip, timeout: 400_000 }, async (t) => {
  const [first, second] = centrals as [CentralProcess, CentralProcess];
  const [atFirst, atSecond] = clients as [CentralClient, CentralClient];
  let failed = false;
  const part = (title: string, act: () => Promise<void>): Promise<void> =>
    t.test(title, { skip: failed && "an earlier part failed" }, async () => {
      failed = true;
      await act();
      failed = false;
    });
  let page: Page;
  const show = (path: string) => page.goto(`https://${unit.address}:${unit.port}/#${path}`);

  await part(
    "[ML7] it is licensed from its page, and its Central signs in with an account of its own",
    async () => {
      await pair();
      page = await newPage(browser, complaints);
      await show("/administration/licence");
      await page.getByLabel("User").fill(loadMasterUser);
      await page.getByLabel("Password").fill(unit.password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("Not licensed").waitFor();
      await licenseOnPage(page, first);
      assert.deepEqual(await unnamed(page), []);
      await page.getByRole("button", { name: "Activate" }).click();
      await page.getByText("This unit is licensed.").waitFor();
      assert.equal(await holderBy(atFirst), "central1");
      const { uuid, centrals: named } = await licence();
      const [own] = named;
      assert.ok(own?.fingerprint?.startsWith(own.unit), "its id is the beginning of the fingerprint");
      const { units } = await atFirst.call(routes.listLicensedUnits);
      const { device } = units.find((each) => each.unit === uuid) ?? {};
      await becomes("the device is up, and so the Central is signed in", async () => {
        const { devices } = await atFirst.call(routes.listDevices);
        const shown = devices.find((each) => each.id === device);
        return shown?.user === "tandem-central" && shown.status.state === "up";
      });
    },
  );

  await part(
    "[ML2] licensed again at the other Central, exactly one holds it, by the word of both",
    async () => {
      await licenseOnPage(page, second);
      await page.getByRole("button", { name: "Re-license" }).click();
      await page.getByText("This unit is licensed.").waitFor();
      assert.equal((await licence()).centrals.find((each) => each.isHolder)?.name, "central2");
      for (const client of [atFirst, atSecond])
        await becomes("both know the holder", async () => (await holderBy(client)) === "central2");
      assert.ok((await unit.client.call("licensecheck")).ok);
      assert.equal((await licence()).centrals.length, 2, "the other one is known by now");
      await page.screenshot({ path: `${screenshots}/unit-licence.png`, fullPage: true });
    },
  );

  await part(
    "[ML7] with the Central away the other one confirms it; with both away it is in grace",
    async () => {
      await second.stop();
      assert.ok((await unit.client.call("licensecheck")).ok);
      await first.stop();
      await page.getByRole("button", { name: "Check now" }).click();
      await page
        .getByText(/central2: 127.0.0.5:\d+ cannot be reached/)
        .first()
        .waitFor();
      assert.equal((await licence()).state, "grace");
      await show("/");
      await page.getByText("This unit's licence is not confirmed").waitFor();
      await first.start();
      assert.ok((await unit.client.call("licensecheck")).ok);
      assert.equal((await licence()).state, "licensed");
      await page.getByText("No warnings and no troubles.").waitFor();
    },
  );

  await part("[ML7] given back, it is free for another one and the Central's account has ended", async () => {
    await second.start();
    await show("/administration/licence");
    await page.getByRole("button", { name: "Release" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Release" }).click();
    await page.getByText("Not licensed").waitFor();
    await becomes("the Central knows", async () => {
      const client = await clientOf(second);
      const holder = await holderBy(client);
      client.close();
      return holder === undefined;
    });
    assert.deepEqual(complaints, []);
  });
});
