import assert from "node:assert/strict";
import { test } from "node:test";
import { runIdOf } from "./run-id.ts";

test("[CH22] a run's id follows from action, device and due time alone", () => {
  const run = { action: "nightly backup", device: "d1", dueAt: Date.UTC(2026, 10, 25, 3) };
  assert.equal(
    runIdOf(run),
    runIdOf({ dueAt: 1_795_575_600_000, device: "d1", action: "nightly backup" }),
    "whatever the order of the facts",
  );
  // Pinned: two versions of the program must name a run alike.
  assert.equal(runIdOf(run), "e9933e0da7d63b5eea30712fba37ed359ea3a25fa02e1c2d389d0bd96a06e44a");
  for (const other of [{ action: "reboot" }, { device: "d2" }, { dueAt: run.dueAt + 1 }])
    assert.notEqual(runIdOf({ ...run, ...other }), runIdOf(run));
});
