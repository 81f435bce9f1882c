import { cleanup, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { pairView, singleView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { InterfacesPage } from "./interfaces-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const list = {
  Interface: [
    {
      Id: 0,
      IPAddress: "192.0.2.11/24",
      DefaultInterface: true,
      HACheck: true,
      HAGateway: "192.0.2.1",
      SharedIPAddress: "192.0.2.10",
      PartnerIPAddress: "192.0.2.12",
    },
    { Id: 1, IPAddress: "198.51.100.11/24", DefaultInterface: false, HACheck: false },
  ],
};

test("[LH7] each interface with its addresses and its check; each change is a call of its own", async () => {
  const unit = fakeUnit({ showiface: list });
  showPage(<InterfacesPage />, pairView());
  expect(await screen.findByText("carrier and gateway 192.0.2.1")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Change interface 1" }));
  await userEvent.type(screen.getByLabelText("Shared address"), "198.51.100.10");
  await userEvent.type(screen.getByLabelText("Shared IPv6 address"), "2001:db8::10");
  await userEvent.click(screen.getByLabelText("Use for HA checks"));
  await userEvent.type(screen.getByLabelText("Gateway that must answer"), "198.51.100.1");
  await userEvent.click(screen.getByRole("button", { name: "Change" }));
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(unit.callsOf("modiface")).toEqual([
    { interface: 1, shared: "198.51.100.10" },
    { interface: 1, sharedv6: "2001:db8::10" },
    { interface: 1, hacheck: true },
    { interface: 1, hagateway: "198.51.100.1" },
  ]);
});

test("[LH7] the last check cannot be cleared: the unit's reason stands at the field", async () => {
  fakeUnit({ showiface: list, modiface: refusal("hacheck: interface 0 has the last check") });
  showPage(<InterfacesPage />, pairView());
  await userEvent.click(await screen.findByRole("button", { name: "Change interface 0" }));
  await userEvent.click(screen.getByLabelText("Use for HA checks"));
  await userEvent.click(screen.getByRole("button", { name: "Change" }));
  expect(await screen.findByText("interface 0 has the last check")).toBeTruthy();
  expect(screen.getByRole("dialog")).toBeTruthy();
});

test("[LH6] the partner's address is the unit's own, the shared address the pair's", async () => {
  fakeUnit({ showiface: list });
  showPage(<InterfacesPage />, pairView({ here: "own address", localAddress: "192.0.2.11" }));
  await userEvent.click(await screen.findByRole("button", { name: "Change interface 0" }));
  expect(screen.getByLabelText("Shared address").hasAttribute("readonly")).toBe(true);
  expect(screen.getByLabelText("Partner's address").hasAttribute("readonly")).toBe(false);
  cleanup();
  showPage(<InterfacesPage />, pairView());
  await userEvent.click(await screen.findByRole("button", { name: "Change interface 0" }));
  expect(screen.getByLabelText("Shared address").hasAttribute("readonly")).toBe(false);
  expect(screen.getByLabelText("Partner's address").hasAttribute("readonly")).toBe(true);
  cleanup();
  showPage(<InterfacesPage />, singleView());
  await userEvent.click(await screen.findByRole("button", { name: "Change interface 0" }));
  expect(screen.getByLabelText("Shared address").hasAttribute("readonly")).toBe(false);
  expect(screen.getByLabelText("Partner's address").hasAttribute("readonly")).toBe(false);
});
