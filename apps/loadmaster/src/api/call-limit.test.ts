import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { request } from "node:https";
import { after, before, describe, test } from "node:test";
import { callsPerWindow } from "@tandem/loadmaster-api/client";
import { csrfHeader, wuiPaths } from "@tandem/loadmaster-api/ha-view";
import { loopback, startUnit, type TestUnit, value } from "../unit.fixture.ts";
import { CallLimit, callsMaxDefault, callsWindowMs } from "./call-limit.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

test("[LM2] one call more than the limit within 3 s is dropped, and what is dropped does not count", () => {
  let most = callsMaxDefault;
  const limit = new CallLimit(() => most);
  for (let call = 0; call < callsMaxDefault; call += 1) assert.ok(limit.admits(call), `call ${call}`);
  for (let call = 0; call < 100; call += 1) assert.ok(!limit.admits(callsWindowMs - 1));
  assert.equal(limit.untold(callsWindowMs - 1), 100);
  assert.equal(limit.untold(callsWindowMs - 1), undefined);
  // The first call is out of the window.
  assert.ok(limit.admits(callsWindowMs));
  assert.ok(!limit.admits(callsWindowMs));
  most = 0;
  for (let call = 0; call < 100; call += 1) assert.ok(limit.admits(callsWindowMs));
});

test("[CE6] our own client makes fewer calls than a unit drops", () => {
  assert.ok(callsPerWindow < callsMaxDefault);
});

describe("a unit that is called too often", { skip }, () => {
  let unit: TestUnit;
  /** The HTTP status, or how the connection ended. */
  const send = (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body = "",
  ): Promise<{ status: number | string; cookie: string; text: string }> =>
    new Promise((resolve) => {
      const outgoing = request(
        {
          host: loopback(31),
          port: unit.configuration.apiPort,
          path,
          method,
          headers,
          rejectUnauthorized: false,
          agent: false,
        },
        (response) => {
          let text = "";
          response.on("data", (part) => {
            text += part;
          });
          response.on("end", () => {
            const [cookie = ""] = response.headers["set-cookie"] ?? [];
            resolve({ status: response.statusCode ?? 0, cookie: cookie.split(";")[0] ?? "", text });
          });
        },
      );
      outgoing.on("error", (error: NodeJS.ErrnoException) =>
        resolve({ status: error.code ?? "broken off", cookie: "", text: "" }),
      );
      outgoing.end(body);
    });
  const version2 = (fields: object = {}) =>
    send(
      "POST",
      "/accessv2",
      {},
      JSON.stringify({ cmd: "get", param: "version", apiuser: "bal", apipass: unit.password, ...fields }),
    );
  const version1 = (password = unit.password) =>
    send("GET", "/access/get?param=version", {
      authorization: `Basic ${Buffer.from(`bal:${password}`).toString("base64")}`,
    });

  before(async () => {
    unit = await startUnit(31, { limitsCalls: true });
  });
  after(() => unit.remove());

  test("[LM2] the 31st call in 3 s is dropped, over both versions; a browser's session goes on", async () => {
    const session = await send(
      "POST",
      wuiPaths.session,
      { "content-type": "application/json" },
      JSON.stringify({ apiuser: "bal", apipass: unit.password }),
    );
    const signed = { cookie: session.cookie, [csrfHeader]: String(JSON.parse(session.text).csrf) };
    // Neither who is not signed in nor a browser uses calls up.
    for (let call = 0; call < 5; call += 1) {
      assert.equal((await version1("wrong")).status, 401);
      assert.equal((await send("POST", "/accessv2", signed, '{"cmd":"listvs"}')).status, 200);
    }
    const calls = await Promise.all(
      Array.from({ length: callsMaxDefault }, (_, index) => (index % 2 === 0 ? version1() : version2())),
    );
    assert.deepEqual([...new Set(calls.map(({ status }) => status))], [200]);
    assert.equal((await version1()).status, "ECONNRESET");
    assert.equal((await version2()).status, "ECONNRESET");
    const before = unit.unit.document;
    assert.equal((await version2({ cmd: "set", param: "hawait", value: 9 })).status, "ECONNRESET");
    assert.equal(unit.unit.document, before, "what is dropped does nothing");
    assert.equal((await send("POST", "/accessv2", signed, '{"cmd":"listvs"}')).status, 200);
    assert.ok(unit.log.some(({ event }) => event === "calls-dropped"));
  });

  test("[CE6] our client waits and gets its answers where others call as well", async () => {
    const client = unit.client();
    const others = Array.from({ length: callsMaxDefault }, () => version2());
    const own = await Promise.all(Array.from({ length: 5 }, () => client.get("version")));
    await Promise.all(others);
    for (const each of own) value(each);
  });

  test("[LM2] with a limit of 0 there is none", async () => {
    const set = { param: "apicalllimit", value: 0 };
    let answer = await unit.client().call("set", set);
    while (!answer.ok) answer = await unit.client().call("set", set);
    const calls = await Promise.all(Array.from({ length: 2 * callsMaxDefault }, () => version2()));
    assert.deepEqual([...new Set(calls.map(({ status }) => status))], [200]);
  });
});
