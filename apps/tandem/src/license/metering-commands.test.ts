import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startCentral } from "@tandem/central/central-on-loopback";
import { monthBounds, monthOf } from "@tandem/licensing/month";
import { entitiesOf } from "@tandem/licensing/sampled-unit";
import { meteringSlotMs } from "@tandem/licensing/throughput";
import { runCtl } from "../ctl/main.ts";
import { runLicense } from "./main.ts";

test("[ML6] a month's report is shown, and fetched as CSV or HTML, from the command line", async (t) => {
  const central = await startCentral(t, "central1", "127.0.4.81", { keepFirstPassword: true });
  const folder = mkdtempSync(join(tmpdir(), "tandem-license-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const at = ["--server", `${central.server.host}:${central.server.port}`];
  let said = "";
  const world = {
    env: { TANDEM_CONFIG_DIR: join(folder, "config") },
    out: (text: string) => {
      said += text;
    },
    err: (text: string) => {
      said += text;
    },
    secretLine: async () => central.firstPassword,
    wait: async () => false,
  };
  const run = async (...argv: readonly string[]) => {
    said = "";
    return { status: await runLicense([...argv, ...at], world), said };
  };
  assert.equal(await runCtl(["login", ...at], world), 0);

  const { unit } = central.central.pair.identity;
  const month = monthOf(Date.now());
  const first = Math.ceil(monthBounds(month).from / meteringSlotMs);
  const entities = [
    "",
    ...entitiesOf({
      type: "metered",
      central: unit,
      deviceNumber: 3,
      tierGbps: 1,
      name: "lb-west",
      pair: null,
    }),
  ];
  // 1.5 Gbit/s for one slot.
  const samples = [0, (1_500_000_000 * 300) / 8].map((bytesIn, index) => ({
    device: "1".repeat(16),
    slot: first + index,
    epoch: { n: 0, unit },
    offsetMs: 0,
    since: 1,
    entities,
    values: [0, 0, bytesIn, 0, 0, 0, 0, 0, 0, 0],
  }));
  central.central.metering.statistics.store.merge(samples);

  assert.match((await run("months")).said, new RegExp(`^${month} \\(not over\\)\\n`));
  const shown = await run("report");
  assert.match(shown.said, /^3 +lb-west +1\.500 /m);
  assert.match(shown.said, /Billed +2 Gbit\/s\nTier +1 Gbit\/s, beyond it 1\n$/);
  const csv = await run("report", "--month", month, "--format", "csv");
  assert.match(csv.said, /^3,lb-west,1{16},1500000000,1\.500,/m);
  const path = join(folder, "report.html");
  const kept = await run("report", "--format", "html", "--kind", "pool", "--file", path);
  assert.equal(kept.status, 0, kept.said);
  assert.match(readFileSync(path, "utf8"), /^<!doctype html>/);
  const none = await run(
    "report",
    "--month",
    "2001-01",
    "--format",
    "csv",
    "--file",
    join(folder, "none.csv"),
  );
  assert.equal(none.status, 1);
  assert.match(none.said, /there are no samples of 2001-01/);
  assert.deepEqual(readdirSync(folder).toSorted(), ["config", "report.html"]);
  assert.equal((await run("report", "--kind", "local")).status, 2);

  const set = await run(
    "set-destination",
    "email",
    "--address",
    "192.0.2.25",
    "--from",
    "central@example.com",
    "--to",
    "billing@example.com,it@example.com",
    "--no-enabled",
  );
  assert.match(set.said, /^usage reports are not sent by email to 192\.0\.2\.25/);
  assert.match((await run("destinations")).said, /^email +off +192\.0\.2\.25 +starttls, from central@/m);
  assert.match((await run("set-destination", "email", "--enabled")).said, /are sent by email/);
  assert.equal((await run("remove-destination", "email")).status, 0);
  assert.equal((await run("send-report")).status, 1);
});
