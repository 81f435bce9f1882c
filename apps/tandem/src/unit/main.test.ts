import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseUnitLine } from "./command-line.ts";
import { runUnit } from "./main.ts";
import { licenceText, offeredText } from "./print.ts";
import { unitUsage } from "./usage.ts";

async function run(argv: readonly string[]) {
  let out = "";
  let err = "";
  const status = await runUnit(argv, {
    env: { TANDEM_CONFIG_DIR: "/nonexistent" },
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    secretLine: async () => undefined,
    wait: async () => false,
  });
  return { status, out, err };
}

test("the help text is as people see it", async () => {
  assert.equal(unitUsage, readFileSync(join(import.meta.dirname, "usage.golden"), "utf8"));
  assert.deepEqual(await run(["--help"]), { status: 0, out: unitUsage, err: "" });
});

test("[ML7] what is missing or cannot be is said before anybody is asked anything", async () => {
  const unit = ["--unit", "192.0.2.11"];
  for (const [argv, message] of [
    [[], /say licence and one of types, activate/],
    [["types", ...unit], /say licence and one of/],
    [["licence", "types"], /needs --unit/],
    [["licence", "types", ...unit], /needs --central/],
    [["licence", "activate", ...unit, "--central", "192.0.2.1"], /needs --type/],
    [["licence", "status", "--unit", "lm1"], /--unit "lm1" is not ADDRESS/],
    [["licence", "types", ...unit, "--central", "central:0"], /--central "central:0" is not ADDRESS/],
    [["licence", "check", ...unit, "--central", "192.0.2.1"], /check takes no --central/],
    [["licence", "activate", ...unit, "--type", "local", "--force"], /activate takes no --force/],
    [["licence", "status", ...unit, "--fingerprint", "12"], /--fingerprint takes 64/],
    [
      ["licence", "types", ...unit, "--central", "c", "--central-fingerprint", "12"],
      /--central-fingerprint takes/,
    ],
    [
      ["licence", "activate", ...unit, "--type", "local", "--central-fingerprint", "ab".repeat(32)],
      /name it with --central/,
    ],
    [["licence", "status", ...unit, "--password", "secret"], /Unknown option '--password'/],
  ] as const) {
    const ran = await run(argv);
    assert.equal(ran.status, 2, argv.join(" "));
    assert.match(ran.err, message);
  }
});

test("[ML2] a Central is named by name, IPv4 or IPv6, with its port or the one it has by default", () => {
  const central = (text: string) =>
    parseUnitLine(["licence", "types", "--unit", "192.0.2.11", "--central", text])?.parameters;
  assert.deepEqual(central("192.0.2.1"), { aslhost: "192.0.2.1", aslport: 8443 });
  assert.deepEqual(central("central1.example:443"), { aslhost: "central1.example", aslport: 443 });
  assert.deepEqual(central("2001:db8::1"), { aslhost: "2001:db8::1", aslport: 8443 });
  assert.deepEqual(central("[2001:db8::1]:443"), { aslhost: "2001:db8::1", aslport: 443 });
  const line = "licence activate --unit 192.0.2.11:8444 --type pool-50 --central 192.0.2.1";
  assert.deepEqual(
    parseUnitLine([...line.split(" "), "--central-fingerprint", "AB:".repeat(31).concat("AB")])?.parameters,
    { aslhost: "192.0.2.1", aslport: 8443, aslfingerprint: "ab".repeat(32), lic_type_id: "pool-50" },
  );
});

test("[ML7] what a unit says is printed without what there is nothing of", () => {
  const none = {
    uuid: "a".repeat(16),
    LicenseStatus: "",
    LicenseType: "",
    ActivationDate: "",
    state: "unlicensed",
    type: null,
    holder: null,
    number: null,
    centrals: [],
    grantedAt: null,
    heldAt: null,
    nextCheckAt: null,
    graceUntil: null,
    reason: null,
    unanswered: null,
  } as const;
  assert.equal(licenceText(none), `Licence       unlicensed\nLicensing id  ${"a".repeat(16)}\n`);
  const central = { name: "central1", unit: "b".repeat(16), port: 8443, fingerprint: null };
  const grace = {
    ...none,
    state: "grace",
    type: "local",
    LicenseType: "Local licence",
    centrals: [
      { ...central, host: "192.0.2.1", isHolder: true },
      { ...central, name: "central2", host: null, isHolder: false },
    ],
    graceUntil: Date.UTC(2026, 10, 26),
    reason: "no Central answers",
  } as const;
  assert.equal(
    licenceText(grace),
    `Licence       grace: local (Local licence)
Licensing id  aaaaaaaaaaaaaaaa
Central       central1 (192.0.2.1:8443), which has granted it; central2 (address not known)
Grace until   2026-11-26T00:00:00.000Z
Reason        no Central answers
`,
  );
  const offered = {
    host: "192.0.2.1",
    port: 8443,
    fingerprint: "f".repeat(64),
    central: "",
    name: "central1",
  };
  assert.match(offeredText({ ...offered, types: [] }), /licenses nothing now\n$/);
});
