import { cleanup, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { singleView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { AccessListCard } from "./access-list-card.tsx";
import { AccessListsPage } from "./access-lists-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const unitWithLists = () =>
  fakeUnit({
    aclcontrol: ({ isenabled, isdrop, list, listvs, addr }) => {
      if (isenabled !== undefined) return { isenabled: true };
      if (isdrop !== undefined) return { isdrop: true };
      if ((list ?? listvs) === "block")
        return { list: "block", IP: [{ addr: "192.0.2.7/32", comment: "a scanner" }] };
      if ((list ?? listvs) === "allow") return { list: "allow", IP: [] };
      return addr === "10.0.0.1/8" ? refusal("addr: a network has zeros behind its prefix") : {};
    },
  });

test("[LM3] the lists of all services are shown and changed; what is wrong stands at its field", async () => {
  const unit = unitWithLists();
  showPage(<AccessListsPage />, singleView());
  expect(await screen.findByText("a scanner")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Add to allowed addresses" }));
  const adding = within(screen.getByRole("dialog"));
  await userEvent.type(adding.getByLabelText(/^Address or network/), "10.0.0.1/8");
  await userEvent.click(adding.getByRole("button", { name: "Add" }));
  expect(await adding.findByText("a network has zeros behind its prefix")).toBeTruthy();
  await userEvent.clear(adding.getByLabelText(/^Address or network/));
  await userEvent.type(adding.getByLabelText(/^Address or network/), "10.0.0.0/8");
  await userEvent.click(adding.getByRole("button", { name: "Add" }));
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(unit.callsOf("aclcontrol")).toContainEqual({ add: "allow", addr: "10.0.0.0/8", comment: "" });

  await userEvent.click(await screen.findByRole("button", { name: "Disable" }));
  await vi.waitFor(() => expect(unit.callsOf("aclcontrol")).toContainEqual({ enable: false }));
});

test("[LM3] the list of one service names it in every call", async () => {
  const unit = unitWithLists();
  showPage(<AccessListCard list="block" vs={4} reason={null} />, singleView());
  await userEvent.click(await screen.findByRole("button", { name: "Remove 192.0.2.7/32" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Remove" }));
  await vi.waitFor(() =>
    expect(unit.callsOf("aclcontrol")).toContainEqual({ delvs: "block", vs: 4, addr: "192.0.2.7/32" }),
  );
  expect(unit.callsOf("aclcontrol")[0]).toEqual({ listvs: "block", vs: 4 });
});
