import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startCentral } from "@tandem/central/central-on-loopback";
import { keyIdOf } from "@tandem/signed-documents/keys";
import { runLicense } from "./main.ts";
import { licenseUsage } from "./usage.ts";

const unit = "a".repeat(16);
const peer = "b".repeat(16);
const now = Date.UTC(2026, 10, 26);

function shell(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "tandem-license-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string): string => join(folder, name);
  const run = async (
    argv: readonly string[],
    input: readonly string[] = [],
    at: () => number = () => now,
  ) => {
    let out = "";
    let err = "";
    const lines = [...input];
    const world = {
      env: { TANDEM_CONFIG_DIR: file("config") },
      out: (text: string) => {
        out += text;
      },
      err: (text: string) => {
        err += text;
      },
      secretLine: async () => lines.shift(),
      wait: async () => false,
    };
    const status = await runLicense(argv, world, at);
    return { status, out, err };
  };
  /** Issues, keeps what is printed as `name`, and answers what `show` says of it. */
  const issue = async (name: string, ...argv: readonly string[]) => {
    const issued = await run(["issue", "--key", file("issuer.pem"), "--expires", "2027-06-30", ...argv]);
    assert.equal(issued.status, 0, issued.err);
    writeFileSync(file(name), issued.out);
    return JSON.parse((await run(["show", file(name), "--json"])).out);
  };
  return { file, run, issue };
}

test("the help text is as people see it", async (t) => {
  const { run } = shell(t);
  assert.equal(licenseUsage, readFileSync(join(import.meta.dirname, "usage.golden"), "utf8"));
  assert.deepEqual(await run(["--help"]), { status: 0, out: licenseUsage, err: "" });
  assert.deepEqual(await run(["issue", "--help"]), { status: 0, out: licenseUsage, err: "" });
});

test("keygen prints the public key, keeps the private one to its owner, and overwrites none", async (t) => {
  const { file, run } = shell(t);
  const made = await run(["keygen", file("issuer.pem")]);
  assert.equal(made.status, 0);
  assert.match(made.out, /^[A-Za-z0-9_][A-Za-z0-9_-]{42}\n$/);
  assert.equal(statSync(file("issuer.pem")).mode & 0o777, 0o600);
  const pem = readFileSync(file("issuer.pem"), "utf8");
  const again = await run(["keygen", file("issuer.pem")]);
  assert.deepEqual([again.status, again.out], [1, ""]);
  assert.match(again.err, /is there already/);
  assert.equal(readFileSync(file("issuer.pem"), "utf8"), pem);
});

test("a licence is issued for two units with shares divided evenly or as they are given", async (t) => {
  const { file, run, issue } = shell(t);
  const { out: key } = await run(["keygen", file("issuer.pem")]);
  const units = ["--unit", unit, "--unit", peer.toUpperCase()];
  const even = await issue("a.jws", "--holder", "Example", ...units, "--local", "5", "--metered", "10");
  assert.deepEqual(even.units, [
    { unit, local: 3, poolMbps: 0 },
    { unit: peer, local: 2, poolMbps: 0 },
  ]);
  assert.deepEqual([even.local, even.metered, even.pool], [{ allowance: 5 }, { tierGbps: 10 }, null]);
  assert.equal(even.expiresAt, Date.UTC(2027, 6, 1), "until the end of that day");
  assert.deepEqual(even.signedBy, { id: keyIdOf(key.trim()), key: key.trim() });
  const given = ["--unit", `${unit}=1,300`, "--unit", `${peer}=4,200`];
  const uneven = await issue("b.jws", "--holder", "Example", ...given);
  assert.deepEqual([uneven.local, uneven.pool], [{ allowance: 5 }, { capacityMbps: 500 }]);
  assert.deepEqual(uneven.units[0], { unit, local: 1, poolMbps: 300 });
  const pooled = await issue("c.jws", "--holder", "Example", "--unit", `${unit}=0,500`);
  assert.deepEqual([pooled.local, pooled.pool], [null, { capacityMbps: 500 }]);
  const shown = await run(["show", file("b.jws")]);
  assert.match(shown.out, /Holder +Example\n.*Pool +500 Mbit\/s\n/s);
  assert.match(shown.out, /2027-07-01T00:00:00.000Z, valid now/);
});

test("a renewal keeps holder, account and units, and its shares never cross", async (t) => {
  const { file, run, issue } = shell(t);
  await run(["keygen", file("issuer.pem")]);
  const first = await issue("a.jws", "--holder", "Example", "--unit", `${unit}=3`, "--unit", `${peer}=1`);
  const renew = ["--renew", file("a.jws")];
  const same = await issue("b.jws", ...renew);
  assert.deepEqual(
    [same.account, same.holder, same.units, same.local],
    [first.account, first.holder, first.units, first.local],
  );
  assert.notEqual(same.id, first.id);
  const local = ({ units }: { units: { local: number }[] }) => units.map((share) => share.local);
  assert.deepEqual(local(await issue("c.jws", ...renew, "--local", "9", "--metered", "5")), [6, 3]);
  assert.deepEqual(local(await issue("d.jws", ...renew, "--local", "1")), [1, 0]);
  assert.deepEqual(
    local(await issue("e.jws", ...renew, "--unit", `${peer}=1`, "--unit", `${unit}=5`)),
    [5, 1],
  );
  const off = await issue("f.jws", "--renew", file("c.jws"), "--metered", "none");
  assert.equal(off.metered, null);
  await run(["keygen", file("other.pem")]);
  const issueAgain = ["issue", "--key", file("issuer.pem"), "--expires", "2027-06-30", ...renew];
  for (const [argv, message] of [
    [[...issueAgain, "--unit", `${unit}=2`, "--unit", `${peer}=2`], /one grows and one shrinks/],
    [[...issueAgain, "--unit", unit], /is for a{16} and b{16}/],
    [["issue", "--key", file("other.pem"), "--expires", "2027-06-30", ...renew], /renew it with the key/],
    [[...issueAgain.slice(0, -1), file("issuer.pem")], /name the licence file/],
  ] as const) {
    const refused = await run(argv);
    assert.deepEqual([refused.status, refused.out], [1, ""], argv.join(" "));
    assert.match(refused.err, message);
  }
});

test("what cannot be a licence is said, and nothing is printed as one", async (t) => {
  const { file, run } = shell(t);
  await run(["keygen", file("issuer.pem")]);
  writeFileSync(file("empty"), "");
  const issue = ["issue", "--key", file("issuer.pem"), "--holder", "Example"];
  const until = ["--expires", "2027-06-30"];
  const wrong: readonly (readonly [number, readonly string[], RegExp])[] = [
    [2, [], /say one of keygen, issue, show/],
    [2, ["keygen"], /keygen FILE/],
    [2, ["issue", ...until], /--key FILE/],
    [2, issue, /--expires DATE/],
    [2, [...issue, ...until], /--unit ID/],
    [2, [...issue, ...until, "--unit", unit], /say what it allows/],
    [2, [...issue, ...until, "--unit", "central1", "--local", "1"], /--unit "central1" is not ID/],
    [2, [...issue, ...until, "--unit", unit, "--local", "many"], /--local takes a number/],
    [2, [...issue, ...until, "--unit", `${unit}=1`, "--unit", peer], /shares of all units/],
    [2, [...issue, "--expires", "2027-02-30", "--unit", unit, "--local", "1"], /--expires takes a day/],
    [2, [...issue, "--expires", "soon", "--unit", unit, "--local", "1"], /not "soon"/],
    [1, [...issue, "--expires", "2026-01-01", "--unit", unit, "--local", "1"], /in the past/],
    [1, [...issue, ...until, "--unit", `${unit}=2`, "--local", "3"], /sum up to 2, and the licence allows 3/],
    [1, [...issue, ...until, "--unit", unit, "--unit", unit, "--local", "3"], /names the unit a{16} twice/],
    [1, [...issue, ...until, "--unit", unit, "--metered", "1", "--pool", "500"], /both a pool and metered/],
    [1, ["show", file("empty")], /is no licence/],
    [
      1,
      ["issue", "--key", file("empty"), ...until, "--unit", unit, "--local", "1"],
      /no Ed25519 private key/,
    ],
  ];
  for (const [status, argv, message] of wrong) {
    const ran = await run(argv);
    assert.deepEqual([ran.status, ran.out], [status, ""], argv.join(" "));
    assert.match(ran.err, message);
  }
});

test("a Central is brought to trust an issuer and to take its licence, from the command line", async (t) => {
  const central = await startCentral(t, "central1", "127.0.0.1", { keepFirstPassword: true });
  const { file, run } = shell(t);
  const at = ["--server", `${central.server.host}:${central.server.port}`];
  const { runCtl } = await import("../ctl/main.ts");
  const world = {
    env: { TANDEM_CONFIG_DIR: file("config") },
    out: () => {},
    err: () => {},
    secretLine: async () => central.firstPassword,
    wait: async () => false,
  };
  assert.equal(await runCtl(["login", ...at], world), 0);
  const { out: key } = await run(["keygen", file("issuer.pem")]);
  const id = central.central.pair.identity.unit;
  const year = new Date(Date.now() + 365 * 24 * 3_600_000).toISOString().slice(0, 10);
  const terms = ["--holder", "Example", "--unit", id, "--local", "7", "--expires", year];
  const issued = await run(["issue", "--key", file("issuer.pem"), ...terms], [], Date.now);
  writeFileSync(file("licence.jws"), issued.out);

  assert.match((await run(["status", ...at])).out, /State +valid\n.*a trial/s);
  const early = await run(["import", file("licence.jws"), ...at]);
  assert.equal(early.status, 1);
  assert.match(early.err, new RegExp(`tandem license trust ${key.trim()}`));
  const trusted = await run(["trust", key.trim(), "--name", "Example Sales", ...at]);
  assert.deepEqual([trusted.status, trusted.err], [0, ""]);
  const imported = await run(["import", file("licence.jws"), ...at]);
  assert.match(imported.out, /State +valid\n.*Local +7 licences/s, imported.err);
  assert.match((await run(["issuers", ...at])).out, /Example Sales/);
  const missing = await run(["import", file("nothing.jws"), ...at]);
  assert.equal(missing.status, 1);
  const ended = await run(["distrust", keyIdOf(key.trim()), ...at]);
  assert.match(ended.out, /hold no more/);
  assert.match((await run(["status", ...at])).out, /State +invalid: /);
});
