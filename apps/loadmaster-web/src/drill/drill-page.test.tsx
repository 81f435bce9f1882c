import { cleanup, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { pairView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { DrillPage, probeCommand } from "./drill-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

async function handOver() {
  await userEvent.click(screen.getByRole("button", { name: "Hand over" }));
  const dialogue = within(await screen.findByRole("dialog"));
  await userEvent.click(dialogue.getByRole("button", { name: "Hand over" }));
}

test("[LH13] the outage is measured from elsewhere, with a command for each service, ready to copy", async () => {
  fakeUnit({
    listvs: { VS: [{ Index: 1, VSAddress: "192.0.2.20", VSPort: "80", VStype: "http", NickName: "shop" }] },
  });
  showPage(<DrillPage />, pairView());
  const field = await screen.findByLabelText("Command for shop");
  expect((field as HTMLInputElement).value).toBe("tandem probe http://192.0.2.20/");
  expect(screen.getByText(/on a host of its own/)).toBeTruthy();
});

test.each([
  [
    { VSAddress: "192.0.2.20", VSPort: "8443", VStype: "http", SSLAcceleration: true },
    "tandem probe https://192.0.2.20:8443/",
  ],
  [{ VSAddress: "192.0.2.20", VSPort: "443", VStype: "gen" }, "tandem probe https://192.0.2.20/"],
  [{ VSAddress: "192.0.2.20", VSPort: "8080", VStype: "http" }, "tandem probe http://192.0.2.20:8080/"],
  [{ VSAddress: "192.0.2.20", VSPort: "25", VStype: "gen" }, "tandem probe 192.0.2.20:25"],
  [{ VSAddress: "2001:db8::20", VSPort: "25", VStype: "gen" }, "tandem probe [2001:db8::20]:25"],
])("[LH13] the probe's command for %j", (service, expected) => {
  expect(probeCommand(service)).toBe(expected);
});

test("[LH13] the role is handed over once it was confirmed; who has it and why it will not stay is said", async () => {
  const unit = fakeUnit({
    hahandover: {
      from: "HA1",
      to: "HA2",
      at: 1_700_000_000_000,
      message: "HA2 is active",
      warning: "HA1 is the preferred host and takes the role back at once",
    },
  });
  showPage(<DrillPage />, pairView());
  await handOver();
  expect(await screen.findByText(/HA1 to HA2: HA2 is active/)).toBeTruthy();
  expect(screen.getByText(/2023-11-14T22:13:20.000Z.*takes the role back at once/)).toBeTruthy();
  expect(unit.callsOf("hahandover")).toHaveLength(1);
});

test("[LH13] a refusal names every reason and moves nothing", async () => {
  fakeUnit({
    hahandover: refusal("hahandover: not possible: the partner link is down; nothing was changed"),
  });
  showPage(<DrillPage />, pairView());
  await handOver();
  expect(await screen.findByText(/the partner link is down; nothing was changed/)).toBeTruthy();
});

test.each([
  [pairView({}, { state: "down", reasons: ["no CARP heard"] }), /HA2 is down: no CARP heard/],
  [pairView({ hastatus: "Standby", here: "own address" }), /has no role to hand over/],
])("[LH13] without a role or a successor it is not offered, and the reason stands there", (view, reason) => {
  fakeUnit({});
  showPage(<DrillPage />, view);
  expect(screen.getByText(reason)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Hand over" }).hasAttribute("disabled")).toBe(true);
});
