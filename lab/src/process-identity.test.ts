import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { identify, isAlive, processesMarked, signalProcess } from "./process-identity.ts";

test("a process is known by its number and its start; another with the same number is not signalled", async () => {
  const child = spawn("sleep", ["60"], { env: { PATH: process.env.PATH, TANDEM_TEST_MARK: "identity" } });
  await once(child, "spawn");
  const identity = identify(child.pid as number);
  assert.ok(identity);
  assert.ok(isAlive(identity));
  assert.deepEqual(processesMarked("TANDEM_TEST_MARK", "identity"), [identity]);
  assert.deepEqual(processesMarked("TANDEM_TEST_MARK", "identit"), []);
  const stranger = { ...identity, startTime: "1" };
  assert.equal(signalProcess(stranger, "SIGKILL"), false);
  assert.ok(isAlive(identity));
  const ended = once(child, "exit");
  assert.equal(signalProcess(identity, "SIGKILL"), true);
  await ended;
  assert.equal(isAlive(identity), false);
  assert.equal(identify(identity.pid), undefined);
});
