import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { eventually, type LoopbackCentral, startCentral } from "@tandem/central/central-on-loopback";
import {
  loadMasterPassword,
  loadMasterUser,
  startLoadMaster,
} from "@tandem/central/fleet/loadmaster-on-loopback";
import { pairOfCentrals } from "@tandem/central/ha/two-centrals";
import { sendTcp } from "@tandem/central/syslog/senders-on-loopback";
import { runCtl } from "./main.ts";
import { ctlUsage } from "./usage.ts";

type Ran = { readonly status: number; readonly out: string; readonly err: string };

/** A shell of one user: a folder of its own for what `ctl` keeps, and lines of standard input. */
function shell(t: TestContext): {
  readonly folder: string;
  run(
    argv: readonly string[],
    input?: readonly string[],
    env?: NodeJS.ProcessEnv,
    wait?: (delayMs: number) => Promise<boolean>,
  ): Promise<Ran>;
} {
  const folder = mkdtempSync(join(tmpdir(), "tandem-ctl-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    run: async (argv, input = [], env = {}, wait = async () => false) => {
      let out = "";
      let err = "";
      const lines = [...input];
      const status = await runCtl(argv, {
        env: { TANDEM_CONFIG_DIR: join(folder, "config"), ...env },
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        secretLine: async () => lines.shift(),
        wait,
      });
      return { status, out, err };
    },
  };
}
const at = ({ server }: LoopbackCentral): readonly string[] => ["--server", `${server.host}:${server.port}`];

test("the help text is as people see it", () => {
  assert.equal(ctlUsage, readFileSync(join(import.meta.dirname, "usage.golden"), "utf8"));
});

test("[CE5] login pins the certificate and keeps an API key, both in files of mode 0600; logout removes the key", async (t) => {
  const central = await startCentral(t, "central1", "127.0.0.1", { keepFirstPassword: true });
  const { folder, run } = shell(t);
  const notYet = await run([...at(central), "network", "list"]);
  assert.equal(notYet.status, 1);
  assert.match(notYet.err, /first contact .* pinned/);
  assert.match(notYet.err, /nobody is signed in.*\n.*\n.*login/);

  const wrong = await run([...at(central), "login"], ["wrong"]);
  assert.equal(wrong.status, 1);
  const signedIn = await run([...at(central), "login"], [central.firstPassword]);
  assert.equal(signedIn.status, 0, signedIn.err);
  const config = join(folder, "config");
  assert.deepEqual(readdirSync(config).sort(), ["keys.json", "known-servers.json"]);
  for (const name of readdirSync(config)) {
    assert.equal(statSync(join(config, name)).mode & 0o777, 0o600, name);
    assert.ok(!readFileSync(join(config, name), "utf8").includes(central.firstPassword));
  }
  assert.equal((await run([...at(central), "network", "list"])).status, 0);
  const keys = await run([...at(central), "key", "list", "--json"]);
  assert.equal(JSON.parse(keys.out).apiKeys.length, 1);
  assert.equal((await run([...at(central), "logout"])).status, 0);
  assert.equal((await run([...at(central), "network", "list"])).status, 1);
});

test("a server that shows another certificate than the pinned one is sent nothing, until it is forgotten", async (t) => {
  const central = await startCentral(t, "central1", "127.0.0.1");
  const { folder, run } = shell(t);
  const name = `${central.server.host}:${central.server.port}`;
  await run([...at(central), "about"]);
  writeFileSync(join(folder, "config", "known-servers.json"), JSON.stringify({ [name]: "0".repeat(64) }));
  const refused = await run([...at(central), "login"], [central.firstPassword]);
  assert.equal(refused.status, 1);
  assert.match(refused.err, /certificate has fingerprint [0-9a-f]{64}, expected 0{64}/);
  assert.equal((await run([...at(central), "forget"])).status, 0);
  assert.equal((await run([...at(central), "about"])).status, 0);
  const given = await run([...at(central), "about", "--fingerprint", "1".repeat(64)]);
  assert.equal(given.status, 1);
});

test("[CE5] networks, devices, groups and HA are worked with from the command line", async (t) => {
  const central = await startCentral(t, "central1", "127.0.0.1");
  const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
  const lm2 = await startLoadMaster(t, "127.0.0.22", "lm2");
  const { folder, run: runBare } = shell(t);
  await runBare([...at(central), "login"], [central.firstPassword]);
  const run = (words: string, input?: readonly string[]) =>
    runBare([...at(central), ...words.split(" ")], input);
  const does = async (words: string, input?: readonly string[]): Promise<string> => {
    const ran = await run(words, input);
    assert.equal(ran.status, 0, `${words}: ${ran.err}`);
    return ran.out;
  };
  assert.match(
    await does("network add 127.0.0.0/24 --name lab"),
    /127\.0\.0\.0\/24 is added; on this unit only/,
  );
  await does("network set 127.0.0.0/24 --description loopback");
  assert.deepEqual(JSON.parse(await does("networks list --json")).networks[0].description, "loopback");

  await does(`device add 127.0.0.21 --port ${lm1.port} --user ${loadMasterUser}`, [loadMasterPassword]);
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, `${loadMasterPassword}\n`, { mode: 0o600 });
  await does(
    `device add 127.0.0.22 --port ${lm2.port} --user ${loadMasterUser} --name second --password-file ${passwordFile}`,
  );
  assert.match(await does("device list"), /lm1 .*127\.0\.0\.21.* up /);
  await does("ha-group add web --shared-address 127.0.0.20 --members lm1,127.0.0.22");
  assert.match(await does("tree"), /127\.0\.0\.0\/24 {2}lab\n {2}\[web\] .*\n {2}lm1 .*\n {2}second /);
  const [group] = JSON.parse(await does("ha-group list --json")).haGroups;
  assert.match(await does("ha-group show 127.0.0.20"), /^Group +web .*\nShared +127\.0\.0\.20\n/);
  assert.match(await does("ha-group rename web shop"), /is called shop/);
  await does("ha-group rename shop web");
  assert.match(await does("drill list web"), /^ID +AT +ROLE +STATE +OUTAGE MS +BUDGET MS +FAILED +BY\n$/);
  const drill = await run("drill run web --target 127.0.0.20:80 --budget 200 --and-back");
  assert.equal(drill.status, 1);
  assert.match(
    drill.err,
    /id: the role of "web" cannot be moved: lm1 does not say how it is: it does not answer haview/,
  );
  assert.equal((await run("drill run web")).status, 2);
  const unknown = await run(`drill show ${group.id} 0000`);
  assert.match(unknown.err, /there is no drill "0000" on this group/);
  await does(`ha-group remove ${group.id}`);
  assert.match(await does("statistics status"), /^Polling +on this unit\n/);
  const shown = await does("statistics show --device lm1 --service 10.9.0.1:80/tcp --step 60");
  assert.match(shown, /^AT +ACTIVE .*\n2.* -\n/);
  assert.match(shown, /\nin all /);
  assert.equal(JSON.parse(await does("statistics show --network 127.0.0.0/24 --json")).devices, 2);
  assert.match(
    await does("licensing status"),
    /^Central +central1 .*\nFingerprint +[0-9a-f]{64}\nLocal licences +0 of 4 granted/,
  );
  assert.match(await does("licensing list"), /^ID +NAME +LICENSING ID .*\n$/);
  assert.match(
    (await run(`licensing recover ${"0".repeat(16)}`)).err,
    /neither Central of the pair licenses/,
  );
  assert.match((await run("licensing take local 1")).err, /the other Central.* did not answer/);
  assert.equal((await run("licensing take metered 1")).status, 2);
  assert.match(await does("licensing rules"), /^Activation +open, to every LoadMaster/);
  assert.match(await does("licensing rules --activation closed"), /^activation: closed, .*; on /);
  assert.match(await does("licensing rules"), /^Activation +closed, but to/);
  assert.match(
    (await run("licensing rules --activation shut")).err,
    /open, known-networks, closed, not "shut"/,
  );
  await does("device set second --name lm2");
  await does("device remove lm2");

  assert.match(await does("ha key"), /^TANDEM1-[0-9A-Z-]+\n$/);
  assert.match(await does("ha status"), /^Our State +Standalone on central1/);
  await does("ha apply --heartbeat 5 --preferred");
  await does("ha apply --no-preferred");
  const { configuration } = JSON.parse((await does("ha refresh --json")).trim());
  assert.deepEqual([configuration.heartbeatSeconds, configuration.preferredMaster], [5, false]);
  assert.match(await does("ha events --limit 5"), /^AT +UNIT/);
  assert.match(await does("ha synchronised"), /devices +password +shared +secret +always on both/);
  assert.match(
    await does("ha synchronise target-environments on"),
    /Target environments: synchronisation is on; on this unit only/,
  );
  assert.match(await does("ha synchronised"), /targetEnvironments +on /);
  assert.match(await does("ha files"), /^Missing here +0 files/);
});

test("[CE5] [ML5] a backup goes from one unit to the other and replaces it, from the command line; HA Status shows the checks", async (t) => {
  const [one, two] = await pairOfCentrals(t, ["127.0.3.41", "127.0.3.42"], { resuming: true });
  const { folder, run } = shell(t);
  const on =
    (unit: LoopbackCentral) =>
    async (words: string, input: readonly string[] = []): Promise<string> => {
      const ran = await run([...at(unit), ...words.split(" ")], input);
      assert.equal(ran.status, 0, `${words}: ${ran.err}`);
      return ran.out;
    };
  const [onOne, onTwo] = [on(one), on(two)];
  await onOne("login", [one.firstPassword]);
  await onTwo("login", [two.firstPassword]);
  const file = join(folder, "central1.backup");
  const phraseFile = join(folder, "phrase");
  writeFileSync(phraseFile, "a phrase of many words\n", { mode: 0o600 });
  assert.match(
    await onOne(`ha backup download --file ${file} --pass-phrase-file ${phraseFile}`),
    /the backup is in .*central1\.backup, \d+ bytes/,
  );
  await onOne("network add 10.31.0.0/16 --name since");
  const uploaded = await onTwo(`ha backup upload --file ${file}`);
  const name = /^kept as (\S+): of central1, at /.exec(uploaded)?.[1];
  assert.ok(name !== undefined, uploaded);
  const wrong = await run([...at(two), "ha", "backup", "replace", name], ["another phrase of words"]);
  assert.deepEqual([wrong.status, /pass phrase does not open/.test(wrong.err)], [1, true]);
  assert.match(
    await onTwo(`ha backup replace ${name}`, ["a phrase of many words"]),
    /networks +10\.31\.0\.0\/16 +goes[\s\S]*nothing is changed without --apply/,
  );
  const before = two.central;
  assert.match(
    await onTwo(`ha backup replace ${name} --apply --pass-phrase-file ${phraseFile}`),
    /replaced by .*, and it starts anew; what was here is saved as before-replacing-.*merging/,
  );
  await eventually("it has started anew", () => two.central !== before);
  const status = await eventually("it is in step, and its settings fit", async () => {
    const text = await onTwo("ha status");
    return /In step +yes/.test(text) && /HA Key for the Other Peer +fits/.test(text) && text;
  });
  assert.match(status, /Preferred Master +fits: central1 alone is the preferred master/);
  assert.match(await onTwo("networks list"), /10\.31\.0\.0\/16/);
});

test("[CE5] received syslog is read and followed from the command line, and reaches the terminal as text alone", async (t) => {
  const central = await startCentral(t, "central1", "127.0.0.1");
  const { run } = shell(t);
  await run([...at(central), "login"], [central.firstPassword]);
  const does = async (...words: string[]): Promise<string> => {
    const ran = await run([...at(central), ...words]);
    assert.equal(ran.status, 0, ran.err);
    return ran.out;
  };
  const status = await eventually("it listens", async () => {
    const text = await does("logs", "status");
    return /TCP 127.0.0.1:\d+ +listening/.test(text) && /UDP 127.0.0.1:\d+ +listening/.test(text) && text;
  });
  const target = { address: "127.0.0.1", port: Number(/TCP 127.0.0.1:(\d+)/.exec(status)?.[1]) };
  const lines = (out: string): string[] => out.split("\n").slice(0, -1);
  const withoutTime = (out: string): string[] => lines(out).map((line) => line.replace(/^\S+ {2}/, ""));
  await sendTcp(target, "<11>app[7]: \u001b[2Jone\n<14>two\nthree\n");
  await eventually("all are there", async () => lines(await does("logs")).length === 3);
  assert.deepEqual(withoutTime(await does("logs")), [
    "127.0.0.1  error  app[7]: \\u001b[2Jone",
    "127.0.0.1  info  two",
    "127.0.0.1  unknown  three",
  ]);
  assert.deepEqual(withoutTime(await does("logs", "--severity", "error", "--since", "1h")), [
    "127.0.0.1  error  app[7]: \\u001b[2Jone",
  ]);
  assert.deepEqual(withoutTime(await does("logs", "--device", "127.0.0.1", "--text", "TW", "--limit", "1")), [
    "127.0.0.1  info  two",
  ]);
  assert.equal(JSON.parse(await does("logs", "--json")).lines.length, 3);
  assert.equal(await does("logs", "--until", "2020-01-01T00:00:00Z"), "");
  for (const wrong of [
    ["--since", "yesterday"],
    ["--limit", "0"],
    ["--follow", "--until", "1h"],
  ])
    assert.equal((await run([...at(central), "logs", ...wrong])).status, 2, wrong.join(" "));
  assert.equal((await run([...at(central), "logs", "--severity", "loud"])).status, 1);

  let waits = 0;
  const followed = await run([...at(central), "logs", "--follow", "--limit", "1"], [], {}, async () => {
    waits += 1;
    if (waits === 1) {
      await sendTcp(target, "<14>four\n<14>five\n");
      await eventually("they are there", async () => lines(await does("logs")).length === 5);
    }
    return waits < 3;
  });
  assert.deepEqual(withoutTime(followed.out), [
    "127.0.0.1  unknown  three",
    "127.0.0.1  info  four",
    "127.0.0.1  info  five",
  ]);
});

test("[CE5] [CH25] the timeline of both units is followed from the command line: each entry once, the oldest first, also one that comes late", async (t) => {
  const [one, two] = await pairOfCentrals(t, ["127.0.3.31", "127.0.3.32"]);
  const { run } = shell(t);
  await run([...at(one), "login"], [one.firstPassword]);
  const note = (unit: LoopbackCentral, message: string, severity: "info" | "error" = "error"): void =>
    unit.central.pair.note({ severity, code: "check-failed", message });
  const isThere = (message: string) =>
    eventually(`"${message}" is in the timeline`, () =>
      one.central.pair
        .timeline({ limit: 20, severities: new Set(["info", "warning", "error"]) } as never)
        .entries.some(({ event }) => event.message === message),
    );
  const texts = (out: string): string[] =>
    [...out.matchAll(/(?:first|second|third|burst)\b.*/g)].map(([text]) => text);
  note(one, "first of one");
  await isThere("first of one");
  let waits = 0;
  const steps: readonly (() => Promise<void>)[] = [
    async () => {
      note(two, "second, of two");
      await isThere("second, of two");
    },
    async () => {},
    async () => {
      note(one, "third, not grave enough", "info");
      for (const count of [1, 2]) note(one, `burst ${count}`);
    },
  ];
  const followed = await run(
    [...at(one), "ha", "events", "--follow", "--limit", "1", "--severity", "error"],
    [],
    {},
    async () => {
      await steps[waits]?.();
      waits += 1;
      return waits <= steps.length;
    },
  );
  assert.equal(followed.status, 0, followed.err);
  assert.match(
    followed.out,
    /^\S+Z {2}central1 {2}error {4}first of one\n\S+Z {2}central2 {2}error {4}second, of two\n/,
  );
  assert.deepEqual(texts(followed.out), ["first of one", "second, of two", "burst 1", "burst 2"]);
  const asJson = await run([
    ...at(one),
    "ha",
    "events",
    "--follow",
    "--limit",
    "2",
    "--severity",
    "error",
    "--unit",
    "this",
    "--json",
  ]);
  assert.deepEqual(
    asJson.out
      .split("\n")
      .slice(0, 2)
      .map((line) => JSON.parse(line).text),
    ["burst 1", "burst 2"],
  );
  assert.equal((await run([...at(one), "ha", "events", "--follow", "--limit", "0"])).status, 2);
});

test("[CE5] [CH4] notification targets and their switch are worked with from the command line; a secret is read from a file", async (t) => {
  const central = await startCentral(t, "central1", "127.0.0.1");
  const { folder, run: runBare } = shell(t);
  await runBare([...at(central), "login"], [central.firstPassword]);
  const does = async (words: string): Promise<string> => {
    const ran = await runBare([...at(central), ...words.split(" ")]);
    assert.equal(ran.status, 0, `${words}: ${ran.err}`);
    return ran.out;
  };
  const secret = join(folder, "secret");
  writeFileSync(secret, "a-secret-of-the-receiver\n", { mode: 0o600 });
  const hook = `--kind webhook --address https://127.0.0.1:1/ --new-secret --password-file ${secret}`;
  const added = await does(`notifications add hook ${hook} --no-enabled`);
  const id = /hook is added as ([0-9a-f]{16}); on this unit only/.exec(added)?.[1];
  assert.match(await does("ha synchronise notifications on"), /Notification settings: synchronisation is on/);
  assert.match(await does("ha synchronised"), /notificationTargets +secret +shared +secret +on both units/);
  assert.match(await does(`notifications set ${id} --severity error --enabled`), /hook is changed; on/);
  assert.match(await does("notifications list"), /hook +webhook +https:\/\/127.0.0.1:1\/ +error +yes +0 +0/);
  assert.ok(!(await does("notifications list --json")).includes("a-secret"));
  assert.match(await does(`notifications test ${id}`), /^not delivered: .*ECONNREFUSED/);
  assert.match(await does(`notifications remove ${id}`), /is removed; on this unit only/);
  const gone = await runBare([...at(central), "notifications", "remove", id ?? ""]);
  assert.match(gone.err, /there is no notification target/);
});

test("[CE5] the repository, profiles and target environments are worked with from the command line", async (t) => {
  const central = await startCentral(t, "central1", "127.0.0.1");
  const { folder, run: runBare } = shell(t);
  await runBare([...at(central), "login"], [central.firstPassword]);
  const run = (words: string) => runBare([...at(central), ...words.split(" ")]);
  const does = async (words: string): Promise<string> => {
    const ran = await run(words);
    assert.equal(ran.status, 0, `${words}: ${ran.err}`);
    return ran.out;
  };
  const [content, back, json] = ["content", "back", "json"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(content, "a firmware image");
  assert.match(
    await does(`repository add image --kind firmware --file ${content}`),
    /image is stored as [0-9a-f]{16}, 16 bytes/,
  );
  await does("repository set image --name lm-image --description tested");
  assert.match(await does("repository list"), /lm-image +firmware +16 .* tested\n/);
  await does(`repository get lm-image --file ${back}`);
  assert.equal(readFileSync(back, "utf8"), "a firmware image");
  assert.match(await does("snapshot list"), /^ID +DEVICE +AT/);
  assert.equal((await run(`snapshot get ${"0".repeat(16)} --file ${back}`)).status, 1);
  await does("repository remove lm-image");
  assert.equal((await run(`repository get lm-image --file ${back}`)).status, 1);
  assert.equal((await run(`repository add x --kind song --file ${content}`)).status, 2);

  writeFileSync(json, JSON.stringify({ gateway: "10.0.0.1" }));
  await does(`profile add web --file ${json}`);
  assert.deepEqual(JSON.parse(await does("profile show web")), { gateway: "10.0.0.1" });
  await does("profile set web --name front");
  assert.match(await does("profiles list"), /front +1\n/);
  await does("profile remove front");
  await does(`environment add staging --file ${json} --description before`);
  assert.match(await does("environment show staging"), /gateway +10\.0\.0\.1\n/);
  await does("environment set staging --description after");
  assert.match(await does("environment list"), /staging +1 +after\n/);
  await does("environment remove staging");
  assert.equal((await run("environment show staging")).status, 1);
});

test("[CE5] refusals name the field and the remedy, exit 1, and are JSON where that was asked for", async (t) => {
  const central = await startCentral(t, "central1", "127.0.0.1");
  const { run } = shell(t);
  await run([...at(central), "login"], [central.firstPassword]);
  const hostBits = await run([...at(central), "network", "add", "10.0.0.5/24"]);
  assert.equal(hostBits.status, 1);
  assert.match(hostBits.err, /cidr: .*host bits.*\n {2}did you mean 10\.0\.0\.0\/24\?/);
  const asJson = await run([
    ...at(central),
    "ha",
    "apply",
    "--peer-key",
    "x",
    "--peer-address",
    "y",
    "--json",
  ]);
  assert.equal(asJson.status, 1);
  assert.deepEqual(
    JSON.parse(asJson.out).errors.map(({ field }: { field: string }) => field),
    ["haKeyForTheOtherPeer", "ipAddressForTheOtherPeer"],
  );
  const nobody = await run(["--server", "127.0.0.1:1", "about"]);
  assert.equal(nobody.status, 1);
  assert.match(nobody.err, /127\.0\.0\.1:1 cannot be reached/);
});

test("command lines that cannot be obeyed exit 2 and say why", async (t) => {
  const { run } = shell(t);
  for (const [argv, why] of [
    [["network", "list"], /--server/],
    [["--server", "http://x", "about"], /does not name a server/],
    [["--server", "127.0.0.1:1", "nonsense"], /no command "nonsense"/],
    [["--server", "127.0.0.1:1", "network", "add"], /one more word/],
    [["--server", "127.0.0.1:1", "about", "much"], /does not take "much"/],
    [["--server", "127.0.0.1:1", "network", "list", "--port", "1"], /does not take --port/],
    [["--server", "127.0.0.1:1", "network", "list", "--prot", "1"], /--prot/],
  ] as const) {
    const ran = await run(argv);
    assert.equal(ran.status, 2, argv.join(" "));
    assert.match(ran.err, why);
  }
});
