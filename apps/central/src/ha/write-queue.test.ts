import assert from "node:assert/strict";
import { test } from "node:test";
import { ok } from "@tandem/base/result";
import { createRow, updateRow } from "@tandem/replica/edits";
import { emptyMemoryDisk, openMemoryStore } from "@tandem/storage/memory-store";
import { realWorld } from "../real-world.ts";
import { networks } from "./pair-on-loopback.ts";
import { SharedState } from "./shared-state.ts";
import { type Write, WriteQueue } from "./write-queue.ts";

const rename = (name: string): Write => ({
  edits: [updateRow(networks, "10.0.0.0/8", { name })],
  author: "admin",
  summary: name,
  at: 1_000,
});
const create: Write = { ...rename(""), edits: [createRow(networks, { cidr: "10.0.0.0/8" })] };

test("[CH21] a write is made at once; those that come with it follow in order in one transaction, each whole or not at all", async () => {
  const store = openMemoryStore(emptyMemoryDisk());
  let commits = 0;
  const counting = {
    ...store,
    commit: (changes: Parameters<typeof store.commit>[0]) => {
      commits += 1;
      store.commit(changes);
    },
  };
  const shared = new SharedState([networks], counting, "0".repeat(16), null, realWorld);
  const queue = new WriteQueue(realWorld, (writes) =>
    shared.writeAll(writes).results.map((result) => (result.ok ? ok("both" as const) : result)),
  );
  const adding = [create, rename("a"), create, rename("b")].map((each) => queue.add(each));
  assert.equal(commits, 1, "the first waits for no timer");
  const answers = await Promise.all(adding);
  assert.deepEqual(
    answers.map((answer) => answer.ok),
    [true, true, false, true],
  );
  assert.equal(commits, 2);
  assert.equal(shared.replica.row(networks, "10.0.0.0/8")?.values.name, "b");
  const reopened = new SharedState([networks], store, "0".repeat(16), null, realWorld);
  assert.equal(reopened.replica.digest(), shared.replica.digest());
  assert.deepEqual(reopened.replica.vector, shared.replica.vector);
});

test("[CH21] what could not be kept is answered with the failure, all of it", async () => {
  const queue = new WriteQueue(realWorld, () => {
    throw new Error("no space left on device");
  });
  const answers = await Promise.allSettled([queue.add(create), queue.add(rename("a"))]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ["rejected", "rejected"],
  );
});

test("beyond the bound what waits is made at once", () => {
  let made = 0;
  const queue = new WriteQueue(realWorld, (writes) => {
    made += writes.length;
    return writes.map(() => ok("both" as const));
  });
  for (let count = 0; count < 1_500; count += 1) void queue.add(create);
  assert.equal(made, 1_001);
  queue.flush();
  assert.equal(made, 1_500);
});
