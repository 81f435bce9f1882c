import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
} from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import type { LoadMasterClient, Parameters } from "@tandem/loadmaster-api/client";
import { loopback, portFor, startUnit, type TestUnit, value, waitFor } from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("kinds of persistence", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  const web: Server[] = [];
  const host = loopback(50);
  const port = portFor(3);
  const vs = { vs: host, port, prot: "tcp" };

  before(async () => {
    unit = await startUnit(1);
    client = unit.client();
    for (const name of ["one", "two", "three"]) {
      const server = createServer(({ url = "" }, response) => {
        // The application's own session, begun on demand.
        if (url.startsWith("/begin")) response.setHeader("set-cookie", `SID=of-${name}-${url.slice(6)}`);
        response.end(name);
      });
      await new Promise<void>((resolve) => server.listen(0, loopback(60), resolve));
      web.push(server);
    }
  });
  after(async () => {
    for (const each of web) {
      each.close();
      each.closeAllConnections();
    }
    await unit?.remove();
  });
  beforeEach(async () => {
    await client.call("delvs", vs);
  });

  const start = async (parameters: Parameters, weights: readonly number[] = []): Promise<void> => {
    value(await client.call("addvs", { ...vs, VStype: "http", CheckType: "none", ...parameters }));
    for (const [index, each] of web.entries())
      value(
        await client.call("addrs", {
          ...vs,
          rs: loopback(60),
          rsport: (each.address() as AddressInfo).port,
          ...(weights[index] === undefined ? {} : { Weight: weights[index] }),
        }),
      );
    await unit.unit.trafficSettled();
    await waitFor("all servers are used", async () => {
      if (parameters.Persist === undefined) return (await ask()).server !== "";
      const seen = new Set<string>();
      for (let each = 0; each < 12; each += 1)
        seen.add(
          (
            await ask(
              "/",
              { "x-user": `${each}`, "user-agent": `${each}`, cookie: `SID=w${each}` },
              loopback(100 + each),
            )
          ).server,
        );
      return seen.size === web.length;
    });
  };

  const ask = (
    path = "/",
    headers: { readonly [name: string]: string } = {},
    localAddress = loopback(99),
  ): Promise<{ server: string; cookie: string }> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ host, port, path, headers, localAddress, agent: false }, (response) => {
        let text = "";
        response.on("data", (part) => {
          text += part;
        });
        response.on("end", () =>
          resolve({
            server: response.statusCode === 200 ? text : "",
            cookie: response.headers["set-cookie"]?.[0]?.split(";")[0] ?? "",
          }),
        );
      });
      outgoing.on("error", () => resolve({ server: "", cookie: "" }));
      outgoing.on("timeout", () => reject(new Error("timeout")));
      outgoing.end();
    });
  /** The servers that some requests reach, each from a client address of its own. */
  const reached = async (headers: { readonly [name: string]: string }, from = 150): Promise<string[]> => {
    const names = new Set<string>();
    for (let each = 0; each < 8; each += 1)
      names.add((await ask("/", headers, loopback(from + each))).server);
    return [...names];
  };

  test("[LM1] cookie: a session that a server began stays there, wherever its client comes from", async () => {
    await start({ Persist: "cookie", Cookie: "SID", PersistTimeout: 300 });
    for (const name of ["a", "b"]) {
      const { server, cookie } = await ask(`/begin${name}`, {}, loopback(120));
      assert.match(cookie, new RegExp(`^SID=of-${server}-`));
      assert.deepEqual(await reached({ cookie }), [server]);
    }
  });

  test("[LM1] cookie-src and active-cook-src: a client without the cookie is known by its address", async () => {
    for (const Persist of ["cookie-src", "active-cook-src"]) {
      await client.call("delvs", vs);
      await start({ Persist, Cookie: Persist === "cookie-src" ? "SID" : "LM", PersistTimeout: 300 });
      const { server, cookie } = await ask(Persist === "cookie-src" ? "/beginx" : "/", {}, loopback(130));
      assert.notEqual(cookie, "");
      for (let each = 0; each < 6; each += 1)
        assert.equal((await ask("/", {}, loopback(130))).server, server, Persist);
      assert.deepEqual(await reached({ cookie }), [server], Persist);
    }
  });

  test("[LM1] header and super: what a client shows keeps it, wherever it comes from", async () => {
    await start({ Persist: "header", Cookie: "X-User", PersistTimeout: 300 });
    const users = await Promise.all(["ann", "bob", "cid", "dan"].map((user) => reached({ "x-user": user })));
    for (const each of users) assert.equal(each.length, 1);
    await client.call("delvs", vs);
    await start({ Persist: "super", PersistTimeout: 300 });
    const signed = { "user-agent": "Mozilla/5.0 (X, like Y)", authorization: "Basic abc" };
    assert.equal((await reached(signed)).length, 1);
  });

  test("[LM1] cookie-hash: the cookie chooses the server, also after a reload", async () => {
    await start({ Persist: "cookie-hash", Cookie: "SID", PersistTimeout: 300 });
    const [server] = await reached({ cookie: "SID=some-session" });
    assert.deepEqual(await reached({ cookie: "SID=some-session" }, 170), [server]);
    value(await client.call("modvs", { ...vs, NickName: "again" }));
    assert.deepEqual(await reached({ cookie: "SID=some-session" }, 190), [server]);
  });

  test("[LM1] fixed: the heaviest server that can gets every connection", async () => {
    await start({ Schedule: "fixed" }, [10, 1_000, 100]);
    assert.deepEqual(await reached({}), ["two"]);
    const shown = value(await client.call("showvs", vs)) as unknown as {
      Rs: { RsIndex: number; Weight: number }[];
    };
    const heaviest = shown.Rs.find(({ Weight }) => Weight === 1_000)?.RsIndex;
    value(await client.call("modrs", { ...vs, rs: `!${heaviest}`, Enable: "N" }));
    await waitFor("the next one", async () => (await ask()).server === "three");
    assert.deepEqual(await reached({}), ["three"]);
  });

  test("[LM1] rdp: a user stays on his server", async () => {
    const servers: TcpServer[] = [];
    for (const name of ["one", "two"]) {
      const server = createTcpServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end(name));
      });
      await new Promise<void>((resolve) => server.listen(0, loopback(62), resolve));
      servers.push(server);
    }
    value(
      await client.call("addvs", {
        ...vs,
        VStype: "gen",
        CheckType: "none",
        Persist: "rdp",
        PersistTimeout: 300,
      }),
    );
    for (const each of servers)
      value(
        await client.call("addrs", { ...vs, rs: loopback(62), rsport: (each.address() as AddressInfo).port }),
      );
    /** TPKT and X.224 with the cookie that a client of Remote Desktop sends (MS-RDPBCGR 2.2.1.1). */
    const enter = (user: string): Promise<string> =>
      new Promise((resolve) => {
        const cookie = Buffer.from(`Cookie: mstshash=${user}\r\n`);
        const request = [6 + cookie.length, 0xe0, 0, 0, 0, 0, 0];
        const head = Buffer.from([3, 0, 0, 4 + request.length + cookie.length, ...request]);
        const socket = connect({ host, port });
        let text = "";
        socket.on("connect", () => socket.write(Buffer.concat([head, cookie])));
        socket.on("data", (part) => {
          text += part;
        });
        socket.on("error", () => resolve(""));
        socket.on("close", () => resolve(text));
      });
    try {
      await waitFor("both servers are used", async () => {
        const seen = await Promise.all(["a", "b", "c", "d"].map((each) => enter(`w${each}`)));
        return new Set(seen).size === 2 && !seen.includes("");
      });
      const first = await enter("ann");
      for (let each = 0; each < 5; each += 1) assert.equal(await enter("ann"), first);
    } finally {
      for (const each of servers) each.close();
    }
  });

  test("[LM2] a kind that a service cannot read is refused with the remedy", async () => {
    value(await client.call("addvs", { ...vs, VStype: "http", Enable: "N" }));
    const refused: readonly [Parameters, RegExp][] = [
      [{ Persist: "udpsip" }, /udpsip reads SIP/],
      [{ Persist: "rdp" }, /rdp reads what is passed on/],
      [{ Persist: "ssl" }, /ssl reads what is passed on/],
      [{ Persist: "cookie" }, /Cookie: cookie needs/],
      [{ Persist: "super", Cookie: "a" }, /not used with Persist super/],
      [{ VStype: "gen", Persist: "header", Cookie: "X-A" }, /header reads HTTP/],
    ];
    for (const [parameters, words] of refused) {
      const answer = await client.call("modvs", { ...vs, ...parameters });
      assert.ok(!answer.ok, JSON.stringify(parameters));
      assert.match(answer.error.message, words);
    }
  });
});
