import type { PairingStep, PairingView } from "@tandem/loadmaster-api/pairing";
import { cleanup, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { pairView, singleView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { SetupPage } from "./setup-page.tsx";

beforeEach(() => {
  // jsdom has neither; the file goes to the browser.
  URL.createObjectURL = () => "blob:backup";
  URL.revokeObjectURL = () => {};
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const fingerprint = "3f".repeat(32);
const digest = "ab".repeat(32);
const backup = { data: btoa("backup"), digest, filename: "LMBackups_lm1" };
const step = (name: PairingStep["name"], more: Partial<PairingStep>): PairingStep => ({
  name,
  about: `about ${name}`,
  state: "waiting",
  since: 0,
  detail: "",
  remedy: "",
  ...more,
});
const procedure = (more: Partial<PairingView>): object => ({
  kind: null,
  state: "none",
  steps: [],
  outcome: "",
  backups: [],
  ...more,
});
const check = (name: string, ok: boolean | null, found: string, remedy = "") => ({ name, ok, found, remedy });

async function goToChecks() {
  await userEvent.type(await screen.findByLabelText(/Own address of the other unit/), "192.0.2.12");
  await userEvent.type(screen.getByLabelText(/Shared address/), "192.0.2.10");
  await userEvent.click(screen.getByRole("button", { name: "Ask for its key" }));
  expect(await screen.findByText(/3f3f 3f3f/)).toBeTruthy();
  const go = screen.getByRole("button", { name: "Check both units" });
  await userEvent.type(screen.getByLabelText(/Password of the other unit/), "its password");
  expect(go.hasAttribute("disabled")).toBe(true);
  await userEvent.click(screen.getByLabelText(/I have compared it/));
  await userEvent.click(go);
}

test("[LH10] key, checks, backup, pair: nothing secret is sent before the key is confirmed, and backups come first", async () => {
  const unit = fakeUnit({
    hapairstatus: procedure({}),
    showiface: { Interface: [] },
    hapaircheck: ({ partnerfingerprint }) =>
      partnerfingerprint === undefined
        ? { fingerprint, confirmed: false, ready: false, checks: [] }
        : {
            fingerprint,
            confirmed: true,
            ready: true,
            checks: [
              check("version", true, "both run 0.1.0"),
              check("licence", null, "this version has no licences"),
            ],
          },
    backup,
    hapair: procedure({
      kind: "pair",
      state: "running",
      steps: [step("check", { state: "done" }), step("partner", { state: "running" })],
    }),
  });
  showPage(<SetupPage />, singleView());
  await goToChecks();
  expect(await screen.findByText("version: both run 0.1.0")).toBeTruthy();
  expect(screen.getByText("licence: this version has no licences")).toBeTruthy();
  expect(unit.callsOf("hapaircheck")[0]).toEqual({
    partner: "192.0.2.12",
    partnerport: "443",
    shared: "192.0.2.10",
    mode: "1",
  });
  await userEvent.click(screen.getByRole("button", { name: "Go on to the backups" }));
  expect(screen.getByText(/Save a backup before anything is changed/)).toBeTruthy();
  const make = screen.getByRole("button", { name: "Make the pair" });
  expect(make.hasAttribute("disabled")).toBe(true);
  await userEvent.click(screen.getByRole("button", { name: "Save the backup of this unit" }));
  await vi.waitFor(() => expect(make.hasAttribute("disabled")).toBe(false));
  expect(HTMLAnchorElement.prototype.click).toHaveBeenCalledOnce();
  expect(unit.callsOf("hapair")).toEqual([]);
  await userEvent.click(make);
  expect(await screen.findByText("Making a pair")).toBeTruthy();
  expect(screen.getByText("about partner")).toBeTruthy();
  expect(unit.callsOf("hapair")).toEqual([
    {
      partner: "192.0.2.12",
      partnerport: "443",
      shared: "192.0.2.10",
      mode: "1",
      partneruser: "bal",
      partnerpassword: "its password",
      partnerfingerprint: fingerprint,
      backupdigest: digest,
    },
  ]);
});

test("[LH10] a check that is not well says what to do, and the way on is closed until it is", async () => {
  fakeUnit({
    hapairstatus: procedure({}),
    showiface: { Interface: [] },
    hapaircheck: ({ partnerfingerprint }) =>
      partnerfingerprint === undefined
        ? { fingerprint, confirmed: false, ready: false, checks: [] }
        : {
            fingerprint,
            confirmed: true,
            ready: false,
            checks: [check("clock", false, "40 s apart", "set the same time server on both")],
          },
  });
  showPage(<SetupPage />, singleView());
  await goToChecks();
  expect(await screen.findByText("clock: 40 s apart")).toBeTruthy();
  expect(screen.getByText("set the same time server on both")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Go on to the backups" }).hasAttribute("disabled")).toBe(true);
});

test("[LH10] what is refused stands at its field, and leads back to where that is", async () => {
  fakeUnit({
    hapairstatus: procedure({}),
    showiface: { Interface: [] },
    hapaircheck: ({ partnerfingerprint }) =>
      partnerfingerprint === undefined
        ? { fingerprint, confirmed: false, ready: false, checks: [] }
        : refusal("shared: 192.0.2.10 is not in the network of interface 0"),
  });
  showPage(<SetupPage />, singleView());
  await goToChecks();
  expect(await screen.findByText(/is not in the network of interface 0/)).toBeTruthy();
  expect((screen.getByLabelText(/Shared address/) as HTMLInputElement).value).toBe("192.0.2.10");
});

test("[LH10] a procedure that failed says at which step, what to do, and how the unit stands", async () => {
  fakeUnit({
    showiface: { Interface: [] },
    hapairstatus: procedure({
      kind: "pair",
      state: "failed",
      steps: [
        step("check", { state: "done" }),
        step("link", { state: "failed", detail: "no answer in 30 s", remedy: "open TCP 6973" }),
      ],
      outcome: "this unit is single, as before",
      backups: ["/var/lib/backups/a"],
    }),
  });
  showPage(<SetupPage />, singleView());
  expect(await screen.findByText("Making a pair: failed")).toBeTruthy();
  expect(screen.getByText("failed. no answer in 30 s. open TCP 6973")).toBeTruthy();
  expect(screen.getByText("this unit is single, as before")).toBeTruthy();
  expect(screen.getByText(/\/var\/lib\/backups\/a/)).toBeTruthy();
});

test("[LH10] the active unit of a pair may end it, after a backup; a partner that is dead is not asked", async () => {
  const unit = fakeUnit({
    hapairstatus: procedure({}),
    showiface: { Interface: [] },
    backup,
    haunpair: procedure({ kind: "dissolve", state: "running", steps: [step("leave", { state: "running" })] }),
  });
  showPage(<SetupPage />, pairView());
  await userEvent.click(await screen.findByRole("button", { name: "End this pair" }));
  const form = within(screen.getByRole("form", { name: "Single again" }));
  const end = form.getByRole("button", { name: "End the pair" });
  await userEvent.click(form.getByLabelText(/dead for good/));
  expect(end.hasAttribute("disabled")).toBe(true);
  await userEvent.click(form.getByRole("button", { name: "Save the backup of this unit" }));
  await vi.waitFor(() => expect(end.hasAttribute("disabled")).toBe(false));
  await userEvent.click(end);
  expect(await screen.findByText("Ending the pair")).toBeTruthy();
  expect(unit.callsOf("haunpair")).toEqual([{ gone: true, sharedaddress: "keep", backupdigest: digest }]);
});

test("[LH10] a dead partner is replaced by a unit whose key was confirmed", async () => {
  const unit = fakeUnit({
    hapairstatus: procedure({}),
    showiface: { Interface: [] },
    hapaircheck: { fingerprint, confirmed: false, ready: false, checks: [] },
    backup,
    hareplace: refusal("hareplace: the partner 192.0.2.12 is there; end the pair first"),
  });
  showPage(<SetupPage />, pairView());
  await userEvent.click(await screen.findByRole("button", { name: "Replace a dead partner" }));
  const form = within(screen.getByRole("form", { name: "A new unit for a dead partner" }));
  await userEvent.type(form.getByLabelText(/Own address of the other unit/), "192.0.2.13");
  await userEvent.click(form.getByRole("button", { name: "Ask for its key" }));
  await userEvent.click(await form.findByLabelText(/I have compared it/));
  await userEvent.type(form.getByLabelText(/Password of the other unit/), "its password");
  await userEvent.click(form.getByRole("button", { name: "Save the backup of this unit" }));
  await vi.waitFor(() =>
    expect(form.getByRole("button", { name: "Take it as the partner" }).hasAttribute("disabled")).toBe(false),
  );
  await userEvent.click(form.getByRole("button", { name: "Take it as the partner" }));
  expect(await form.findByText(/the partner 192.0.2.12 is there/)).toBeTruthy();
  expect(unit.callsOf("hareplace")).toEqual([
    {
      partner: "192.0.2.13",
      partnerport: "443",
      partneruser: "bal",
      partnerpassword: "its password",
      partnerfingerprint: fingerprint,
      backupdigest: digest,
    },
  ]);
});

test("[LH10] the standby sends to the active unit, and offers nothing that it would refuse", async () => {
  fakeUnit({ hapairstatus: procedure({}) });
  showPage(<SetupPage />, pairView({ hastatus: "Standby", here: "own address" }));
  expect(await screen.findByText("This unit is Standby")).toBeTruthy();
  expect(screen.getByRole("link", { name: "192.0.2.10" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "End this pair" })).toBeNull();
});
