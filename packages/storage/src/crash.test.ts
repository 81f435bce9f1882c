import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openSecretBox } from "./secret-box.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const rounds = 4;
const commitsBeforeKill = 40;

test("killed while writing, again and again: every acknowledged commit is there, and none is there in part", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tandem-test-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const acknowledged = new Map<string, number>();
  for (let round = 1; round <= rounds; round += 1) {
    const incarnation = round.toString(16).padStart(16, "0");
    const writer = spawn(
      process.execPath,
      [fileURLToPath(new URL("./crash-writer.ts", import.meta.url)), directory, incarnation],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const ended = new Promise((resolve) => writer.once("exit", resolve));
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged.set(incarnation, Number(line));
      if (Number(line) >= commitsBeforeKill) writer.kill("SIGKILL");
    }
    await ended;

    const store = openSqliteStore(
      join(directory, "config.db"),
      openSecretBox(join(directory, "secret.key")),
      () => false,
    );
    const stored = store.stored();
    const partsOf = new Map<string, number>();
    for (const version of stored.versions) {
      partsOf.set(version.row, (partsOf.get(version.row) ?? 0) + 1);
      assert.ok((stored.vector[version.incarnation] ?? 0) >= version.seq, "the vector covers every version");
    }
    for (const [row, parts] of partsOf) assert.equal(parts, 3, `${row} is there whole`);
    for (const [writerOf, last] of acknowledged) {
      assert.ok(last >= commitsBeforeKill);
      for (let seq = 1; seq <= last; seq += 1)
        assert.ok(partsOf.has(`${writerOf}.${seq}`), `${writerOf}.${seq} was acknowledged`);
    }
    const last = store.document("last") as { incarnation: string; seq: number };
    assert.equal(stored.vector[last.incarnation], 3 * last.seq + 2, "document and vector are of one commit");
    store.close();
  }
  assert.equal(acknowledged.size, rounds);
});
