import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Parameters } from "@tandem/loadmaster-api/client";
import { backupMaxBytes } from "@tandem/loadmaster-api/keeping-parameters";
import { largeBodiesMax } from "../api/server.ts";
import { type Issued, issue } from "../certificates/issue.fixture.ts";
import { digestOf, type UnitDocument } from "../state/document.ts";
import {
  fetchText,
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
const pass = "a long pass phrase";
const base64 = (text: string | Buffer): string => Buffer.from(text).toString("base64");

describe("a backup of a single unit, brought back", { skip }, () => {
  let unit: TestUnit;
  let web: WebServer;
  let shop: Issued;
  const vs = { address: loopback(50), port: portFor(5) };

  before(async () => {
    unit = await startUnit(1);
    web = await startWebServer(60, "plain");
    shop = await issue("shop.example.org");
    await call("addcert", { cert: "shop", data: base64(shop.pem) });
    await call("addvs", { ...at(vs), VStype: "http", CheckType: "none", NickName: "the shop" });
    value(await unit.client().addRealServer(vs, loopback(60), web.port));
    await call("addvs", {
      ...at({ ...vs, port: portFor(6) }),
      VStype: "http",
      CheckType: "none",
      SSLAcceleration: 1,
      CertFile: "shop",
    });
    await call("set", { param: "hostname", value: "as-it-was" });
  });

  after(async () => {
    await web?.close();
    await unit?.remove();
  });

  const at = ({ address, port }: { address: string; port: number }): Parameters => ({
    vs: address,
    port,
    prot: "tcp",
  });
  const call = async (command: string, parameters: Parameters = {}) =>
    value(await unit.client().call(command, parameters));
  const refusal = async (command: string, parameters: Parameters): Promise<string> => {
    const before = unit.unit.document;
    const answer = await unit.client().call(command, parameters);
    assert.ok(!answer.ok, `${command} was not refused`);
    assert.equal(unit.unit.document, before, "nothing was changed");
    return answer.error.message;
  };
  const backup = async (parameters: Parameters = {}): Promise<string> =>
    String((await call("backup", parameters)).data);
  /** A request whose body is said to be so long, of which the beginning is sent. */
  const begun = (length: number) => {
    const asking = request({
      host: unit.configuration.interfaces[0]?.address,
      port: unit.configuration.apiPort,
      method: "POST",
      path: "/access/restore?type=3",
      agent: false,
      rejectUnauthorized: false,
      headers: { "content-length": length },
    });
    const answered = new Promise<{ status: number | undefined; body: string }>((resolve) => {
      asking.on("error", () => resolve({ status: undefined, body: "" }));
      asking.on("response", (response) => {
        let body = "";
        response.on("data", (part) => {
          body += part;
        });
        response.on("end", () => {
          resolve({ status: response.statusCode, body });
          asking.destroy();
        });
        response.on("error", () => resolve({ status: response.statusCode, body }));
      });
      setTimeout(() => resolve({ status: undefined, body: "no answer" }), 500).unref();
    });
    asking.write("only the beginning");
    return { asking, answered };
  };
  const restore = (data: string, type = 3, more: Parameters = {}) => call("restore", { data, type, ...more });
  const shared = (): UnitDocument["shared"] => unit.unit.document.shared;
  /** Everything is another than in the backup. */
  const change = async (): Promise<void> => {
    value(await unit.client().deleteVirtualService(vs));
    await call("addvs", { ...at({ ...vs, port: portFor(7) }), NickName: "new" });
    await call("modvs", { ...at({ ...vs, port: portFor(6) }), SSLAcceleration: 0, CertFile: "" });
    await call("delcert", { cert: "shop" });
    await call("set", { param: "hostname", value: "another" });
    await call("set", { param: "hatimeout", value: 5 });
  };

  test("[LM1] an encrypted backup holds everything: what is restored equals what was, keys and numbering included", async () => {
    const before = digestOf(shared());
    const file = await backup({ password: pass });
    for (const secret of ["BEGIN PRIVATE KEY", "as-it-was", shop.key.split("\n")[1] ?? ""])
      assert.ok(!Buffer.from(file, "base64").includes(secret), "nothing of it can be read");
    assert.notEqual(file, await backup({ password: pass }), "no two have the same key");
    await change();
    assert.notEqual(digestOf(shared()), before);
    const { message } = await restore(file, 3, { password: pass });
    assert.match(
      String(message),
      /^Command completed ok; what was before is kept on this unit as configuration\.superseded-\S+\.json$/,
    );
    assert.equal(digestOf(shared()), before);
    assert.equal(unit.unit.document.unit.hostname, "as-it-was");
    assert.match(await fetchText(vs.address, vs.port), /^plain /);
  });

  test("[LM1] rules, SubVS and sets of ciphers come back with the services that use them", async () => {
    const whole = await backup({ password: pass });
    const parent = at({ ...vs, port: portFor(7) });
    await call("addrule", { name: "images", pattern: "^/images/" });
    await call("modifycipherset", { name: "Mine", value: "ECDHE-ECDSA-AES128-GCM-SHA256" });
    await call("addvs", {
      ...parent,
      VStype: "http",
      SSLAcceleration: 1,
      CertFile: "shop",
      CipherSet: "Mine",
    });
    const { SubVS } = await call("modvs", { ...parent, createsubvs: "" });
    const [{ VSIndex, RsIndex }] = SubVS as [{ VSIndex: number; RsIndex: number }];
    await call("addrs", { vs: VSIndex, rs: loopback(60), rsport: web.port });
    await call("addrsrule", { ...parent, rs: `!${RsIndex}`, rule: "images" });
    const before = digestOf(shared());
    const file = await backup({ password: pass });
    const content = JSON.parse(Buffer.from(await backup(), "base64").toString());
    content.shared.rules = undefined;
    assert.match(
      await refusal("restore", { data: base64(JSON.stringify(content)), type: 2 }),
      /^data: virtual service \d+ in it uses a certificate, a set of ciphers or a rule that is not in it/,
    );
    await restore(whole, 2, { password: pass });
    assert.equal(shared().rules, undefined);
    await restore(file, 2, { password: pass });
    assert.equal(digestOf(shared()), before);
    await restore(whole, 2, { password: pass });
  });

  test("[LM1] a backup without a pass phrase holds no keys and says so; those that are here are kept", async () => {
    const before = digestOf(shared());
    const file = await backup();
    const text = Buffer.from(file, "base64").toString();
    assert.ok(!text.includes("PRIVATE KEY"));
    assert.deepEqual(JSON.parse(text).leftOut, ["private key of certificate shop"]);
    value(await unit.client().modifyVirtualService(vs, { NickName: "changed", Enable: "N" }));
    await restore(file);
    assert.equal(digestOf(shared()), before);
    assert.match(await fetchText(vs.address, vs.port), /^plain /);
  });

  test("[LM1] who loses a certificate is told, and the service goes on with one that the unit makes itself", async () => {
    const whole = await backup({ password: pass });
    const file = await backup();
    await change();
    const { message } = await restore(file);
    assert.match(
      String(message),
      /virtual service 2 lost the certificate shop, whose private key is not in the backup, and shows one that the unit made itself/,
    );
    const view = value(await unit.client().showVirtualService({ ...vs, port: portFor(6) }));
    assert.deepEqual([view.SSLAcceleration, view.CertFile], [true, undefined]);
    assert.equal(shared().certificates, undefined);
    // A certificate of the same name with another key is no substitute.
    const other = await issue("shop.example.org");
    await call("addcert", { cert: "shop", data: base64(other.pem) });
    assert.match(String((await restore(file)).message), /lost the certificate shop/);
    await restore(whole, 3, { password: pass });
  });

  test("[LM2] each type restores its own and leaves the rest alone; what this unit has not is refused", async () => {
    const file = await backup({ password: pass });
    const { services, ha } = shared();
    await change();
    await restore(file, 1, { password: pass });
    assert.equal(unit.unit.document.unit.hostname, "as-it-was");
    assert.deepEqual(shared().ha, ha);
    assert.ok(shared().services.some(({ nickname }) => nickname === "new"));
    await call("set", { param: "hostname", value: "another" });
    await restore(file, 2, { password: pass });
    assert.deepEqual(shared().services, services);
    assert.equal(unit.unit.document.unit.hostname, "another");
    await restore(file, 1, { password: pass });
    for (const type of [4, 5, 8, 15])
      assert.match(
        await refusal("restore", { data: file, type, password: pass }),
        /^type: \d+ has .* this unit has none; use 1, 2 or 3$/,
      );
    for (const type of [0, 16, "two"])
      assert.match(await refusal("restore", { data: file, type }), /^type: .*allowed: 1 to 15/);
  });

  test("[LM2] passwords, API keys and the unit's place in a pair are never given out or restored", async () => {
    const key = String((await call("addapikey")).apikey);
    const file = await backup();
    const text = Buffer.from(file, "base64").toString();
    for (const name of ["passwordHash", "apiKeys", "partnerKey", "carpPassword"])
      assert.ok(!text.includes(name), name);
    await call("setpartnersecret", { secret: "a secret of a pair" });
    const { passwordHash, apiKeys, partnerKey } = unit.unit.document.unit;
    await restore(file);
    const { unit: own } = unit.unit.document;
    assert.deepEqual([own.passwordHash, own.apiKeys, own.partnerKey], [passwordHash, apiKeys, partnerKey]);
    await call("delapikey", { key });
  });

  test("[LM2] what is no backup of this unit is refused in words that say what it is, and nothing is changed", async () => {
    const plain = Buffer.from(await backup(), "base64").toString();
    const sealed = Buffer.from(await backup({ password: pass }), "base64").toString();
    const changed = (
      edit: (content: { shared: UnitDocument["shared"]; [member: string]: unknown }) => void,
    ) => {
      const content = JSON.parse(plain);
      edit(content);
      return JSON.stringify(content);
    };
    const first = (content: { shared: UnitDocument["shared"] }) =>
      content.shared.services[0] as never as Record<string, unknown>;
    for (const [file, words, password] of [
      ["", /^data: it is empty/],
      ["PK\u0003\u0004 something else", /^data: it is no backup of a unit like this one/],
      ["[1]", /^data: it is no backup/],
      ['{"format":"something"}', /^data: it is no backup/],
      [plain.slice(0, -20), /^data: the backup is not whole; look whether it was cut off/],
      [
        plain.replace("backup-1", "backup-0"),
        /^data: its format is "tandem-loadmaster-backup-0".*of the version that made it/,
      ],
      [sealed, /^password: the file is encrypted; give the pass phrase/],
      [sealed, /^password: it does not open the file/, "another phrase"],
      [sealed.replace('"data":"', '"data":"AAAA'), /^password: it does not open the file/, pass],
      [
        JSON.stringify({ ...JSON.parse(sealed), data: "AAAA" }),
        /^data: the encrypted file is not whole/,
        pass,
      ],
      [
        changed((content) => Object.assign(content.shared, { later: 1 })),
        /^data: .*later.*made by another version/,
      ],
      [changed((content) => Object.assign(first(content), { port: 70_000 })), /^data: .*port/],
      [
        changed((content) => Object.assign(content.shared, { nextServiceIndex: 1 })),
        /^data: .*are numbered as no unit does/,
      ],
      [
        changed((content) => Object.assign(first(content), { address: "198.51.100.7" })),
        /^data: 1 of the 2 virtual services in the backup cannot stand on this unit\. virtual service \d+: vs: this unit cannot hold 198\.51\.100\.7/,
      ],
      [
        changed((content) => Object.assign(content.shared, { sharedAddresses: { 3: "10.0.0.1" } })),
        /^data: the backup has the shared address 10\.0\.0\.1 on interface 3.*other interfaces/,
      ],
      [
        changed((content) => Object.assign(content.shared.ha, { interface: 7 })),
        /^data: the backup speaks of interface 7/,
      ],
      [
        changed(
          (content) =>
            content.shared.certificates?.[0] &&
            Object.assign(content.shared.certificates[0], { chain: shop.certificate, key: "none" }),
        ),
        /^data: the certificate shop in it is not one with its key/,
      ],
      [
        changed((content) => delete content.shared.certificates),
        /^data: virtual service 2 in it uses a certificate, a set of ciphers or a rule that is not in it/,
      ],
      [
        changed((content) =>
          Object.assign(content.shared, { intermediates: [{ name: "x", chain: "none" }] }),
        ),
        /^data: the intermediate certificate x in it is none/,
      ],
    ] as const)
      assert.match(
        await refusal("restore", {
          data: base64(file),
          type: 3,
          ...(password === undefined ? {} : { password }),
        }),
        words,
      );
  });

  test("[LM2] a file that is too large is refused, and most of it never read", async () => {
    assert.match(
      await refusal("restore", { data: base64(Buffer.alloc(backupMaxBytes + 1, "x")), type: 3 }),
      /^data: it has \d+ bytes; allowed are \d+$/,
    );
    const { status, body } = await begun(100 * 1024 * 1024).answered;
    assert.equal(status, 413);
    assert.match(body, /body: it is longer than \d+ bytes/);
  });

  test("[LM2] few large bodies are read at a time, whoever sends them", async () => {
    const waiting = Array.from({ length: largeBodiesMax }, () => begun(3 * 1024 * 1024));
    await waitFor("one more is turned away", async () => {
      const { status } = await begun(3 * 1024 * 1024).answered;
      return status === 503;
    });
    assert.ok((await unit.client().listVirtualServices()).ok, "others are heard");
    for (const { asking } of waiting) asking.destroy();
    await waitFor("there is room again", async () => {
      const answer = await unit.client().call("restore", { data: base64(Buffer.alloc(2 ** 22)), type: 2 });
      return !answer.ok && /^data: it is no backup/.test(answer.error.message);
    });
  });

  test("[LM2] in v1 the file is the body as it is, both ways", async () => {
    const before = digestOf(shared());
    const ask = (path: string, body?: Buffer): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        const asking = request(
          {
            host: unit.configuration.interfaces[0]?.address,
            port: unit.configuration.apiPort,
            method: body === undefined ? "GET" : "POST",
            path: `/access/${path}`,
            rejectUnauthorized: false,
            auth: `bal:${unit.password}`,
          },
          (response) => {
            const parts: Buffer[] = [];
            response.on("data", (part: Buffer) => parts.push(part));
            response.on("end", () => resolve(Buffer.concat(parts)));
          },
        );
        asking.on("error", reject);
        asking.end(body);
      });
    const file = await ask(`backup?password=${encodeURIComponent(pass)}`);
    assert.match(file.toString(), /^\{"cipher"/);
    value(await unit.client().modifyVirtualService(vs, { NickName: "changed" }));
    const answer = await ask(`restore?type=2&password=${encodeURIComponent(pass)}`, file);
    assert.match(answer.toString(), /<Response stat="200" code="ok"><Success>Command completed ok/);
    assert.equal(digestOf(shared()), before);
  });

  test("[CH13] what a unit has kept of its own accord is restored to equal what was", async () => {
    const before = digestOf(shared());
    const name = await unit.unit.keepDocument();
    const kept = readFileSync(join(unit.configuration.stateDir, name));
    await change();
    await restore(base64(kept));
    assert.equal(digestOf(shared()), before);
    assert.match(
      await refusal("restore", { data: base64(kept.toString().replace("the shop", "a shop")), type: 3 }),
      /^data: its digest does not match/,
    );
  });

  test("[LM2] certificates are kept and brought back by themselves", async () => {
    const middle = await issue("the middle", { authority: true });
    await call("addintermediate", { cert: "middle", data: base64(middle.certificate) });
    const before = digestOf(shared());
    const file = String((await call("backupcert", { password: "Password1" })).data);
    assert.ok(!Buffer.from(file, "base64").includes("PRIVATE"));
    const data = { data: file, password: "Password1" };
    const next = await issue("shop.example.org");
    await call("addcert", { cert: "shop", data: base64(next.pem), replace: 1 });
    await call("delintermediate", { cert: "middle" });
    assert.match(
      String((await call("restorecert", { ...data, type: "vs" })).message),
      /^Command completed ok; left as they are, since replace is not set: shop$/,
    );
    assert.notEqual(digestOf(shared()), before);
    await call("restorecert", { ...data, type: "third" });
    assert.equal(shared().intermediates?.length, 1);
    await call("restorecert", { ...data, type: "full", replace: 1 });
    assert.equal(digestOf(shared()), before);
    await call("delintermediate", { cert: "middle" });
    for (const [more, words] of [
      [{ password: "short" }, /^password: this value is not valid; allowed: 7 to 64 letters/],
      [{ password: "Password2" }, /^password: it does not open the file/],
      [{ type: "FULL" }, /^type: "FULL" is not valid; allowed: full, third or vs/],
      [
        { data: await backup({ password: "Password1" }) },
        /^data: it is a backup of the whole configuration; use restore/,
      ],
      [{ data: await backup() }, /^data: it is no backup of certificates/],
    ] as const)
      assert.match(await refusal("restorecert", { ...data, type: "full", ...more }), words);
    assert.match(
      await refusal("restore", { ...data, type: 2 }),
      /^data: its format is "tandem-loadmaster-certificates-1"/,
    );
  });
});

describe("a backup in a pair", { skip }, () => {
  const sharedAddress = loopback(70);
  let [one, two]: TestUnit[] = [];

  before(async () => {
    one = await startUnit(2, { partnerPort: portFor(8) });
    two = await startUnit(3, { partnerPort: portFor(8) });
  });
  after(async () => {
    await one?.remove();
    await two?.remove();
  });

  test("[LH6] [LH11] services are restored at the shared address and go to the partner; what makes the pair stays", async (t) => {
    assert.ok(one !== undefined && two !== undefined);
    await pairUp(one, two, sharedAddress);
    one.carp.become("master");
    const atShared = one.client(sharedAddress);
    await waitFor("both are connected", () => one?.unit.partnerState.kind === "up");
    value(await atShared.addVirtualService(sharedAddress, portFor(9), "tcp", { NickName: "kept" }));
    const file = base64((value(await atShared.backup()).bytes ?? "") as Buffer);
    const before = digestOf(one.unit.document.shared);
    value(await atShared.call("modvs", { vs: 1, NickName: "changed" }));
    value(await one.client().set("hostname", "renamed"));
    const own = one.client();
    const refused = await own.call("restore", { data: file, type: 2 });
    assert.match(
      refused.ok ? "" : refused.error.message,
      /^restore: not possible at .*own address.*shared address/,
    );
    value(await own.call("restore", { data: file, type: 1 }));
    assert.equal(one.unit.document.unit.hostname, "lm2");
    assert.equal(one.unit.document.shared.services[0]?.nickname, "changed");
    value(await atShared.call("restore", { data: file, type: 3 }));
    assert.equal(digestOf(one.unit.document.shared), before);
    await waitFor(
      "the partner has it",
      () => digestOf(two?.unit.document.shared ?? ({} as never)) === before,
    );
    t.diagnostic("both have what the backup had");
    const ofAnother = JSON.parse(Buffer.from(file, "base64").toString());
    ofAnother.unit.hamode = 2;
    ofAnother.unit.hostname = "lm3";
    ofAnother.shared.ha.vhid = 77;
    ofAnother.shared.sharedAddresses = {};
    const answer = value(
      await atShared.call("restore", { data: base64(JSON.stringify(ofAnother)), type: 3 }),
    );
    assert.match(String(answer.message), /not of this unit of the pair.*the HA Virtual ID stays 1/);
    assert.equal(one.unit.document.unit.hostname, "lm2");
    assert.equal(digestOf(one.unit.document.shared), before);
    assert.equal(one.unit.setup.kind, "pair");
  });
});
