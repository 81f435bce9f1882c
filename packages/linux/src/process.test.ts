import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { identityOf, isRunning, signalProcess, spawnDetached, statFields } from "./process.ts";

test("a process is told from another one that has its id", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const identity = identityOf(child.pid!);
  assert.ok(identity);
  assert.equal(isRunning(identity), true);
  const impostor = { ...identity, startTicks: "1" };
  assert.equal(isRunning(impostor), false);
  assert.equal(
    signalProcess(impostor, "SIGKILL"),
    false,
    "nothing is sent to a process that started at another time",
  );
  assert.equal(isRunning(identity), true);
  assert.equal(signalProcess(identity, "SIGKILL"), true);
  await once(child, "exit");
  assert.equal(isRunning(identity), false);
  assert.equal(signalProcess(identity, "SIGKILL"), false);
});

test("a command's name cannot shift the fields of /proc/PID/stat", () => {
  assert.equal(statFields("12 (a) S (b) R 1 2 3")[0], "R");
});

test("a detached process writes to a log that only its owner reads", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-process-"));
  try {
    const logPath = join(folder, "process.log");
    const ended = await new Promise<string>((resolve) => {
      spawnDetached(
        { command: process.execPath, arguments: ["-e", "console.log('here'); process.exit(3)"], logPath },
        resolve,
      );
    });
    assert.equal(ended, "exit status 3");
    assert.equal(readFileSync(logPath, "utf8"), "here\n");
    assert.equal(statSync(logPath).mode & 0o777, 0o600);
    const missing = await new Promise<string>((resolve) => {
      spawnDetached({ command: join(folder, "absent"), arguments: [], logPath }, resolve);
    });
    assert.match(missing, /ENOENT/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
