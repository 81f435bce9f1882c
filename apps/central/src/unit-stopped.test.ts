import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyMemoryDisk, openMemoryStore } from "@tandem/storage/memory-store";
import { addNetwork, startCentral } from "./ha/pair-on-loopback.ts";
import { inBackground, UnitStopped } from "./unit-stopped.ts";

test("[CH21] a write that the disk could not keep ends as a unit that has stopped, and what nobody waits for ends quietly", async (t) => {
  const disk = emptyMemoryDisk();
  const central = await startCentral(t, "central1", "127.0.0.1", openMemoryStore(disk));
  await addNetwork(central, "10.0.0.0/8");
  disk.failure = new Error("the disk is full");
  inBackground(addNetwork(central, "10.1.0.0/16"));
  await assert.rejects(addNetwork(central, "10.2.0.0/16"), (error: unknown) => {
    assert.ok(error instanceof UnitStopped);
    assert.equal(error.cause, disk.failure);
    return true;
  });
  await assert.rejects(addNetwork(central, "10.3.0.0/16"), UnitStopped);
});
