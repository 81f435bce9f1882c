import type { VirtualServiceView } from "@tandem/loadmaster-api/views";
import { cleanup, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit } from "../api/fake-unit.fixture.ts";
import { pairView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { SubServicesCard } from "./sub-services-card.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const service = {
  Index: 4,
  SubVS: [
    { VSIndex: 7, RsIndex: 9, Name: "shop", Status: "Up", Weight: 500, Enable: true, MatchRules: ["api"] },
  ],
} as unknown as VirtualServiceView;

test("[LM3] SubVS are added, weighed, switched and removed within their service", async () => {
  const unit = fakeUnit({});
  showPage(<SubServicesCard service={service} reason={null} />, pairView());
  expect(screen.getByRole("link", { name: "shop" }).getAttribute("href")).toBe("#/services/7");
  await userEvent.click(screen.getByRole("button", { name: "Add SubVS" }));
  await userEvent.type(screen.getByLabelText("SubVS Nickname"), "mail");
  await userEvent.click(screen.getByRole("button", { name: "Add this SubVS" }));
  await vi.waitFor(() =>
    expect(unit.callsOf("modvs")).toEqual([{ vs: "4", createsubvs: "", NickName: "mail" }]),
  );
  await userEvent.click(screen.getByRole("button", { name: "Modify shop" }));
  const weight = screen.getByLabelText(/Weight/);
  await userEvent.clear(weight);
  await userEvent.type(weight, "900");
  await userEvent.click(screen.getByLabelText("Enabled"));
  await userEvent.click(screen.getByRole("button", { name: "Modify" }));
  await vi.waitFor(() =>
    expect(unit.callsOf("modrs")).toEqual([{ vs: "4", rs: "!9", Weight: "900", Enable: false }]),
  );
  await userEvent.click(screen.getByRole("button", { name: "Delete shop" }));
  await userEvent.click(screen.getByRole("button", { name: "Delete" }));
  await vi.waitFor(() => expect(unit.callsOf("delvs")).toEqual([{ vs: "7" }]));
});

test("[LM3] a service with real servers of its own gets no SubVS", () => {
  fakeUnit({});
  const own = { Index: 4, Rs: [{ RsIndex: 1 }] } as unknown as VirtualServiceView;
  showPage(<SubServicesCard service={own} reason={null} />, pairView());
  expect(screen.getByRole("button", { name: "Add SubVS" })).toHaveProperty("disabled", true);
});
