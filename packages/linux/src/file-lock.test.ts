import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { lockFile } from "./file-lock.ts";

test("a lock has one holder, and is free again when it is released", () => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-lock-"));
  try {
    const path = join(folder, "process.lock");
    const first = lockFile(path);
    assert.ok(first);
    assert.equal(lockFile(path), undefined);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    first.release();
    const second = lockFile(path);
    assert.ok(second);
    second.release();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
