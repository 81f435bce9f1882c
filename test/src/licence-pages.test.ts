/** Central's pages of licences as an operator uses them: a pair of real Centrals, a real LoadMaster, Chromium, and clicks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "@tandem/central/central-on-loopback";
import { SigningLoadMaster } from "@tandem/central/licensing/signing-load-master";
import { licenceFor, newIssuer, notLocal, signed } from "@tandem/central/own-licence/issued-licence";
import { CentralClient } from "@tandem/central-api/client";
import { readFingerprint } from "@tandem/central-api/pinned-https";
import { routes } from "@tandem/central-api/routes";
import type { Page } from "playwright-core";
import { launchBrowser, needsChromium, signIn, unnamed } from "./browser.ts";
import { type CentralProcess, startCentral } from "./central-process.ts";
import { startLoadMaster } from "./loadmaster-process.ts";

const soonMs = 20_000;

async function clientOf(central: CentralProcess): Promise<CentralClient> {
  const server = { host: central.address, port: central.port };
  const client = new CentralClient({ ...server, fingerprint: await readFingerprint(server) });
  await client.signIn("admin", central.firstPassword);
  return client;
}

async function join(
  client: CentralClient,
  other: CentralClient,
  at: CentralProcess,
  state: string,
): Promise<void> {
  const { haKeyForThisPeer } = (await other.call(routes.ha)).configuration;
  await client.call(routes.applyHa, {
    body: {
      haKeyForTheOtherPeer: haKeyForThisPeer,
      ipAddressForTheOtherPeer: at.address,
      peerPort: at.peerPort,
    },
  });
  await eventually(
    `a unit that is ${state}`,
    async () => (await client.call(routes.ha)).status.ourState === state,
  );
}

/** Opens a page by its entry in the navigation. */
async function open(page: Page, entry: string): Promise<void> {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: entry }).click();
  await page.getByRole("heading", { name: entry, level: 1 }).waitFor();
}
const dialogue = (page: Page) => page.getByRole("dialog");
/** Sends the form of the dialogue that is open, and waits until it has closed. */
async function send(page: Page, action: string): Promise<void> {
  await dialogue(page).getByRole("button", { name: action, exact: true }).click();
  await dialogue(page).waitFor({ state: "detached" });
}

test("licences on Central's pages", { skip: needsChromium, timeout: 300_000 }, async (t) => {
  const metering = { metering: { slotSeconds: 1 } };
  const first = await startCentral("central1", "127.1.4.1", metering);
  t.after(() => first.remove());
  const second = await startCentral("central2", "127.1.4.2", metering);
  t.after(() => second.remove());
  const loadMaster = await startLoadMaster("lm1", "127.1.4.3");
  t.after(() => loadMaster.remove());
  const [atFirst, atSecond] = [await clientOf(first), await clientOf(second)];
  t.after(() => [atFirst, atSecond].map((client) => client.close()));
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const complaints: string[] = [];
  const [page, onSecond] = [
    await signIn(browser, first, complaints),
    await signIn(browser, second, complaints),
  ];
  let failed = false;
  const part = (title: string, act: () => Promise<void>): Promise<void> =>
    t.test(title, { skip: failed && "an earlier part failed" }, async () => {
      failed = true;
      await act();
      failed = false;
    });
  const units = [(await atFirst.call(routes.about)).unit, (await atSecond.call(routes.about)).unit];
  const issuer = newIssuer();
  const licence = licenceFor(units, Date.now());

  await part(
    "[ML1] a trial is shown; a licence is refused beside its text, and taken from a file",
    async () => {
      await open(page, "LoadMaster Licensing");
      await page.getByText("The trial ends in 30 days").waitFor();
      await page.getByText("No issuer is trusted").waitFor();
      await page.getByRole("button", { name: "Replace the licence" }).click();
      await dialogue(page).getByLabel("Licence", { exact: true }).fill("not a licence");
      assert.deepEqual(await unnamed(page), []);
      await dialogue(page).getByRole("button", { name: "Import" }).click();
      await dialogue(page).locator("#licence-text-help").getByText(/: /).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Trust an issuer" }).click();
      await dialogue(page).getByLabel("Name").fill("Our licences");
      await dialogue(page).getByLabel("Public key").fill("nonsense");
      await dialogue(page).getByRole("button", { name: "Trust" }).click();
      await dialogue(page)
        .locator("#issuer-key-help")
        .getByText(/no Ed25519 public key/)
        .waitFor();
      await dialogue(page).getByLabel("Public key").fill(issuer.publicKey);
      await send(page, "Trust");
      await page.getByRole("row", { name: /Our licences/ }).waitFor();
      await page.getByRole("button", { name: "Replace the licence" }).click();
      const buffer = Buffer.from(await signed(licence, issuer));
      await dialogue(page)
        .getByLabel("File")
        .setInputFiles({ name: "licence.jws", mimeType: "text/plain", buffer });
      await send(page, "Import");
      await page.getByText("The licence is imported on this unit").waitFor();
      await page.getByText("8 local licences").waitFor();
      assert.deepEqual(await unnamed(page), []);
    },
  );

  await atSecond.call(routes.trustLicenceIssuer, { body: { key: issuer.publicKey, name: "Our licences" } });
  await atSecond.call(routes.importLicence, { body: { licence: await signed(licence, issuer) } });
  for (const client of [atFirst, atSecond])
    await client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/8" } });
  await join(atFirst, atSecond, second, "Master");
  await join(atSecond, atFirst, first, "Slave");
  const activated = await loadMaster.client.call("aslactivate", {
    lic_type_id: "metered",
    aslhost: second.address,
    aslport: second.port,
  });
  assert.ok(activated.ok, JSON.stringify(activated));
  for (const name of ["branch-1", "branch-2"])
    await new SigningLoadMaster("127.1.4.9", { name }).activate(atFirst, "local");

  await part(
    "[ML3] [ML4] both units list all, the other's device ID in parentheses, and the tree says which is licensed",
    async () => {
      await open(page, "Licence Management");
      await page
        .getByRole("row", { name: /lm1.*\(1\) Metered licence central2 \(the other unit\)/ })
        .waitFor();
      await open(onSecond, "Licence Management");
      await onSecond.getByRole("row", { name: /lm1.* 1 Metered licence central2/ }).waitFor();
      await onSecond.getByRole("row", { name: /branch-1.*\(1\) Local licence central1/ }).waitFor();
      await page.getByRole("treeitem", { name: "lm1 licensed" }).waitFor({ timeout: soonMs });
      assert.deepEqual(await unnamed(page), []);
    },
  );

  await part("[ML7] a part of the other's share is taken over", async () => {
    await page.getByRole("button", { name: "Take over share: Local licences" }).click();
    await dialogue(page).getByLabel("Amount").fill("3");
    await send(page, "Take over");
    await page.getByText("3 local licences were taken over; this unit's share is 7").waitFor();
    await page.getByRole("row", { name: /Local licences 8 2 7 2 1 0/ }).waitFor();
  });

  await part("[ML7] a licence is recovered on either unit, after a question", async () => {
    await onSecond.getByRole("button", { name: "Recover the licence of branch-2" }).click();
    await send(onSecond, "Recover");
    await onSecond.getByText(/The licence of branch-2 is recovered/).waitFor();
    await page.getByRole("row", { name: /branch-2.* ended/ }).waitFor({ timeout: soonMs });
  });

  await part(
    "[ML6] the month's report shows what was sampled, is downloaded, and is delivered on request",
    async () => {
      await open(page, "Reports");
      const usage = page.getByRole("grid", { name: "Usage: Metered licences" });
      await usage.getByRole("row", { name: /\(1\) lm1 0\.000 Gbit\/s/ }).waitFor({ timeout: 70_000 });
      await page.getByText("Billed, rounded up").waitFor();
      const arriving = page.waitForEvent("download");
      await page.getByRole("link", { name: "Metered licences: download CSV" }).click();
      assert.match((await arriving).suggestedFilename(), /^metered-usage-\d{4}-\d{2}\.csv$/);
      await page.getByRole("button", { name: "Set up webhook" }).click();
      await dialogue(page).getByLabel("Address").fill("http://127.0.0.1/");
      assert.deepEqual(await unnamed(page), []);
      await dialogue(page).getByRole("button", { name: "Apply" }).click();
      await dialogue(page).locator("#destination-address-help").getByText(/https/).waitFor();
      await dialogue(page).getByLabel("Address").fill("https://127.1.4.8:9/");
      await send(page, "Apply");
      await page.getByText("Webhook of monthly reports is kept, on both units").waitFor();
      await page.getByRole("button", { name: /Send the report of .* now/ }).click();
      await page.getByText(/Webhook: not delivered/).waitFor({ timeout: 60_000 });
      assert.deepEqual(await unnamed(page), []);
    },
  );

  await part("[ML1] a pair that stands apart says on its pages what differs, with both values", async () => {
    const other = notLocal({ ...licence, id: "3".repeat(16), account: "4".repeat(16) });
    const refused = await atSecond
      .call(routes.importLicence, { body: { licence: await signed(other, issuer), replaceNewer: true } })
      .then(() => undefined, String);
    assert.equal(refused, undefined);
    await open(page, "LoadMaster Licensing");
    await page
      .getByText(
        "The pair stands apart, since these are not equal: local licensing (central1: on, central2: off)",
      )
      .waitFor({ timeout: soonMs });
    await page
      .getByText(/import licences of the same kinds on both/)
      .first()
      .waitFor();
  });

  assert.deepEqual(complaints, []);
});
