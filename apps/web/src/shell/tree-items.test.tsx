import { TreeView, type TreeViewDataItem } from "@patternfly/react-core";
import type { Device } from "@tandem/central-api/devices";
import type { LicensedUnit } from "@tandem/central-api/licensing";
import type { Tree } from "@tandem/central-api/tree";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { networksWithin } from "../fleet/fleet-page.tsx";
import { licensedDevices, treeItems } from "./tree-items.tsx";

afterEach(cleanup);

const device = (id: string): Device => ({
  id,
  name: id,
  kind: "loadmaster",
  address: "10.0.1.1",
  port: 443,
  user: "bal",
  certificateFingerprint: "",
  network: "10.0.1.0/24",
  haGroup: null,
  status: {
    state: "up",
    failedAttempts: 0,
    lastAttempt: null,
    lastSeen: null,
    error: null,
    version: null,
    haRole: "unknown",
  },
  tag: "",
});

const network = (cidr: string, parent: string | null, devices: string[] = [], haGroups: string[] = []) => ({
  cidr,
  name: "",
  description: "",
  tag: "",
  parent,
  depth: 0,
  devices,
  haGroups,
});

const tree: Tree = {
  networks: [
    network("10.0.0.0/8", null),
    network("10.0.1.0/24", "10.0.0.0/8", ["lm1", "lm2", "lm3"], ["g"]),
    network("192.0.2.0/24", null),
  ],
  devices: ["lm1", "lm2", "lm3"].map(device),
  haGroups: [
    {
      id: "g",
      name: "pair",
      sharedAddress: "10.0.1.20",
      members: ["lm1", "lm2"],
      network: "10.0.1.0/24",
      active: "lm2",
      state: "ready",
      origin: "units",
      activeSince: null,
      warnings: [],
      roleChanges: [],
      tag: "",
    },
  ],
  unplaced: [],
};

const outline = (items: TreeViewDataItem[]): unknown[] =>
  items.map((item) => (item.children ? [item.name, outline(item.children)] : item.name));

test("[CH19] a LoadMaster pair is one group with both members, its shared address and which is active", () => {
  expect(outline(treeItems(tree, undefined))).toEqual([
    ["10.0.0.0/8", [["10.0.1.0/24", [["pair (10.0.1.20)", ["lm1", "lm2 (active)"]], "lm3"]]]],
    "192.0.2.0/24",
  ]);
});

test("[CE1] choosing a network shows what lies in it and in the networks inside it", () => {
  expect([...networksWithin(tree, "10.0.0.0/8")]).toEqual(["10.0.0.0/8", "10.0.1.0/24"]);
  expect([...networksWithin(tree, "192.0.2.0/24")]).toEqual(["192.0.2.0/24"]);
  expect(networksWithin(tree, undefined).size).toBe(3);
});

test("[ML4] a device that the pair licenses is blue, any other one a normal green one, and both say so in words", () => {
  const unit = (device: string | null, state: LicensedUnit["state"]) => ({ device, state }) as LicensedUnit;
  const licensed = licensedDevices([unit("lm1", "held"), unit("lm2", "ended"), unit(null, "held")]);
  expect([...licensed]).toEqual(["lm1"]);
  render(<TreeView aria-label="Networks" data={treeItems(tree, licensed)} />);
  const colourOf = (name: RegExp) =>
    screen.getByRole("treeitem", { name }).querySelector(".pf-v6-c-label")?.className;
  expect(colourOf(/^lm1 licensed$/)).toContain("pf-m-blue");
  expect(colourOf(/^lm2 \(active\) normal$/)).toContain("pf-m-green");
  expect(colourOf(/^lm3 normal$/)).toContain("pf-m-green");
});
