import assert from "node:assert/strict";
import { test } from "node:test";
import { createRow, type Edit } from "@tandem/replica/edits";
import type { Table } from "@tandem/replica/schema";
import { haGroups } from "../fleet/tables.ts";
import { ReplicaUnit } from "../ha/replica-on-virtual-time.ts";
import { VirtualTime } from "../ha/virtual-time.ts";
import { deviceNumbers, type LicenceValues, licences } from "../licensing/tables.ts";
import { meteredUnits } from "./metered-units.ts";

const here = "c".repeat(16);
const there = "d".repeat(16);
const idOf = (digit: string): string => digit.repeat(16);
const tables = [licences, deviceNumbers, haGroups] as unknown as readonly Table[];

const licence = (digit: string, over: Partial<LicenceValues> = {}) =>
  createRow(licences, {
    unit: idOf(digit),
    central: here,
    number: 1,
    type: "metered",
    state: "held",
    grantedAt: 5_000,
    machine: idOf("e"),
    formerMachines: [],
    name: `lb-${digit}`,
    version: "1",
    serial: "1",
    address: "10.0.0.1",
    port: 443,
    certificateFingerprint: "f".repeat(64),
    partner: null,
    remark: "",
    device: idOf(digit),
    ...over,
  });
const unitWith = async (...edits: readonly Edit[]) => {
  const unit = new ReplicaUnit(here, new VirtualTime("2026-11-26T00:00:00Z"), tables);
  await unit.write(...edits);
  return meteredUnits(unit.shared, 10);
};

test("[ML2] [ML6] one whose licence moved to the other Central is sampled once, as that one's; one whose licence has ended is not", async () => {
  const units = await unitWith(
    licence("1"),
    licence("1", { central: there, number: 2 }),
    createRow(deviceNumbers, { unit: idOf("1"), central: here, number: 4 }),
    createRow(deviceNumbers, { unit: idOf("1"), central: there, number: 9 }),
    licence("2", { state: "ended" }),
  );
  assert.deepEqual(units, [
    {
      unit: idOf("1"),
      grantedAt: 5_000,
      device: idOf("1"),
      sampled: {
        type: "metered",
        central: there,
        deviceNumber: 9,
        tierGbps: 10,
        name: "lb-1",
        pair: null,
      },
    },
  ]);
});

test("[ML6] two are a pair when the tree has them as one, or when either said so; a group that one has left does not make it one", async () => {
  const pairsOf = (units: ReturnType<typeof meteredUnits>) =>
    Object.fromEntries(units.map(({ sampled: { name, pair } }) => [name, pair]));
  const grouped = await unitWith(
    licence("1"),
    licence("2"),
    licence("3"),
    createRow(haGroups, {
      id: idOf("a"),
      name: "pair",
      sharedAddress: "10.0.0.9",
      members: [idOf("2"), idOf("1")],
      origin: "units",
    }),
  );
  assert.deepEqual(pairsOf(grouped), { "lb-1": idOf("1"), "lb-2": idOf("1"), "lb-3": null });
  // The first was licensed before there was a second.
  const said = await unitWith(licence("1"), licence("2", { partner: idOf("1") }));
  assert.deepEqual(pairsOf(said), { "lb-1": idOf("1"), "lb-2": idOf("1") });
});
