import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { VirtualService } from "@tandem/haproxy-config/model";
import { exampleServer, exampleService } from "@tandem/haproxy-config/model-examples";
import { type RenderedConfiguration, renderConfiguration } from "@tandem/haproxy-config/render";
import { serverStatus } from "@tandem/haproxy-config/statistics";
import { type HaproxyEvent, HaproxyProcess } from "./haproxy-process.ts";
import { isRunning, type ProcessIdentity } from "./process.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

/** Every test process has loopback addresses of its own, so that several can run at a time. */
const address = `127.${100 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 250}.1`;
const fast = { intervalSeconds: 1, timeoutSeconds: 1, retries: 1 };

describe("HAProxy driven by the unit", { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), "tandem-haproxy-"));
  const events: HaproxyEvent[] = [];
  const driver = () => new HaproxyProcess({ directory, observe: (event) => events.push(event) });
  const haproxy = driver();
  const servers: Server[] = [];
  const ports: number[] = [];

  before(async () => {
    for (const name of ["one", "two", "three"]) {
      const server = createServer((_request, response) => response.end(name));
      await new Promise<void>((resolve) => server.listen(0, address, resolve));
      servers.push(server);
      ports.push((server.address() as AddressInfo).port);
    }
  });

  after(async () => {
    await haproxy.stop();
    for (const server of servers) server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const service = (index: number, changes: Partial<VirtualService> = {}): VirtualService =>
    exampleService(index, {
      address,
      port: 20_000 + (process.pid % 20_000) + index,
      check: { kind: "tcp", timing: fast },
      servers: ports.map((port, at) => exampleServer(at + 1, { address, port })),
      ...changes,
    });

  const render = (services: readonly VirtualService[]): RenderedConfiguration => {
    const rendered = renderConfiguration({
      process: {
        runtimeSocket: haproxy.runtimeSocket,
        filesDirectory: haproxy.filesDirectory,
        maxConnections: 500,
        hardStopSeconds: 5,
      },
      services,
    });
    assert.ok(rendered.ok, rendered.ok ? "" : rendered.error.message);
    return rendered.value;
  };

  const ask = (port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      get({ host: address, port, agent: false, timeout: 3_000 }, (response) => {
        let body = "";
        response.on("data", (part) => {
          body += part;
        });
        response.on("end", () =>
          response.statusCode === 200 ? resolve(body) : reject(new Error(`HTTP ${response.statusCode}`)),
        );
      })
        .on("error", reject)
        .on("timeout", () => reject(new Error("timeout")));
    });

  const master = async (): Promise<ProcessIdentity> => {
    const identity = await haproxy.running();
    assert.ok(identity, "HAProxy runs");
    return identity;
  };

  test("[LM1] it starts, and requests are spread over the real servers in turn", async () => {
    const applied = await haproxy.apply(render([service(1)]));
    assert.deepEqual(applied, { ok: true, value: "started" });
    const answers: string[] = [];
    for (let index = 0; index < 6; index += 1) answers.push(await ask(service(1).port));
    assert.deepEqual(answers.slice(0, 3).toSorted(), ["one", "three", "two"]);
    assert.deepEqual(answers.slice(3), answers.slice(0, 3));
  });

  test("[LM1] what the file does not say is told after each load, and gone with the next", async () => {
    const loads: string[] = [];
    const end = haproxy.onLoaded(async ({ how, digest }) => {
      loads.push(`${how} ${digest}`);
      assert.deepEqual(await haproxy.tell(["set server vs1/rs1 state maint"]), { ok: true, value: [""] });
    });
    const changed = render([service(1, { idleSeconds: 30 })]);
    await haproxy.apply(changed);
    assert.deepEqual(loads, [`reloaded ${changed.digest}`]);
    const disabled = async () => {
      const rows = await haproxy.statistics();
      return rows.ok ? rows.value.filter(({ status }) => status === "MAINT").map(({ server }) => server) : [];
    };
    assert.deepEqual(await disabled(), ["rs1"]);
    assert.deepEqual(await haproxy.tell(["set server vs1/rs9 state maint"]), {
      ok: true,
      value: ["No such server."],
    });
    end();
    await haproxy.apply(render([service(1)]));
    assert.deepEqual(await disabled(), []);
    assert.equal(loads.length, 1);
  });

  test("[LM1] the same configuration again changes nothing", async () => {
    const { pid } = await master();
    assert.deepEqual(await haproxy.apply(render([service(1)])), { ok: true, value: "unchanged" });
    assert.equal((await master()).pid, pid);
  });

  test("[LM1] a server that dies leaves the rotation by its health check", async () => {
    servers[1]?.close();
    await waitFor("rs2 is down", async () => {
      const rows = await haproxy.statistics();
      return rows.ok && rows.value.some((row) => row.server === "rs2" && serverStatus(row.status) === "Down");
    });
    const answers = new Set<string>();
    for (let index = 0; index < 6; index += 1) answers.add(await ask(service(1).port));
    assert.deepEqual([...answers].toSorted(), ["one", "three"]);
  });

  test("[LM1] a file that HAProxy does not read never replaces one that it did", async () => {
    const good = readFileSync(join(directory, "haproxy.cfg"), "utf8");
    const { text, origins } = render([service(1), service(2)]);
    const bad = text.replace("bind ", "bind nonsense ");
    const applied = await haproxy.apply({
      text: bad,
      parts: [bad],
      origins,
      digest: "0123456789abcdef",
      files: [{ name: "0.pem", text: "0" }],
    });
    assert.ok(!applied.ok);
    assert.match(applied.error.message, /virtual service 1, parameter vs/);
    assert.deepEqual(readdirSync(haproxy.filesDirectory), [], "nor do its files stay");
    assert.equal(readFileSync(join(directory, "haproxy.cfg"), "utf8"), good);
    assert.equal(await ask(service(1).port).then((body) => body.length > 0), true);
  });

  test("[LM1] a file whose address is in use is taken back, and the one before it goes on", async () => {
    const good = readFileSync(join(directory, "haproxy.cfg"), "utf8");
    const occupant = createTcpServer();
    await new Promise<void>((resolve) => occupant.listen(0, address, resolve));
    const { port } = occupant.address() as AddressInfo;
    try {
      const applied = await haproxy.apply(render([service(1), service(2, { port })]));
      assert.ok(!applied.ok);
      assert.equal(applied.error.code, "proxy-bind-failed", applied.error.message);
      assert.match(
        applied.error.message,
        new RegExp(`virtual service 2 cannot listen on ${address}:${port}`),
      );
    } finally {
      occupant.close();
    }
    assert.equal(readFileSync(join(directory, "haproxy.cfg"), "utf8"), good);
    await ask(service(1).port);
    const later = await haproxy.apply(render([service(1), service(2)]));
    assert.deepEqual(later, { ok: true, value: "reloaded" });
    await ask(service(2).port);
  });

  test("[LM1] no request fails while it reloads", async () => {
    let done = false;
    let requests = 0;
    const failures: string[] = [];
    const client = async (): Promise<void> => {
      while (!done) {
        await ask(service(1).port).then(
          () => {
            requests += 1;
          },
          (error: Error) => failures.push(error.message),
        );
      }
    };
    const clients = Promise.all([client(), client()]);
    const applied: unknown[] = [];
    for (let round = 0; round < 4; round += 1)
      applied.push(await haproxy.apply(render([service(1), service(2, { nickname: `round ${round}` })])));
    done = true;
    await clients;
    assert.deepEqual(applied, Array(4).fill({ ok: true, value: "reloaded" }));
    assert.deepEqual(failures, []);
    assert.ok(requests > 20, `only ${requests} requests were made`);
  });

  test("[LM1] a starter that is killed leaves the traffic, and another one adopts it", async () => {
    await haproxy.stop();
    const rendered = render([service(1)]);
    const child = fork(join(import.meta.dirname, "haproxy-starter.fixture.ts"), [directory], {
      silent: true,
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.send(rendered);
    await new Promise((resolve) => child.once("message", resolve));
    child.kill("SIGKILL");
    await ended;
    const identity = await master();
    await ask(service(1).port);
    const successor = driver();
    events.length = 0;
    assert.deepEqual(await successor.apply(rendered), { ok: true, value: "unchanged" });
    assert.deepEqual(events, [{ event: "haproxy-adopted", pid: identity.pid }]);
    assert.deepEqual(await successor.apply(render([service(1), service(2)])), {
      ok: true,
      value: "reloaded",
    });
    assert.ok(isRunning(identity), "the master is the same process");
    await ask(service(2).port);
  });

  test("it stops at once and leaves no worker", async () => {
    const identity = await master();
    await haproxy.stop();
    assert.ok(!isRunning(identity));
    await assert.rejects(ask(service(1).port), /ECONNREFUSED/);
  });
});

async function waitFor(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `in vain waited for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
