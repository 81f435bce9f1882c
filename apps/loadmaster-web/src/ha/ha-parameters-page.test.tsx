import { cleanup, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import type { Parameters } from "../api/transport.ts";
import { pairView, singleView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { HaParametersPage } from "./ha-parameters-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const answers = (set: object | ((parameters: Parameters) => object) = {}) => ({
  getall: {
    hamode: 1,
    hatimeout: 3,
    hafast: false,
    hawait: 0,
    havhid: 1,
    haprefered: 0,
    haif: 0,
    macglobal: false,
    vmac: false,
    hal4update: false,
    hal7update: true,
  },
  get: { carppassword: "" },
  showiface: { Interface: [{ Id: 0, IPAddress: "192.0.2.11/24" }] },
  set,
});
const ownView = () => pairView({ here: "own address", localAddress: "192.0.2.11" });
const isLocked = (element: HTMLElement): boolean =>
  element.hasAttribute("disabled") || element.hasAttribute("readonly");

test("[LH2] the timeouts are 3, 6, 9, 12 and 15 seconds, and fast mode stands beside them; only what was changed is sent", async () => {
  const unit = fakeUnit(answers());
  showPage(<HaParametersPage />, pairView());
  const timeout = await screen.findByLabelText("HA Timeout");
  expect(
    [...timeout.querySelectorAll("option")].map((each) => Number.parseInt(each.textContent ?? "", 10)),
  ).toEqual([3, 6, 9, 12, 15]);
  await userEvent.selectOptions(timeout, "1");
  await userEvent.click(screen.getByLabelText("Fast mode"));
  await userEvent.click(screen.getByRole("button", { name: "Apply" }));
  expect(await screen.findByText("The changes are made.")).toBeTruthy();
  expect(unit.callsOf("set")).toEqual([
    { param: "hatimeout", value: "1" },
    { param: "hafast", value: "1" },
  ]);
});

test("[LH3] a preferred host is warned of before it is chosen for good, and the unit's own warning is shown after", async () => {
  fakeUnit(answers({ warning: "HA1 is the preferred host" }));
  showPage(<HaParametersPage />, pairView());
  const preferred = await screen.findByLabelText("Switch to Preferred Server");
  expect(screen.queryByText(/second switch/)).toBeNull();
  await userEvent.selectOptions(preferred, "1");
  expect(screen.getByText(/second switch/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Apply" }));
  expect(await screen.findByText("HA1 is the preferred host")).toBeTruthy();
});

test("[LH10] leaving a pair by its mode is warned of, and the way in order is named", async () => {
  fakeUnit(answers());
  showPage(<HaParametersPage />, ownView());
  await userEvent.selectOptions(await screen.findByLabelText("HA Mode"), "0");
  expect(screen.getByText(/HA Set-up ends a pair in order/)).toBeTruthy();
});

test("[LH8] a refusal stands at its field, and keeps no other change back", async () => {
  const unit = fakeUnit(
    answers(({ param }) =>
      param === "havhid" ? refusal('havhid: "300" is not valid; allowed: 1 to 255') : {},
    ),
  );
  showPage(<HaParametersPage />, pairView());
  const id = await screen.findByLabelText("HA Virtual ID");
  await userEvent.clear(id);
  await userEvent.type(id, "300");
  await userEvent.click(screen.getByLabelText("Use Virtual MAC Addresses"));
  await userEvent.click(screen.getByRole("button", { name: "Apply" }));
  expect(await screen.findByText(/"300" is not valid; allowed: 1 to 255/)).toBeTruthy();
  expect(id.getAttribute("aria-invalid")).toBe("true");
  expect((id as HTMLInputElement).value).toBe("300");
  expect(unit.callsOf("set")).toHaveLength(2);
});

test("[LH6] at a unit's own address the pair's parameters are only shown, with the address where they are changed", async () => {
  fakeUnit(answers());
  showPage(<HaParametersPage />, ownView());
  expect(isLocked(await screen.findByLabelText("HA Timeout"))).toBe(true);
  expect(isLocked(screen.getByLabelText("HA Virtual ID"))).toBe(true);
  expect(isLocked(screen.getByLabelText("Fast mode"))).toBe(true);
  expect(screen.getAllByText(/changed at the shared address 192.0.2.10/).length).toBeGreaterThan(0);
  expect(isLocked(screen.getByLabelText("HA Initial Wait Time (seconds)"))).toBe(false);
});

test("[LH6] at the shared address what is one unit's own is only shown, with that unit's address", async () => {
  fakeUnit(answers());
  showPage(<HaParametersPage />, pairView());
  expect(isLocked(await screen.findByLabelText("HA Mode"))).toBe(true);
  expect(isLocked(screen.getByLabelText("HA Initial Wait Time (seconds)"))).toBe(true);
  expect(isLocked(screen.getByLabelText("HA Timeout"))).toBe(false);
  expect(screen.getAllByText(/unit's own address, here 192.0.2.11/).length).toBeGreaterThan(0);
  expect(screen.getByRole("button", { name: "Set the partner secret" }).hasAttribute("disabled")).toBe(true);
});

test("[LH11] Force Partner Update is for the active unit, and says why it was refused", async () => {
  fakeUnit({
    ...answers(),
    forcepartnerupdate: refusal("the partner was not updated: the partner link is down"),
  });
  showPage(<HaParametersPage />, pairView());
  await userEvent.click(screen.getByRole("button", { name: "Force Partner Update" }));
  expect(await screen.findByText(/the partner link is down/)).toBeTruthy();
  cleanup();
  showPage(<HaParametersPage />, pairView({ hastatus: "Standby", here: "own address" }));
  expect(screen.getByRole("button", { name: "Force Partner Update" }).hasAttribute("disabled")).toBe(true);
  expect(screen.getByText(/This unit is Standby: the active one sends/)).toBeTruthy();
});

test("[LH10] a single unit may set everything, by the API's old order; a secret is sent and never shown", async () => {
  const unit = fakeUnit(answers());
  showPage(<HaParametersPage />, singleView());
  expect(isLocked(await screen.findByLabelText("HA Mode"))).toBe(false);
  expect(isLocked(screen.getByLabelText("HA Timeout"))).toBe(false);
  await userEvent.click(screen.getByRole("button", { name: "Set the partner secret" }));
  await userEvent.type(screen.getByLabelText("Partner secret"), "eight chars");
  await userEvent.click(screen.getByRole("button", { name: "Set" }));
  await vi.waitFor(() => expect(unit.callsOf("setpartnersecret")).toEqual([{ secret: "eight chars" }]));
});
