/** Central's pages as an operator uses them: a pair of real Centrals, a real LoadMaster, Chromium, and clicks. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { after, before, test } from "node:test";
import { CentralClient } from "@tandem/central-api/client";
import { readFingerprint } from "@tandem/central-api/pinned-https";
import { routes } from "@tandem/central-api/routes";
import { notYet, seen, waitUntil } from "@tandem/lab/wait-until";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, signIn, needsChromium as skip, unnamed } from "./browser.ts";
import { type CentralProcess, startCentral } from "./central-process.ts";
import { type LoadMasterProcess, loadMasterUser, startLoadMaster } from "./loadmaster-process.ts";

const stateDeadlineMs = 60_000;
const soonMs = 15_000;

let browser: Browser;
const complaints: string[] = [];
const centrals: CentralProcess[] = [];
let loadMaster: LoadMasterProcess;
let master: CentralClient;
let onMaster: Page;
let onSlave: Page;

before(async () => {
  if (skip) return;
  const [first, second] = [
    await startCentral("central1", "127.1.0.1"),
    await startCentral("central2", "127.1.0.2"),
  ];
  centrals.push(first, second);
  loadMaster = await startLoadMaster("lm1", "127.1.0.3");
  browser = await launchBrowser();
  onMaster = await signIn(browser, first, complaints);
  onSlave = await signIn(browser, second, complaints);
});

after(async () => {
  await browser?.close();
  master?.close();
  for (const central of centrals) await central.remove();
  await loadMaster?.remove();
});

async function clientOf(central: CentralProcess): Promise<CentralClient> {
  const server = { host: central.address, port: central.port };
  const client = new CentralClient({ ...server, fingerprint: await readFingerprint(server) });
  await client.signIn("admin", central.firstPassword);
  return client;
}

/** Makes the pair by API: how it is clicked has a test of its own. */
async function pair(first: CentralProcess, second: CentralProcess): Promise<void> {
  const slave = await clientOf(second);
  await slave.call(routes.addNetwork, { body: { cidr: "127.0.0.0/8" } });
  const keyOf = async (client: CentralClient) =>
    (await client.call(routes.ha)).configuration.haKeyForThisPeer;
  const join = async (client: CentralClient, other: CentralClient, at: CentralProcess, state: string) => {
    const body = {
      haKeyForTheOtherPeer: await keyOf(other),
      ipAddressForTheOtherPeer: at.address,
      peerPort: at.peerPort,
    };
    await client.call(routes.applyHa, { body });
    await waitUntil({ what: `a unit that is ${state}`, deadlineMs: stateDeadlineMs }, async () => {
      const { status } = await client.call(routes.ha);
      return status.ourState === state ? seen(status) : notYet(status.ourState);
    });
  };
  await join(master, slave, second, "Master");
  await join(slave, master, first, "Slave");
  slave.close();
}

/** Sends lines of syslog from an address to where a Central listens. */
async function syslogSender(address: string) {
  const socket = createSocket("udp4");
  await new Promise<void>((bound) => socket.bind(0, address, bound));
  return {
    send: async (central: CentralProcess, text: string): Promise<void> => {
      const client = await clientOf(central);
      const { listeners } = await client.call(routes.logStatus);
      client.close();
      const port = listeners.find(({ protocol }) => protocol === "udp")?.port ?? 0;
      await new Promise((sent) => socket.send(text, port, central.address, sent));
    },
    close: () => socket.close(),
  };
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

test("the pages of a pair and of what it manages", { skip, timeout: 400_000 }, async (t) => {
  const [first, second] = centrals as [CentralProcess, CentralProcess];
  let failed = false;
  const part = (title: string, act: () => Promise<void>): Promise<void> =>
    t.test(title, { skip: failed && "an earlier part failed" }, async () => {
      failed = true;
      await act();
      failed = false;
    });
  master = await clientOf(first);
  await master.call(routes.addNetwork, { body: { cidr: "127.0.0.0/8" } });
  await master.call(routes.addDevice, {
    body: {
      address: loadMaster.address,
      port: loadMaster.port,
      user: loadMasterUser,
      password: loadMaster.password,
    },
  });

  await part("[CH9] a unit that is Standalone says that it executes actions alone", async () => {
    await open(onMaster, "Scheduled Actions");
    await onMaster.getByText(/This unit is Standalone\. It executes the actions itself/).waitFor();
    await onMaster.getByText("Nothing is scheduled").waitFor();
    await onMaster.getByText("No runs").waitFor();
  });

  await pair(first, second);

  await part("[CH9] an action scheduled on the Slave by clicking shows on the Master", async () => {
    await open(onSlave, "Scheduled Actions");
    await onSlave.getByText(/This unit is Slave; central1 is Master\. The Master executes/).waitFor();
    await onSlave.getByRole("button", { name: "Schedule an action" }).click();
    await dialogue(onSlave).getByLabel("Name").fill("nightly");
    await dialogue(onSlave)
      .getByLabel(/lm1 at/)
      .check();
    await dialogue(onSlave).getByLabel("When", { exact: true }).selectOption("Each week");
    await dialogue(onSlave).getByLabel("Weekday").selectOption("Monday");
    await dialogue(onSlave).getByRole("textbox", { name: "Time", exact: true }).fill("04:30");
    await dialogue(onSlave).getByLabel("Time zone").selectOption("Europe/Vienna");
    assert.deepEqual(await unnamed(onSlave), []);
    await send(onSlave, "Schedule");
    await onSlave.getByText("“nightly” is scheduled, on both units").waitFor();
    await onMaster.getByText("each Monday at 04:30 (Europe/Vienna)").waitFor({ timeout: soonMs });
  });

  await part(
    "[CH9] what is wrong stands beside its field with the remedy, and what was typed stays",
    async () => {
      await onMaster.getByRole("button", { name: "Change nightly" }).click();
      await dialogue(onMaster).getByLabel("When", { exact: true }).selectOption("Once");
      await dialogue(onMaster).getByLabel("Date and time").fill("2001-01-01T03:00");
      await dialogue(onMaster).getByRole("button", { name: "Change", exact: true }).click();
      await dialogue(onMaster)
        .locator("#action-once-help")
        .getByText(/has passed.*give a time that lies ahead/)
        .waitFor();
      assert.equal(await dialogue(onMaster).getByLabel("Date and time").inputValue(), "2001-01-01T03:00");
      await onMaster.keyboard.press("Escape");
      await dialogue(onMaster).waitFor({ state: "detached" });
      await onMaster.getByText("each Monday at 04:30 (Europe/Vienna)").waitFor();
    },
  );

  await part(
    "[CH20] a change that meets another one shows what stands now, and is sent again on purpose",
    async () => {
      await onMaster.getByRole("button", { name: "Change nightly" }).click();
      const { scheduledActions } = await master.call(routes.listScheduledActions);
      const params = { id: scheduledActions[0]?.id ?? "" };
      await master.call(routes.changeScheduledAction, {
        params,
        body: { name: "weekly", missedRule: "skip" },
      });
      await dialogue(onMaster).locator("#action-name").fill("each week");
      await dialogue(onMaster).getByRole("button", { name: "Change", exact: true }).click();
      await dialogue(onMaster)
        .locator("#action-name-help")
        .getByText(/it is now "weekly"/)
        .waitFor();
      assert.equal(await dialogue(onMaster).locator("#action-name").inputValue(), "each week");
      await send(onMaster, "Change");
      await onMaster.getByText("“each week” is changed, on both units").waitFor();
      const after = (await master.call(routes.listScheduledActions)).scheduledActions[0];
      assert.deepEqual([after?.name, after?.missedRule], ["each week", "skip"]);
      await master.call(routes.changeScheduledAction, { params, body: { name: "nightly" } });
    },
  );

  await part(
    "[CH22] [CH5] a run shows who executed it and what proves it, and its backup is downloaded on both",
    async () => {
      await onMaster.getByRole("button", { name: "Run nightly now" }).click();
      await send(onMaster, "Run now");
      for (const page of [onMaster, onSlave]) {
        const run = page.getByRole("row", { name: /nightly \(backup\)/ });
        await run.getByText("proved").waitFor({ timeout: soonMs });
        await run.getByText("central1, asked for by admin").waitFor();
        const link = run.getByRole("link", { name: /Download the backup \(\d+ bytes\)/ });
        await link.waitFor({ timeout: soonMs });
        const arriving = page.waitForEvent("download");
        await link.click();
        const download = await arriving;
        assert.match(download.suggestedFilename(), /^lm1 .*\.backup$/);
        assert.equal(await download.failure(), null);
        await run.getByRole("button", { name: "Details" }).click();
        await page.getByText(/SHA-256 [0-9a-f]{64}/).waitFor();
      }
    },
  );

  await part("[CH9] an action is disabled and removed by keyboard alone", async () => {
    await onMaster.getByRole("switch", { name: "nightly is enabled" }).press("Space");
    await onMaster.getByText("“nightly” is disabled, on both units").waitFor();
    await onSlave.getByRole("gridcell", { name: "disabled" }).waitFor({ timeout: soonMs });
    await onMaster.getByRole("button", { name: "Remove nightly" }).press("Enter");
    await dialogue(onMaster).getByRole("button", { name: "Remove", exact: true }).press("Enter");
    await onMaster.getByText("“nightly” is removed, on both units").waitFor();
    await onSlave.getByText("Nothing is scheduled").waitFor({ timeout: soonMs });
    await onSlave.getByRole("row", { name: /nightly \(backup\)/ }).waitFor();
  });

  await part(
    "[CH2] syslog is searched on either unit, by device, severity, time and text, and followed",
    async () => {
      const sender = await syslogSender(loadMaster.address);
      const send = async (text: string): Promise<void> => {
        for (const central of centrals) await sender.send(central, text);
      };
      await send("<131>1 2026-11-25T14:00:00Z lm1 haproxy 12 - - server web1 is DOWN");
      await send("<134>1 2026-11-25T14:00:00Z lm1 haproxy 12 - - server web1 is UP");
      for (const page of [onMaster, onSlave]) {
        await open(page, "Syslog");
        await page.getByText(/sends its syslog to both units/).waitFor();
        const search = page.getByRole("form", { name: "Search syslog" });
        await search.getByLabel("Device").selectOption({ label: `lm1 at ${loadMaster.address}` });
        await search.getByLabel("Severity").selectOption("error and worse");
        await search.getByLabel("Text").fill("web1");
        await search.getByLabel("Received from").fill("2020-01-01T00:00");
        await search.getByLabel("Text").press("Enter");
        await page.waitForURL(/severity=error/);
        await page.getByRole("row", { name: /lm1 error haproxy\[12\] server web1 is DOWN/ }).waitFor();
        assert.equal(await page.getByText("server web1 is UP").count(), 0);
        await search.getByLabel("Received before").fill("2020-01-02T00:00");
        await search.getByRole("button", { name: "Search" }).click();
        await page.getByText("No such lines").waitFor();
        await search.getByRole("button", { name: "Clear" }).click();
        await page.getByText("server web1 is UP").waitFor();
        await page.getByLabel("Follow").press("Space");
      }
      await send("<134>1 2026-11-25T14:00:00Z lm1 haproxy 12 - - server web1 is gone");
      for (const page of [onMaster, onSlave]) await page.getByText("server web1 is gone").waitFor();
      sender.close();
    },
  );

  await part(
    "[CH25] a notification target is added, refused beside its field, tested, changed and removed",
    async () => {
      await open(onMaster, "Notifications");
      await onMaster.getByText("Nobody is told").waitFor();
      await onMaster.getByRole("button", { name: "Add a target" }).click();
      await dialogue(onMaster).getByLabel("Name").fill("ops");
      await dialogue(onMaster).getByLabel("Address").fill("http://127.0.0.1/");
      await dialogue(onMaster).getByRole("button", { name: "Add", exact: true }).click();
      await dialogue(onMaster)
        .locator("#target-address-help")
        .getByText(/begins with https/)
        .waitFor();
      await dialogue(onMaster).getByLabel("Kind").selectOption("Syslog");
      await dialogue(onMaster).getByLabel("Address").fill("127.0.0.1:9");
      assert.deepEqual(await unnamed(onMaster), []);
      await send(onMaster, "Add");
      await onMaster.getByText("“ops” is added").waitFor();
      await onMaster.getByRole("button", { name: "Test ops" }).click();
      await onMaster.getByText(/The test to “ops” was/).waitFor();
      await onMaster.getByRole("button", { name: "Change ops" }).click();
      await dialogue(onMaster).getByLabel("What is told").selectOption("errors");
      await send(onMaster, "Change");
      await onMaster.getByRole("row", { name: /ops Syslog 127\.0\.0\.1:9 errors enabled/ }).waitFor();
    },
  );

  await part(
    "[CH4] the set-up page tells of the switches; turned on the Slave, one brings the rows to it",
    async () => {
      await open(onSlave, "Notifications");
      await onSlave.getByText(/These targets are of this unit alone/).waitFor();
      await onSlave.getByText("Nobody is told").waitFor();
      await open(onSlave, "HA Configuration");
      await onSlave.getByText(/Each unit has its own: .*Notification settings/).waitFor();
      await onSlave.getByRole("link", { name: "Decide what both units are to have" }).click();
      await onSlave.getByLabel("Notification settings").press("Space");
      await send(onSlave, "Turn on");
      await onSlave.getByText("Notification settings: synchronisation is on, on both units").waitFor();
      assert.deepEqual(await unnamed(onSlave), []);
      await open(onSlave, "Notifications");
      await onSlave.getByText(/Both units have these targets/).waitFor();
      await onSlave.getByRole("row", { name: /ops Syslog/ }).waitFor();
      await onSlave.getByRole("button", { name: "Remove ops" }).press("Enter");
      await send(onSlave, "Remove");
      await onMaster.getByText("Nobody is told").waitFor();
    },
  );

  await part(
    "[CE2] [CH2] a virtual service of a device is added on the Slave and shows on the Master",
    async () => {
      await open(onSlave, "Networks and Devices");
      await onSlave.getByRole("link", { name: "lm1" }).click();
      await onSlave.getByText("No virtual services").waitFor();
      await onSlave.getByRole("button", { name: "Add a virtual service" }).click();
      await dialogue(onSlave).locator("#service-address").fill("not an address");
      await dialogue(onSlave).locator("#service-name").fill("web");
      await dialogue(onSlave).getByRole("button", { name: "Add a real server" }).click();
      await dialogue(onSlave).locator("#server-address-0").fill("127.0.0.61");
      await dialogue(onSlave).getByLabel("Parameters").fill("CheckType=none");
      assert.deepEqual(await unnamed(onSlave), []);
      await dialogue(onSlave).getByRole("button", { name: "Add", exact: true }).click();
      await dialogue(onSlave)
        .getByText(/not an address/)
        .waitFor();
      await dialogue(onSlave).locator("#service-address").fill("127.0.0.60");
      await send(onSlave, "Add");
      await onSlave.getByText("Virtual service 127.0.0.60:80 is added, on both units").waitFor();
      await open(onMaster, "Networks and Devices");
      await onMaster.getByRole("link", { name: "lm1" }).click();
      await onMaster
        .getByRole("row", { name: /127\.0\.0\.60:80\/tcp web .*127\.0\.0\.61:80.*through Central/ })
        .waitFor();
    },
  );

  await part(
    "[CH22] a change based on what the device no longer has is refused with both values, and sent again on purpose",
    async () => {
      await onMaster.getByRole("button", { name: "Change 127.0.0.60:80" }).click();
      const service = { address: "127.0.0.60", port: 80 };
      const meanwhile = await loadMaster.client.addRealServer(service, "127.0.0.62", 80);
      assert.ok(meanwhile.ok);
      await dialogue(onMaster).locator("#service-name").fill("shop");
      await dialogue(onMaster).getByRole("button", { name: "Change", exact: true }).click();
      const changed = dialogue(onMaster).getByRole("grid", { name: "Changed meanwhile" });
      await changed.getByRole("row", { name: /127\.0\.0\.62:80.* not there added/ }).waitFor();
      await dialogue(onMaster)
        .getByText("On the device now: name “web”, real servers 127.0.0.61:80, 127.0.0.62:80")
        .waitFor();
      await dialogue(onMaster).getByText("Yours: name “shop”, real servers 127.0.0.61:80").waitFor();
      await send(onMaster, "Send mine all the same");
      await onMaster.getByRole("row", { name: /tcp shop/ }).waitFor();
      await onMaster.getByRole("button", { name: "Remove 127.0.0.60:80" }).click();
      await send(onMaster, "Remove");
      await onMaster.getByText("No virtual services").waitFor();
    },
  );

  await part("every control of the pages has a name, and no page complained", async () => {
    for (const page of [onMaster, onSlave]) assert.deepEqual(await unnamed(page), []);
    assert.deepEqual(complaints, []);
  });
});
