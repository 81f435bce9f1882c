/** The HA page as an operator uses it: two real Centrals, Chromium, and clicks. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, screenshots, signIn, needsChromium as skip } from "./browser.ts";
import { type CentralProcess, startCentral } from "./central-process.ts";

const stateDeadlineMs = 60_000;
/** The pair keeps its interval of 30 s; the page asks every 2 s. */
const beforeNextHeartbeatMs = 10_000;

let browser: Browser;
let future: { master: CentralProcess; slave: CentralProcess };

before(async () => {
  if (skip) return;
  future = {
    master: await startCentral("central1", "127.2.0.1"),
    slave: await startCentral("central2", "127.2.0.2"),
  };
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await future?.master.remove();
  await future?.slave.remove();
});

/** Signs in and opens Settings and Configuration > HA Configuration. */
async function openHaPage(central: CentralProcess, complaints: string[]): Promise<Page> {
  const page = await signIn(browser, central, complaints);
  await page.getByRole("link", { name: "HA Configuration" }).click();
  await page.getByRole("heading", { name: "HA Status" }).waitFor();
  return page;
}

async function addNetwork(page: Page, cidr: string): Promise<void> {
  await page.getByRole("button", { name: "Add network" }).click();
  await page.getByRole("dialog").getByRole("textbox", { name: "Network" }).fill(cidr);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("navigation", { name: "Network tree" }).getByText(cidr).waitFor();
}

const ourState = (page: Page) =>
  page.locator("dt", { hasText: "Our State" }).locator("xpath=following-sibling::dd[1]").textContent();

async function waitForState(page: Page, state: string): Promise<void> {
  const row = page.locator("dt", { hasText: "Our State" }).locator("xpath=following-sibling::dd[1]");
  await row.getByText(state, { exact: true }).waitFor({ timeout: stateDeadlineMs });
}

const keyOf = (page: Page) => page.getByLabel("HA Key for this Peer").inputValue();

test("[CH14] [CH1] a pair is set up by clicking, from Standalone to Master and Slave", {
  skip,
  timeout: 180_000,
}, async (t) => {
  const complaints: string[] = [];
  const { master, slave } = future;
  const onMaster = await openHaPage(master, complaints);
  const onSlave = await openHaPage(slave, complaints);
  assert.match((await ourState(onMaster)) ?? "", /Standalone/);
  assert.match((await ourState(onSlave)) ?? "", /Standalone/);
  await addNetwork(onMaster, "10.1.0.0/16");
  await addNetwork(onSlave, "10.2.0.0/16");

  await t.test("a mistyped key is refused beside its field, and nothing changes", async () => {
    const key = await keyOf(onSlave);
    const at = key.length - 10;
    await onMaster
      .getByLabel("HA Key for the Other Peer")
      .fill(key.slice(0, at) + (key[at] === "A" ? "B" : "A") + key.slice(at + 1));
    await onMaster.getByLabel("IP Address for the Other Peer").fill(slave.address);
    await onMaster.getByRole("button", { name: "Apply" }).click();
    await onMaster.locator("#haKeyForTheOtherPeer-help").getByText(/typ/i).waitFor();
    assert.match((await ourState(onMaster)) ?? "", /Standalone/);
  });

  await t.test("on the future Master: key, Preferred Master, address, Apply; wait for Master", async () => {
    await onMaster.getByLabel("HA Key for the Other Peer").fill(await keyOf(onSlave));
    await onMaster.getByLabel("Preferred Master").check();
    await onMaster.getByLabel("IP Address for the Other Peer").fill(slave.address);
    await onMaster.getByLabel("Port of the Other Peer").fill(String(slave.peerPort));
    await onMaster.getByRole("button", { name: "Apply" }).click();
    await waitForState(onMaster, "Master");
  });

  await t.test("on the future Slave: key, address, Apply; wait for Slave", async () => {
    await onSlave.getByLabel("HA Key for the Other Peer").fill(await keyOf(onMaster));
    await onSlave.getByLabel("IP Address for the Other Peer").fill(master.address);
    await onSlave.getByLabel("Port of the Other Peer").fill(String(master.peerPort));
    await onSlave.getByRole("button", { name: "Apply" }).click();
    await waitForState(onSlave, "Slave");
  });

  await t.test("[CH15] both pages say that set-up is complete, with equal sequence numbers", async () => {
    for (const page of [onMaster, onSlave]) {
      await page.getByRole("button", { name: "Refresh" }).click();
      await page.getByText(/Set-up is complete/).waitFor({ timeout: stateDeadlineMs });
      await page.getByText(/in step, and the digests/).waitFor({ timeout: stateDeadlineMs });
    }
  });

  await t.test(
    "[CH13] the Slave now has the Master's networks, and its own configuration is kept as a backup",
    async () => {
      await onSlave
        .getByRole("navigation", { name: "Network tree" })
        .getByText("10.1.0.0/16")
        .waitFor({ timeout: stateDeadlineMs });
      assert.equal(
        await onSlave.getByRole("navigation", { name: "Network tree" }).getByText("10.2.0.0/16").count(),
        0,
      );
      await onSlave.getByText(/configuration that was here before is kept as/).waitFor();
    },
  );

  await t.test("[CH3] a network added on the Slave by clicking appears on the Master", async () => {
    await addNetwork(onSlave, "10.3.0.0/16");
    await onMaster
      .getByRole("navigation", { name: "Network tree" })
      .getByText("10.3.0.0/16")
      .waitFor({ timeout: stateDeadlineMs });
  });

  await t.test(
    "[CH17] both pages show equal sequence numbers soon after, without waiting for a heartbeat",
    async () => {
      for (const page of [onMaster, onSlave])
        await page.getByText(/^in step/).waitFor({ timeout: beforeNextHeartbeatMs });
    },
  );

  if (process.env.UPDATE_SCREENSHOTS === "1")
    await onMaster.screenshot({ path: `${screenshots}/ha-configuration.png` });
  assert.deepEqual(complaints, []);
});
