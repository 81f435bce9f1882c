import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("each test file has a line with its time by the clock, one that fails as well", () => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-test-times-"));
  try {
    const begin = 'import { test } from "node:test";';
    writeFileSync(join(folder, "good.test.mjs"), `${begin} test("good", () => {});`);
    writeFileSync(join(folder, "bad.test.mjs"), `${begin} test("bad", () => { throw new Error("bad"); });`);
    const into = join(folder, "times");
    // The runner that this test is in must not be taken for the parent of that one.
    const { NODE_TEST_CONTEXT: _, TEST_TIMES: __, ...env } = process.env;
    const reporter = fileURLToPath(new URL("./reporter.ts", import.meta.url));
    const run = (more: Record<string, string>) => {
      const { status, stdout } = spawnSync(
        process.execPath,
        ["--test", `--test-reporter=${reporter}`, "--test-reporter-destination=stdout"],
        { cwd: folder, env: { ...env, ...more }, encoding: "utf8" },
      );
      return [status, stdout];
    };
    assert.deepEqual(run({ TEST_TIMES: into }), [1, ""]);
    assert.match(readFileSync(into, "utf8"), /^[0-9.]+ bad\.test\.mjs\n[0-9.]+ good\.test\.mjs\n$/);

    rmSync(join(folder, "bad.test.mjs"));
    assert.deepEqual(run({}), [0, ""], "it spoils no run that wants no times");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
