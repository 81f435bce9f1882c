import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { get, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { hour } from "@tandem/base/time";
import { graceMsDefault } from "@tandem/licensing/wire";
import { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { wuiPaths } from "@tandem/loadmaster-api/ha-view";
import type { LicenceView } from "@tandem/loadmaster-api/licence-commands";
import type { PairingCheckView } from "@tandem/loadmaster-api/pairing";
import { newSigningKeyPem, signingKeyFrom } from "@tandem/signed-documents/keys";
import {
  fetchText,
  loopback,
  pairUp,
  portFor,
  startUnit,
  startWebServer,
  type TestUnit,
  value,
  type WebServer,
  waitFor,
} from "../unit.fixture.ts";
import { FakeCentral, HandWorld } from "./fake-central.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

type Answered = Awaited<ReturnType<LoadMasterClient["call"]>>;
const wordsOf = (answer: Answered): string =>
  answer.ok ? String(answer.value.message) : answer.error.message;

describe("the licence of a unit", { skip }, () => {
  const world = new HandWorld();
  let unit: TestUnit;
  let central: FakeCentral;
  let other: FakeCentral;
  let web: WebServer | undefined;

  const call = (command: string, parameters = {}) => unit.client().call(command, parameters);
  const at = (which: FakeCentral) => ({ aslhost: which.host, aslport: which.port });
  const activate = (which = central, type = "local") =>
    call("aslactivate", { lic_type_id: type, ...at(which) });
  const view = async () => value(await call("licenseinfo")) as unknown as LicenceView;
  const events = (name: string) => unit.log.filter(({ event }) => event === name);
  const asCentral = (password = central.management?.password ?? "") =>
    new LoadMasterClient({
      address: loopback(31),
      port: unit.configuration.apiPort,
      credentials: { kind: "password", user: "tandem-central", password },
    });
  /** The cookie of a browser that signs in as the Central does, or the status with which a cookie is answered. */
  const browser = (cookie?: string): Promise<{ readonly status: number; readonly cookie: string }> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: loopback(31),
          port: unit.configuration.apiPort,
          path: wuiPaths.session,
          method: cookie === undefined ? "POST" : "GET",
          headers: { "content-type": "application/json", ...(cookie === undefined ? {} : { cookie }) },
          rejectUnauthorized: false,
        },
        (response) => {
          response.resume();
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              cookie: response.headers["set-cookie"]?.[0]?.split(";")[0] ?? "",
            }),
          );
        },
      );
      outgoing.on("error", reject);
      outgoing.end(
        cookie === undefined
          ? JSON.stringify({ apiuser: "tandem-central", apipass: central.management?.password })
          : undefined,
      );
    });
  /** Until the licence is in another state, half a day at a time. */
  const passUntil = async (state: LicenceView["state"], maxHours: number): Promise<void> => {
    for (let hours = 0; hours < maxHours && (await view()).state !== state; hours += 12) {
      world.pass(12 * hour);
      // What the tick has begun comes first.
      await call("licensecheck");
    }
    assert.equal((await view()).state, state);
  };

  before(async () => {
    central = await FakeCentral.start(loopback(33));
    other = await FakeCentral.start(loopback(34));
    central.peer = other;
    other.peer = central;
    unit = await startUnit(31, { licensing: { world, callTimeoutMs: 1_000 } });
  });
  beforeEach(() => {
    for (const each of [central, other]) {
      each.heard.length = 0;
      each.refusal = undefined;
      each.isSilent = false;
      each.floods = 0;
      each.editsGrant = (grant) => grant;
      each.signsWith = undefined;
      each.forges = (text) => text;
      each.checkState = "held";
    }
  });
  after(async () => {
    await web?.close();
    await unit?.remove();
    await central?.close();
    await other?.close();
  });

  test("a unit that was never activated is not restricted and says nothing", async () => {
    assert.equal((await view()).state, "unlicensed");
    assert.equal(unit.unit.haView(loopback(31), "1").licence, null);
    value(await call("addvs", { vs: loopback(35), port: 8081, prot: "tcp" }));
    value(await call("delvs", { vs: loopback(35), port: 8081, prot: "tcp" }));
    assert.match(wordsOf(await call("getaslinfo")), /no Central has licensed/);
    assert.match(wordsOf(await call("killaslinstance")), /has no licence/);
    assert.match(wordsOf(await call("aslactivate", { lic_type_id: "local" })), /aslhost: it is not known/);
  });

  test("[ML7] types are listed with the key that is shown, in the vendor's words as well", async () => {
    const answer = value(await call("aslgetlicensetypes", at(central))) as Record<string, unknown>;
    const { offered } = answer as { offered: Record<string, unknown> };
    assert.equal(offered.fingerprint, central.fingerprint);
    const { categories } = JSON.parse(String(answer.message));
    assert.deepEqual(categories[0].licenseTypes[0], {
      id: "local",
      name: "Local licence",
      description: "Local licence",
      available: 3,
    });
    const text = await new Promise<string>((resolve, reject) => {
      const path = `/access/aslgetlicensetypes?aslhost=${central.host}&aslport=${central.port}`;
      get(
        {
          host: loopback(31),
          port: unit.configuration.apiPort,
          path,
          auth: `bal:${unit.password}`,
          rejectUnauthorized: false,
        },
        (response) => {
          let body = "";
          response.on("data", (part) => {
            body += part;
          });
          response.on("end", () => resolve(body));
        },
      ).on("error", reject);
    });
    assert.match(text, /<Success>\{&quot;categories&quot;:\[\{/);
    const wrong = { ...at(central), aslfingerprint: "0".repeat(64) };
    assert.match(wordsOf(await call("aslgetlicensetypes", wrong)), /shows a TLS key with the fingerprint/);
    assert.match(
      wordsOf(await call("aslgetlicensetypes", { aslhost: loopback(36), aslport: central.port })),
      /does not answer/,
    );
  });

  test("[ML7] a unit is licensed by a Central, which then has an account on it", async () => {
    assert.equal(
      wordsOf(await call("aslactivate", { lic_type_id: "local" })),
      `licensed by ${central.description.name}`,
    );
    const [request] = central.heard;
    assert.equal(request?.number, 1);
    assert.equal(request.serial, unit.unit.identity.unit);
    assert.equal(request.address, loopback(31));
    assert.equal(request.certificateFingerprint, unit.unit.identity.fingerprint);
    assert.equal(request.partner, null);
    const { uuid, state, type, number, holder, centrals } = await view();
    assert.deepEqual([state, type, number, holder], ["licensed", "local", 1, "Example Ltd"]);
    assert.deepEqual(
      centrals.map(({ host, isHolder }) => [host, isHolder]),
      [
        [central.host, true],
        [other.host, false],
      ],
    );
    assert.equal(value(await call("accesskey")).AccessKey, uuid);
    assert.equal(value(await call("getaslinfo")).aslport, central.port);
    assert.equal(events("licence-granted").length, 1);

    // Whatever is licensing's alone is private.
    const directory = join(unit.configuration.stateDir, "licensing");
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    for (const file of ["key.pem", "licence.json"])
      assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600);
    const password = central.management?.password ?? "";
    assert.ok(password.length >= 20);
    const document = readFileSync(join(unit.configuration.stateDir, "configuration.json"), "utf8");
    const backup = Buffer.from(String(value(await call("backup")).data), "base64").toString("latin1");
    for (const text of [document, backup, JSON.stringify(unit.log)])
      for (const secret of [password, "licensing", readFileSync(join(directory, "key.pem"), "utf8")])
        assert.ok(!text.includes(secret) || (secret === "licensing" && text !== document && text !== backup));

    const service = { vs: loopback(35), port: 8081, prot: "tcp" };
    value(await asCentral().call("addvs", service));
    value(await asCentral().call("delvs", service));
    value(await asCentral().call("userlist"));
    assert.match(wordsOf(await asCentral("a wrong password").call("listvs")), /Unauthorized/);
    const change = { currpassword: unit.password, password: "another password" };
    assert.match(wordsOf(await asCentral().call("usersetsyspassword", change)), /only bal may/);
    assert.match(wordsOf(await asCentral().call("addapikey")), /account of a Central/);
    assert.match(
      wordsOf(await call("useraddlocal", { user: "tandem-central", password: "long enough" })),
      /name of the account of the Central/,
    );
  });

  test("[ML2] a Central that heard a greater number is sent the next one by itself", async () => {
    central.lastNumber = 40;
    value(await activate());
    assert.deepEqual(
      central.heard.map(({ number }) => number),
      [2, 41],
    );
    assert.equal((await view()).number, 41);
  });

  test("a refusal is told in the Central's words, and leaves the licence as it was", async () => {
    const before = await view();
    central.refusal = { code: "allowance-used-up", message: "all 3 local licences are in use" };
    assert.equal(wordsOf(await activate()), "all 3 local licences are in use; do otherwise");
    central.refusal = undefined;
    central.floods = 1_000_000;
    assert.match(wordsOf(await activate()), /longer than 131072 bytes/);
    central.floods = 0;
    central.isSilent = true;
    assert.match(wordsOf(await activate()), /did not answer within 1 s/);
    assert.equal((await view()).number, before.number);
    assert.equal(events("licence-not-granted").length, 3);
    assert.match(wordsOf(await call("aslactivate", { lic_type_id: "no such type!" })), /lic_type_id: /);
  });

  test("[ML7] a forged grant, one for another unit and one of another key are not taken", async () => {
    const before = await view();
    const forger = signingKeyFrom(newSigningKeyPem());
    const wrongs: readonly (readonly [Partial<FakeCentral>, RegExp])[] = [
      [{ forges: (text) => text.replace(/\.[^.]+$/, `.${"A".repeat(86)}`) }, /altered or forged/],
      [{ signsWith: forger }, /not the one that has signed it/],
      [
        { editsGrant: (grant) => ({ ...grant, unit: "00000000000000ff" }) },
        /for the LoadMaster 00000000000000ff/,
      ],
      [{ editsGrant: (grant) => ({ ...grant, number: 1 }) }, /answers request 1/],
      [{ editsGrant: (grant) => ({ ...grant, type: "metered" }) }, /of the type metered/],
      [
        {
          signsWith: forger,
          editsGrant: (grant) => ({
            ...grant,
            centrals: [{ ...central.description, key: forger.publicKey }],
          }),
        },
        /another key than the one that is known/,
      ],
    ];
    for (const [wrong, words] of wrongs) {
      Object.assign(central, wrong);
      assert.match(wordsOf(await activate()), words);
      central.signsWith = undefined;
      central.forges = (text) => text;
      central.editsGrant = (grant) => grant;
    }
    const { number, grantedAt } = await view();
    assert.deepEqual([number, grantedAt], [before.number, before.grantedAt]);
  });

  test("[ML2] re-licensing against the other Central moves the licence there", async () => {
    other.lastNumber = 0;
    value(await activate(other, "pool-200"));
    const { type, centrals } = await view();
    assert.equal(type, "pool-200");
    assert.equal(centrals.find((each) => each.isHolder)?.host, other.host);
    assert.equal(other.management?.password, central.management?.password);
    value(await activate(central));
  });

  test("[ML7] the daily check goes to the other Central when one is away", async () => {
    await central.close();
    world.pass(24 * hour);
    await waitFor("the other one is asked", () => other.heard.some(({ purpose }) => purpose === "check"));
    await waitFor("it holds", async () => (await view()).state === "licensed");
    await central.open();
  });

  test("[ML7] with both away traffic goes on; after the grace nothing can be added, until one answers", async () => {
    web = await startWebServer(37, "one");
    const service = { vs: loopback(35), port: 8082, prot: "tcp" };
    value(await call("addvs", service));
    value(await call("addrs", { ...service, rs: loopback(37), rsport: web.port }));
    await waitFor("traffic", async () =>
      (await fetchText(loopback(35), 8082).catch(() => "")).startsWith("one"),
    );

    await central.close();
    await other.close();
    world.pass(24 * hour);
    await waitFor("grace", () => events("licence-in-grace").length === 1);
    assert.equal((await view()).state, "grace");
    const notice = unit.unit.haView(loopback(31), "1").licence;
    assert.equal(notice?.level, "warning");
    assert.match(notice?.text ?? "", /30 days are left/);
    value(await asCentral().call("listvs"));
    const until = (await view()).graceUntil ?? 0;
    assert.ok(Math.abs(until - world.wall() - graceMsDefault) < hour);

    // The clock is set back by ten years: it lasts no longer.
    world.setWall(world.wall() - 10 * 365 * 24 * hour);
    await passUntil("over", 31 * 24);
    assert.equal(events("licence-over").length, 1);
    assert.match(await fetchText(loopback(35), 8082), /^one/);
    for (const [command, parameters] of [
      ["addvs", { vs: loopback(35), port: 8083, prot: "tcp" }],
      ["dupvs", { ...service, newport: 8083 }],
    ] as const)
      assert.match(
        wordsOf(await call(command, parameters)),
        /no service can be added.*license it again/,
        command,
      );
    value(await call("modvs", { ...service, NickName: "still" }));
    assert.match(wordsOf(await asCentral().call("listvs")), /Unauthorized/);

    await other.open();
    assert.match(wordsOf(await call("licensecheck")), /says that the licence holds/);
    assert.equal((await view()).state, "licensed");
    assert.equal(events("licence-held-again").length, 1);
    assert.equal(unit.unit.haView(loopback(31), "1").licence, null);
    value(await call("addvs", { vs: loopback(35), port: 8083, prot: "tcp" }));
    await central.open();
    for (const port of [8082, 8083]) value(await call("delvs", { vs: loopback(35), port, prot: "tcp" }));
  });

  test("[ML7] another machine at the Central's address is sent nothing", async () => {
    await other.close();
    await central.changeKey();
    assert.match(wordsOf(await call("licensecheck")), /if the Central was installed anew/);
    assert.match(wordsOf(await activate()), /shows a TLS key with the fingerprint/);
    assert.deepEqual(central.heard, []);
    const anew = { lic_type_id: "local", ...at(central), aslfingerprint: central.fingerprint };
    central.lastNumber = 0;
    value(await call("aslactivate", anew));
    assert.equal((await view()).state, "licensed");
    await other.open();
  });

  test("a backup of another unit brings neither its key nor its licence", async () => {
    const { uuid, number } = await view();
    const another = await startUnit(38, { apiPort: portFor(7), partnerPort: portFor(8) });
    const { data } = value(await another.client().call("backup")) as unknown as { data: string };
    const theirs = another.unit.licensing.id;
    await another.remove();
    value(await call("restore", { type: 3, data }));
    assert.notEqual(theirs, uuid);
    assert.deepEqual([(await view()).uuid, (await view()).number], [uuid, number]);
  });

  test("the licence is there after a restart, and is given back with the Central's account", async () => {
    const { stateDir, apiPort } = unit.configuration;
    const { number } = await view();
    const { password } = unit;
    await unit.stop();
    unit = await startUnit(31, { stateDir, apiPort, password, licensing: { world, callTimeoutMs: 60_000 } });
    assert.equal((await view()).number, number);
    value(await asCentral().call("listvs"));
    central.isSilent = true;
    const asked = call("licensecheck");
    await waitFor("it is asked", () => central.heard.length === 1);
    const stopsAt = performance.now();
    await unit.stop();
    assert.equal((await asked).ok, false);
    assert.ok(performance.now() - stopsAt < 5_000, "a Central that is silent holds nobody up");
    unit = await startUnit(31, { stateDir, apiPort, password, licensing: { world, callTimeoutMs: 1_000 } });
    assert.equal((await view()).state, "licensed", "a check that was given up says nothing");
    assert.match(wordsOf(await call("killaslinstance")), /was not given back.*with force/);
    central.isSilent = false;
    const session = await browser();
    assert.deepEqual([session.status, (await browser(session.cookie)).status], [200, 200]);
    assert.equal(wordsOf(await call("killaslinstance")), "the licence was given back");
    assert.equal((await browser(session.cookie)).status, 401, "its sessions end with the account");
    assert.equal(central.heard.at(-1)?.purpose, "release");
    assert.equal((await view()).state, "unlicensed");
    assert.match(wordsOf(await asCentral().call("listvs")), /Unauthorized/);
    const file = JSON.parse(readFileSync(join(stateDir, "licensing", "licence.json"), "utf8"));
    assert.equal(file.managementPassword, null);
    assert.equal(file.licence.number, number, "numbers go on");
  });

  test("what cannot be read is put aside, and the unit goes on", async () => {
    const { stateDir, apiPort } = unit.configuration;
    const { password } = unit;
    await unit.stop();
    writeFileSync(join(stateDir, "licensing", "licence.json"), '{"licence":');
    unit = await startUnit(31, { stateDir, apiPort, password, licensing: { world, callTimeoutMs: 1_000 } });
    assert.equal(events("licence-unreadable").length, 1);
    const [told] = events("licence-unreadable");
    assert.equal(
      readFileSync(String((told?.details as { file?: string } | undefined)?.file), "utf8"),
      '{"licence":',
    );
    central.lastNumber = 77;
    value(await activate());
    assert.equal((await view()).number, 78);
  });
});

describe("the licences of two units that are to become a pair", { skip }, () => {
  test("[LH10] are compared, and a difference keeps nobody from it", async (t) => {
    const central = await FakeCentral.start(loopback(63));
    t.after(() => central.close());
    const one = await startUnit(61, { apiPort: portFor(3), partnerPort: portFor(4) });
    t.after(() => one.remove());
    const two = await startUnit(62, { apiPort: portFor(3), partnerPort: portFor(4) });
    t.after(() => two.remove());
    const partner = { partner: loopback(62), partnerport: portFor(3), shared: loopback(64) };
    const found = async () => {
      const shown = value(await one.client().call("hapaircheck", partner)) as unknown as PairingCheckView;
      const checked = value(
        await one.client().call("hapaircheck", {
          ...partner,
          partnerpassword: two.password,
          partnerfingerprint: shown.fingerprint,
        }),
      ) as unknown as PairingCheckView;
      return checked.checks.find(({ name }) => name === "licence");
    };
    const none = await found();
    assert.deepEqual([none?.ok, none?.found], [true, "neither unit has one"]);
    const wanted = { lic_type_id: "local", aslhost: central.host, aslport: central.port };
    value(await one.client().call("aslactivate", wanted));
    const differ = await found();
    assert.equal(differ?.ok, null);
    assert.match(differ.found, /local here, none there/);
    central.lastNumber = 0;
    value(await two.client().call("aslactivate", wanted));
    assert.equal((await found())?.found, "both units have one of the type local");
  });
});

describe("the licences of a pair", { skip }, () => {
  let one: TestUnit;
  let two: TestUnit;
  let central: FakeCentral;
  const shared = loopback(48);

  before(async () => {
    central = await FakeCentral.start(loopback(43));
    one = await startUnit(41);
    two = await startUnit(42, { apiPort: portFor(2) });
    await pairUp(one, two, shared);
    one.carp.become("master");
    two.carp.become("backup");
  });
  after(async () => {
    await one?.remove();
    await two?.remove();
    await central?.close();
  });

  test("[ML7] each is licensed by itself at its own address, and names the other one", async () => {
    await waitFor(
      "they know each other",
      () => one.unit.partnerState.kind === "up" && two.unit.partnerState.kind === "up",
    );
    await waitFor("the shared address", () => one.api.addresses.includes(shared));
    const wanted = { lic_type_id: "local", aslhost: central.host, aslport: central.port };
    assert.match(
      wordsOf(await one.client(shared).call("aslactivate", wanted)),
      /each unit of a pair is licensed by itself/,
    );
    value(await one.client().call("aslactivate", wanted));
    assert.equal(central.heard[0]?.partner, two.unit.licensing.id);
    assert.equal(two.unit.licensing.type, null);
    central.lastNumber = 0;
    value(await two.client().call("aslactivate", wanted));
    assert.equal(central.heard.at(-1)?.unit, two.unit.licensing.id);
    assert.equal(central.heard.at(-1)?.partner, one.unit.licensing.id);
    assert.notEqual(one.unit.licensing.id, two.unit.licensing.id);
  });
});

describe("a unit that is killed while it is being licensed", { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), "tandem-licence-"));
  const configPath = join(directory, "loadmaster.json");
  const stateDir = join(directory, "state");
  let central: FakeCentral;
  let child: ChildProcess | undefined;
  let output = "";

  const start = async (): Promise<void> => {
    output = "";
    const process_ = spawn(process.execPath, [join(import.meta.dirname, "../main.fixture.ts"), configPath]);
    child = process_;
    for (const stream of [process_.stdout, process_.stderr])
      stream.on("data", (part: Buffer) => {
        output += part.toString();
      });
    await waitFor("the unit is ready", () => {
      assert.equal(process_.exitCode, null, output);
      return output.includes('"event":"ready"');
    });
  };
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    const running = child;
    if (running === undefined) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    await ended;
    child = undefined;
  };

  before(async () => {
    central = await FakeCentral.start(loopback(53));
    writeFileSync(
      configPath,
      JSON.stringify({
        name: "lm1",
        stateDir,
        interfaces: [{ id: 0, device: "lo", address: `${loopback(51)}/8` }],
        api: { port: portFor(5) },
        partnerLink: { port: portFor(6) },
        rebootCommand: "exit",
      }),
    );
  });
  after(async () => {
    // In order, so that it takes its HAProxy with it.
    await kill("SIGTERM");
    await central?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test("[ML2] never sends a number twice", async () => {
    await start();
    const password = readFileSync(join(stateDir, "first-password"), "utf8").trim();
    const client = new LoadMasterClient({
      address: loopback(51),
      port: portFor(5),
      credentials: { kind: "password", user: "bal", password },
    });
    const wanted = { lic_type_id: "local", aslhost: central.host, aslport: central.port };
    central.isSilent = true;
    const lost = client.call("aslactivate", wanted);
    await waitFor("the request is there", () => central.heard.length === 1);
    const kept = JSON.parse(readFileSync(join(stateDir, "licensing", "licence.json"), "utf8"));
    assert.equal(kept.licence.number, 1);
    await kill();
    assert.equal((await lost).ok, false);
    central.isSilent = false;
    await start();
    assert.match(
      (value(await client.call("haview")) as unknown as { licence: { title: string } }).licence.title,
      /was not answered/,
    );
    value(await client.call("aslactivate", wanted));
    assert.deepEqual(
      central.heard.map(({ number }) => number),
      [1, 2],
    );
    await kill();
    await start();
    assert.equal(value(await client.call("licenseinfo")).state, "licensed");
  });
});
