import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { monotonicMs } from "@tandem/probe/monotonic";
import { askProber } from "./prober-report.ts";
import { notYet, seen, waitUntil } from "./wait-until.ts";

function serve(port: number): Promise<Server> {
  const server = createServer((_request, response) => {
    response.setHeader("x-served-by", "here");
    response.end("ok\n");
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

test("a server that is away for half a second is seen as an outage of about that", async () => {
  const folder = mkdtempSync("/tmp/tandem-prober-");
  const control = `${folder}/control.sock`;
  const first = await serve(0);
  const { port } = first.address() as AddressInfo;
  const source = fileURLToPath(new URL("prober.ts", import.meta.url));
  const prober = spawn(process.execPath, [source, control, "127.0.0.1", String(port)], { stdio: "ignore" });
  let second: Server | undefined;
  try {
    const begun = monotonicMs();
    const answered = (from: number, atLeast: number) => () =>
      askProber(control, from, monotonicMs()).then(({ view }) =>
        view.succeeded >= atLeast ? seen(view) : notYet(`${view.succeeded} answers`),
      );
    await waitUntil({ what: "the first answers", deadlineMs: 10_000 }, answered(begun, 20));
    const away = monotonicMs();
    first.close();
    first.closeAllConnections();
    await waitUntil({ what: "half a second of refusals", deadlineMs: 10_000 }, () =>
      monotonicMs() - away >= 500 ? seen(true) : notYet("too early"),
    );
    second = await serve(port);
    const back = monotonicMs();
    await waitUntil({ what: "answers again", deadlineMs: 10_000 }, answered(back, 20));
    const { view, timer } = await askProber(control, away - 100, monotonicMs());
    // The prober's own lateness is the error of the measurement, in both directions.
    const error = 30 + timer.lateMaxMs;
    assert.ok(view.outageMs >= 500 - error, `${view.outageMs} ms`);
    assert.ok(view.outageMs <= back - away + error, `${view.outageMs} ms of ${back - away} ms`);
    assert.ok((view.failures.ECONNREFUSED ?? 0) > 0, JSON.stringify(view.failures));
    assert.deepEqual(Object.keys(view.servers), ["here"]);
  } finally {
    const ended = once(prober, "exit");
    prober.kill("SIGKILL");
    await ended;
    first.close();
    second?.close();
    second?.closeAllConnections();
    rmSync(folder, { recursive: true });
  }
});

test("a prober that is not there is an error, not a figure", async () => {
  await assert.rejects(askProber("/tmp/tandem-no-such-prober.sock", 0, 1), { code: "ENOENT" });
});
