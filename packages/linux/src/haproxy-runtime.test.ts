/** What a worker was told at its runtime socket comes to the same as a reload of the file. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { RealServer, VirtualService } from "@tandem/haproxy-config/model";
import { exampleServer, exampleService } from "@tandem/haproxy-config/model-examples";
import { type RenderedConfiguration, renderConfiguration } from "@tandem/haproxy-config/render";
import fc from "fast-check";
import { type Accepted, coalesceMs, HaproxyProcess, type Loaded } from "./haproxy-process.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";
const network = `127.${100 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 250}`;
const address = `${network}.2`;
const port = 20_000 + (process.pid % 20_000);
const fast = { intervalSeconds: 1, timeoutSeconds: 1, retries: 1 };

class Driven {
  readonly directory = mkdtempSync(join(tmpdir(), "tandem-haproxy-"));
  haproxy = new HaproxyProcess({ directory: this.directory, observe: () => {} });

  /** The unit starts again. */
  succeed(): HaproxyProcess {
    this.haproxy = new HaproxyProcess({ directory: this.directory, observe: () => {} });
    return this.haproxy;
  }

  render(services: readonly VirtualService[]): RenderedConfiguration {
    const rendered = renderConfiguration({
      process: {
        runtimeSocket: this.haproxy.runtimeSocket,
        filesDirectory: this.haproxy.filesDirectory,
        maxConnections: 500,
        hardStopSeconds: 5,
      },
      services,
    });
    assert.ok(rendered.ok, rendered.ok ? "" : rendered.error.message);
    return rendered.value;
  }

  async apply(services: readonly VirtualService[]): Promise<string> {
    const applied = await this.haproxy.apply(this.render(services));
    assert.ok(applied.ok, applied.ok ? "" : applied.error.message);
    return applied.value;
  }

  async ask(command: string): Promise<string> {
    const answer = await this.haproxy.tell([command]);
    assert.ok(answer.ok);
    return answer.value.join("\n");
  }

  async pid(): Promise<string | undefined> {
    return /^Pid: (\d+)$/m.exec(await this.ask("show info"))?.[1];
  }

  /** Columns by which a told worker and a reloaded one have to be alike; ids of servers are their places in the file. */
  async state(): Promise<string[]> {
    const rows = (table: string, separator: string, columns: readonly string[]): string[] => {
      const lines = table.split("\n");
      const header = lines.findIndex((line) => line.startsWith("# "));
      const names = (lines[header] ?? "").slice(2).split(separator);
      return lines
        .slice(header + 1)
        .filter((line) => line !== "")
        .map((line) => {
          const cells = line.split(separator);
          return columns.map((name) => `${name}=${cells[names.indexOf(name)]}`).join(" ");
        });
    };
    const servers = rows(await this.ask("show servers state"), " ", [
      "be_name",
      "srv_name",
      "srv_addr",
      "srv_port",
      "srv_op_state",
      "srv_uweight",
      "srv_use_ssl",
    ]);
    const figures = rows(await this.ask("show stat"), ",", [
      "pxname",
      "svname",
      "status",
      "weight",
      "act",
      "slim",
    ]);
    // A server in maintenance shows the weight that it went by last; what it has to go by is in the other table.
    return [...servers, ...figures]
      .map((row) => row.replace(/=UP \d+\/\d+/, "=UP").replace(/=MAINT weight=\d+/, "=MAINT"))
      .sort();
  }

  async remove(): Promise<void> {
    await this.haproxy.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

describe("[LM1] changes without a reload", { skip }, () => {
  const told = new Driven();
  const loaded = new Driven();
  const servers: Server[] = [];
  let backendPort = 0;

  before(async () => {
    for (const host of [10, 11, 12]) {
      const server = createServer((_request, response) => response.end(String(host)));
      await new Promise<void>((resolve) => server.listen(backendPort, `${network}.${host}`, resolve));
      backendPort = (server.address() as AddressInfo).port;
      servers.push(server);
    }
  });

  after(async () => {
    await told.remove();
    await loaded.remove();
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });

  const server = (index: number): fc.Arbitrary<RealServer> =>
    fc.record({
      index: fc.constant(index),
      address: fc.constantFrom(`${network}.10`, `${network}.11`, `${network}.12`),
      port: fc.constant(backendPort),
      weight: fc.integer({ min: 1, max: 400 }),
      connectionLimit: fc.constantFrom(0, 0, 5, 50),
      enabled: fc.boolean(),
    });
  /** One service of each kind; only its servers differ. */
  const model = () =>
    fc
      .tuple(
        ...(["wrr", "wlc", "rr", "sh"] as const).map((schedule, at) =>
          fc
            .tuple(...[1, 2, 3, 4].map((index) => fc.option(server(index), { nil: undefined, freq: 4 })))
            .map((some) =>
              exampleService(at + 1, {
                address,
                port: port + at,
                schedule,
                check:
                  at % 2 === 0 ? { kind: "none" } : { kind: "tcp", timing: { ...fast, intervalSeconds: 60 } },
                ...(at === 0 ? { tlsToServers: { passName: false } } : {}),
                servers: some.filter((each) => each !== undefined),
              }),
            ),
        ),
      )
      .map((services) => [...services]);

  /** Servers that stay keep their order, and those that are new come after them. */
  const continuing = (before: VirtualService | undefined, next: VirtualService): VirtualService => {
    const order = (before?.servers ?? []).map(({ index }) => index);
    const place = ({ index }: RealServer): number =>
      order.includes(index) ? order.indexOf(index) : order.length + index;
    return { ...next, servers: next.servers.toSorted((a, b) => place(a) - place(b)) };
  };

  test("whatever changes in servers, the worker is as one that has loaded the file", {
    timeout: 120_000,
  }, async () => {
    const ways: string[] = [];
    // On a busy machine it tries fewer.
    const until = performance.now() + 8_000;
    await fc.assert(
      fc.asyncProperty(fc.array(model(), { minLength: 2, maxLength: 4 }), async (models) => {
        if (performance.now() > until) return;
        let last: VirtualService[] = [];
        for (const each of models) {
          last = each.map((next) =>
            continuing(
              last.find(({ index }) => index === next.index),
              next,
            ),
          );
          ways.push(await told.apply(last));
        }
        await loaded.haproxy.stop();
        await loaded.apply(last);
        assert.deepEqual(await told.state(), await loaded.state());
        await told.haproxy.settle();
        assert.equal(
          readFileSync(join(told.directory, "haproxy.cfg"), "utf8"),
          told.render(last).text,
          "and the file is in step",
        );
      }),
      { numRuns: 25, endOnFailure: true },
    );
    assert.ok(ways.filter((way) => way === "told").length >= 10, ways.join(" "));
  });

  test("a unit that starts again knows what the worker was told", async () => {
    const [first, second] = [3, 5].map((weight) => [
      exampleService(1, {
        address,
        port,
        schedule: "wrr",
        servers: [exampleServer(1, { weight }), exampleServer(2, { weight: 4 })],
      }),
    ]) as [VirtualService[], VirtualService[]];
    await told.apply(first);
    assert.equal(await told.apply(second), "told");
    const pid = await told.pid();
    const successor = told.succeed();
    assert.deepEqual(await successor.apply(told.render(second)), { ok: true, value: "unchanged" });
    assert.deepEqual(await successor.apply(told.render(first)), { ok: true, value: "told" });
    assert.equal(await told.pid(), pid);
    // Half of what it was to be told: it is like no file.
    await successor.tell(["experimental-mode on", "set var proc.configuration str(changing)"]);
    assert.deepEqual(await successor.apply(told.render(first)), { ok: true, value: "reloaded" });
    assert.notEqual(await told.pid(), pid);
  });

  test("the file follows what the worker was told; a unit that was killed before it did starts without a reload", async () => {
    const file = (): string => readFileSync(join(told.directory, "haproxy.cfg"), "utf8");
    const weighing = (weight: number): VirtualService[] => [
      exampleService(1, {
        address,
        port,
        schedule: "wrr",
        servers: [exampleServer(1, { weight }), exampleServer(2, { weight: 9 })],
      }),
    ];
    await told.apply(weighing(3));
    await told.haproxy.settle();
    const pid = await told.pid();
    assert.equal(await told.apply(weighing(4)), "told");
    const killed = file();
    await told.haproxy.settle();
    assert.equal(file(), told.render(weighing(4)).text);

    writeFileSync(join(told.directory, "haproxy.cfg"), killed);
    told.succeed();
    assert.equal(await told.apply(weighing(4)), "unchanged");
    assert.equal(file(), told.render(weighing(4)).text);

    // The document had moved on once more: neither the file nor what is wanted is what the worker runs.
    writeFileSync(join(told.directory, "haproxy.cfg"), killed);
    told.succeed();
    assert.equal(await told.apply(weighing(5)), "reloaded");
    assert.notEqual(await told.pid(), pid);
  });

  test("changes that come within a moment make one reload, and are answered before", async () => {
    const loads: Loaded[] = [];
    const end = told.haproxy.onLoaded((each) => void loads.push(each));
    const configurations = [1, 2, 3].map((at) =>
      told.render([exampleService(1, { address, port: port + at })]),
    );
    const before = await told.pid();
    const all: Accepted[] = [];
    for (const each of configurations) {
      const accepted = await told.haproxy.accept(each);
      assert.ok(accepted.ok);
      all.push(accepted.value);
    }
    for (const each of all) assert.equal(await told.haproxy.put(each), "pending");
    assert.equal(await told.pid(), before, "the worker is still the one before");
    await told.haproxy.settle();
    assert.deepEqual(loads, [{ how: "reloaded", digest: configurations[2]?.digest }]);
    end();
  });

  test("a reload waits for changes that arrived in time and are still looked at", async () => {
    const loads: string[] = [];
    const end = told.haproxy.onLoaded((each) => void loads.push(each.digest));
    const [first, second] = [40, 41].map((idleSeconds) =>
      told.render([exampleService(1, { address, port, idleSeconds })]),
    ) as [RenderedConfiguration, RenderedConfiguration];
    const expected = told.haproxy.expect();
    const accepted = await told.haproxy.accept(first);
    assert.ok(accepted.ok);
    await told.haproxy.put(accepted.value);
    await new Promise((resolve) => setTimeout(resolve, 2 * coalesceMs));
    const later = await told.haproxy.accept(second);
    assert.ok(later.ok);
    await told.haproxy.put(later.value);
    assert.deepEqual(loads, []);
    expected();
    await waitFor("it is in force", () => loads.length > 0);
    end();
    assert.deepEqual(loads, [second.digest]);
  });

  test("what is put without anybody waiting is in force soon", async () => {
    const next = told.render([exampleService(1, { address, port, idleSeconds: 77 })]);
    const accepted = await told.haproxy.accept(next);
    assert.ok(accepted.ok);
    const loaded = new Promise<Loaded>((resolve) => {
      const end = told.haproxy.onLoaded((each) => {
        end();
        resolve(each);
      });
    });
    await told.haproxy.put(accepted.value);
    assert.deepEqual(await loaded, { how: "reloaded", digest: next.digest });
  });

  test("one that does not load is taken back, and told of; what was told before is in force again", async () => {
    const of = (weight: number, more: VirtualService[] = []) => [
      exampleService(1, {
        address,
        port,
        schedule: "wrr",
        check: { kind: "none" },
        servers: [exampleServer(1, { weight }), exampleServer(2, { weight: 1 })],
      }),
      ...more,
    ];
    await told.apply(of(3));
    assert.equal(await told.apply(of(5)), "told");
    const occupied = createServer();
    await new Promise<void>((resolve) => occupied.listen(0, address, resolve));
    const loads: Loaded[] = [];
    const end = told.haproxy.onLoaded((each) => void loads.push(each));
    try {
      const taken = exampleService(2, { address, port: (occupied.address() as AddressInfo).port });
      const accepted = await told.haproxy.accept(told.render(of(5, [taken])));
      assert.ok(accepted.ok);
      await told.haproxy.put(accepted.value);
      await told.haproxy.settle();
    } finally {
      occupied.close();
      end();
    }
    assert.deepEqual(
      loads.map((each) => (each.how === "refused" ? each.error.code : each.how)),
      ["reloaded", "proxy-bind-failed"],
    );
    assert.ok((await told.state()).some((row) => /srv_name=rs1 .*srv_uweight=5 /.test(row)));
    assert.equal(await told.apply(of(5)), "unchanged");
  });

  /** An old worker may still take a connection when the new one serves already. */
  const connectedToNewest = async (): Promise<Socket> => {
    for (;;) {
      const connection = connect({ host: address, port });
      const answered = once(connection, "data");
      connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await answered;
      const row = (await told.ask("show stat")).split("\n").find((line) => line.startsWith("vs1,FRONTEND,"));
      if (row?.split(",")[4] === "1") return connection;
      connection.destroy();
    }
  };

  test("a server that came without a reload keeps its connections, as one from the file does", async () => {
    const of = (hosts: readonly number[]) => [
      exampleService(1, {
        address,
        port,
        check: { kind: "none" },
        servers: hosts.map((host) =>
          exampleServer(host, { address: `${network}.${host}`, port: backendPort }),
        ),
      }),
    ];
    await told.apply(of([]));
    assert.equal(await told.apply(of([11])), "told");
    const connection = await connectedToNewest();
    for (let count = 0; count < 10; count += 1) {
      const answered = once(connection, "data");
      connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await answered;
    }
    connection.destroy();
    const [header = "", ...rows] = (await told.ask("show stat")).replace(/^# /, "").split("\n");
    const cells = rows.find((row) => row.startsWith("vs1,rs11,"))?.split(",") ?? [];
    const cell = (name: string): number => Number(cells[header.split(",").indexOf(name)]);
    assert.deepEqual(
      { requests: cell("hrsp_2xx"), connections: cell("connect") },
      { requests: 11, connections: 1 },
    );
  });

  test("a server that still has connections is removed by a reload", async () => {
    const of = (hosts: readonly number[]) => [
      exampleService(1, {
        address,
        port,
        mode: "tcp",
        header: { forwardedFor: false, clientSide: false, via: false },
        check: { kind: "none" },
        servers: hosts.map((host) =>
          exampleServer(host, { address: `${network}.${host}`, port: backendPort }),
        ),
      }),
    ];
    await told.apply(of([10]));
    const connection = await connectedToNewest();
    assert.equal(await told.apply(of([10, 11])), "told");
    assert.equal(await told.apply(of([11])), "reloaded");
    const answered = once(connection, "data");
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.match(String(await answered), /10/, "the connection goes on");
    connection.destroy();
  });
});

async function waitFor(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `in vain waited for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
