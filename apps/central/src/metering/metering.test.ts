import assert from "node:assert/strict";
import { test } from "node:test";
import { ok } from "@tandem/base/result";
import { hour, minute } from "@tandem/base/time";
import { meteringSlotMs } from "@tandem/licensing/throughput";
import { meteringKeeping } from "@tandem/storage/statistics-store";
import { emptyStatisticsMemory, openStatisticsMemory } from "@tandem/storage/statistics-store-memory";
import { VirtualTime } from "../ha/virtual-time.ts";
import type { MeteredUnit } from "./metered-units.ts";
import { Metering } from "./metering.ts";

const self = "c".repeat(16);
const unit = "1".repeat(16);

test("[ML6] a clock that is set back for a while samples no slot again, and makes no peak", async () => {
  const time = new VirtualTime("2026-11-25T12:00:30Z");
  const units: readonly MeteredUnit[] = [
    {
      unit,
      grantedAt: time.wallAtStart,
      device: "d1",
      sampled: { type: "metered", central: self, deviceNumber: 1, tierGbps: 1, name: "lb", pair: null },
    },
    // One that is licensed and in no tree cannot be asked.
    {
      unit: "2".repeat(16),
      grantedAt: time.wallAtStart,
      device: "",
      sampled: { type: "metered", central: self, deviceNumber: 2, tierGbps: 1, name: "far", pair: null },
    },
  ];
  const asked: string[] = [];
  const metering = new Metering<string>({
    world: time.world,
    store: openStatisticsMemory(emptyStatisticsMemory(), meteringKeeping),
    pair: {
      identity: { unit: self, fingerprint: self.repeat(4) },
      isActing: true,
      epoch: { n: 0, unit: self },
      channel: () => ({ isOpen: false, send: () => false }),
      onChange: () => () => {},
    },
    units: () => units,
    targetOf: (device) => (device === "" ? undefined : device),
    // 1 Mbit/s, whatever the time is called.
    fetch: async (device) => {
      asked.push(device);
      const bytesIn = Math.floor((time.world.now() * 1_000_000) / 8 / 1_000);
      const totals = { active: 0, connections: 0, bytesIn, bytesOut: 0, requests: 0 };
      return ok({ since: 1, totals, services: [] });
    },
    note: ({ message }) => assert.fail(message),
  });
  await time.pass(2 * hour);
  const before = [...metering.statistics.store.all()];
  assert.equal(before.length, 25);
  time.wallAtStart -= 1 * hour;
  await time.pass(30 * minute);
  assert.deepEqual([...metering.statistics.store.all()], before, "what was sampled stays as it was");
  time.wallAtStart += 1 * hour;
  await time.pass(1 * hour);
  assert.ok(asked.every((device) => device === "d1"));
  const { metered } = await metering.reports("2026-11");
  const [far, lb] = metered.lines;
  assert.deepEqual([lb?.members[0]?.sampled.name, lb?.missing], ["lb", 6]);
  const peak = lb?.peak?.bitsPerSecond ?? 0;
  assert.ok(Math.abs(peak - 1_000_000) <= 1_000, `${peak}`);
  assert.deepEqual([far?.peak, far?.measured], [null, 0]);
  assert.ok((far?.missing ?? 0) > (2 * hour) / meteringSlotMs);
  metering.stop();
});
