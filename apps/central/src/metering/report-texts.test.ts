import assert from "node:assert/strict";
import { test } from "node:test";
import type { UsageLine } from "@tandem/licensing/month";
import { usageReport } from "@tandem/licensing/usage-report";
import { overLimitText, usageText } from "./report-texts.ts";

const here = "c".repeat(16);
const slotMs = 300_000;
const line = (name: string, over: Partial<UsageLine> = {}, type = "metered"): UsageLine => ({
  members: [
    {
      unit: "1".repeat(16),
      sampled: { type, central: here, deviceNumber: 1, tierGbps: 8, name, pair: null },
    },
  ],
  peak: { slot: Date.UTC(2026, 10, 25, 14, 35) / slotMs, bitsPerSecond: 9_500_000_000 },
  measured: 288,
  missing: 0,
  missingSlots: [],
  over: 0,
  mbps: null,
  ...over,
});
const reportsOf = (metered: readonly UsageLine[], pool: readonly UsageLine[]) => {
  const about = { month: "2026-11", slotMs, slots: { from: 0, to: 1 }, isOver: true, tierGbps: 8 };
  return {
    metered: usageReport({ ...about, kind: "metered" }, metered),
    pool: usageReport({ ...about, kind: "pool" }, pool),
  };
};

test("[ML6] a month is told in a few lines, with both reports as CSV and HTML", () => {
  const report = usageText(reportsOf([line("lb-west"), line("lb-east", { missing: 3 })], []), here);
  assert.equal(report?.subject, "Usage of LoadMaster licences, 2026-11: 19 Gbit/s billed");
  assert.equal(
    report?.text,
    [
      "2 metered LoadMaster(s) or pair(s), peaks of 19.000 Gbit/s in all, billed as 19 Gbit/s.",
      "The tier is 8 Gbit/s; beyond it: 11 Gbit/s.",
      "Samples are missing of: lb-east.",
      "",
    ].join("\n"),
  );
  assert.deepEqual(
    report?.files.map(({ filename, contentType }) => [filename, contentType]),
    [
      ["metered-usage-2026-11.csv", "text/csv"],
      ["metered-usage-2026-11.html", "text/html"],
      ["pool-usage-2026-11.csv", "text/csv"],
      ["pool-usage-2026-11.html", "text/html"],
    ],
  );
});

test("[ML6] a report has the same id whichever Central sends it, so that a second one can be told", () => {
  const reports = reportsOf([line("lb-west")], []);
  const [one, other] = [usageText(reports, here), usageText(reports, "d".repeat(16))];
  assert.equal(one?.id, other?.id);
  assert.notEqual(one?.files[0]?.content, other?.files[0]?.content);
});

test("where nothing is licensed there is nothing to tell", () => {
  assert.equal(usageText(reportsOf([], []), here), null);
  assert.equal(overLimitText("2026-11-25", [], slotMs), null);
});

test("who was above the licence on a day is told with how often, and how far", () => {
  const within = line("lb-idle", { mbps: 500 }, "pool-500");
  const over = line("lb-lab", { over: 7, mbps: 500 }, "pool-500");
  const report = overLimitText("2026-11-25", [within, over], slotMs);
  assert.equal(report?.subject, "1 LoadMaster(s) above the pooled licence on 2026-11-25");
  assert.match(
    report?.text ?? "",
    /^lb-lab: licensed for 500 Mbit\/s, above it in 7 slot\(s\) of 300 s, at most 9\.500 Gbit\/s at 14:35 UTC\.\n/,
  );
  assert.doesNotMatch(report?.text ?? "", /lb-idle/);
});
