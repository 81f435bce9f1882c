import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { commands } from "@tandem/loadmaster-api/commands";
import {
  fetchText,
  loopback,
  portFor,
  startUnit,
  startWebServer,
  type TestUnit,
  value,
  type WebServer,
  waitFor,
} from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("the API of a single unit", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  const web: WebServer[] = [];
  const address = loopback(1);
  const vs = { address: loopback(50), port: portFor(5) };

  before(async () => {
    unit = await startUnit(1);
    client = unit.client();
    for (const name of ["one", "two", "three"]) web.push(await startWebServer(60, name));
  });

  after(async () => {
    for (const server of web) await server.close();
    await unit?.remove();
  });

  /** The raw answer, for what the client would not send. */
  const post = (
    body: string,
    headers: Record<string, string> = {},
  ): Promise<{ http: number; body: Record<string, unknown> }> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: address,
          port: unit.configuration.apiPort,
          path: "/accessv2",
          method: "POST",
          rejectUnauthorized: false,
          headers,
        },
        (response) => {
          let text = "";
          response.on("data", (part) => {
            text += part;
          });
          response.on("end", () => resolve({ http: response.statusCode ?? 0, body: JSON.parse(text) }));
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  const signedIn = (fields: object): string =>
    JSON.stringify({ ...fields, apiuser: "bal", apipass: unit.password });
  const stateOnDisk = (): string =>
    readFileSync(join(unit.configuration.stateDir, "configuration.json"), "utf8");
  const refusal = async (command: string, parameters: Record<string, string | number | boolean>) => {
    const before = stateOnDisk();
    const answer = await client.call(command, parameters);
    assert.ok(!answer.ok, `${command} ${JSON.stringify(parameters)} is refused`);
    assert.equal(stateOnDisk(), before, "the state is unchanged");
    assert.ok(answer.error.kind === "refused");
    return answer.error;
  };
  test("[LM2] the first password is in a file of mode 0600 until it has been used", async () => {
    const path = join(unit.configuration.stateDir, "first-password");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    value(await client.call("listvs"));
    assert.ok(!existsSync(path));
    assert.ok(!unit.log.some((line) => JSON.stringify(line).includes(unit.password)), "it is not in the log");
  });

  test("[LM2] whoever does not sign in gets 401, and nothing else", async () => {
    for (const fields of [
      {},
      { apiuser: "bal", apipass: "wrong" },
      { apiuser: "root", apipass: unit.password },
      { apikey: "x" },
    ]) {
      const answer = await post(JSON.stringify({ cmd: "listvs", ...fields }));
      assert.equal(answer.http, 401);
      assert.equal(answer.body.code, 401);
      assert.equal(answer.body.status, "fail");
      assert.match(String(answer.body.message), /Unauthorized/);
    }
  });

  test("[LM2] a body that is not JSON is a 400 that says so and shows what would be right", async () => {
    for (const body of ["", "listvs", '{"cmd":"listvs"', "[1]", '"x"', "null"]) {
      const answer = await post(body);
      assert.equal(answer.http, 400);
      assert.match(String(answer.body.message), /^body: .*JSON object|^body: .*"cmd"/);
    }
    const answer = await post(signedIn({}));
    assert.equal(answer.http, 400);
    assert.equal(answer.body.message, "cmd: String Value missing");
  });

  test("[LM2] an unknown command is a 405, and the content type does not matter", async () => {
    const answer = await post(signedIn({ cmd: "makecoffee" }), {
      "content-type": "application/x-www-form-urlencoded",
    });
    assert.deepEqual(answer, { http: 405, body: { code: 405, message: "Unknown command", status: "fail" } });
    assert.equal((await post(signedIn({ cmd: "toString" }))).http, 405);
    assert.equal((await post(signedIn({ cmd: "LISTVS" }))).http, 200);
    for (const type of ["json", "a/b/c", ";", "application/"])
      assert.equal((await post(signedIn({ cmd: "listvs" }), { "content-type": type })).http, 200, type);
  });

  test("[LM2] listapi names every command of the table", async () => {
    const answer = value(await client.call("listapi"));
    assert.deepEqual(answer.commands, Object.keys(commands).sort());
  });

  test("[LM2] an added service is shown with the types that clients decode", async () => {
    const view = value(
      await client.addVirtualService(vs.address, vs.port, "tcp", {
        NickName: "shop 1",
        VStype: "http",
        ChkInterval: 1,
        ChkRetryCount: 1,
        CheckType: "http",
      }),
    );
    assert.equal(view.Index, 1);
    assert.equal(view.VSPort, String(vs.port));
    assert.equal(view.NickName, "shop 1");
    assert.equal(view.Status, "Down");
    assert.deepEqual(
      [
        typeof view.CheckPort,
        typeof view.PersistTimeout,
        typeof view.TlsType,
        typeof view.ErrorCode,
        typeof view.Idletime,
        typeof view.Enable,
      ],
      ["string", "string", "string", "string", "number", "boolean"],
    );
    assert.equal("Rs" in view, false);
  });

  test("[LM1] [LM2] real servers are added, and requests are spread over them with the client's address told", async () => {
    for (const server of web) {
      const rows = value(await client.addRealServer(vs, loopback(60), server.port));
      assert.equal(rows.length, 1);
      assert.equal(typeof rows[0]?.RsIndex, "number");
      assert.equal(rows[0]?.Weight, 1_000);
    }
    const answers: string[] = [];
    for (let index = 0; index < 6; index += 1) answers.push(await fetchText(vs.address, vs.port));
    assert.deepEqual(answers.map((answer) => answer.split(" ")[0]).toSorted(), [
      "one",
      "one",
      "three",
      "three",
      "two",
      "two",
    ]);
    assert.ok(
      answers.every((answer) => /^\w+ 127\.\d+\.\d+\.\d+$/.test(answer)),
      answers[0],
    );
    await waitFor("the service is Up", async () => value(await client.showVirtualService(1)).Status === "Up");
  });

  test("[LM1] a dead server leaves the rotation by its health check, and shows Down", async () => {
    await web[1]?.close();
    await waitFor(
      "rs 2 is Down",
      async () => value(await client.showRealServer(vs, 2))[0]?.Status === "Down",
    );
    const answers = new Set<string>();
    for (let index = 0; index < 6; index += 1)
      answers.add((await fetchText(vs.address, vs.port)).split(" ")[0] ?? "");
    assert.deepEqual([...answers].toSorted(), ["one", "three"]);
  });

  test("[LM1] a disabled server gets no requests; names of parameters in any case, booleans in any form", async () => {
    for (const no of ["N", "n", 0, false, "false", "no"]) {
      value(
        await client.call("modrs", { VS: vs.address, PORT: vs.port, Prot: "tcp", RS: "!3", ENABLE: "Y" }),
      );
      const answer = value(
        await client.call("modrs", {
          VS: vs.address,
          PORT: String(vs.port),
          Prot: "tcp",
          RS: "!3",
          eNaBlE: no,
        }),
      );
      assert.equal((answer.Rs as { Enable: boolean; Status: string }[])[0]?.Status, "Disabled");
    }
    for (let index = 0; index < 4; index += 1) assert.match(await fetchText(vs.address, vs.port), /^one /);
    value(await client.modifyRealServer(vs, 3, { Enable: true }));
  });

  test("[LM1] a service is changed, moved, disabled, and shown so", async () => {
    const moved = portFor(6);
    value(await client.modifyVirtualService(1, { vsport: moved, NickName: "", Schedule: "wlc" }));
    const view = value(await client.showVirtualService({ address: vs.address, port: moved }));
    assert.equal(view.Schedule, "wlc");
    assert.equal("NickName" in view, false);
    await fetchText(vs.address, moved);
    await assert.rejects(fetchText(vs.address, vs.port));
    assert.equal(value(await client.modifyVirtualService(1, { Enable: "N" })).Status, "Disabled");
    await assert.rejects(fetchText(vs.address, moved));
    value(await client.modifyVirtualService(1, { Enable: "Y", vsport: vs.port }));
    await fetchText(vs.address, vs.port);
    assert.deepEqual(
      value(await client.listVirtualServices()).map((each) => each.Index),
      [1],
    );
  });

  test("[LM1] a service on an address that the unit cannot hold is refused with what would be right", async () => {
    const error = await refusal("addvs", { vs: "192.0.2.99", port: 80, prot: "tcp" });
    assert.equal(error.code, 422);
    assert.match(error.message, /vs: this unit cannot hold 192\.0\.2\.99.*use an address in 127\.0\.0\.0\/8/);
    await refusal("modvs", { vs: 1, vsaddress: "10.99.99.99" });
  });

  test("[LM1] an address and port that are taken are refused: by a service, by the unit's own API", async () => {
    const service = await refusal("addvs", { vs: vs.address, port: vs.port, prot: "tcp" });
    assert.match(service.message, /already belongs to virtual service 1/);
    const api = await refusal("addvs", { vs: address, port: unit.configuration.apiPort, prot: "tcp" });
    assert.match(api.message, /this unit's own API listens; use another port/);
  });

  test("[LM2] bad values name the field, the value and what is allowed; what is missing is a 400", async () => {
    const cases: [string, Record<string, string | number | boolean>, number, RegExp][] = [
      [
        "addvs",
        { vs: vs.address, port: 99_999, prot: "tcp" },
        422,
        /port: 99999 is not valid; allowed: 1 to 65535/,
      ],
      ["addvs", { vs: vs.address, port: "80x", prot: "tcp" }, 422, /port: "80x"/],
      [
        "addvs",
        { vs: vs.address, port: 81, prot: "sctp" },
        422,
        /prot: "sctp" is not valid; allowed: tcp, udp$/,
      ],
      ["addvs", { vs: vs.address, port: 81 }, 400, /^prot: String Value missing$/],
      ["addvs", { port: 81, prot: "tcp" }, 400, /^vs: .* Value missing$/],
      ["addvs", { vs: vs.address, port: 81, prot: "tcp", NickName: "a\nserver evil" }, 422, /NickName/],
      ["addvs", { vs: vs.address, port: 81, prot: "tcp", Enable: "maybe" }, 422, /Enable: "maybe".*Y or N/],
      [
        "addvs",
        { vs: vs.address, port: 81, prot: "tcp", AllowHTTP2: "Y" },
        422,
        /AllowHTTP2: Y needs SSLAcceleration Y/,
      ],
      [
        "addvs",
        { vs: vs.address, port: 81, prot: "tcp", Persist: "nonsense" },
        422,
        /Persist: "nonsense".*none/,
      ],
      ["addvs", { vs: vs.address, port: 81, prot: "tcp", CheckUrl: "/a b" }, 422, /CheckUrl/],
      ["showvs", { vs: 77 }, 422, /^Unknown VS$/],
      ["delvs", { vs: "127.1.1.1", port: 5, prot: "tcp" }, 422, /^Unknown VS$/],
      ["showrs", { vs: 1, rs: "!99" }, 422, /^Unknown RS$/],
      ["addrs", { vs: 1, rs: "999.1.1.1", rsport: 80 }, 422, /rs: "999\.1\.1\.1"/],
      ["addrs", { vs: 1, rs: "10.0.0.1" }, 400, /^rsport: String Value missing$/],
      [
        "addrs",
        { vs: 1, rs: loopback(60), rsport: web[0]?.port ?? 0 },
        422,
        /is real server 1 of virtual service 1 already/,
      ],
      ["modrs", { vs: 1, rs: "!1", weight: 0 }, 422, /Weight: 0 is not valid; allowed: 1 to 65535/],
      ["set", { param: "havhid", value: 256 }, 422, /havhid: "256" is not valid; allowed: 1 to 255/],
      ["set", { param: "havhid", value: 0 }, 422, /havhid: "0" is not valid; allowed: 1 to 255/],
      ["set", { param: "hatimeout", value: 9 }, 422, /1 to 5/],
      ["set", { param: "hatimeout", value: 7 }, 422, /hatimeout: "7" is not valid; allowed: 1 to 5/],
      ["set", { param: "hafast", value: "perhaps" }, 422, /hafast: "perhaps".*Y or N/],
      ["set", { param: "haif", value: 9 }, 422, /haif: there is no interface 9; there are 0/],
      [
        "modiface",
        { interface: 0, shared: "2001:db8::20" },
        422,
        /shared: 2001:db8::20 is an IPv6 address.*sharedv6/,
      ],
      ["set", { param: "hastatus", value: "Active" }, 422, /only read/],
      ["set", { param: "enableapi", value: "no" }, 422, /enableapi: the API is always on/],
      ["set", { param: "havhid" }, 400, /^value: String Value missing$/],
      ["get", {}, 400, /^param: String Value missing$/],
      ["get", { param: "nonsense" }, 422, /param: "nonsense" is not known/],
      ["setpartnersecret", { secret: "short" }, 422, /secret: this value is not valid; allowed: 8 to 127/],
      ["setpartnersecret", { secret: "with'quote12" }, 422, /single quote/],
      ["modiface", { interface: 7, partner: "127.0.0.2" }, 422, /there is no interface 7/],
      [
        "modiface",
        { interface: 0, partner: "10.1.1.1" },
        422,
        /not in the network of interface 0; use an address in 127\.0\.0\.0\/8/,
      ],
      ["modiface", { interface: 0, shared: address }, 422, /own address/],
      ["modiface", { interface: 0 }, 400, /exactly one of partner, shared/],
    ];
    for (const [command, parameters, code, message] of cases) {
      const error = await refusal(command, parameters);
      assert.equal(error.code, code, `${command}: ${error.message}`);
      assert.match(error.message, message);
    }
  });

  test("[LM1] a configuration that HAProxy cannot load is refused, and traffic and state stay as they were", async () => {
    const port = web[0]?.port ?? 0;
    const error = await refusal("addvs", { vs: loopback(60), port, prot: "tcp" });
    assert.match(error.message, new RegExp(`cannot listen on .*:${port}`));
    await fetchText(vs.address, vs.port);
    assert.equal(value(await client.listVirtualServices()).length, 1);
  });

  test("[LM2] get shows parameters under the spelling that was asked for; set changes them", async () => {
    assert.equal(value(await client.call("get", { param: "HaVhid" })).HaVhid, 1);
    value(await client.set("havhid", 77));
    assert.equal(value(await client.get("havhid")), 77);
    assert.equal(value(await client.get("hastatus")), "HA not configured");
    assert.ok(Number(value(await client.get("activetime"))) > 1_600_000_000);
    assert.match(String(value(await client.get("version"))), /^\d+\.\d+\.\d+$/);
    value(await client.set("hostname", "lm-one"));
    value(await client.set("enableapi", "yes"));
    const all = value(await client.call("getall"));
    assert.equal(all.hostname, "lm-one");
    assert.equal("carppassword" in all, false);
    assert.deepEqual(value(await client.listInterfaces())[0]?.IPAddress, `${address}/8`);
  });

  test("[LM2] an API key signs in until it is withdrawn, and is nowhere kept as it is", async () => {
    const made = value(await client.call("addapikey"));
    const key = String(made.apikey);
    const byKey = new LoadMasterClient({
      address,
      port: unit.configuration.apiPort,
      credentials: { kind: "apikey", apikey: key },
    });
    value(await byKey.call("listvs"));
    assert.ok(!stateOnDisk().includes(key));
    const listed = value(await client.call("listapikeys")).apikeys as string[];
    assert.equal(listed.length, 1);
    assert.notEqual(listed[0], key);
    value(await client.call("delapikey", { key }));
    const answer = await byKey.call("listvs");
    assert.ok(!answer.ok && answer.error.kind === "unauthorised");
  });

  test("[LM2] the password is changed only by who knows it, and the old one ends", async () => {
    await refusal("usersetsyspassword", { currpassword: "wrong password", password: "a better one" });
    value(await client.call("usersetsyspassword", { currpassword: unit.password, password: "a better one" }));
    const old = await client.call("listvs");
    assert.ok(!old.ok && old.error.kind === "unauthorised");
    const fresh = new LoadMasterClient({
      address,
      port: unit.configuration.apiPort,
      credentials: { kind: "password", user: "bal", password: "a better one" },
    });
    value(await fresh.call("usersetsyspassword", { currpassword: "a better one", password: unit.password }));
    assert.ok(!stateOnDisk().includes(unit.password));
  });

  test("[LM1] a server and a service are removed", async () => {
    assert.equal(value(await client.deleteRealServer(vs, 2)).message, "Command completed ok");
    assert.equal(value(await client.showVirtualService(1)).NumberOfRSs, 2);
    value(await client.deleteVirtualService(vs));
    assert.deepEqual(value(await client.listVirtualServices()), []);
    await assert.rejects(fetchText(vs.address, vs.port));
  });
});

test("a server that is closed while it begins to listen listens nowhere afterwards", { skip }, async () => {
  const unit = await startUnit(2);
  try {
    const listening = unit.api.listenOn([loopback(2), loopback(3)]);
    await unit.api.close();
    await listening;
    assert.deepEqual(unit.api.addresses, []);
    await unit.api.listenOn([loopback(2)]);
    assert.deepEqual(unit.api.addresses, [], "nor when somebody is late");
  } finally {
    await unit.remove();
  }
});
