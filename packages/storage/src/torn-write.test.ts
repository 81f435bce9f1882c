import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openSecretBox } from "./secret-box.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { anyVersion } from "./store-contract-suite.ts";

const commits = 20;
const partsPerCommit = 3;
const places = 60;
/** What a disk writes at once, at the least. */
const sectorBytes = 512;
const incarnation = "00000000000000aa";

const openIn = (directory: string) =>
  openSqliteStore(join(directory, "config.db"), openSecretBox(join(directory, "secret.key")), () => false);

function directoryFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "tandem-test-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Commits of several versions and a document each, and the log that SQLite had written when the power went. */
function written(t: TestContext): { readonly directory: string; readonly log: Buffer } {
  const directory = directoryFor(t);
  const store = openIn(directory);
  for (let commit = 1; commit <= commits; commit += 1) {
    const last = commit * partsPerCommit;
    const versions = Array.from({ length: partsPerCommit }, (_, part) =>
      anyVersion({ row: `row ${commit}`, field: `part${part}`, incarnation, seq: last - part }),
    );
    store.commit([
      { kind: "versions", persist: { versions, vector: { [incarnation]: last }, clock: commit } },
      { kind: "document", name: "last", value: commit },
    ]);
  }
  const log = readFileSync(join(directory, "config.db-wal"));
  for (const name of ["config.db", "secret.key"])
    copyFileSync(join(directory, name), join(directory, `${name}.copy`));
  store.close();
  return { directory, log };
}

/** How many commits are there when the process starts on that log: each whole, none after one that is missing. */
function commitsOn(t: TestContext, from: string, log: Buffer): number {
  const directory = directoryFor(t);
  for (const name of ["config.db", "secret.key"])
    copyFileSync(join(from, `${name}.copy`), join(directory, name));
  writeFileSync(join(directory, "config.db-wal"), log);
  const store = openIn(directory);
  const last = (store.document("last") ?? 0) as number;
  const { versions, vector } = store.stored();
  const slots = [...versions].map(({ row, field }) => `${row} ${field}`).sort();
  store.close();
  assert.equal(vector[incarnation] ?? 0, last * partsPerCommit, "vector and document are of one commit");
  assert.deepEqual(
    slots,
    Array.from({ length: last }, (_, commit) =>
      Array.from({ length: partsPerCommit }, (_, part) => `row ${commit + 1} part${part}`),
    )
      .flat()
      .sort(),
  );
  return last;
}

test("[CH20] a write that is torn at any place leaves whole commits, up to one of them", (t) => {
  const { directory, log } = written(t);
  assert.equal(commitsOn(t, directory, log), commits);
  const seen = new Set<number>();
  let before = 0;
  for (let place = 0; place <= places; place += 1) {
    const length = Math.floor((log.length * place) / places);
    const there = commitsOn(t, directory, log.subarray(0, length));
    assert.ok(there >= before, "more of the log is never less of the commits");
    before = there;
    seen.add(there);
  }
  assert.ok(seen.size > 10, "the places lie in many commits");
});

test("[CH20] a sector that did not reach the disk takes its commit and those after it, and nothing else", (t) => {
  const { directory, log } = written(t);
  for (let place = 0; place < places; place += 1) {
    const at = Math.floor((log.length * place) / places / sectorBytes) * sectorBytes;
    const torn = Buffer.from(log);
    torn.fill(0, at, at + sectorBytes);
    if (torn.equals(log)) continue;
    const intact = commitsOn(t, directory, log.subarray(0, at));
    const there = commitsOn(t, directory, torn);
    assert.ok(there >= intact && there < commits, `${there} of ${commits}, ${intact} before the sector`);
  }
});
