import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { cut } from "./cut.fixture.ts";
import { monotonicMs } from "./monotonic.ts";
import { type Probe, type ProbeOptions, startProbe } from "./probe.ts";
import type { ProberReport } from "./sampler.ts";

const deadlineMs = 10_000;

function probing(t: TestContext, options: ProbeOptions): Probe {
  const probe = startProbe(options);
  assert.ok(probe.ok, probe.ok ? "" : probe.error.message);
  t.after(() => probe.value.stop());
  return probe.value;
}

/** The report from `from` on, once `holds` is true of it. */
async function reportWhen(
  probe: Probe,
  from: number,
  holds: (report: ProberReport) => boolean,
): Promise<ProberReport> {
  const deadline = monotonicMs() + deadlineMs;
  for (;;) {
    const report = await probe.report(from, monotonicMs());
    if (holds(report)) return report;
    assert.ok(monotonicMs() < deadline, JSON.stringify(report));
  }
}

async function listening(t: TestContext, server: Server, port = 0): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A web server that can be told what to do with a request. */
function webServer() {
  const server = createServer((request, response) => {
    if (behaviour.cuts) cut(request.socket);
    else if (!behaviour.silent) response.setHeader("x-served-by", "web1").end("ok\n");
  });
  const behaviour = { server, cuts: false, silent: false };
  return behaviour;
}

test("[LH13] a planted outage is measured, with what became of the requests in it", async (t) => {
  const web = webServer();
  const port = await listening(t, web.server);
  t.after(() => web.server.closeAllConnections());
  const probe = probing(t, { target: `http://127.0.0.1:${port}/`, intervalMs: 5, timeoutMs: 50, held: true });
  const begun = monotonicMs();
  await reportWhen(probe, begun, ({ view }) => view.succeeded >= 20);
  const from = monotonicMs();
  web.cuts = true;
  await reportWhen(probe, from, ({ view }) => view.resets >= 20);
  web.cuts = false;
  web.silent = true;
  await reportWhen(probe, from, ({ view }) => view.timeouts >= 20);
  web.silent = false;
  const back = monotonicMs();
  await reportWhen(probe, back, ({ view }) => view.succeeded >= 20);
  const { view, timer, outages, held } = await probe.report(from, monotonicMs());
  const errorMs = 60 + timer.lateMaxMs;
  assert.ok(Math.abs(view.outageMs - (back - from)) <= errorMs, `${view.outageMs} of ${back - from} ms`);
  assert.equal(view.lost, view.resets + view.timeouts);
  assert.deepEqual(Object.keys(view.servers), ["web1"]);
  assert.ok(outages.some((each) => each.to - each.from === view.outageMs));
  assert.ok((held?.cuts ?? 0) >= 1, JSON.stringify(held));
});

test("[LH13] a caller that is busy does not disturb the prober's timer", async (t) => {
  const probe = probing(t, { target: "http://127.0.0.1:1/", intervalMs: 10 });
  const from = monotonicMs();
  await reportWhen(probe, from, ({ view }) => view.refused >= 1);
  const busyFrom = monotonicMs();
  while (monotonicMs() - busyFrom < 600) JSON.parse("[]");
  const report = await probe.report(busyFrom, monotonicMs());
  assert.ok(report.view.requests >= 3, JSON.stringify(report));
});

test("a port is a target too: connections are made, and one is held and its cut counted", async (t) => {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.resume();
  });
  const port = await listening(t, server);
  const probe = probing(t, { target: `127.0.0.1:${port}`, intervalMs: 10, held: true });
  const from = monotonicMs();
  await reportWhen(probe, from, ({ view }) => view.succeeded >= 20);
  for (const socket of sockets) cut(socket);
  const { view, held } = await reportWhen(probe, from, (report) => (report.held?.cuts ?? 0) >= 1);
  assert.equal(view.resets, 0, JSON.stringify(view.failures));
  assert.equal(held?.reasons.ECONNRESET, 1);
});

test("a prober asks no longer than it may, and still reports", async (t) => {
  const web = webServer();
  const port = await listening(t, web.server);
  const probe = probing(t, { target: `http://127.0.0.1:${port}/`, totalMs: 300 });
  const from = monotonicMs();
  await reportWhen(probe, from, ({ view }) => view.succeeded > 0);
  // When it began to ask is the machine's affair, and so the last 300 ms are looked at until there is nothing in them.
  const deadline = monotonicMs() + deadlineMs;
  for (;;) {
    const now = monotonicMs();
    const { view } = await probe.report(now - 300, now);
    if (view.requests === 0) break;
    assert.ok(now < deadline, JSON.stringify(view));
  }
});

test("what cannot be probed is refused before anything is started; a prober that was stopped says so", async (t) => {
  const target = "http://127.0.0.1:1/";
  const refused = (options: ProbeOptions): string => {
    const probe = startProbe(options);
    assert.ok(!probe.ok);
    return probe.error.field;
  };
  assert.equal(refused({ target: "nowhere" }), "target");
  assert.equal(refused({ target, intervalMs: 0 }), "intervalMs");
  assert.equal(refused({ target, timeoutMs: Number.NaN }), "timeoutMs");
  assert.equal(refused({ target, totalMs: 1e12 }), "totalMs");
  const probe = probing(t, { target });
  await probe.stop();
  await assert.rejects(probe.report(0, 1), /stopped/);
});
