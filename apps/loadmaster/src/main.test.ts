import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { HaproxyProcess } from "@tandem/linux/haproxy-process";
import { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { fetchText, loopback, portFor, startWebServer, type WebServer, waitFor } from "./unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("a unit as a process", { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), "tandem-main-"));
  const configPath = join(directory, "loadmaster.json");
  const stateDir = join(directory, "state");
  const vs = { address: loopback(50), port: portFor(5) };
  let web: WebServer;
  let child: ChildProcess;
  let output = "";
  let password = "";

  const start = async (): Promise<void> => {
    output = "";
    child = spawn(process.execPath, [join(import.meta.dirname, "main.fixture.ts"), configPath], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const take = (part: Buffer): void => {
      output += part.toString();
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    await waitFor("the unit is ready", () => {
      assert.equal(child.exitCode, null, output);
      return output.includes('"event":"ready"');
    });
  };
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    child.kill(signal);
    return ended;
  };
  const client = (): LoadMasterClient =>
    new LoadMasterClient({
      address: loopback(1),
      port: portFor(0),
      credentials: { kind: "password", user: "bal", password },
    });

  before(async () => {
    writeFileSync(
      configPath,
      JSON.stringify({
        name: "lm1",
        stateDir,
        interfaces: [{ id: 0, device: "lo", address: `${loopback(1)}/8` }],
        api: { port: portFor(0) },
        partnerLink: { port: portFor(1) },
        rebootCommand: "exit",
      }),
    );
    web = await startWebServer(60, "web");
    await start();
    password = readFileSync(join(stateDir, "first-password"), "utf8").trim();
  });

  after(async () => {
    if (child.exitCode === null && child.signalCode === null) await end("SIGKILL");
    await new HaproxyProcess({ directory: join(stateDir, "haproxy"), observe: () => {} }).stop();
    await web.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test("[LM1] killed with SIGKILL it leaves the traffic, and a new process adopts HAProxy and the configuration", async () => {
    const made = await client().addVirtualService(vs.address, vs.port, "tcp", {
      VStype: "http",
      CheckType: "none",
    });
    assert.ok(made.ok, made.ok ? "" : made.error.message);
    assert.ok((await client().addRealServer(vs, loopback(60), web.port)).ok);
    await waitFor("it serves", () =>
      fetchText(vs.address, vs.port).then(
        (body) => body.startsWith("web "),
        () => false,
      ),
    );
    const master = readFileSync(join(stateDir, "haproxy/process.json"), "utf8");
    const failures: string[] = [];
    let requests = 0;
    let done = false;
    const traffic = (async () => {
      while (!done) {
        await fetchText(vs.address, vs.port).then(
          () => {
            requests += 1;
          },
          (error: Error) => failures.push(error.message),
        );
      }
    })();
    await end("SIGKILL");
    const atDeath = requests;
    await waitFor("traffic goes on without a unit", () => requests > atDeath + 20);
    await start();
    assert.match(output, /"event":"haproxy-adopted"/);
    assert.equal(readFileSync(join(stateDir, "haproxy/process.json"), "utf8"), master);
    const renamed = await client().modifyVirtualService(1, { NickName: "after the kill" });
    assert.ok(renamed.ok, renamed.ok ? "" : renamed.error.message);
    await waitFor("it is in force", () => output.includes('"event":"haproxy-reloaded"'));
    done = true;
    await traffic;
    assert.deepEqual(failures, []);
    assert.equal(readFileSync(join(stateDir, "haproxy/process.json"), "utf8"), master);
  });

  test("no secret is in its log", () => {
    assert.ok(!output.includes(password));
  });

  test("[LM1] a unit that finds HAProxy gone starts it again", async () => {
    const { pid } = JSON.parse(readFileSync(join(stateDir, "haproxy/process.json"), "utf8")) as {
      pid: number;
    };
    process.kill(pid, "SIGKILL");
    await waitFor("traffic flows again", () =>
      fetchText(vs.address, vs.port).then(
        () => true,
        () => false,
      ),
    );
    await waitFor(
      "it is in the log",
      () => output.includes('"event":"haproxy-missing"') && output.includes('"event":"haproxy-started"'),
    );
  });

  test("[CE3] reboot ends it in order, with the status on which a supervisor starts it again", async () => {
    const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    assert.ok((await client().reboot()).ok);
    assert.equal(await ended, 75);
    assert.ok(!existsSync(join(stateDir, "haproxy/process.json")), "HAProxy was stopped as well");
    await start();
  });

  test("SIGTERM ends it in an orderly way: exit status 0, no HAProxy left", async () => {
    assert.equal(await end("SIGTERM"), 0);
    await assert.rejects(fetchText(vs.address, vs.port), /ECONNREFUSED/);
    assert.ok(!existsSync(join(stateDir, "haproxy/process.json")));
  });

  test("a state that cannot be read stops it with words, and is not overwritten", async () => {
    const path = join(stateDir, "configuration.json");
    const good = readFileSync(path, "utf8");
    const bad = good.replace('"nickname":"after the kill"', '"nickname":"tampered"');
    assert.notEqual(bad, good);
    writeFileSync(path, bad);
    await assert.rejects(start(), /configuration\.json cannot be used: its digest does not match.*backup/s);
    assert.equal(readFileSync(path, "utf8"), bad);
    writeFileSync(path, good);
  });

  test("an address that the machine does not have stops it with words", async () => {
    const good = readFileSync(configPath, "utf8");
    writeFileSync(configPath, good.replace(`${loopback(1)}/8`, "192.0.2.250/24"));
    await assert.rejects(start(), /the API cannot listen on 192\.0\.2\.250/);
    writeFileSync(configPath, "{");
    await assert.rejects(start(), /not JSON.*write one JSON object/s);
    writeFileSync(configPath, good);
  });
});
