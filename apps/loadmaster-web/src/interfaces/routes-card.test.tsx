import { cleanup, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { singleView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { RoutesCard } from "./routes-card.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test("[LM3] a static route is added and removed; what is wrong stands at its field", async () => {
  const unit = fakeUnit({
    showroute: { Route: [{ Destination: "10.9.0.0/16", Gateway: "192.0.2.254" }] },
    addroute: ({ gateway }) =>
      gateway === "198.51.100.1" ? refusal("gateway: it lies in none of this unit's networks") : {},
  });
  showPage(<RoutesCard />, singleView());
  await userEvent.click(screen.getByRole("button", { name: "Add a route" }));
  const adding = within(screen.getByRole("dialog"));
  await userEvent.type(adding.getByLabelText(/^Destination/), "10.8.0.0/16");
  await userEvent.type(adding.getByLabelText(/^Gateway/), "198.51.100.1");
  await userEvent.click(adding.getByRole("button", { name: "Add" }));
  expect(await adding.findByText("it lies in none of this unit's networks")).toBeTruthy();
  await userEvent.clear(adding.getByLabelText(/^Gateway/));
  await userEvent.type(adding.getByLabelText(/^Gateway/), "192.0.2.254");
  await userEvent.click(adding.getByRole("button", { name: "Add" }));
  await vi.waitFor(() =>
    expect(unit.callsOf("addroute").at(-1)).toEqual({ dest: "10.8.0.0/16", gateway: "192.0.2.254" }),
  );
  await userEvent.click(await screen.findByRole("button", { name: "Remove 10.9.0.0/16" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Remove" }));
  await vi.waitFor(() => expect(unit.callsOf("delroute")).toEqual([{ dest: "10.9.0.0/16" }]));
});
