import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { LoadMasterClient, Parameters } from "@tandem/loadmaster-api/client";
import type { VirtualServiceView } from "@tandem/loadmaster-api/views";
import { digestOf } from "../state/document.ts";
import { loopback, portFor, startUnit, type TestUnit, value } from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("templates of services", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  const at = (offset: number): Parameters => ({ vs: loopback(50), port: portFor(offset), prot: "tcp" });

  before(async () => {
    unit = await startUnit(1);
    client = unit.client();
  });
  after(() => unit?.remove());

  const call = async (command: string, parameters: Parameters = {}) =>
    value(await client.call(command, parameters)) as unknown as Record<string, unknown>;
  const refusal = async (command: string, parameters: Parameters): Promise<string> => {
    const digest = digestOf(unit.unit.document.shared);
    const answer = await client.call(command, parameters);
    assert.ok(!answer.ok, `${command} is not refused`);
    assert.equal(digestOf(unit.unit.document.shared), digest);
    return answer.error.message;
  };
  const file = (content: object | string): string =>
    Buffer.from(typeof content === "string" ? content : JSON.stringify(content)).toString("base64");

  test("[LM2] a service is made like another one: its settings, SubVS and rules, without servers and certificates", async () => {
    await call("addrule", { name: "api", pattern: "^/api" });
    await call("addrule", { name: "tag", type: 1, header: "X-A", replacement: "1" });
    await call("addvs", { ...at(3), VStype: "http", NickName: "the shop", Enable: "N", Idletime: 120 });
    await call("addrequestrule", { ...at(3), rule: "tag" });
    const parent = (await call("modvs", {
      ...at(3),
      createsubvs: "",
      NickName: "part",
      Schedule: "wlc",
    })) as unknown as {
      SubVS: { VSIndex: number; RsIndex: number }[];
    };
    const [row] = parent.SubVS;
    await call("addrsrule", { ...at(3), rs: `!${row?.RsIndex}`, rule: "api" });
    await call("addrs", { vs: row?.VSIndex ?? 0, rs: loopback(60), rsport: 80 });
    const { data, filename } = await call("exportvstmplt", at(3));
    assert.equal(filename, "the_shop.tmpl");
    assert.deepEqual(data, (await call("exportvstmplt", at(3))).data, "equal services, equal bytes");

    await call("delvs", at(3));
    for (const name of ["api", "tag"]) await call("delrule", { name });
    assert.match(
      String((await call("uploadtemplate", { data: String(data) })).message),
      /^Installed 1 new template/,
    );
    assert.deepEqual((await call("listtemplates")).template, [
      { name: "the shop", comment: "", certified: false },
    ]);
    const made = (await call("addvs", {
      ...at(4),
      template: "the shop",
      Idletime: 90,
    })) as unknown as VirtualServiceView;
    assert.equal(made.VSPort, String(portFor(4)));
    assert.equal(made.NickName, "the shop");
    assert.equal(made.Idletime, 90, "what is given beside it counts more");
    assert.equal(made.Enable, false);
    assert.deepEqual(made.RequestRules, ["tag"]);
    assert.deepEqual(
      made.SubVS?.map(({ Name, MatchRules }) => [Name, MatchRules]),
      [["part", ["api"]]],
    );
    const sub = (await call("showvs", {
      vs: made.SubVS?.[0]?.VSIndex ?? 0,
    })) as unknown as VirtualServiceView;
    assert.equal(sub.Schedule, "wlc");
    assert.equal(sub.Rs, undefined);
    const again = (await call("addvs", { ...at(5), template: "the shop" })) as unknown as VirtualServiceView;
    const numbers = [made, again].flatMap(({ Index, SubVS = [] }) => [
      Index,
      ...SubVS.map((each) => each.VSIndex),
    ]);
    assert.equal(new Set(numbers).size, 4);
    await call("modrule", { name: "api", pattern: "^/other" });
    assert.match(await refusal("addvs", { ...at(6), template: "the shop" }), /its rule "api" is another one/);
    await call("deltemplate", { name: "the shop" });
    assert.equal(unit.unit.document.shared.templates, undefined);
  });

  test("[LM2] a certificate and a set of ciphers of the unit's own do not travel", async () => {
    await call("addvs", { ...at(7), VStype: "http", SSLAcceleration: "Y", Enable: "N", TLSType: 7 });
    const { data } = await call("exportvstmplt", at(7));
    const text = Buffer.from(String(data), "base64").toString();
    assert.doesNotMatch(text, /PRIVATE|BEGIN/);
    await call("uploadtemplate", { data: String(data) });
    const [name] = ((await call("listtemplates")).template as { name: string }[]).map((each) => each.name);
    const made = await call("addvs", { ...at(8), template: name ?? "" });
    assert.equal(made.SSLAcceleration, true);
    assert.equal(made.TlsType, "7");
  });

  test("[LM2] what is no template is refused and changes nothing", async () => {
    const service = { name: "a", service: {} };
    const refused: readonly [string, Parameters, RegExp][] = [
      ["uploadtemplate", { data: file("no template") }, /data: this is no file of exportvstmplt/],
      ["uploadtemplate", { data: file({ format: "other", templates: [] }) }, /data: /],
      [
        "uploadtemplate",
        { data: file({ format: "tandem-templates-1", templates: [service] }) },
        /data: .*service/,
      ],
      ["uploadtemplate", { data: file("x".repeat(300_000)) }, /data: the file has 300000 bytes/],
      ["uploadtemplate", {}, /data/],
      ["deltemplate", { name: "none" }, /Unknown template/],
      ["addvs", { ...at(9), template: "none" }, /Unknown template/],
      ["exportvstmplt", { vs: 99_999 }, /Unknown VS/],
    ];
    for (const [command, parameters, words] of refused)
      assert.match(await refusal(command, parameters), words);
  });
});
