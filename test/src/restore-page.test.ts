/** A backup of one Central restored on the other from the page, as an operator does it: two real Centrals, Chromium, and clicks. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { eventually } from "@tandem/central/central-on-loopback";
import { CentralClient } from "@tandem/central-api/client";
import { readFingerprint } from "@tandem/central-api/pinned-https";
import { routes } from "@tandem/central-api/routes";
import { launchBrowser, needsChromium, signIn, unnamed } from "./browser.ts";
import { type CentralProcess, startCentral } from "./central-process.ts";

const passPhrase = "correct horse battery staple";
const soonMs = 30_000;

async function clientOf(central: CentralProcess): Promise<CentralClient> {
  const server = { host: central.address, port: central.port };
  const client = new CentralClient({ ...server, fingerprint: await readFingerprint(server) });
  await client.signIn("admin", central.firstPassword);
  return client;
}

test("[ML5] one unit's backup is downloaded from its page and restored on the other's, which says whether the settings fit", {
  skip: needsChromium,
  timeout: 240_000,
}, async (t) => {
  const centrals = [await startCentral("central1", "127.1.5.1"), await startCentral("central2", "127.1.5.2")];
  t.after(() => Promise.all(centrals.map((central) => central.remove())));
  const [first, second] = centrals as [CentralProcess, CentralProcess];
  const [atFirst, atSecond] = [await clientOf(first), await clientOf(second)];
  t.after(() => [atFirst, atSecond].map((client) => client.close()));
  for (const [client, other, at, state] of [
    [atFirst, atSecond, second, "Master"],
    [atSecond, atFirst, first, "Slave"],
  ] as const) {
    await client.call(routes.addNetwork, { body: { cidr: "10.1.0.0/16", name: "shared" } });
    const haKeyForTheOtherPeer = (await other.call(routes.ha)).configuration.haKeyForThisPeer;
    const body = { haKeyForTheOtherPeer, ipAddressForTheOtherPeer: at.address, peerPort: at.peerPort };
    await client.call(routes.applyHa, { body });
    await eventually(state, async () => (await client.call(routes.ha)).status.ourState === state);
  }
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const complaints: string[] = [];
  const asked: string[] = [];
  const pageOf = async (central: CentralProcess) => {
    const page = await signIn(browser, central, complaints);
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(`${central.url}/settings/ha`);
    return page;
  };

  const source = await pageOf(second);
  await source.getByRole("button", { name: "Download a backup" }).click();
  const dialogue = source.getByRole("dialog");
  await dialogue.getByLabel(/^Pass phrase(?! again)/).fill("short");
  await dialogue.getByLabel("Pass phrase again").fill("short");
  await dialogue.getByRole("button", { name: "Download" }).click();
  await dialogue.locator("#backup-pass-phrase-help").getByText(/10/).waitFor();
  assert.deepEqual(await unnamed(source), []);
  for (const label of [/^Pass phrase(?! again)/, /^Pass phrase again/])
    await dialogue.getByLabel(label).fill(passPhrase);
  const arriving = source.waitForEvent("download");
  await dialogue.getByRole("button", { name: "Download" }).click();
  const download = await arriving;
  assert.match(download.suggestedFilename(), /^central2-.*\.backup$/);
  const file = readFileSync(await download.path());

  const target = await pageOf(first);
  const choose = (buffer: Buffer) =>
    target
      .getByLabel("Backup file")
      .setInputFiles({ name: "central2.backup", mimeType: "application/octet-stream", buffer });
  const open = target.getByRole("button", { name: "Open", exact: true });
  await target.getByRole("button", { name: "Restore a backup" }).click();
  await target.getByLabel(/^Pass phrase/).fill("not the pass phrase");
  for (const [bytes, said] of [
    [file.subarray(0, 500), /not whole/],
    [Buffer.from("PK"), /no backup of a Central/],
  ] as const) {
    await choose(bytes);
    await open.click();
    await target.locator("#restore-file-help").getByText(said).waitFor();
  }
  await choose(file);
  await open.click();
  await target
    .locator("#restore-pass-phrase-help")
    .getByText(/does not open the backup/)
    .waitFor();
  assert.deepEqual(await unnamed(target), []);
  await target.getByLabel(/^Pass phrase/).fill(passPhrase);
  await open.click();
  await target.getByText(/Written by central2 .* of this pair/).waitFor();
  assert.deepEqual(await unnamed(target), []);
  if (process.env.SCREENSHOTS !== undefined)
    await target.screenshot({ path: `${process.env.SCREENSHOTS}/confirm.png` });
  await target.getByRole("button", { name: "Replace this unit's configuration" }).click();
  await target.getByText(/is kept as before-replacing-/).waitFor();
  await target.getByRole("button", { name: "Sign in again" }).click();
  await eventually("the unit serves again", () =>
    readFingerprint({ host: first.address, port: first.port }).then(
      () => true,
      () => false,
    ),
  );
  await target.getByLabel("Password").fill(first.firstPassword);
  await target.getByRole("button", { name: "Sign in" }).click();
  const checks = target.getByRole("grid", { name: "Settings of both units" });
  for (const setting of ["Disable", "IP Address for the Other Peer", "HA Key for the Other Peer"])
    await checks.getByRole("row", { name: new RegExp(`^${setting} .* fits `) }).waitFor({ timeout: soonMs });
  await checks.getByRole("row", { name: /^Preferred Master .*does not fit .*: / }).waitFor();
  await target.getByText(/kept as before-replacing-/).waitFor();
  if (process.env.SCREENSHOTS !== undefined)
    await target.screenshot({ path: `${process.env.SCREENSHOTS}/after.png`, fullPage: true });
  assert.deepEqual(
    asked.filter((url) => /horse|pass/i.test(url)),
    [],
  );
  assert.deepEqual(complaints, []);
});
