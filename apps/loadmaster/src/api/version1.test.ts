import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import { after, before, describe, test } from "node:test";
import { loopback, portFor, startUnit, type TestUnit } from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

type Answer = { readonly http: number; readonly headers: IncomingHttpHeaders; readonly text: string };

describe("API v1 of a single unit", { skip }, () => {
  let unit: TestUnit;
  const vs = `vs=${loopback(50)}&port=${portFor(5)}&prot=tcp`;

  before(async () => {
    unit = await startUnit(1);
  });
  after(() => unit?.remove());

  const send = (
    path: string,
    headers: Record<string, string> = {},
    method = "GET",
    body: string | Buffer = "",
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: loopback(1),
          port: unit.configuration.apiPort,
          path,
          method,
          headers,
          rejectUnauthorized: false,
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part) => parts.push(part));
          response.on("end", () =>
            resolve({
              http: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(parts).toString("latin1"),
            }),
          );
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  const basic = (password = unit.password): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`bal:${password}`).toString("base64")}`,
  });
  const call = (path: string): Promise<Answer> => send(`/access/${path}`, basic());
  const elementIn = ({ text }: Answer, name: string): string | undefined =>
    new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];

  test("[LM2] a caller without credentials is challenged, and one with wrong ones too", async () => {
    for (const headers of [{}, basic("wrong")]) {
      const answer = await send("/access/listvs", headers);
      assert.equal(answer.http, 401);
      assert.match(String(answer.headers["www-authenticate"]), /^Basic realm=/);
      assert.match(answer.text, /<Response stat="401" code="fail"><Error>Unauthorized/);
    }
  });

  test("[LM2] a service with a server is added, changed, shown and removed, in XML", async () => {
    const added = await call(`addvs?${vs}&nickname=a%20web+site&Enable=1`);
    assert.equal(added.http, 200, added.text);
    assert.match(String(added.headers["content-type"]), /^text\/xml; charset=ISO-8859-1/);
    assert.match(
      added.text,
      /^<\?xml version="1\.0" encoding="ISO-8859-1"\?>\n<Response stat="200" code="ok"><Success><Data><Status>/,
    );
    assert.equal(elementIn(added, "NickName"), "a web site");
    assert.equal(elementIn(added, "Enable"), "Y");
    assert.doesNotMatch(added.text, /<revision>/);
    const index = elementIn(added, "Index");

    const server = await call(`addrs?vs=${index}&rs=${loopback(60)}&rsport=80&WEIGHT=500`);
    assert.equal(elementIn(server, "Weight"), "500");
    assert.match(server.text, /<Data><Rs><Status>/);
    const listed = await call("listvs");
    assert.match(listed.text, /<Data><VS><Status>.*<Rs>.*<\/Rs><\/VS><\/Data>/);
    assert.equal(elementIn(await call(`modvs?vs=${index}&enable=N`), "Enable"), "N");
    assert.match(
      (await call(`delvs?${vs}`)).text,
      /<Response stat="200" code="ok"><Success>Command completed ok<\/Success><\/Response>/,
    );
  });

  test("[LM2] a real server is taken out of every service that has it, and let in again", async () => {
    const shared = [5, 6].map((offset) => `vs=${loopback(50)}&port=${portFor(offset)}&prot=tcp`);
    for (const each of shared) {
      await call(`addvs?${each}`);
      for (const host of [60, 61]) await call(`addrs?${each}&rs=${loopback(host)}&rsport=80`);
    }
    const enabled = (host: number): readonly boolean[] =>
      unit.unit.document.shared.services.map(
        ({ servers }) => servers.find(({ address }) => address === loopback(host))?.enabled ?? false,
      );
    assert.match((await call(`disablers?rs=${loopback(60)}`)).text, /Command completed ok/);
    assert.deepEqual(
      [enabled(60), enabled(61)],
      [
        [false, false],
        [true, true],
      ],
    );
    assert.equal((await call(`enablers?rs=${loopback(60)}`)).http, 200);
    assert.deepEqual(enabled(60), [true, true]);
    const nowhere = await call(`disablers?rs=${loopback(99)}`);
    assert.equal(nowhere.http, 422);
    assert.match(nowhere.text, /<Error>Unknown RS<\/Error>/);
    for (const each of shared) await call(`delvs?${each}`);
  });

  test("[LM2] refusals are v2's, with the status in both places", async () => {
    for (const [path, http, words] of [
      ["showvs?vs=99", 422, "Unknown VS"],
      ["nosuchthing", 405, "Unknown command"],
      ["logging/nosuchthing", 405, "Unknown command"],
      ["get", 400, "param: String Value missing"],
      ["showvs?vs=%ff%3Cb%3E", 422, "vs: &quot;.*&lt;b&gt;&quot; is not valid"],
    ] as const) {
      const answer = await call(path);
      assert.equal(answer.http, http, path);
      assert.match(answer.text, new RegExp(`<Response stat="${http}" code="fail"><Error>${words}`));
    }
  });

  test("[LM2] parameters may come in the body of a POST, and a key instead of a password", async () => {
    const key = elementIn(await call("addapikey"), "apikey");
    assert.ok(key);
    const asKey = await send(`/access/get?param=version&apikey=${key}`);
    assert.equal(asKey.http, 200);
    assert.ok(elementIn(asKey, "version"));
    const posted = await send(
      "/access/get",
      { ...basic(), "content-type": "application/x-www-form-urlencoded" },
      "POST",
      "param=version",
    );
    assert.equal(elementIn(posted, "version"), elementIn(asKey, "version"));
    assert.equal((await call(`delapikey?key=${key}`)).http, 200);
    assert.equal((await send(`/access/get?param=version&apikey=${key}`)).http, 401);
  });

  test("[LM2] a backup is answered as a file", async () => {
    const answer = await call("backup");
    assert.equal(answer.headers["content-type"], "application/octet-stream");
    assert.match(String(answer.headers["content-disposition"]), /^inline; filename="LMBackups_lm1"$/);
    assert.ok(Buffer.from(answer.text, "latin1").equals(unit.unit.backup().bytes));
  });

  test("a browser that another site leads here is turned away, whatever password it remembers", async () => {
    const answer = await send("/access/listvs", { ...basic(), "sec-fetch-site": "cross-site" });
    assert.equal(answer.http, 403);
    assert.equal((await send("/access/listvs", { ...basic(), "sec-fetch-site": "none" })).http, 200);
  });
});
