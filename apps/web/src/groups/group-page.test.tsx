import type { Device } from "@tandem/central-api/devices";
import type { HaGroup } from "@tandem/central-api/ha-groups";
import type { Tree } from "@tandem/central-api/tree";
import { cleanup, render, screen, within } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { calledIn } from "../schedule/called.ts";
import { GroupFacts, GroupWarnings, MembersCard, RoleChangesCard } from "./group-page.tsx";

vi.mock("@tanstack/react-router", () => ({
  Link: ({ children, params }: { children: ReactNode; params: { device: string } }) => (
    <a href={`/devices/${params.device}`}>{children}</a>
  ),
  useParams: () => ({}),
}));
vi.mock("../fleet/drills-card.tsx", () => ({ DrillsCard: () => null }));
vi.mock("./rename-group.tsx", () => ({ RenameGroup: () => null }));
afterEach(cleanup);

const device = (id: string, haRole: Device["status"]["haRole"], error: string | null = null): Device => ({
  id,
  name: id,
  kind: "loadmaster",
  address: `10.0.0.${id.slice(2)}`,
  port: 443,
  user: "bal",
  certificateFingerprint: "",
  network: null,
  haGroup: "g",
  status: {
    state: error === null ? "up" : "down",
    failedAttempts: 0,
    lastAttempt: null,
    lastSeen: null,
    error,
    version: "7.2",
    haRole,
  },
  tag: "",
});

const group: HaGroup = {
  id: "g",
  name: "web",
  sharedAddress: "10.0.0.10",
  members: ["lm1", "lm2"],
  network: "10.0.0.0/24",
  active: "lm2",
  state: "degraded",
  origin: "units",
  activeSince: "2026-11-25T12:00:00.000Z",
  warnings: ["lm1 does not answer: it refuses"],
  roleChanges: [{ at: "2026-11-25T12:00:00.000Z", from: "lm1", to: "lm2" }],
  tag: "",
};
const tree: Tree = {
  networks: [],
  devices: [device("lm1", "unknown", "it refuses"), device("lm2", "active")],
  haGroups: [group],
  unplaced: [],
};
const rowsOf = (name: string): (string | null)[] =>
  within(screen.getByRole("grid", { name }))
    .getAllByRole("row")
    .slice(1)
    .map((row) => row.textContent);

test("[CH19] a group's page shows both members, which is active and since when, the shared address and what is wrong", () => {
  render(
    <>
      <GroupWarnings group={group} />
      <GroupFacts group={group} tree={tree} />
      <MembersCard group={group} tree={tree} />
      <RoleChangesCard group={group} tree={tree} />
    </>,
  );
  expect(screen.getByText(/lm1 does not answer: it refuses/)).toBeTruthy();
  const since = new Date("2026-11-25T12:00:00.000Z").toLocaleString();
  for (const fact of ["degraded", "10.0.0.10", "10.0.0.0/24", "what its units say of themselves"])
    expect(screen.getByText(fact)).toBeTruthy();
  expect(rowsOf("Members")).toEqual([
    "HA1lm110.0.0.1:443unknowndown7.2never",
    "HA2lm210.0.0.2:443activeup7.2never",
  ]);
  expect(rowsOf("Changes of the active role")).toEqual([`${since}lm1lm2`]);
});

test("[CH19] a group that never changed says so, and one without an active member names none", () => {
  render(
    <>
      <GroupFacts group={{ ...group, active: null, activeSince: null }} tree={tree} />
      <RoleChangesCard group={{ ...group, roleChanges: [] }} tree={tree} />
    </>,
  );
  expect(screen.getByText("none")).toBeTruthy();
  expect(screen.getByText(/None since the group is known/)).toBeTruthy();
});

test("[CH19] a scheduled action can be for a pair, by its shared address", () => {
  expect(calledIn(tree).map(({ id, name, address }) => [id, name, address])).toEqual([
    ["g", "HA group web", "10.0.0.10"],
    ["lm1", "lm1", "10.0.0.1"],
    ["lm2", "lm2", "10.0.0.2"],
  ]);
});
