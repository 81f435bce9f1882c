import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { commitHoldMs } from "@tandem/pair/constants";
import { realWorld } from "../real-world.ts";
import { CommitGate } from "./commit-gate.ts";

test("[CH11] commits are held until released, and never longer than the bound", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const gate = new CommitGate(realWorld);
    const passed: string[] = [];
    const pass = (name: string): Promise<void> => gate.passage().then(() => void passed.push(name));
    await pass("open");
    gate.hold();
    const released = pass("after release");
    await Promise.resolve();
    assert.deepEqual(passed, ["open"]);
    gate.release();
    await released;
    gate.hold();
    const timedOut = pass("after the bound");
    mock.timers.tick(commitHoldMs - 1);
    await Promise.resolve();
    assert.deepEqual(passed, ["open", "after release"]);
    mock.timers.tick(1);
    await timedOut;
    assert.equal(passed.length, 3);
  } finally {
    mock.timers.reset();
  }
});
