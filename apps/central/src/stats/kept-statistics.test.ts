import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openStatistics, statisticsNote } from "./kept-statistics.ts";
import { readStatistics } from "./loadmaster-statistics.ts";
import type { StatisticsEvent } from "./shell.ts";

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "tandem-test-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test("[CH8] whatever stands in the place of stats.db, statistics can be kept, and the event says what to do", (t) => {
  const damaged = join(folder(t), "stats.db");
  writeFileSync(damaged, "no database at all ".repeat(500));
  const impossible = join(folder(t), "stats.db");
  mkdirSync(impossible);
  for (const [path, code] of [
    [damaged, "statistics-set-aside"],
    [impossible, "statistics-in-memory"],
  ] as const) {
    const events: StatisticsEvent[] = [];
    const store = openStatistics(path, (event) => events.push(event));
    assert.deepEqual(
      events.map((event) => event.code),
      [code],
    );
    for (const event of events) assert.match(statisticsNote(event).message, /fetched from it|start it again/);
    store.merge([
      {
        device: "dddddddddddddddd",
        slot: 1,
        epoch: { n: 0, unit: "aaaaaaaaaaaaaaaa" },
        offsetMs: 0,
        since: 1,
        entities: [""],
        values: [1, 2, 3, 4, 5],
      },
    ]);
    assert.equal(store.count(), 1);
    store.close();
  }
});

test("[CE6] statistics of a unit that is not ours, which leaves some of it out, are read as far as they go", () => {
  const read = readStatistics(
    JSON.parse(`{
      "VStotals": { "TotalConns": 7, "TotalBytes": 900 },
      "Vs": { "VSAddress": "10.0.0.1", "VSPort": "443", "VSProt": "tcp", "Index": 1, "TotalConns": 7, "ActiveConns": 2 },
      "Rs": [{ "VSIndex": 1, "RSIndex": 1, "Addr": "10.1.0.1", "Port": 8080, "Conns": 7, "ActivConns": 2 },
             { "VSIndex": 9, "RSIndex": 1, "Addr": "10.1.0.9", "Port": 8080, "Conns": 1 }]
    }`),
  );
  assert.deepEqual(read, {
    ok: true,
    value: {
      since: 0,
      totals: { active: 2, connections: 7, bytesIn: 0, bytesOut: 0, requests: 0 },
      services: [
        {
          service: "10.0.0.1:443/tcp",
          active: 2,
          connections: 7,
          bytesIn: 0,
          bytesOut: 0,
          requests: 0,
          servers: [
            { server: "10.1.0.1:8080", active: 2, connections: 7, bytesIn: 0, bytesOut: 0, requests: 0 },
          ],
        },
      ],
    },
  });
  assert.equal(readStatistics({}).ok, false);
});
