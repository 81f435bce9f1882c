import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { askHaproxy } from "@tandem/linux/haproxy-socket";
import type { LoadMasterClient, Parameters } from "@tandem/loadmaster-api/client";
import { linkVersionWithTraffic } from "../ha/partner-messages.ts";
import { emptyShared, type StoredService } from "../state/document.ts";
import { unknownToLinkVersion2, unknownToLinkVersion4 } from "../state/older-partners.ts";
import {
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

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

/** One request from a client address of one's choice, on a connection of its own. */
const ask = (
  vs: { address: string; port: number },
  client: string,
  cookie?: string,
): Promise<{ server: string; cookie: string | undefined }> =>
  new Promise((resolve, reject) => {
    const request = get(
      {
        host: vs.address,
        port: vs.port,
        localAddress: client,
        agent: false,
        timeout: 3_000,
        ...(cookie === undefined ? {} : { headers: { cookie } }),
      },
      (response) => {
        let body = "";
        response.on("data", (part) => {
          body += part;
        });
        response.on("end", () =>
          resolve({
            server: body.split(" ")[0] ?? "",
            cookie: response.headers["set-cookie"]?.[0]?.split(";")[0],
          }),
        );
      },
    );
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error("timeout")));
  });

const addServers = async (
  client: LoadMasterClient,
  vs: { address: string; port: number },
  web: readonly WebServer[],
): Promise<void> => {
  for (const each of web) value(await client.addRealServer(vs, loopback(60), each.port));
};

/** The table of the unit's first service with source persistence: entries by client address. */
const entries = async (unit: TestUnit, proxy: string): Promise<string[]> => {
  const answer = await askHaproxy(
    join(unit.configuration.stateDir, "haproxy/runtime.sock"),
    `show table ${proxy}`,
  );
  return answer.ok ? [...answer.value.matchAll(/key=(\S+)/g)].map(([, key]) => key ?? "").sort() : [];
};

describe("persistence", { skip }, () => {
  let one: TestUnit;
  let two: TestUnit;
  const web: WebServer[] = [];
  const clients = Array.from({ length: 12 }, (_, index) => loopback(100 + index));

  before(async () => {
    one = await startUnit(1);
    two = await startUnit(2);
    for (const name of ["one", "two", "three"]) web.push(await startWebServer(60, name));
  });

  after(async () => {
    for (const server of web) await server.close();
    await one?.remove();
    await two?.remove();
  });

  test("[LM1] a client keeps its server by its address, over a reload as well", async () => {
    const client = one.client();
    const vs = { address: loopback(50), port: portFor(5) };
    const view = value(
      await client.addVirtualService(vs.address, vs.port, "tcp", {
        VStype: "http",
        CheckType: "none",
        Persist: "src",
        PersistTimeout: 119,
      }),
    );
    assert.equal(view.Persist, "src");
    assert.equal(view.PersistTimeout, "60", "whole minutes");
    await addServers(client, vs, web);
    const first: string[] = [];
    for (const each of clients) first.push((await ask(vs, each)).server);
    assert.equal(new Set(first).size, 3, "they are spread at first");
    value(await client.modifyVirtualService(vs, { NickName: "another name" }));
    for (const [index, each] of clients.entries()) assert.equal((await ask(vs, each)).server, first[index]);
    value(await client.modifyVirtualService(vs, { Persist: "none" }));
    assert.equal(value(await client.showVirtualService(vs)).PersistTimeout, "0");
    value(await client.deleteVirtualService(vs));
  });

  test("[LM1] a client keeps its server by a cookie that the unit sets", async () => {
    const client = one.client();
    const vs = { address: loopback(50), port: portFor(6) };
    const view = value(
      await client.addVirtualService(vs.address, vs.port, "tcp", {
        VStype: "http",
        CheckType: "none",
        Persist: "active-cookie",
        Cookie: "LMSESSION",
      }),
    );
    assert.deepEqual([view.Persist, view.Cookie, view.PersistTimeout], ["active-cookie", "LMSESSION", "360"]);
    await addServers(client, vs, web);
    const first = await ask(vs, clients[0]!);
    assert.match(String(first.cookie), /^LMSESSION=rs\d/);
    for (const each of clients) assert.equal((await ask(vs, each, first.cookie)).server, first.server);
    value(await client.deleteVirtualService(vs));
  });

  test("[LM1] what is asked for chooses the server: the URL or a parameter of it", async () => {
    const client = one.client();
    const vs = { address: loopback(50), port: portFor(6) };
    const of = async (path: string): Promise<string> => {
      const answer = await fetch(`http://${vs.address}:${vs.port}${path}`, {
        headers: { connection: "close" },
      });
      return (await answer.text()).split(" ")[0] ?? "";
    };
    const all = Array.from({ length: 24 }, (_, index) => index);
    /** Where each of them goes, twice the same; they are spread over all servers. */
    const spread = async (each: (index: number) => Promise<string>): Promise<readonly string[]> => {
      const first: string[] = [];
      for (const index of all) first.push(await each(index));
      for (const index of all) assert.equal(await each(index), first[index]);
      assert.equal(new Set(first).size, web.length);
      return first;
    };
    value(
      await client.addVirtualService(vs.address, vs.port, "tcp", {
        VStype: "http",
        CheckType: "none",
        Persist: "query-hash",
        QueryTag: "id",
      }),
    );
    await addServers(client, vs, web);
    const byId = await spread((index) => of(`/?id=${index}`));
    for (const index of all) assert.equal(await of(`/other?x=1&id=${index}`), byId[index]);
    const changed = value(await client.modifyVirtualService(vs, { Persist: "url" }));
    assert.deepEqual([changed.Persist, changed.QueryTag], ["url", undefined]);
    await spread((index) => of(`/${index}`));
    value(await client.modifyVirtualService(vs, { Persist: "none", Schedule: "uhash" }));
    await spread((index) => of(`/${index}?q`));
    value(await client.deleteVirtualService(vs));
  });

  test("[LM2] persistence that cannot be is refused with field, value and remedy", async () => {
    const client = one.client();
    const refusals: [Parameters, RegExp][] = [
      [{ Persist: "sometimes" }, /^Persist: "sometimes" is not valid; allowed: none, src/],
      [{ PersistTimeout: 600 }, /^PersistTimeout: 600 .*set Persist as well/],
      [{ Persist: "src", PersistTimeout: 2_419_200 }, /^PersistTimeout: 2419200 .*0 to 2147460 seconds/],
      [{ Persist: "src", Cookie: "A" }, /^Cookie: "A" is not used with Persist src/],
      [{ Cookie: "A" }, /^Cookie: "A" .*set Persist to active-cookie/],
      [{ Persist: "active-cookie", Cookie: "A" }, /^Persist: .*VStype is gen; use VStype http/],
      [{ Persist: "active-cookie", VStype: "http" }, /^Cookie: .*give one/],
      [{ Persist: "active-cookie", VStype: "http", Cookie: "a b" }, /^Cookie: "a b" is not valid/],
      [{ Persist: "url" }, /^Persist: url reads HTTP, .*VStype is gen; use VStype http/],
      [{ Persist: "query-hash", VStype: "http" }, /^QueryTag: .*give one, such as id/],
      [{ Persist: "query-hash", VStype: "http", QueryTag: "a b" }, /^QueryTag: "a b" is not valid/],
      [{ Persist: "src", QueryTag: "id" }, /^QueryTag: "id" is not used with Persist src/],
      [{ Schedule: "uhash" }, /^Schedule: uhash reads the URL, .*VStype is gen/],
      [{ Schedule: "uhash", ForceL4: true, VStype: "http" }, /^VStype: http .*ForceL4/],
    ];
    for (const [parameters, words] of refusals) {
      const answer = await client.addVirtualService(loopback(50), portFor(7), "tcp", parameters);
      assert.ok(!answer.ok, JSON.stringify(parameters));
      assert.match(answer.error.message, words);
    }
    assert.deepEqual(one.unit.document.shared.services, []);
  });

  test("[LH12] the standby learns at once which client belongs to which server, unless that is off", async () => {
    const shared = loopback(20);
    const vs = { address: shared, port: portFor(5) };
    await pairUp(one, two, shared);
    one.carp.become("master");
    const atShared = one.client(shared);
    const { Index } = value(
      await atShared.addVirtualService(vs.address, vs.port, "tcp", { CheckType: "none", Persist: "src" }),
    );
    await addServers(atShared, vs, web);
    await waitFor("the standby has the service", () => two.unit.revision === one.unit.revision);
    // Both listen on this loopback address; whichever takes a connection, both remember it.
    const remembered = async (unit: TestUnit, who: readonly string[]): Promise<boolean> => {
      const found = await entries(unit, `vs${Index}`);
      return who.every((each) => found.includes(each));
    };
    for (const each of clients) await ask(vs, each);
    for (const unit of [one, two])
      await waitFor("every client is remembered", () => remembered(unit, clients));
    assert.equal(value(await one.client().get("hal7update")), true);
    value(await atShared.set("hal7update", "N"));
    assert.equal(value(await one.client().get("hal7update")), false);
    await waitFor("the standby knows", () => two.unit.document.shared.ha.l7Updates === false);
    const late = loopback(120);
    await ask(vs, late);
    await waitFor("one of them remembers", async () =>
      (await Promise.all([one, two].map((unit) => remembered(unit, [late])))).includes(true),
    );
    assert.ok(!(await remembered(one, [late])) || !(await remembered(two, [late])));
  });

  test("[LH12] the standby learns of sessions as well, and of addresses of clients without one; a session outlives its server", async () => {
    const vs = { address: loopback(20), port: portFor(6) };
    const atShared = one.client(vs.address);
    value(await atShared.set("hal7update", "Y"));
    const { Index } = value(
      await atShared.addVirtualService(vs.address, vs.port, "tcp", {
        VStype: "http",
        CheckType: "none",
        Persist: "cookie-src",
        Cookie: "SID",
      }),
    );
    await addServers(atShared, vs, web);
    await waitFor("the standby has the service", () => two.unit.revision === one.unit.revision);
    for (const unit of [one, two]) await unit.unit.trafficSettled();
    const session = "SID=of-ann";
    const first = await ask(vs, loopback(121), session);
    await ask(vs, loopback(122));
    for (const unit of [one, two]) {
      await waitFor("the session is remembered", async () =>
        (await entries(unit, `vs${Index}`)).includes("of-ann"),
      );
      await waitFor("the address is remembered", async () =>
        (await entries(unit, `vs${Index}.src`)).includes(loopback(122)),
      );
    }
    for (const each of clients) assert.equal((await ask(vs, each, session)).server, first.server);
    const server = web.find(({ name }) => name === first.server)!;
    value(await atShared.modifyRealServer(vs, { address: loopback(60), port: server.port }, { Enable: "N" }));
    await waitFor("another server takes the session over", async () => {
      const now = await ask(vs, loopback(121), session);
      return web.some(({ name }) => name === now.server) && now.server !== first.server;
    });
  });
});

test("[LH11] a document in which what is asked for chooses the server is not sent to an older partner either", () => {
  const using = (service: object): string[] =>
    unknownToLinkVersion4({
      ...emptyShared,
      services: [{ check: {}, ...service } as unknown as StoredService],
    });
  assert.deepEqual(using({ persist: { mode: "src", timeoutSeconds: 60 } }), []);
  for (const service of [{ schedule: "uhash" }, { persist: { mode: "host", timeoutSeconds: 60 } }])
    assert.deepEqual(using(service), ["choosing a server by what is asked for"]);
});

test("[LH11] a document with persistence is not sent to a partner whose program does not know it", () => {
  const persist = { mode: "src", timeoutSeconds: 60 } as const;
  assert.ok(linkVersionWithTraffic > 2);
  assert.deepEqual(unknownToLinkVersion2(emptyShared), []);
  assert.deepEqual(
    unknownToLinkVersion2({ ...emptyShared, services: [{ persist } as unknown as StoredService] }),
    ["persistence"],
  );
});
