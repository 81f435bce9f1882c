import { cleanup, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { pairView, singleView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { HomePage } from "./home-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test("[LH9] Home says who this unit is in the pair, since when, and how its partner stands", async () => {
  fakeUnit({ getall: { havhid: 7 } });
  showPage(<HomePage />, pairView({}, { state: "not ready", reasons: ["its configuration is older"] }));
  expect(screen.getByText("Active (HA1)")).toBeTruthy();
  expect(screen.getByText(new Date(1_700_000_000_000).toLocaleString())).toBeTruthy();
  expect(await screen.findByText("7")).toBeTruthy();
  expect(screen.getByText("HA2, lm2, 192.0.2.12")).toBeTruthy();
  expect(screen.getByText("not ready")).toBeTruthy();
  expect(screen.getByText("its configuration is older")).toBeTruthy();
});

test("[LH8] what is wrong, what should be known and another group with the same ID stand at the top", () => {
  fakeUnit({});
  showPage(
    <HomePage />,
    pairView({
      problems: ["the partner link is down"],
      notices: ["eth1 is not checked"],
      foreign: ["VRRP 7"],
    }),
  );
  expect(screen.getByText("the partner link is down")).toBeTruthy();
  expect(screen.getByText("eth1 is not checked")).toBeTruthy();
  expect(screen.getByText(/uses the HA Virtual ID: VRRP 7/)).toBeTruthy();
  expect(screen.queryByText(/No warnings/)).toBeNull();
});

test("[LH9] a pacified unit says since when and why, and takes part again at Resume", async () => {
  const unit = fakeUnit({
    haresume: () => (unit.callsOf("haresume").length === 1 ? refusal("haresume: not now") : {}),
  });
  showPage(
    <HomePage />,
    pairView({ pacified: { since: 1_700_000_000_000, starts: 3, reason: "it ended by SIGSEGV" } }),
  );
  expect(screen.getByText(/3 starts of carpd: it ended by SIGSEGV/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Resume" }));
  expect(await screen.findByText("not now")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Resume" }));
  await vi.waitFor(() => expect(unit.callsOf("haresume")).toHaveLength(2));
});

test("[LH10] a single unit is shown the way to a pair", () => {
  fakeUnit({});
  showPage(<HomePage />, singleView());
  expect(screen.getByText("Single unit")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Make it a pair" }).getAttribute("href")).toBe("#/ha/setup");
});
