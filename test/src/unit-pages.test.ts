/** The pages of a real pair in a real browser, at all three addresses. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { killMachine, start } from "@tandem/lab/faults";
import { type ForwardName, hostPortOf } from "@tandem/lab/forwarders";
import { loadMasterUser } from "@tandem/lab/operator";
import { activeOf, otherLoadMaster, rolesBecome } from "@tandem/lab/roles";
import { pairTheLoadMasters } from "@tandem/lab/story-loadmasters";
import { loadMasterOf, type World } from "@tandem/lab/story-world";
import type { LoadMasterNode } from "@tandem/lab/topology";
import { needsRoot } from "@tandem/linux/network-namespace";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, needsChromium, newPage, screenshots, unnamed } from "./browser.ts";
import { inLab } from "./lab-parts.ts";

const lab = "t10";
const skip = needsChromium || needsRoot();
/** The HA timeout of 3 s, what the page needs to notice, and a machine with other work. */
const shownWithinMs = 30_000;

let browser: Browser;
before(async () => {
  if (!skip) browser = await launchBrowser();
});
after(() => browser?.close());

const squareOf = (page: Page, unit: "HA1" | "HA2") => page.locator(`button[data-unit="${unit}"]`);

/** Of both squares: the colour, and the letter A where the role is. */
type Look = readonly [ha1: string, ha2: string];

/** Waits until both squares are so. */
async function squaresBecome(page: Page, [ha1, ha2]: Look): Promise<void> {
  for (const [unit, wanted] of [
    ["HA1", ha1],
    ["HA2", ha2],
  ] as const) {
    const [colour, letter = ""] = wanted.split(" ");
    await page
      .locator(`button[data-unit="${unit}"].ha-square--${colour}`)
      .filter({ hasText: letter === "" ? /^$/ : letter })
      .waitFor({ timeout: shownWithinMs });
  }
}

async function signInAt(
  world: World,
  place: ForwardName,
  unit: LoadMasterNode,
  complaints: string[],
): Promise<Page> {
  const page = await newPage(browser, complaints);
  await page.goto(`https://127.0.0.1:${hostPortOf(lab, place)}/`);
  await signInOn(page, world, unit);
  return page;
}

async function signInOn(page: Page, world: World, unit: LoadMasterNode): Promise<void> {
  await page.getByLabel("User").fill(loadMasterUser);
  await page.getByLabel("Password").fill(loadMasterOf(world, unit).password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

test("a pair of LoadMasters in the browser", { skip, timeout: 300_000 }, async (t) => {
  await inLab(t, lab, {}, async (world, part) => {
    await pairTheLoadMasters(world);
    const active = await activeOf(world);
    const standby = otherLoadMaster(active);
    const complaints: string[] = [];
    /** As the units are numbered, not by who is active. */
    const look = (ofActive: string, ofStandby: string): Look =>
      active === "lm1" ? [ofActive, ofStandby] : [ofStandby, ofActive];
    const whole = look("green A", "green");
    const moved = look("red", "green A");
    const back = look("green", "green A");
    const pages = new Map<string, Page>();

    await part("[LH9] the same two squares stand at all three addresses", async () => {
      pages.set("active", await signInAt(world, active, active, complaints));
      pages.set("standby", await signInAt(world, standby, standby, complaints));
      pages.set("shared", await signInAt(world, "loadmaster", active, complaints));
      for (const page of pages.values()) {
        await squaresBecome(page, whole);
        assert.deepEqual(await unnamed(page), []);
      }
      await pages.get("shared")?.screenshot({ path: `${screenshots}/unit-home.png` });
    });

    await part("[LH9] a square says why in words, and leads to its unit", async () => {
      const page = pages.get("shared") as Page;
      await squareOf(page, "HA2").click();
      await page.getByText("All is well with it.").waitFor();
      await page.getByRole("link", { name: /^10\.213\.0\.22/ }).waitFor();
    });

    await part(
      "[LH9] when the active machine dies the standby's page shows it without being asked",
      async () => {
        await killMachine(lab, active);
        const page = pages.get("standby") as Page;
        await squaresBecome(page, moved);
        await squareOf(page, active === "lm1" ? "HA1" : "HA2").click();
        await page
          .getByText(/the partner link is down/)
          .first()
          .waitFor();
        await pages.get("active")?.getByText("Connection lost").first().waitFor();
      },
    );

    await part(
      "[LH9] at the shared address the other unit asks who is there, and shows the same",
      async () => {
        const page = pages.get("shared") as Page;
        await page.getByRole("button", { name: "Sign in" }).waitFor({ timeout: shownWithinMs });
        await signInOn(page, world, standby);
        await squaresBecome(page, moved);
      },
    );

    await part("[LH9] the dead one comes back, and all pages show a whole pair again", async () => {
      await start(lab, active);
      await rolesBecome(world, { [active]: "Standby", [standby]: "Active" });
      await squaresBecome(pages.get("standby") as Page, back);
      await squaresBecome(pages.get("shared") as Page, back);
      assert.deepEqual(complaints, []);
    });
  });
});
