import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { addNetwork, eventually, startCentral, stateOf } from "./pair-on-loopback.ts";
import { newSettings } from "./settings-file.ts";

test("[CH7] a Master whose process is killed (SIGKILL) is replaced within 1 s, at a heartbeat of 30 s as well", async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), "tandem-test-"));
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(b, "10.2.0.0/16");
  const a = spawn(
    process.execPath,
    [fileURLToPath(new URL("./central-process.ts", import.meta.url)), stateDir, "127.0.0.1"],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  t.after(() => {
    a.kill("SIGKILL");
    rmSync(stateDir, { recursive: true, force: true });
  });
  const said: { haKey?: string; port?: number; ourState?: string; errors?: unknown }[] = [];
  createInterface({ input: a.stdout }).on("line", (line) => said.push(JSON.parse(line)));
  await eventually("A has started", () => said.length > 0);
  const { haKey, port } = said[0] as { haKey: string; port: number };
  const form = { ...newSettings, peer: { key: b.ha.haKey, address: "127.0.0.2", port: b.ha.listening.port } };
  a.stdin.write(`${JSON.stringify({ ...form, preferredMaster: true })}\n`);
  await eventually("A is Master", () => said.at(-1)?.ourState === "Master");
  const applied = await b.ha.apply({ ...newSettings, peer: { key: haKey, address: "127.0.0.1", port } });
  assert.ok(applied.ok, JSON.stringify(applied));
  await eventually("B is Slave", () => stateOf(b) === "Slave");

  a.kill("SIGKILL");
  const took = await eventually("B is Master", () => stateOf(b) === "Master", 5_000);
  assert.ok(took <= 1_000, `took ${Math.round(took)} ms`);
});
