import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { World } from "@tandem/base/world";
import { eventually } from "../central-on-loopback.ts";
import { realWorld } from "../real-world.ts";
import type { SyslogEvent } from "./collector-messages.ts";
import { CollectorThread } from "./collector-thread.ts";

/** Delays pass so much faster; the thread has its own, real one. */
const quicker = 50;
const quickWorld: World = {
  ...realWorld,
  after: (delayMs, body) => realWorld.after(delayMs / quicker, body),
};
const fixture = new URL("./collector-worker.fixture.ts", import.meta.url);

function run(t: TestContext, folder: string, options: { world: World; workerFile?: URL }) {
  const events: SyslogEvent[] = [];
  const thread = new CollectorThread({
    settings: { address: "127.0.0.33", port: 0, folder, retentionDays: 90 },
    senders: new Map(),
    onEvent: (event) => events.push(event),
    ...options,
  });
  t.after(() => thread.stop());
  return { thread, events };
}

for (const [how, why] of [
  ["throws", /something unforeseen/],
  ["ends", /ended by itself/],
  ["stuck", /said nothing for 15 s/],
] as const)
  test(`[CH2] a collector that ${how === "stuck" ? "is stuck" : how} is started again, with an event, and holds up nothing`, async (t) => {
    const { thread, events } = run(t, how, { world: quickWorld, workerFile: fixture });
    await eventually("it was started three times", () => thread.restarts >= 2);
    assert.ok(events.length >= 2);
    for (const { severity, code, message } of events) {
      assert.deepEqual([severity, code], ["error", "syslog-collector-failed"]);
      assert.match(message, why);
    }
    assert.match(events[0]?.message ?? "", /again in 1 s/);
    assert.match(events[1]?.message ?? "", /again in 2 s/);
    await thread.stop();
    assert.equal(thread.state.kind, "stopped");
    const { restarts } = thread;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(thread.restarts, restarts);
  });

test("the collector's thread tells its state, and ends when it is told to", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-collector-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { thread, events } = run(t, folder, { world: realWorld });
  assert.deepEqual([thread.state.kind, thread.status], ["starting", null]);
  await eventually("both listen", () => thread.status?.listeners.every(({ error }) => error === null));
  assert.equal(thread.state.kind, "running");
  await thread.stop();
  assert.deepEqual([thread.restarts, events], [0, []]);
});
