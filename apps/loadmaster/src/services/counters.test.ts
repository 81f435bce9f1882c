import assert from "node:assert/strict";
import { test } from "node:test";
import type { StatRow } from "@tandem/haproxy-config/statistics";
import fc from "fast-check";
import { Counters } from "./counters.ts";

const row = (totalSessions: number, server = "FRONTEND", proxy = "vs1"): StatRow => ({
  proxy,
  server,
  status: "OPEN",
  currentSessions: 0,
  totalSessions,
  bytesIn: 10 * totalSessions,
  bytesOut: 20 * totalSessions,
  requests: totalSessions,
  check: "",
});

test("[CH8] what an earlier process counted is not counted again, and a reload takes nothing away", () => {
  const counters = new Counters(0);
  counters.take({ worker: 1, rows: [row(500)] }, 0);
  assert.equal(counters.counts("vs1", "FRONTEND").connections, 0);
  counters.take({ worker: 1, rows: [row(507), row(7, "rs1")] }, 2_000);
  assert.deepEqual(counters.counts("vs1", "FRONTEND"), {
    connections: 7,
    bytesIn: 70,
    bytesOut: 140,
    requests: 7,
    packets: 0,
    refusedConnections: 0,
    refusedRequests: 0,
  });
  assert.equal(counters.counts("vs1", "rs1").connections, 7, "a server that was added counts from nothing");
  assert.equal(counters.connectionsPerSecond("vs1", "FRONTEND"), 4);
  // The new worker has already counted more than the old one ever had.
  counters.take({ worker: 2, rows: [row(600)] }, 3_000);
  assert.equal(counters.counts("vs1", "FRONTEND").connections, 607);
  counters.take({ worker: 2, rows: [row(601)] }, 4_000);
  assert.equal(counters.counts("vs1", "FRONTEND").connections, 608);
  counters.take({ worker: 2, rows: [row(3, "FRONTEND", "vs2")] }, 5_000);
  assert.equal(counters.total.connections, 611, "the total keeps what a removed service had");
  assert.equal(counters.counts("vs1", "FRONTEND").connections, 0);
});

test("[CH8] counters never fall, whatever the workers say", () => {
  const sample = fc.record({ worker: fc.nat({ max: 2 }), count: fc.nat({ max: 50 }) });
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 30, size: "max" }), (samples) => {
      const counters = new Counters(0);
      let before = 0;
      for (const [at, { worker, count }] of samples.entries()) {
        counters.take({ worker, rows: [row(count)] }, at * 700);
        const now = counters.counts("vs1", "FRONTEND");
        assert.ok(now.connections >= before);
        assert.equal(counters.total.connections, now.connections);
        assert.ok(counters.totalPerSecond.bytesIn >= 0);
        before = now.connections;
      }
    }),
  );
});
