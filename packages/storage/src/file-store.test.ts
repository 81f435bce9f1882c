import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { sha256Hex } from "@tandem/base/digest";
import { openDiskFileStore } from "./disk-file-store.ts";
import { fileStoreContractSuite } from "./file-store-contract-suite.ts";
import { emptyMemoryFileDisk, openMemoryFileStore } from "./memory-file-store.ts";

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "tandem-test-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

fileStoreContractSuite("files in memory", () => {
  const disk = emptyMemoryFileDisk();
  return {
    open: () => openMemoryFileStore(disk),
    setFree: (bytes) => {
      disk.freeBytes = bytes;
    },
  };
});

fileStoreContractSuite("files on disk", (t) => {
  const directory = join(temporaryDirectory(t), "files");
  let free = Number.POSITIVE_INFINITY;
  return {
    open: () => openDiskFileStore(directory, { freeBytes: () => free }),
    setFree: (bytes) => {
      free = bytes;
    },
  };
});

test("files on disk: nobody else may read them, and an upload that a crash cut short is cleared away", (t) => {
  const directory = join(temporaryDirectory(t), "files");
  const store = openDiskFileStore(directory);
  assert.ok(store.put(new Uint8Array([1, 2, 3])).ok);
  assert.ok(store.append(sha256Hex("x"), 0, new Uint8Array([4])).ok);
  assert.equal(statSync(directory).mode & 0o077, 0);
  for (const name of readdirSync(directory)) assert.equal(statSync(join(directory, name)).mode & 0o077, 0);
  store.close();
  writeFileSync(join(directory, "new-7"), "half");
  openDiskFileStore(directory).close();
  assert.equal(readdirSync(directory).length, 2);
});

test("files on disk: a directory that cannot be written to is an error with a remedy", (t) => {
  const directory = join(temporaryDirectory(t), "files");
  const store = openDiskFileStore(directory);
  rmSync(directory, { recursive: true });
  const refused = store.put(new Uint8Array([1]));
  assert.ok(!refused.ok && refused.error.code === "disk-failed");
  assert.match(refused.error.remedy, /directory/);
});
