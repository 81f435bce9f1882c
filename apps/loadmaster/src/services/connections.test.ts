import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { Agent, createServer, request, type Server } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
} from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { askHaproxy } from "@tandem/linux/haproxy-socket";
import type { LoadMasterClient, Parameters } from "@tandem/loadmaster-api/client";
import type { VirtualServiceView } from "@tandem/loadmaster-api/views";
import { digestOf } from "../state/document.ts";
import { loopback, portFor, startUnit, type TestUnit, value, waitFor } from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("connections of services", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  /** Answers with the number of the connection that the request came on. */
  let counting: Server;
  /** Ends every connection as soon as something is asked. */
  let silent: TcpServer;
  /** Speaks first, and then says what it hears. */
  let greeting: TcpServer;
  let connections = 0;
  let left = 0;
  const host = loopback(50);
  const port = portFor(3);
  const vs = { vs: host, port, prot: "tcp" };

  before(async () => {
    unit = await startUnit(1);
    client = unit.client();
    const numbers = new WeakMap<object, number>();
    counting = createServer(({ socket, method }, response) => {
      response.setHeader("content-type", "text/plain");
      response.end(`${method} ${numbers.get(socket)}`);
    });
    counting.on("connection", (socket) => {
      connections += 1;
      numbers.set(socket, connections);
    });
    silent = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        left += 1;
        socket.destroy();
      });
    });
    greeting = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.write("220 ready\r\n");
      socket.pipe(socket);
    });
    for (const server of [counting, silent, greeting])
      await new Promise<void>((resolve) => server.listen(0, loopback(60), resolve));
  });
  after(async () => {
    counting?.close();
    counting?.closeAllConnections();
    silent?.close();
    greeting?.close();
    await unit?.remove();
  });
  beforeEach(async () => {
    await client.call("delvs", vs);
  });

  const call = async (command: string, parameters: Parameters) =>
    value(await client.call(command, parameters)) as unknown as VirtualServiceView;
  const start = async (servers: readonly (Server | TcpServer)[], parameters: Parameters = {}) => {
    const shown = await call("addvs", { ...vs, VStype: "http", CheckType: "none", ...parameters });
    for (const each of servers)
      await call("addrs", { ...vs, rs: loopback(60), rsport: (each.address() as AddressInfo).port });
    await unit.unit.trafficSettled();
    return shown;
  };
  const ask = (agent: Agent | false, method = "GET"): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ host, port, method, agent }, (response) => {
        let body = "";
        response.on("data", (part) => {
          body += part;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  const runtime = async (command: string): Promise<string> =>
    value(await askHaproxy(join(unit.configuration.stateDir, "haproxy/runtime.sock"), command));

  test("[LM1] a client has connections to servers of its own, unless MultiConnect shares them", async () => {
    assert.equal((await start([counting])).MultiConnect, false);
    const agents = Array.from({ length: 6 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    const round = async (): Promise<string[]> => {
      const bodies: string[] = [];
      for (const agent of agents) bodies.push((await ask(agent)).body);
      return bodies;
    };
    const first = await round();
    assert.equal(new Set(first).size, agents.length);
    for (const _ of [2, 3]) assert.deepEqual(await round(), first);
    for (const agent of agents) agent.destroy();

    assert.equal((await call("modvs", { ...vs, MultiConnect: "Y" })).MultiConnect, true);
    await unit.unit.trafficSettled();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const _ of [1, 2]) await ask(agent);
    agent.destroy();
    const before = connections;
    for (let each = 0; each < 5; each += 1) await ask(false);
    // HAProxy gives up connections that nobody has used for a while, on a busy machine meanwhile.
    assert.ok(connections - before < 5, "clients with one request each come on connections that are there");
  });

  test("[LM1] HTTPReschedule: what a server leaves without an answer goes to another one, unless it may not be repeated", async () => {
    assert.equal((await start([silent])).HTTPReschedule, false);
    assert.equal((await ask(false)).status, 502);
    await call("addrs", { ...vs, rs: loopback(60), rsport: (counting.address() as AddressInfo).port });
    assert.equal((await call("modvs", { ...vs, HTTPReschedule: "Y" })).HTTPReschedule, true);
    await unit.unit.trafficSettled();
    left = 0;
    for (let each = 0; each < 6; each += 1) assert.match((await ask(false)).body, /^GET/);
    assert.ok(left > 0, "the silent one was asked");
    const posted = [];
    for (let each = 0; each < 4; each += 1) posted.push((await ask(false, "POST")).status);
    assert.deepEqual([...new Set(posted)].sort(), [200, 502]);
  });

  test("[LM1] ServerInit: a server that speaks first is heard before its client says anything", async () => {
    assert.equal((await start([greeting], { VStype: "gen", ServerInit: 1 })).ServerInit, 1);
    const heard = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host, port });
      socket.on("error", reject);
      socket.once("data", (part) => {
        socket.destroy();
        resolve(String(part));
      });
    });
    assert.equal(heard, "220 ready\r\n");
    assert.equal((await call("modvs", { ...vs, ServerInit: 0 })).ServerInit, 0);
  });

  test("[LM1] RefreshPersist: a client is not forgotten while it has a connection", async () => {
    const shown = await start([greeting], {
      VStype: "gen",
      Persist: "src",
      PersistTimeout: 300,
      RefreshPersist: "Y",
    });
    assert.equal(shown.RefreshPersist, true);
    const table = `vs${shown.Index}`;
    const expires = async (): Promise<number> =>
      Number(/ exp=(\d+)/.exec(await runtime(`show table ${table}`))?.[1] ?? Number.NaN);
    const socket = connect({ host, port, localAddress: loopback(99) });
    await new Promise((resolve) => socket.once("data", resolve));
    const atFirst = await expires();
    await waitFor("its time goes by", async () => (await expires()) < atFirst - 50);
    assert.match(await runtime(`clear table ${table} key ${loopback(99)}`), /currently in use/);
    const atLast = await expires();
    socket.destroy();
    await waitFor("its time begins anew", async () => (await expires()) > atLast);
    await waitFor("it is held no more", async () =>
      /^\s*$/.test(await runtime(`clear table ${table} key ${loopback(99)}`)),
    );
    await call("modvs", { ...vs, RefreshPersist: "N" });
    await unit.unit.trafficSettled();
    const another = connect({ host, port, localAddress: loopback(99) });
    await new Promise((resolve) => another.once("data", resolve));
    assert.match(await runtime(`clear table ${table} key ${loopback(99)}`), /^\s*$/);
    another.destroy();
  });

  test("[LM1] RefreshPersist goes with each persistence in a table, and HAProxy takes it", async () => {
    for (const [VStype, Persist, more] of [
      ["http", "src", {}],
      ["http", "cookie-src", { Cookie: "SID" }],
      ["http", "active-cook-src", { Cookie: "LM" }],
      ["http", "header", { Cookie: "X-Client" }],
      ["http", "super-src", {}],
      ["http", "url", {}],
      ["gen", "rdp-sb-src", {}],
    ] as const) {
      await client.call("delvs", vs);
      const shown = await start([counting], { VStype, Persist, ...more, RefreshPersist: 1 });
      assert.equal(shown.RefreshPersist, true);
      assert.match((await ask(false)).body, /^GET/, Persist);
    }
  });

  test("[LM1] QoS: packets to clients carry the type of service", async () => {
    assert.equal((await start([greeting], { VStype: "gen", QoS: 8 })).QoS, 8);
    const socket = connect({ host, port });
    await new Promise((resolve) => socket.once("data", resolve));
    const own = (socket.address() as AddressInfo).port;
    const listed = execFileSync("ss", ["-tnH", "--tos", "src", `${host}:${port}`, "and", "dst", `:${own}`]);
    assert.match(String(listed), /tos:0x10/);
    socket.destroy();
    assert.equal((await call("modvs", { ...vs, QoS: "0" })).QoS, 0);
  });

  test("[LM1] VStype http2: clients speak HTTP/2, and the service reads back as it was written", async () => {
    assert.equal((await start([counting], { VStype: "http2" })).VStype, "http2");
    const session = connectHttp2(`http://${host}:${port}`);
    const status = await new Promise((resolve, reject) => {
      session.on("error", reject);
      const stream = session.request({ [constants.HTTP2_HEADER_PATH]: "/" });
      stream.on("response", (headers) => resolve(headers[constants.HTTP2_HEADER_STATUS]));
      stream.on("error", reject);
      stream.resume();
    });
    session.destroy();
    assert.equal(status, 200);
    assert.equal((await ask(false)).status, 200, "clients of HTTP/1.1 are served as well");
    assert.equal((await call("modvs", { ...vs, NickName: "stays" })).VStype, "http2");
    assert.equal((await call("modvs", { ...vs, VStype: "http" })).VStype, "http");
    assert.equal((await call("modvs", { ...vs, VStype: "gen" })).VStype, "gen");
  });

  test("[LM2] what a connection cannot be is refused and changes nothing", async () => {
    await call("addvs", { ...vs, VStype: "http", Enable: "N" });
    const gen = { VStype: "gen" };
    for (const [parameters, words] of [
      [{ ...gen, MultiConnect: "Y" }, /^MultiConnect: .*needs HTTP/],
      [{ ...gen, HTTPReschedule: "Y" }, /^HTTPReschedule: .*needs HTTP/],
      [{ MultiConnect: "maybe" }, /^MultiConnect/],
      [{ HTTPReschedule: 2 }, /^HTTPReschedule/],
      [{ ServerInit: 1 }, /^ServerInit: .*VStype gen/],
      [{ ServerInit: 7 }, /^ServerInit: 7 is not valid/],
      [{ ...gen, ServerInit: 2, Persist: "rdp" }, /^ServerInit: .*Persist src/],
      [{ RefreshPersist: "Y", Persist: "active-cookie", Cookie: "LM" }, /^RefreshPersist: .*cookie/],
      [{ ...gen, RefreshPersist: "Y", Persist: "ssl" }, /^RefreshPersist: .*session/],
      [{ RefreshPersist: "often" }, /^RefreshPersist/],
      [{ QoS: 3 }, /^QoS: 3 is not valid/],
      [{ QoS: 16 }, /^QoS: 16 is not valid/],
      [{ ...gen, ForceL4: "Y", QoS: 8 }, /^QoS: .*layer 4/],
      [{ VStype: "http3" }, /^VStype/],
      [{ SecurityHeaderOptions: 1 }, /^SecurityHeaderOptions: 1 needs SSLAcceleration Y/],
      [{ SecurityHeaderOptions: 3 }, /^SecurityHeaderOptions: 3 is not valid/],
    ] as readonly (readonly [Parameters, RegExp])[]) {
      const digest = digestOf(unit.unit.document.shared);
      const answer = await client.call("modvs", { ...vs, ...parameters });
      assert.ok(!answer.ok, `${JSON.stringify(parameters)} is not refused`);
      assert.match(answer.error.message, words);
      assert.equal(digestOf(unit.unit.document.shared), digest);
    }
  });
});
