import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sha256Hex } from "@tandem/base/digest";
import { openDiskFileStore } from "./disk-file-store.ts";

const rounds = 4;
const filesBeforeKill = 15;

test("[CH5] killed while storing files, again and again: what was stored is there, and nothing is there but what its name says", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const directory = join(folder, "files");
  const stored: string[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const writer = spawn(
      process.execPath,
      [fileURLToPath(new URL("./file-crash-writer.ts", import.meta.url)), directory, `${round}`],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const ended = new Promise((resolve) => writer.once("exit", resolve));
    let lines = 0;
    for await (const line of createInterface({ input: writer.stdout })) {
      stored.push(...line.split(" "));
      lines += 1;
      if (lines >= filesBeforeKill) writer.kill("SIGKILL");
    }
    await ended;

    const store = openDiskFileStore(directory);
    for (const digest of stored) assert.ok(store.has(digest), `round ${round}: ${digest} was stored`);
    for (const { digest, size } of store.files())
      assert.equal(sha256Hex(store.read(digest, 0, size) ?? new Uint8Array()), digest);
    for (const digest of store.partials()) assert.ok(store.partial(digest) <= 80_000);
    assert.ok(!readdirSync(directory).some((name) => name.startsWith("new-")));
    store.close();
  }
  assert.ok(stored.length >= 2 * rounds * filesBeforeKill);
});
