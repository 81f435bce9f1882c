import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { hour } from "@tandem/base/time";
import { emptyMemoryFileDisk, openMemoryFileStore } from "@tandem/storage/memory-file-store";
import { FileGarbage, graceMs, removedPerRoundMax } from "./file-garbage.ts";
import { VirtualWorld } from "./virtual-pair.ts";

function garbage() {
  const world = new VirtualWorld();
  const store = openMemoryFileStore(emptyMemoryFileDisk());
  const named = new Set<string>();
  const saved = new Set<string>();
  let canReadSaved = true;
  new FileGarbage({
    world,
    store,
    named: () => named,
    saved: async () => {
      if (!canReadSaved) throw new Error("cannot be read");
      return saved;
    },
  });
  return {
    world,
    store,
    named,
    saved,
    setReadable: (value: boolean) => {
      canReadSaved = value;
    },
    add: (text: string): string => {
      const stored = store.put(new TextEncoder().encode(text));
      assert.ok(stored.ok);
      return stored.value.digest;
    },
    pass: async (hours: number) => {
      for (let passed = 0; passed < hours; passed += 1) {
        world.advance(hour);
        await setImmediate();
      }
    },
  };
}

const graceHours = graceMs / hour;

test("a file without a row is removed after a day, one with a row or in a saved configuration is not", async () => {
  const { store, named, saved, add, pass } = garbage();
  const [forgotten, current, restorable] = [add("forgotten"), add("current"), add("restorable")];
  assert.ok(store.append("0".repeat(64), 0, new Uint8Array([1])).ok);
  named.add(current);
  saved.add(restorable);
  await pass(graceHours - 1);
  assert.ok(store.has(forgotten));
  await pass(2);
  assert.deepEqual([store.has(forgotten), store.has(current), store.has(restorable)], [false, true, true]);
  assert.deepEqual([...store.partials()], []);
});

test("a file that is named again within the day begins another", async () => {
  const { store, named, add, pass } = garbage();
  const digest = add("taken back");
  await pass(graceHours - 1);
  named.add(digest);
  await pass(1);
  named.delete(digest);
  await pass(graceHours - 1);
  assert.ok(store.has(digest));
  await pass(2);
  assert.ok(!store.has(digest));
});

test("removing is bounded work, and stops while saved configurations cannot be read", async () => {
  const { store, add, pass, setReadable } = garbage();
  for (let index = 0; index < removedPerRoundMax + 10; index += 1) add(`file ${index}`);
  setReadable(false);
  await pass(graceHours + 2);
  assert.equal([...store.files()].length, removedPerRoundMax + 10);
  setReadable(true);
  await pass(1);
  assert.equal([...store.files()].length, 10);
  await pass(1);
  assert.equal([...store.files()].length, 0);
});
