import { cleanup, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { singleView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { HostsCard } from "../settings/hosts-card.tsx";
import { DebugPage } from "./debug-page.tsx";
import { LogFilesPage } from "./log-files-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test("[LM3] the log is shown, and cleared once that was confirmed", async () => {
  const unit = fakeUnit({
    "logging.listsyslogfiles": { File: [{ Name: "messages", Size: 12 }] },
    "logging.showlog": { message: "2026-11-26 info ready {}" },
  });
  showPage(<LogFilesPage />, singleView());
  expect(await screen.findByText("2026-11-26 info ready {}")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Clear all files" }));
  expect(unit.callsOf("logging.clearlogs")).toEqual([]);
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Clear" }));
  await vi.waitFor(() => expect(unit.callsOf("logging.clearlogs")).toEqual([{}]));
});

test("[LM3] a host is reached from the page; what is wrong stands at its field", async () => {
  const unit = fakeUnit({
    "logging.ping": ({ addr }) =>
      addr === "-f" ? refusal("addr: it is not valid") : { message: "5 packets transmitted" },
    "logging.meminfo": { message: "MemTotal: 1 kB" },
  });
  showPage(<DebugPage />, singleView());
  const form = within(screen.getByRole("form", { name: "Reach a host" }));
  await userEvent.type(form.getByLabelText(/^Host/), "-f");
  await userEvent.click(form.getByRole("button", { name: "Try" }));
  expect(await form.findByText("it is not valid")).toBeTruthy();
  await userEvent.clear(form.getByLabelText(/^Host/));
  await userEvent.type(form.getByLabelText(/^Host/), "192.0.2.1");
  await userEvent.click(form.getByRole("button", { name: "Try" }));
  expect(await form.findByText("5 packets transmitted")).toBeTruthy();
  expect(unit.callsOf("logging.ping").at(-1)).toEqual({ addr: "192.0.2.1" });
  const look = within(screen.getByRole("form", { name: "Look at the machine" }));
  await userEvent.click(look.getByRole("button", { name: "Look" }));
  expect(await look.findByText("MemTotal: 1 kB")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Reset statistics" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Reset" }));
  expect(await screen.findByText("All counters begin anew.")).toBeTruthy();
});

test("[LM3] names of the unit's own are added and removed", async () => {
  const unit = fakeUnit({
    gethosts: { HostsEntry: [{ HostIPAddress: "192.0.2.7", HostFQDN: "logs.example" }] },
  });
  showPage(<HostsCard />, singleView());
  await userEvent.click(screen.getByRole("button", { name: "Add an entry" }));
  const adding = within(screen.getByRole("dialog"));
  await userEvent.type(adding.getByLabelText(/^Address/), "192.0.2.8");
  await userEvent.type(adding.getByLabelText(/^Name/), "b.example");
  await userEvent.click(adding.getByRole("button", { name: "Add" }));
  await vi.waitFor(() =>
    expect(unit.callsOf("addhostsentry")).toEqual([{ hostip: "192.0.2.8", hostfqdn: "b.example" }]),
  );
  await userEvent.click(await screen.findByRole("button", { name: "Remove logs.example" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Remove" }));
  await vi.waitFor(() => expect(unit.callsOf("delhostsentry")).toEqual([{ hostip: "192.0.2.7" }]));
});
