import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runPair } from "./main.ts";
import { pairUsage } from "./usage.ts";

async function run(argv: readonly string[], input: readonly string[] = []) {
  let out = "";
  let err = "";
  const lines = [...input];
  const status = await runPair(argv, {
    env: { TANDEM_CONFIG_DIR: "/nonexistent" },
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    secretLine: async () => lines.shift(),
    wait: async () => false,
  });
  return { status, out, err };
}

test("the help text is as people see it", async () => {
  assert.equal(pairUsage, readFileSync(join(import.meta.dirname, "usage.golden"), "utf8"));
  assert.deepEqual(await run(["--help"]), { status: 0, out: pairUsage, err: "" });
});

test("[LH10] what is missing or cannot be is said before anybody is asked anything", async () => {
  const unit = ["--unit", "192.0.2.11"];
  const partner = ["--partner", "192.0.2.12", "--shared", "192.0.2.10"];
  for (const [argv, message] of [
    [[], /say one of check, create, status/],
    [["check"], /needs --unit/],
    [["check", ...unit], /needs --partner/],
    [["create", ...unit, ...partner], /needs --backup-to/],
    [["dissolve", ...unit], /needs --backup-to/],
    [["check", "--unit", "lm1", ...partner], /--unit "lm1" is not ADDRESS/],
    [["check", ...unit, ...partner, "--timeout", "7"], /3, 6, 9, 12 or 15 seconds, not 7/],
    [["check", ...unit, ...partner, "--role", "HA3"], /HA1 or HA2/],
    [["check", ...unit, ...partner, "--vhid", "x"], /--vhid takes a number/],
    [["status", ...unit, "--fingerprint", "12"], /64 hexadecimal digits/],
    [["check", ...unit, ...partner, "--password", "secret"], /Unknown option '--password'/],
  ] as const) {
    const ran = await run(argv);
    assert.equal(ran.status, 2, argv.join(" "));
    assert.match(ran.err, message);
  }
});
