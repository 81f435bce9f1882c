/** Supervision by the real CarpdClient of a carpd that ends at once. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { needsRoot } from "@tandem/linux/network-namespace";
import { CarpStarts, pacifiedOnDisk } from "./carp-starts.ts";
import { CarpdClient } from "./carpd-client.ts";

const withFolder = async (body: (stateDir: string) => Promise<void> | void): Promise<void> => {
  const stateDir = mkdtempSync(join(tmpdir(), "tandem-carp-starts-"));
  try {
    await body(stateDir);
  } finally {
    rmSync(stateDir, { recursive: true });
  }
};

test("[LH9] a record that cannot be read is told of, and counts as none", () =>
  withFolder((stateDir) => {
    for (const content of ["{", '{"starts":[1,2,3,4,5]}', "[]"]) {
      writeFileSync(join(stateDir, "carp-starts.json"), content);
      const complaints: string[] = [];
      const starts = new CarpStarts(stateDir, (event) => complaints.push(event));
      assert.deepEqual(
        [starts.pacified, starts.count(), complaints],
        [null, true, ["carp-starts-unreadable"]],
      );
    }
    assert.equal(statSync(join(stateDir, "carp-starts.json")).mode & 0o777, 0o600);
  }));

test("[LH9] what cannot be kept on disk is counted all the same", () =>
  withFolder((stateDir) => {
    const complaints: string[] = [];
    const starts = new CarpStarts(join(stateDir, "absent"), (event) => complaints.push(event));
    for (let n = 0; n < 4; n += 1) assert.equal(starts.count(), true);
    assert.equal(starts.count(), false);
    assert.ok(complaints.every((event) => event === "carp-starts-not-kept") && complaints.length > 0);
  }));

test(
  "[LH9] carpd that always ends is started four times, by no later unit, and again by an operator's order",
  {
    skip: needsRoot(),
  },
  () =>
    withFolder(async (stateDir) => {
      const begun = join(stateDir, "begun");
      const command = { file: "/bin/sh", arguments: ["-c", 'echo start >> "$0"', begun] };
      const starts = (): number => readFileSync(begun, "utf8").split("\n").length - 1;
      const configPath = join(stateDir, "none.json");
      const client = new CarpdClient({ stateDir, configPath, command });
      let told = 0;
      client.onStatus(() => {
        told += client.pacified === null ? 0 : 1;
      });
      await client.spawn();
      assert.deepEqual([client.pacified?.starts, starts(), told], [3, 4, 1]);
      await client.stop();
      assert.equal(pacifiedOnDisk(stateDir, () => {})?.since, client.pacified?.since);

      const next = new CarpdClient({ stateDir, configPath, command });
      assert.equal(next.pacified?.since, client.pacified?.since);
      await next.spawn();
      assert.equal(starts(), 4);
      await assert.rejects(next.resume(), /nobody had told it to/);
      assert.equal(starts(), 8);
      next.resumeAtRestart();
      assert.notEqual(next.pacified, null, "until then it stays as it is");
      await next.stop();
      assert.equal(
        pacifiedOnDisk(stateDir, () => {}),
        null,
      );
    }),
);

test("[LH9] units that crash along with carpd count as well", { skip: needsRoot() }, () =>
  withFolder(async (stateDir) => {
    const command = { file: "/bin/sleep", arguments: ["0.01"] };
    for (let n = 0; n < 4; n += 1) {
      const unit = new CarpStarts(stateDir, () => {});
      assert.equal(unit.count(), true, `start ${n + 1}`);
    }
    const client = new CarpdClient({ stateDir, configPath: join(stateDir, "none.json"), command });
    await client.spawn();
    assert.notEqual(client.pacified, null);
    await client.stop();
  }),
);
