import assert from "node:assert/strict";
import { test } from "node:test";
import { StallWatch } from "./stall-watch.ts";

test("a process that stood still is told, by whichever clock went on; a busy one is not", (t) => {
  const clocks = { monotonic: 0, boot: 0, wall: 0 };
  const watch = new StallWatch(
    () => undefined,
    () => ({ ...clocks }),
  );
  t.after(() => watch.stop());
  const pass = (monotonic: number, boot = monotonic, wall = monotonic): boolean => {
    clocks.monotonic += monotonic;
    clocks.boot += boot;
    clocks.wall += wall;
    return watch.check();
  };
  assert.equal(pass(500), false);
  assert.equal(pass(2_400), false, "a slow turn");
  assert.equal(pass(10_000), true, "stopped and continued (SIGSTOP)");
  assert.equal(pass(500), false, "said once");
  assert.equal(pass(500, 60_000, 60_000), true, "suspended: the monotonic clock stood still as well");
  assert.equal(pass(500, 500, 60_000), true, "a paused machine whose wall clock was set on");
  assert.equal(pass(500, 500, -3_600_000), false, "a wall clock set back");
});
