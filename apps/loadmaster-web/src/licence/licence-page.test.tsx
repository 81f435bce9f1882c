import type { LicenceView } from "@tandem/loadmaster-api/licence-commands";
import { cleanup, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { HomePage } from "../home/home-page.tsx";
import { pairView, singleView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { LicencePage } from "./licence-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const unlicensed: LicenceView = {
  uuid: "00000000000000aa",
  LicenseStatus: "Not licensed",
  LicenseType: "",
  ActivationDate: "",
  state: "unlicensed",
  type: null,
  holder: null,
  number: null,
  centrals: [],
  grantedAt: null,
  heldAt: null,
  nextCheckAt: null,
  graceUntil: null,
  reason: null,
  unanswered: null,
};
const licensed: LicenceView = {
  ...unlicensed,
  LicenseStatus: "Licensed",
  LicenseType: "Local licence",
  state: "licensed",
  type: "local",
  holder: "Example Ltd",
  number: 7,
  centrals: [
    {
      name: "central1",
      unit: "a".repeat(16),
      host: "192.0.2.1",
      port: 8443,
      fingerprint: "a".repeat(64),
      isHolder: true,
    },
    { name: "central2", unit: "b".repeat(16), host: null, port: 8443, fingerprint: null, isHolder: false },
  ],
  grantedAt: 1_700_000_000_000,
  heldAt: 1_700_000_100_000,
  nextCheckAt: 1_700_000_200_000,
};
const offered = {
  host: "192.0.2.1",
  port: 8443,
  fingerprint: "a".repeat(64),
  central: "a".repeat(16),
  name: "central1",
  types: [
    { id: "local", name: "Local licence", mbps: null, available: 0 },
    { id: "metered", name: "Metered licence", mbps: null, available: null },
  ],
};

test("[ML7] a unit is licensed: first the Central, then one of the types that it offers", async () => {
  const unit = fakeUnit({
    licenseinfo: unlicensed,
    aslgetlicensetypes: { offered },
    aslactivate: () =>
      unit.callsOf("aslactivate").length === 1 ? refusal("all licences are in use; buy some") : {},
  });
  showPage(<LicencePage />, singleView());
  await userEvent.type(await screen.findByLabelText(/Central's address/), "192.0.2.1");
  await userEvent.click(screen.getByRole("button", { name: "Show types of licence" }));
  expect(await screen.findByText(/It calls itself central1/)).toBeTruthy();
  expect(screen.getByText(/^(aaaa\s?)+$/)).toBeTruthy();
  expect(screen.getByText("Local licence (0 left)")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Activate" }));
  expect(await screen.findByText(/all licences are in use/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Activate" }));
  expect(await screen.findByText("This unit is licensed.")).toBeTruthy();
  expect(unit.callsOf("aslactivate")[1]).toEqual({
    lic_type_id: "metered",
    aslhost: "192.0.2.1",
    aslport: 8443,
    aslfingerprint: "a".repeat(64),
  });
});

test("[ML7] the licence is shown with its Centrals, is checked at once and given back", async () => {
  const unit = fakeUnit({
    licenseinfo: licensed,
    licensecheck: () => refusal("the licence is not confirmed: central1 does not answer"),
  });
  showPage(<LicencePage />, singleView());
  expect(await screen.findByText("Local licence")).toBeTruthy();
  expect(screen.getByText(/central1, 192\.0\.2\.1:8443 \(has granted it\)/)).toBeTruthy();
  expect(screen.getByText(/central2, its address is not known/)).toBeTruthy();
  expect((screen.getByLabelText(/Central's address/) as HTMLInputElement).value).toBe("192.0.2.1");
  await userEvent.click(screen.getByRole("button", { name: "Check now" }));
  expect(await screen.findByText(/central1 does not answer/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Release" }));
  await userEvent.click(screen.getByLabelText(/Also when the Central does not answer/));
  const [, confirm] = screen.getAllByRole("button", { name: "Release", hidden: true });
  await userEvent.click(confirm as HTMLElement);
  await vi.waitFor(() => expect(unit.callsOf("killaslinstance")).toEqual([{ force: true }]));
});

test("[ML7] in a pair it is licensed at the unit's own address, not at the shared one", async () => {
  fakeUnit({ licenseinfo: licensed });
  showPage(<LicencePage />, pairView());
  expect(await screen.findByText(/changed at the unit's own address/)).toBeTruthy();
  expect(((await screen.findByRole("button", { name: "Check now" })) as HTMLButtonElement).disabled).toBe(
    true,
  );
});

test("[ML7] the home page says that the licence is not confirmed", () => {
  fakeUnit({});
  const licence = {
    level: "warning",
    title: "This unit's licence is not confirmed",
    text: "Traffic goes on.",
  } as const;
  showPage(<HomePage />, singleView({ licence }));
  expect(screen.getByText(/This unit's licence is not confirmed/)).toBeTruthy();
  expect(screen.getByRole("link", { name: "Licence" }).getAttribute("href")).toBe("#/administration/licence");
  expect(screen.queryByText(/No warnings/)).toBeNull();
});
