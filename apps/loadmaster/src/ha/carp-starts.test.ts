/** Supervision by the real CarpdClient of a carpd that ends at once. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lockFile } from "@tandem/linux/file-lock";
import { needsRoot } from "@tandem/linux/network-namespace";
import { waitFor } from "../unit.fixture.ts";
import { CarpStarts, pacifiedOnDisk } from "./carp-starts.ts";
import { CarpdClient } from "./carpd-client.ts";
import type { CarpdStatus } from "./carpd-protocol.ts";
import { lockPath, socketPath } from "./carpd-store.ts";

const statusOfNone: Omit<CarpdStatus, "pid"> = {
  type: "status",
  role: "backup",
  since: 0,
  reason: "",
  demotion: 0,
  peer: null,
  counters: {},
  rejects: {},
  addresses: [],
  addressFailures: [],
  configurationDigest: null,
};

const withFolder = async (body: (stateDir: string) => Promise<void> | void): Promise<void> => {
  const stateDir = mkdtempSync(join(tmpdir(), "tandem-carp-starts-"));
  try {
    await body(stateDir);
  } finally {
    rmSync(stateDir, { recursive: true });
  }
};

test("[LH9] a record that cannot be read is told of, and counts as none", () =>
  withFolder((stateDir) => {
    for (const content of ["{", '{"starts":[1,2,3,4,5]}', "[]"]) {
      writeFileSync(join(stateDir, "carp-starts.json"), content);
      const complaints: string[] = [];
      const starts = new CarpStarts(stateDir, (event) => complaints.push(event));
      assert.deepEqual(
        [starts.pacified, starts.count(), complaints],
        [null, true, ["carp-starts-unreadable"]],
      );
    }
    assert.equal(statSync(join(stateDir, "carp-starts.json")).mode & 0o777, 0o600);
  }));

test("[LH9] what cannot be kept on disk is counted all the same", () =>
  withFolder((stateDir) => {
    const complaints: string[] = [];
    const starts = new CarpStarts(join(stateDir, "absent"), (event) => complaints.push(event));
    for (let n = 0; n < 4; n += 1) assert.equal(starts.count(), true);
    assert.equal(starts.count(), false);
    assert.ok(complaints.every((event) => event === "carp-starts-not-kept") && complaints.length > 0);
  }));

test(
  "[LH9] carpd that always ends is started four times, by no later unit, and again by an operator's order",
  {
    skip: needsRoot(),
  },
  () =>
    withFolder(async (stateDir) => {
      const begun = join(stateDir, "begun");
      const command = { file: "/bin/sh", arguments: ["-c", 'echo start >> "$0"', begun] };
      const starts = (): number => readFileSync(begun, "utf8").split("\n").length - 1;
      const configPath = join(stateDir, "none.json");
      const client = new CarpdClient({ stateDir, configPath, command });
      let told = 0;
      client.onStatus(() => {
        told += client.pacified === null ? 0 : 1;
      });
      await client.spawn();
      assert.deepEqual([client.pacified?.starts, starts(), told], [3, 4, 1]);
      await client.stop();
      assert.equal(pacifiedOnDisk(stateDir, () => {})?.since, client.pacified?.since);

      const next = new CarpdClient({ stateDir, configPath, command });
      assert.equal(next.pacified?.since, client.pacified?.since);
      await next.spawn();
      assert.equal(starts(), 4);
      await assert.rejects(next.resume(), /nobody had told it to/);
      assert.equal(starts(), 8);
      next.resumeAtRestart();
      assert.notEqual(next.pacified, null, "until then it stays as it is");
      await next.stop();
      assert.equal(
        pacifiedOnDisk(stateDir, () => {}),
        null,
      );
    }),
);

test(
  "[LH9] a unit that leaves its pair is not pacified, and begins to count anew in the next one",
  {
    skip: needsRoot(),
  },
  () =>
    withFolder(async (stateDir) => {
      const command = { file: "/bin/false", arguments: [] };
      const client = new CarpdClient({ stateDir, configPath: join(stateDir, "none.json"), command });
      let told = 0;
      client.onStatus(() => {
        told += 1;
      });
      await client.spawn();
      assert.equal(client.pacified?.starts, 3);
      await client.stop();
      const before = told;
      client.forgetStarts();
      assert.deepEqual([client.pacified, pacifiedOnDisk(stateDir, () => {}), told], [null, null, before + 1]);

      // Nor do starts count that were too few.
      const starts = new CarpStarts(stateDir, () => {});
      for (let n = 0; n < 4; n += 1) assert.equal(starts.count(), true);
      starts.forget();
      for (let n = 0; n < 4; n += 1) assert.equal(starts.count(), true, `start ${n + 1} in the next pair`);
      assert.equal(starts.count(), false);
    }),
);

test("[LH9] units that crash along with carpd count as well", { skip: needsRoot() }, () =>
  withFolder(async (stateDir) => {
    const command = { file: "/bin/sleep", arguments: ["0.01"] };
    for (let n = 0; n < 4; n += 1) {
      const unit = new CarpStarts(stateDir, () => {});
      assert.equal(unit.count(), true, `start ${n + 1}`);
    }
    const client = new CarpdClient({ stateDir, configPath: join(stateDir, "none.json"), command });
    await client.spawn();
    assert.notEqual(client.pacified, null);
    await client.stop();
  }),
);

test(
  "[LH9] carpd that a system's supervisor starts is counted when it answers, once each, and is told to end at last",
  {
    skip: needsRoot(),
  },
  () =>
    withFolder(async (stateDir) => {
      // As of a carpd that lives: the client starts none of its own.
      const lock = lockFile(lockPath(stateDir));
      const carpds: ChildProcess[] = [];
      const sockets: Socket[] = [];
      let heard = "";
      const server = createServer((socket) => {
        sockets.push(socket);
        socket.on("data", (part: Buffer) => {
          heard += part.toString();
        });
        socket.write(`${JSON.stringify({ ...statusOfNone, pid: carpds.at(-1)?.pid })}\n`);
      });
      const startCarpd = (): void => void carpds.push(spawn("/bin/sleep", ["60"], { stdio: "ignore" }));
      startCarpd();
      await new Promise<void>((resolve) => server.listen(socketPath(stateDir), resolve));
      const configPath = join(stateDir, "none.json");
      let client = new CarpdClient({ stateDir, configPath });
      const answers = async (pid: number | undefined): Promise<void> =>
        waitFor(`${pid} answers`, () => client.status?.pid === pid);
      try {
        await client.spawn();
        for (let n = 0; n < 4; n += 1) {
          await answers(carpds.at(-1)?.pid);
          assert.equal(client.pacified, null, `after ${n} ends`);
          // Another unit finds the same carpd.
          client.close();
          client = new CarpdClient({ stateDir, configPath });
          await client.spawn();
          assert.equal(client.pacified, null, `after ${n} ends, by the next unit`);
          carpds.at(-1)?.kill("SIGKILL");
          startCarpd();
          sockets.at(-1)?.destroy();
        }
        await waitFor("it is told to end", () => heard.includes('"type":"stop"'));
        assert.equal(client.pacified?.starts, 3);
      } finally {
        client.close();
        for (const socket of sockets) socket.destroy();
        server.close();
        for (const carpd of carpds) carpd.kill("SIGKILL");
        lock?.release();
      }
    }),
);

test("[LH9] carpd itself does not run while its unit is pacified, and gives its supervisor no reason to try again", () =>
  withFolder((stateDir) => {
    const starts = new CarpStarts(stateDir, () => {});
    while (starts.count());
    const configPath = join(stateDir, "loadmaster.json");
    writeFileSync(configPath, JSON.stringify({ stateDir }));
    const carpd = spawnSync(
      process.execPath,
      [join(import.meta.dirname, "../carpd.ts"), "--config", configPath],
      { encoding: "utf8", timeout: 30_000 },
    );
    assert.equal(carpd.status, 0, carpd.stderr);
    assert.match(carpd.stdout, /"event":"pacified"/);
  }));
