import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadSettings, newSettings, saveSettings } from "./settings-file.ts";

test("HA settings: absent means none, kept means the same, and what cannot be understood is not guessed at", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tandem-test-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "ha-settings.json");
  assert.deepEqual(loadSettings(path), newSettings);
  const fingerprint = "0123456789abcdef".repeat(4);
  const settings = {
    ...newSettings,
    preferredMaster: true,
    heartbeatMs: 5_000,
    holdDownMs: 7_200_000,
    peer: { unit: fingerprint.slice(0, 16), fingerprint, address: "10.213.0.12", port: 6974 },
  };
  saveSettings(path, settings);
  assert.deepEqual(loadSettings(path), settings);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(directory), ["ha-settings.json"]);
  writeFileSync(path, "{");
  assert.throws(() => loadSettings(path), /not JSON; remove it/);
  writeFileSync(path, JSON.stringify({ ...settings, heartbeatMs: 0 }));
  assert.throws(() => loadSettings(path), /heartbeatMs/);
});
