import type { VirtualServiceView } from "@tandem/loadmaster-api/views";
import { cleanup, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { pairView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { RulesPage } from "./rules-page.tsx";
import { ServiceRulesCard } from "./service-rules-card.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const showrule = {
  MatchContentRule: [{ Name: "api", Pattern: "^/api", MatchType: "Regex", Negate: true, SetFlagOnMatch: 3 }],
  AddHeaderRule: [{ Name: "tag", Header: "X-Tag", HeaderValue: "1" }],
};

test("[LM3] rules of all types are listed, and a new one is sent with the parameters of its type", async () => {
  const unit = fakeUnit({ showrule });
  showPage(<RulesPage />, pairView());
  const table = within(await screen.findByRole("grid", { name: "Rules" }));
  expect(table.getByText("Content Matching")).toBeTruthy();
  expect(table.getByText("X-Tag")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Create New" }));
  const form = within(screen.getByRole("form", { name: "Create a rule" }));
  await userEvent.type(form.getByLabelText(/Rule Name/), "move");
  await userEvent.selectOptions(form.getByLabelText("Rule Type"), "Modify URL");
  await userEvent.type(form.getByLabelText("Match String"), "/old");
  await userEvent.type(form.getByLabelText("Modified URL"), "/new");
  await userEvent.click(screen.getByRole("button", { name: "Create Rule" }));
  await vi.waitFor(() =>
    expect(unit.callsOf("addrule")).toEqual([
      { name: "move", type: "4", pattern: "/old", replacement: "/new", onlyonflag: "0", onlyonnoflag: "0" },
    ]),
  );
});

test("[LM3] a change of a rule sends all of it, since the unit resets the rest", async () => {
  const unit = fakeUnit({ showrule, modrule: refusal('pattern: "(" is not valid') });
  showPage(<RulesPage />, pairView());
  await userEvent.click(await screen.findByRole("button", { name: "Modify api" }));
  const pattern = screen.getByLabelText("Match String");
  await userEvent.clear(pattern);
  await userEvent.type(pattern, "(");
  await userEvent.click(screen.getByRole("button", { name: "Modify" }));
  expect(await screen.findByText(/"\(" is not valid/)).toBeTruthy();
  expect(unit.callsOf("modrule")).toMatchObject([
    { name: "api", type: "0", matchtype: "regex", pattern: "(", negate: "1", setonmatch: "3", nocase: "0" },
  ]);
});

test("[LM3] a service and its servers are given rules that fit the place, and lose them", async () => {
  const unit = fakeUnit({ showrule });
  const service = {
    Index: 4,
    VStype: "http",
    RequestRules: ["tag"],
    Rs: [{ RsIndex: 9, Addr: "192.0.2.31", Port: 80, MatchRules: ["default"] }],
  } as unknown as VirtualServiceView;
  showPage(<ServiceRulesCard service={service} reason={null} />, pairView());
  const server = await screen.findByLabelText("Add a rule to Real server 192.0.2.31:80");
  await vi.waitFor(() => expect(within(server).getAllByRole("option")).toHaveLength(2));
  await userEvent.selectOptions(server, "api");
  await userEvent.click(screen.getByRole("button", { name: "Take tag from Requests" }));
  await vi.waitFor(() => expect(unit.callsOf("delrequestrule")).toEqual([{ vs: "4", rule: "tag" }]));
  expect(unit.callsOf("addrsrule")).toEqual([{ vs: "4", rs: "!9", rule: "api" }]);
});
