import assert from "node:assert/strict";
import { test } from "node:test";
import { diskTroubleOf } from "./disk-trouble.ts";

test("SQLite's codes, extended ones too, and the system's are told apart from faults of the program", () => {
  const sqlite = (errcode: number): Error => Object.assign(new Error("said so"), { errcode });
  const system = (code: string): Error => Object.assign(new Error("said so"), { code });
  assert.equal(diskTroubleOf(sqlite(13))?.code, "disk-full");
  // SQLITE_IOERR_WRITE and SQLITE_READONLY_DBMOVED.
  assert.equal(diskTroubleOf(sqlite(778))?.code, "disk-io");
  assert.equal(diskTroubleOf(sqlite(1032))?.code, "disk-read-only");
  assert.equal(diskTroubleOf(system("ENOSPC"))?.code, "disk-full");
  assert.equal(diskTroubleOf(system("EROFS"))?.code, "disk-read-only");
  for (const other of [sqlite(1), sqlite(11), system("ENOENT"), new Error("assertion failed"), "text"])
    assert.equal(diskTroubleOf(other), null);
  assert.match(diskTroubleOf(sqlite(13))?.cause ?? "", /full.*said so/);
});
