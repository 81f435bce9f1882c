/** Chromium for the tests of the web pages, and how an operator comes in. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import type { CentralProcess } from "./central-process.ts";

const chromiumPath = "/usr/bin/chromium";
export const needsChromium = existsSync(chromiumPath)
  ? false
  : `needs ${chromiumPath}: apt-get install chromium`;

/** Where pictures of the pages for the documentation are kept. */
export const screenshots = resolve(import.meta.dirname, "../../docs/images");
const actionWithinMs = 20_000;
export const viewport = { width: 1440, height: 1000 } as const;

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

/** A page that shares nothing with the others; what it throws is added to `complaints`. */
export async function newPage(browser: Browser, complaints: string[]): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport });
  const page = await context.newPage();
  page.setDefaultTimeout(actionWithinMs);
  page.on("pageerror", (error) => complaints.push(error.message));
  return page;
}

/** A page of its own, signed in at a Central. */
export async function signIn(browser: Browser, central: CentralProcess, complaints: string[]): Promise<Page> {
  const page = await newPage(browser, complaints);
  await page.goto(central.url);
  await page.getByLabel("Password").fill(central.firstPassword);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  return page;
}

const operable = [
  "button",
  "link",
  "textbox",
  "searchbox",
  "combobox",
  "checkbox",
  "switch",
  "radio",
  "spinbutton",
];

/** What can be operated and has no name that a screen reader could say, as lines of the accessibility tree. */
export async function unnamed(page: Page): Promise<readonly string[]> {
  const lines = (await page.locator("body").ariaSnapshot()).split("\n");
  const pattern = new RegExp(`^\\s*- (${operable.join("|")})(?! ")`);
  return lines.filter((line) => pattern.test(line));
}
