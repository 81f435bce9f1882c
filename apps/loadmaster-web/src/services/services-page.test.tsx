import { cleanup, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { pairView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { ServicePage } from "./service-page.tsx";
import { ServicesPage } from "./services-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const server = {
  RsIndex: 3,
  Addr: "192.0.2.31",
  Port: 8080,
  Status: "Up",
  Weight: 1000,
  Limit: 0,
  Enable: true,
};
const service = {
  Index: 1,
  VSAddress: "192.0.2.20",
  VSPort: "80",
  NickName: "shop",
  Layer: 7,
  Status: "Up",
  Enable: true,
  VStype: "http",
  Schedule: "rr",
  CheckType: "http",
  Idletime: 660,
  PersistTimeout: "0",
  NumberOfRSs: 1,
  Rs: [server],
};
const ownView = pairView({ here: "own address", localAddress: "192.0.2.11" });

test("[LM3] a service is added by address and port, and removed once that was confirmed", async () => {
  const unit = fakeUnit({ listvs: { VS: [service] }, addvs: { ...service, Index: 2 } });
  showPage(<ServicesPage />, pairView());
  expect(await screen.findByRole("link", { name: "192.0.2.20:80" })).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Add New" }));
  await userEvent.type(screen.getByLabelText(/Virtual Address/), "2001:db8::20");
  await userEvent.click(screen.getByRole("button", { name: "Add this Virtual Service" }));
  await vi.waitFor(() => expect(location.hash).toBe("#/services/2"));
  expect(unit.callsOf("addvs")).toEqual([{ vs: "2001:db8::20", port: "80", prot: "tcp" }]);
  await userEvent.click(screen.getByRole("button", { name: "Delete 192.0.2.20:80" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete" }));
  await vi.waitFor(() => expect(unit.callsOf("delvs")).toEqual([{ vs: "1" }]));
});

test("[LM3] a service is duplicated at another address or port; a clash stands at its field", async () => {
  const unit = fakeUnit({
    listvs: { VS: [service] },
    dupvs: ({ vsport }) =>
      vsport === "80" ? refusal("vsport: 192.0.2.20:80 already belongs to virtual service 1") : service,
  });
  showPage(<ServicesPage />, pairView());
  await userEvent.click(await screen.findByRole("button", { name: "Duplicate 192.0.2.20:80" }));
  const dialogue = within(screen.getByRole("dialog"));
  const go = dialogue.getByRole("button", { name: "Duplicate" });
  await userEvent.click(go);
  expect(await dialogue.findByText(/already belongs/)).toBeTruthy();
  await userEvent.clear(dialogue.getByLabelText("Port of the copy"));
  await userEvent.type(dialogue.getByLabelText("Port of the copy"), "81");
  await userEvent.click(go);
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(unit.callsOf("dupvs").at(-1)).toEqual({
    vs: "1",
    NickName: "shop",
    vsaddress: "192.0.2.20",
    vsport: "81",
  });
});

test("[LM3] what was changed of a service goes in one call; a refusal stands at its field", async () => {
  const unit = fakeUnit({
    showvs: service,
    modvs: ({ Idletime }) =>
      Idletime === undefined ? {} : refusal('Idletime: "90000" is not valid; allowed: 0 to 86400 seconds'),
  });
  showPage(<ServicePage index="1" />, pairView());
  await userEvent.selectOptions(await screen.findByLabelText("Persistence Mode"), "src");
  const idle = screen.getByLabelText("Idle Connection Timeout (seconds)");
  await userEvent.clear(idle);
  await userEvent.type(idle, "90000");
  await userEvent.click(screen.getByRole("button", { name: "Apply" }));
  expect(await screen.findByText(/"90000" is not valid/)).toBeTruthy();
  await userEvent.clear(idle);
  await userEvent.type(idle, "660");
  await userEvent.click(screen.getByRole("button", { name: "Apply" }));
  expect(await screen.findByText("The changes are made.")).toBeTruthy();
  expect(unit.callsOf("modvs")).toEqual([
    { vs: "1", Idletime: "90000", Persist: "src" },
    { vs: "1", Persist: "src" },
  ]);
});

test("[LM3] real servers are added, changed and removed", async () => {
  const unit = fakeUnit({ showvs: service });
  showPage(<ServicePage index="1" />, pairView());
  await userEvent.click(await screen.findByRole("button", { name: "Add New Real Server" }));
  await userEvent.type(screen.getByLabelText(/Real Server Address/), "192.0.2.32");
  await userEvent.click(screen.getByRole("button", { name: "Add this Real Server" }));
  await vi.waitFor(() =>
    expect(unit.callsOf("addrs")).toEqual([{ vs: "1", rs: "192.0.2.32", rsport: "80" }]),
  );
  await userEvent.click(await screen.findByRole("button", { name: "Modify 192.0.2.31:8080" }));
  await userEvent.click(screen.getByLabelText("Enabled"));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Modify" }));
  await vi.waitFor(() => expect(unit.callsOf("modrs")).toEqual([{ vs: "1", rs: "!3", Enable: "0" }]));
  await userEvent.click(await screen.findByRole("button", { name: "Delete 192.0.2.31:8080" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete" }));
  await vi.waitFor(() => expect(unit.callsOf("delrs")).toEqual([{ vs: "1", rs: "!3" }]));
});

test("[LH6] at a unit's own address services are only shown, with the address where they are configured", async () => {
  fakeUnit({ listvs: { VS: [service] }, showvs: service });
  showPage(<ServicesPage />, ownView);
  expect((await screen.findByRole("button", { name: /^Delete/ })).hasAttribute("disabled")).toBe(true);
  expect(screen.getByRole("button", { name: "Add New" }).hasAttribute("disabled")).toBe(true);
  expect(screen.getByText(/changed at the shared address 192.0.2.10/)).toBeTruthy();
  cleanup();
  showPage(<ServicePage index="1" />, ownView);
  expect((await screen.findByLabelText("Virtual Address")).hasAttribute("readonly")).toBe(true);
  expect(screen.getByRole("button", { name: "Add New Real Server" }).hasAttribute("disabled")).toBe(true);
});
