import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { ClientRequest, IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import { after, before, describe, test } from "node:test";
import { csrfHeader, type HaView, haEvent, wuiPaths } from "@tandem/loadmaster-api/ha-view";
import { loopback, portFor, startUnit, type TestUnit, waitFor } from "../unit.fixture.ts";
import { streamsMax } from "./status-streams.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

type Answer = {
  readonly http: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
};
type Headers = Record<string, string>;

type Target = { readonly host: string; readonly port: number };

const at = (unit: TestUnit, host: string): Target => ({ host, port: unit.configuration.apiPort });

const send = (
  method: string,
  target: Target,
  path: string,
  headers: Headers = {},
  body = "",
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const outgoing = request(
      { ...target, path, method, headers, rejectUnauthorized: false, agent: false },
      (response) => {
        let text = "";
        response.on("data", (part) => {
          text += part;
        });
        response.on("end", () => {
          const isJson = response.headers["content-type"]?.startsWith("application/json");
          resolve({
            http: response.statusCode ?? 0,
            headers: response.headers,
            body: isJson ? JSON.parse(text) : { text },
          });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });

const json = { "content-type": "application/json" };

const signIn = async (
  unit: TestUnit,
  target: Target,
  apiuser = "bal",
  apipass = unit.password,
): Promise<{ cookie: string; csrf: string }> => {
  const credentials = JSON.stringify({ apiuser, apipass });
  const answer = await send("POST", target, wuiPaths.session, json, credentials);
  assert.equal(answer.http, 200, JSON.stringify(answer.body));
  const [cookie = ""] = answer.headers["set-cookie"] ?? [];
  assert.match(cookie, /; HttpOnly; Secure; SameSite=Strict/);
  return { cookie: cookie.split(";")[0] ?? "", csrf: String(answer.body.csrf) };
};

type Listening = { readonly views: HaView[]; readonly request: ClientRequest; ended: boolean; http: number };

const listen = (target: Target, cookie: string): Listening => {
  const listening: Listening = {
    views: [],
    ended: false,
    http: 0,
    request: request(
      {
        ...target,
        path: wuiPaths.status,
        headers: { cookie },
        rejectUnauthorized: false,
        agent: false,
      },
      (response) => {
        listening.http = response.statusCode ?? 0;
        let text = "";
        response.on("data", (part) => {
          text += part;
          const whole = text.split("\n\n");
          text = whole.pop() ?? "";
          for (const message of whole) {
            const [event, data = ""] = message.split("\n");
            assert.equal(event, `event: ${haEvent}`);
            listening.views.push(JSON.parse(data.replace(/^data: /, "")));
          }
        });
        for (const end of ["end", "error", "aborted"])
          response.on(end, () => {
            listening.ended = true;
          });
      },
    ),
  };
  listening.request.on("error", () => {
    listening.ended = true;
  });
  listening.request.end();
  return listening;
};

const looksOf = ({ views }: Listening): readonly string[] =>
  (views.at(-1)?.squares ?? []).map(({ unit, colour, letter }) => `${unit} ${colour} ${letter}`.trim());

describe("a browser at a unit", { skip }, () => {
  let unit: TestUnit;
  let address: Target;
  const call = (fields: object, headers: Headers): Promise<Answer> =>
    send("POST", address, "/accessv2", headers, JSON.stringify(fields));

  before(async () => {
    unit = await startUnit(71);
    address = at(unit, loopback(71));
  });
  after(() => unit.remove());

  test("signs in for a session, and with it may call the API, if it sends the session's token", async () => {
    const { cookie, csrf } = await signIn(unit, address);
    assert.deepEqual((await send("GET", address, wuiPaths.session, { cookie })).body, { user: "bal", csrf });
    const signed = { cookie, [csrfHeader]: csrf };
    assert.equal((await call({ cmd: "haview" }, signed)).body.hastatus, "HA not configured");
    const bare = await call({ cmd: "haview" }, { cookie });
    assert.equal(bare.http, 403);
    assert.match(String(bare.body.message), /x-csrf-token: .* lacks the session's token/);
    assert.equal((await call({ cmd: "haview" }, { cookie: `${cookie}x`, [csrfHeader]: csrf })).http, 401);
    assert.equal((await call({ cmd: "haview" }, {})).http, 401);
    // What a client says of itself goes before what its browser remembers.
    assert.equal((await call({ cmd: "haview", apiuser: "bal", apipass: "wrong" }, signed)).http, 401);
    assert.equal((await send("DELETE", address, wuiPaths.session, { cookie })).http, 403);
    assert.equal((await send("DELETE", address, wuiPaths.session, signed)).http, 200);
    assert.equal((await send("GET", address, wuiPaths.session, { cookie })).http, 401);
    assert.equal((await call({ cmd: "haview" }, signed)).http, 401);
  });

  test("is not signed in by a wrong password, nor by a form of another site", async () => {
    const wrong = JSON.stringify({ apiuser: "bal", apipass: "wrong" });
    assert.equal((await send("POST", address, wuiPaths.session, json, wrong)).http, 401);
    const right = JSON.stringify({ apiuser: "bal", apipass: unit.password });
    const asForm = await send("POST", address, wuiPaths.session, { "content-type": "text/plain" }, right);
    assert.equal(asForm.http, 400);
    assert.equal(asForm.headers["set-cookie"], undefined);
    assert.equal((await send("POST", address, wuiPaths.session, json, "{")).http, 400);
  });

  test("is told how the pages are to be treated, and what is not there", async () => {
    const answer = await send("GET", address, "/");
    assert.match(String(answer.headers["content-security-policy"]), /default-src 'self'/);
    assert.equal(answer.headers["x-frame-options"], "DENY");
    assert.equal((await send("GET", address, "/nothing.js")).http, 404);
    assert.equal((await send("PUT", address, "/accessv2")).http, 404);
  });

  test("is shown the live status only while it is signed in", async () => {
    assert.equal((await send("GET", address, wuiPaths.status)).http, 401);
    const { cookie, csrf } = await signIn(unit, address);
    const listening = listen(address, cookie);
    await waitFor("the first view", () => listening.views.length === 1);
    assert.equal(listening.views[0]?.here, "single unit");
    assert.equal(listening.views[0]?.squares, null);
    await send("DELETE", address, wuiPaths.session, { cookie, [csrfHeader]: csrf });
    await waitFor("the end of the stream", () => listening.ended);
  });

  test("is turned away when too many pages are shown the live status", async () => {
    const { cookie } = await signIn(unit, address);
    const all = Array.from({ length: streamsMax }, () => listen(address, cookie));
    await waitFor("all of them are open", () => all.every(({ views }) => views.length > 0));
    const refused = await send("GET", address, wuiPaths.status, { cookie });
    assert.equal(refused.http, 503);
    assert.match(String(refused.body.message), /32 pages/);
    for (const each of all) each.request.destroy();
    let again = listen(address, cookie);
    await waitFor("there is room again", async () => {
      if (again.http === 503) again = listen(address, cookie);
      return again.views.length > 0;
    });
    again.request.destroy();
  });

  test("[LM3] is shown what its user may do, does no more, and is signed out when the user goes", async () => {
    const client = unit.client();
    const clerk = { user: "clerk", password: "a clerk's password" };
    assert.ok((await client.call("useraddlocal", clerk)).ok);
    assert.ok((await client.call("usersetperms", { user: "clerk", perms: "real,backup" })).ok);
    const { cookie, csrf } = await signIn(unit, address, clerk.user, clerk.password);
    const bal = await signIn(unit, address);
    const session = await send("GET", address, wuiPaths.session, { cookie });
    assert.deepEqual(session.body, { user: "clerk", csrf, permissions: ["real", "backup"] });
    const signed = { cookie, [csrfHeader]: csrf };
    assert.equal((await call({ cmd: "backup" }, signed)).http, 200);
    const refused = await call({ cmd: "reboot" }, signed);
    assert.equal(refused.http, 403);
    assert.match(String(refused.body.message), /lacks the permission root/);
    assert.ok((await client.call("userchangelocpass", { user: "clerk", password: "another one" })).ok);
    assert.equal((await call({ cmd: "haview" }, signed)).http, 401);
    const again = await signIn(unit, address, "clerk", "another one");
    const signedAgain = { cookie: again.cookie, [csrfHeader]: again.csrf };
    assert.equal((await call({ cmd: "haview" }, signedAgain)).http, 200);
    assert.ok((await client.call("userdellocal", { user: "clerk" })).ok);
    assert.equal((await call({ cmd: "haview" }, signedAgain)).http, 401);
    // Nobody else is.
    assert.equal((await call({ cmd: "haview" }, { cookie: bal.cookie, [csrfHeader]: bal.csrf })).http, 200);
  });

  test("is signed out by a change of the password", async () => {
    const { cookie, csrf } = await signIn(unit, address);
    const signed = { cookie, [csrfHeader]: csrf };
    const change = { cmd: "usersetsyspassword", currpassword: unit.password, password: "another password" };
    assert.equal((await call(change, signed)).http, 200);
    assert.equal((await call({ cmd: "haview" }, signed)).http, 401);
  });
});

describe("browsers at a pair", { skip }, () => {
  let one: TestUnit;
  let two: TestUnit;
  const shared = loopback(80);

  before(async () => {
    one = await startUnit(81);
    // On one machine both cannot listen at the shared address, as they do on two.
    two = await startUnit(82, { apiPort: portFor(2) });
    for (const [unit, hamode, partner] of [
      [one, 1, loopback(82)],
      [two, 2, loopback(81)],
    ] as const) {
      const client = unit.client();
      for (const done of [
        await client.setPartnerSecret("a secret of the pair"),
        await client.set("hatimeout", 1),
        await client.set("hamode", hamode),
        await client.modifyInterface(0, "partner", partner),
        await client.modifyInterface(0, "shared", shared),
      ])
        assert.ok(done.ok, done.ok ? "" : done.error.message);
    }
    one.carp.become("master");
    two.carp.become("backup");
  });
  after(async () => {
    await one?.remove();
    await two?.remove();
  });

  test("[LH9] the same squares are seen live at all three addresses, and move with the role", async () => {
    const watch = async (unit: TestUnit, host: string) =>
      listen(at(unit, host), (await signIn(unit, at(unit, host))).cookie);
    for (const { api } of [one, two])
      await waitFor("they listen at the shared address", () => api.addresses.includes(shared));
    const atOne = await watch(one, loopback(81));
    const atTwo = await watch(two, loopback(82));
    const atShared = await watch(one, shared);
    const everywhere = [atOne, atTwo, atShared];
    const first = ["HA1 green A", "HA2 green"];
    await waitFor("the squares of a whole pair", () =>
      everywhere.every((each) => looksOf(each).join() === first.join()),
    );
    assert.deepEqual(
      everywhere.map(({ views }) => views.at(-1)?.here),
      ["own address", "own address", "shared address"],
    );

    two.carp.hears({
      demotion: 40,
      checks: [{ device: "eth1", fault: "eth1 has no carrier" }],
    });
    await waitFor("all say why the standby is not ready", () =>
      everywhere.every(({ views }) => /eth1 has no carrier/.test(JSON.stringify(views.at(-1)?.squares))),
    );
    assert.deepEqual(looksOf(atOne), ["HA1 green A", "HA2 yellow"]);
    assert.deepEqual(looksOf(atTwo), looksOf(atOne));
    two.carp.hears({ demotion: 0, checks: [] });

    one.carp.become("backup");
    two.carp.become("master");
    await waitFor("who reads at the shared address is sent to the other unit", () => atShared.ended);
    const second = ["HA1 green", "HA2 green A"];
    await waitFor("both say who is active", () =>
      [atOne, atTwo].every((each) => looksOf(each).join() === second.join()),
    );
    const again = await watch(two, shared);
    await waitFor("the same there", () => looksOf(again).join() === second.join());
    for (const each of [atOne, atTwo, again]) each.request.destroy();
  });
});
