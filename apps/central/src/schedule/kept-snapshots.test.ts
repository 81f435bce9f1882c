import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyMemoryFileDisk, openMemoryFileStore } from "@tandem/storage/memory-file-store";
import { snapshots } from "../files/tables.ts";
import { snapshotsIn } from "./kept-snapshots.ts";
import { deviceId, twoSchedules } from "./two-schedules.ts";

test("[CH20] a run that a unit keeps again after its disk was set back is a second copy, and no conflict of the first", async () => {
  const { a, b, time } = await twoSchedules("2026-11-25T09:30:00Z");
  const run = "e".repeat(64);
  // The same unit before and after: neither disk knows what the other one has.
  a.cut();
  for (const [disk, text] of [
    [a, "configuration"],
    [b, "configuration, changed since"],
  ] as const) {
    const kept = snapshotsIn(openMemoryFileStore(emptyMemoryFileDisk()), {
      ...disk.pair,
      identity: { unit: a.unit },
    });
    const bytes = new TextEncoder().encode(text);
    const held = kept.keep({ device: deviceId, run, at: time.world.wall(), bytes, author: "admin" });
    assert.ok(held.ok);
    await disk.write(...held.value.edits);
    await time.pass(1_000);
  }
  a.heal();
  for (const { replica } of [a, b]) {
    assert.deepEqual(replica.conflicts(), []);
    assert.equal(new Set(replica.rows(snapshots).map(({ values }) => values.digest)).size, 2);
  }
});
