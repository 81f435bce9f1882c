/** Centrals on disks that are full, read-only or damaged. Small real disks need root to mount. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CentralClient } from "@tandem/central-api/client";
import { readFingerprint } from "@tandem/central-api/pinned-https";
import { routes } from "@tandem/central-api/routes";
import { eventually, refusalOf, startCentral } from "./central-on-loopback.ts";
import { pairOfCentrals, signInAgain, stateBecomes } from "./ha/two-centrals.ts";
import { recover } from "./recover.ts";

const executable = fileURLToPath(new URL("../../../bin/tandem", import.meta.url));
const needsRoot = process.getuid?.() === 0 ? false : "mounting a small disk needs root";

const freePort = (address: string): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, address, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** A process `tandem central` whose state lies on a tmpfs of its own mount namespace. */
class OnSmallDisk {
  readonly address: string;
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;
  #said = "";

  static async start(t: TestContext, address: string, remount = ""): Promise<OnSmallDisk> {
    const folder = mkdtempSync(join(tmpdir(), "tandem-disk-test-"));
    const port = await freePort(address);
    const disk = new OnSmallDisk(folder, address, port, remount);
    t.after(() => {
      disk.#process.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    });
    return disk;
  }

  private constructor(folder: string, address: string, port: number, remount: string) {
    this.#folder = folder;
    this.address = address;
    this.port = port;
    const config = join(folder, "central.json");
    writeFileSync(
      config,
      JSON.stringify({
        name: "small",
        stateDir: join(folder, "disk", "state"),
        listen: { address, port },
        peerLink: { address, port: 0 },
      }),
    );
    const script = `mkdir -p ${folder}/disk && mount -t tmpfs -o size=6m tmpfs ${folder}/disk ${remount} && exec ${executable} central --config ${config}`;
    this.#process = spawn("unshare", ["-m", "sh", "-c", script], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#said += text;
    });
  }

  /** A path on the disk, as seen from here. */
  path(name: string): string {
    return join(`/proc/${this.#process.pid}/root`, this.#folder, "disk", name);
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  said(pattern: RegExp): boolean {
    return pattern.test(this.#said);
  }

  /** Takes what is left, to the last block. */
  fill(): void {
    for (const [name, bytes] of [
      ["filler", 1024 * 1024],
      ["filler-small", 4_096],
    ] as const)
      try {
        for (;;) writeFileSync(this.path(name), Buffer.alloc(bytes), { flag: "a" });
      } catch {
        // There is no room for one more.
      }
  }

  remountReadWrite(): void {
    const { pid } = this.#process;
    const disk = join(this.#folder, "disk");
    const done = spawnSync("nsenter", ["-t", String(pid), "-m", "mount", "-o", "remount,rw", disk]);
    assert.equal(done.status, 0, String(done.stderr));
  }

  free(): void {
    for (const name of ["filler", "filler-small"]) unlinkSync(this.path(name));
  }

  async client(t: TestContext): Promise<CentralClient> {
    const server = { host: this.address, port: this.port };
    const client = new CentralClient({ ...server, fingerprint: await readFingerprint(server) });
    t.after(() => client.close());
    return client;
  }
}

test("[CH25] full disk: the unit tells it, stands still with the cause and the remedy, stays up, and goes on by itself", {
  skip: needsRoot,
}, async (t) => {
  const unit = await OnSmallDisk.start(t, "127.0.2.1");
  await eventually("it serves", () => unit.said(/"event":"ready"/), 30_000);
  const password = readFileSync(unit.path("state/first-password"), "utf8").trim();
  const client = await unit.client(t);
  await client.signIn("admin", password);
  await client.call(routes.addNetwork, { body: { cidr: "10.1.0.0/16", name: "kept" } });

  const told: string[] = [];
  const socket = createSocket("udp4").on("message", (line) => told.push(line.toString()));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.2.9", resolve));
  t.after(() => socket.close());
  const address = `127.0.2.9:${socket.address().port}`;
  await client.call(routes.addNotification, { body: { name: "log", kind: "syslog", address } });

  unit.fill();
  const noRoom = async (): Promise<string | undefined> => {
    try {
      await client.call(routes.addNetwork, {
        body: { cidr: `10.${Math.floor(performance.now()) % 250}.0.0/24`, description: "x".repeat(400) },
      });
      return undefined;
    } catch (error) {
      return (error as { errors?: { code: string }[] }).errors?.[0]?.code;
    }
  };
  await eventually("a change finds no room", async () => (await noRoom()) === "disk-full");
  await eventually("every call is answered with the cause", async () => {
    const answer = (async () => (await unit.client(t)).call(routes.ha))();
    const { status, errors } = await refusalOf(answer).catch(() => ({ status: 0, errors: [] }));
    return status === 503 && errors[0]?.code === "disk-full" && /free space/.test(errors[0].remedy);
  });
  await eventually("it was told", () => told.some((line) => /fatal - this unit cannot go on/.test(line)));
  await eventually("a try has failed", () => unit.said(/"againInSeconds":10/), 30_000);
  assert.ok(unit.isRunning);

  unit.free();
  await eventually("it serves again", () => unit.said(/"event":"ready"[\s\S]*"event":"ready"/), 30_000);
  const again = await unit.client(t);
  await again.signIn("admin", password);
  const { networks } = await again.call(routes.listNetworks);
  assert.ok(networks.some(({ name }) => name === "kept"));
  const { events } = await again.call(routes.haEvents, {});
  assert.ok(events.some(({ code, text }) => code === "disk-back" && /full/.test(text)));
});

test("read-only disk: the unit says so, stays up, and serves once it is writable", {
  skip: needsRoot,
}, async (t) => {
  const remount = "&& mkdir -p disk/state/identity && mount -o remount,ro $(pwd -P)/disk";
  const unit = await OnSmallDisk.start(t, "127.0.2.6", remount);
  await eventually("it says so", () => unit.said(/"code":"disk-read-only"/), 30_000);
  assert.ok(unit.isRunning && !unit.said(/"event":"ready"/));
  unit.remountReadWrite();
  await eventually("it serves", () => unit.said(/"event":"ready"/), 30_000);
});

test("damaged config.db: nothing is changed, the exit code keeps the service manager away, and recover is the way out", async (t) => {
  const unit = await startCentral(t, "central1", "127.0.2.2");
  await unit.stop();
  const path = join(unit.stateDir, "config.db");
  const garbage = Buffer.alloc(statSync(path).size, "not a database ");
  writeFileSync(path, garbage);
  const config = join(unit.stateDir, "central.json");
  writeFileSync(
    config,
    JSON.stringify({ stateDir: unit.stateDir, listen: { address: "127.0.2.2", port: 0 } }),
  );
  const run = (...argv: string[]) => spawnSync(executable, argv, { encoding: "utf8", timeout: 30_000 });
  const started = run("central", "--config", config);
  assert.equal(started.status, 78, started.stderr);
  assert.match(started.stderr, /config\.db is damaged .*restore it from a backup.*tandem central recover/);
  assert.deepEqual(readFileSync(path), garbage);
  assert.match(
    readFileSync(new URL("../../../packaging/systemd/tandem-central.service", import.meta.url), "utf8"),
    /^RestartPreventExitStatus=78$/m,
  );

  const recovered = run("central", "recover", "--config", config);
  assert.equal(recovered.status, 0, recovered.stderr);
  assert.match(recovered.stdout, /config\.db cannot be read .*kept as config\.db\.damaged-/);
  const [kept] = readdirSync(unit.stateDir).filter((name) => name.startsWith("config.db.damaged-"));
  assert.deepEqual(readFileSync(join(unit.stateDir, kept ?? "")), garbage);
  await unit.restart();
  await signInAgain(unit);
  assert.deepEqual((await unit.client.call(routes.listNetworks)).networks, []);
  assert.match(run("central", "recover", "--config", config).stderr, /in use by another process/);
});

test("[CH13] a unit whose config.db was damaged joins its peer again as a blank one, and is overwritten by it", async (t) => {
  const [one, two] = await pairOfCentrals(t, ["127.0.2.3", "127.0.2.4"]);
  await two.stop();
  writeFileSync(join(two.stateDir, "config.db"), "rotten".repeat(2_000));
  await assert.rejects(two.restart(), /config\.db is damaged/);
  assert.deepEqual(
    recover(two.stateDir, new Date()).map(({ file }) => file),
    ["config.db"],
  );
  await two.restart();
  await signInAgain(two);
  await eventually("it says that it waits for a network of its own", async () => {
    const { status } = await two.client.call(routes.ha);
    return status.waitingFor.some(({ unit }) => unit === "central2");
  });
  await two.client.call(routes.addNetwork, { body: { cidr: "10.9.0.0/16" } });
  await stateBecomes(two, "Slave");
  const { networks } = await two.client.call(routes.listNetworks);
  assert.deepEqual(networks, (await one.client.call(routes.listNetworks)).networks);
});

test("secret.key missing or another one: the file is named, with the way out, and nothing is changed", async (t) => {
  const unit = await startCentral(t, "central1", "127.0.2.5");
  const password = "a device's password";
  await unit.central.pair.write(
    [
      {
        kind: "create",
        table: "devices",
        values: {
          id: "0".repeat(16),
          name: "lm",
          kind: "loadmaster",
          address: "10.1.1.1",
          port: 443,
          user: "bal",
          password,
          certificateFingerprint: "0".repeat(64),
        },
      },
    ],
    "test",
    "device",
  );
  await unit.stop();
  const key = join(unit.stateDir, "secret.key");
  renameSync(key, `${key}.away`);
  await assert.rejects(unit.restart(), /secret\.key is missing.*put it back/);
  assert.ok(!readdirSync(unit.stateDir).includes("secret.key"), "no other key was made");
  writeFileSync(key, Buffer.alloc(32, 7));
  await assert.rejects(unit.restart(), /secret\.key is not the one.*put the right secret\.key back/);
  writeFileSync(key, "short");
  await assert.rejects(unit.restart(), /secret\.key holds 5 bytes/);
  renameSync(`${key}.away`, key);
  await unit.restart();
});
