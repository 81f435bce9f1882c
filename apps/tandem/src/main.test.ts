import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { nodeVersionFault } from "./node-version.ts";

const executable = fileURLToPath(new URL("../../../bin/tandem", import.meta.url));
const tandem = (...argv: string[]) => spawnSync(executable, argv, { encoding: "utf8", timeout: 30_000 });

test("tandem --help is the golden text", () => {
  const { stdout, status } = tandem("--help");
  assert.equal(status, 0);
  assert.equal(stdout, readFileSync(new URL("usage.golden", import.meta.url), "utf8"));
});

test("a command that does not exist is named, and where to look", () => {
  const { stderr, status } = tandem("centrla");
  assert.equal(status, 2);
  assert.match(stderr, /no command "centrla"; see tandem --help/);
});

test("a server without --config says what it needs", () => {
  for (const command of ["central", "loadmaster", "carpd"]) {
    const { stderr, status } = tandem(command);
    assert.equal(status, 2);
    assert.match(stderr, new RegExp(`tandem ${command} --config FILE`));
  }
});

test("an old Node is refused with the remedy, a new one is not", () => {
  for (const version of ["18.19.0", "20.20.2", "24.14.9"])
    assert.match(nodeVersionFault(version) ?? "", /at least 24\.15.*bin\/setup\.sh/, version);
  for (const version of ["24.15.0", "24.21.0", "26.1.0"]) assert.equal(nodeVersionFault(version), undefined);
});
