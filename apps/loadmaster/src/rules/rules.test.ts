import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import type { LoadMasterClient, Parameters } from "@tandem/loadmaster-api/client";
import { digestOf } from "../state/document.ts";
import { loopback, portFor, startUnit, type TestUnit, value } from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

type Seen = { readonly server: string; readonly url: string; readonly headers: IncomingHttpHeaders };
type Asked = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly seen: Seen };

/** A server that tells what it was asked, and sends headers that rules may change. */
async function startTeller(host: number, name: string): Promise<Server> {
  const server = createServer((incoming, response) => {
    response.setHeader("Location", "http://inside.example/a?b=1");
    response.setHeader("X-Inside-Name", name);
    response.setHeader("X-Inside-Age", "7");
    incoming.resume();
    response.end(JSON.stringify({ server: name, url: incoming.url, headers: incoming.headers }));
  });
  await new Promise<void>((resolve) => server.listen(0, loopback(host), resolve));
  return server;
}

describe("content rules", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  const tellers: Server[] = [];
  const address = loopback(50);
  const at = { address, port: portFor(3) };
  const vs = { vs: address, port: at.port, prot: "tcp" };
  const servers: number[] = [];

  before(async () => {
    unit = await startUnit(1);
    client = unit.client();
    for (const [index, name] of ["one", "two", "three"].entries())
      tellers.push(await startTeller(60 + index, name));
  });
  after(async () => {
    for (const each of tellers) {
      each.close();
      each.closeAllConnections();
    }
    await unit?.remove();
  });

  beforeEach(async () => {
    await client.call("delvs", vs);
    for (const { name } of unit.unit.document.shared.rules ?? []) await call("delrule", { name });
    value(await client.addVirtualService(address, at.port, "tcp", { VStype: "http", CheckType: "none" }));
    servers.length = 0;
    for (const [index, each] of tellers.entries()) {
      const made = value(
        await client.call("addrs", {
          ...vs,
          rs: loopback(60 + index),
          rsport: (each.address() as AddressInfo).port,
        }),
      ) as unknown as { Rs: { RsIndex: number }[] };
      servers.push(made.Rs[0]?.RsIndex ?? 0);
    }
  });

  const call = async (command: string, parameters: Parameters): Promise<Record<string, unknown>> =>
    value(await client.call(command, parameters)) as unknown as Record<string, unknown>;
  const rule = (name: string, parameters: Parameters) => call("addrule", { name, ...parameters });
  const choose = (server: number, name: string) =>
    call("addrsrule", { ...vs, rs: `!${servers[server]}`, rule: name });
  const refusal = async (command: string, parameters: Parameters): Promise<string> => {
    const digest = digestOf(unit.unit.document.shared);
    const answer = await client.call(command, parameters);
    assert.ok(!answer.ok, `${command} ${JSON.stringify(parameters)} is not refused`);
    assert.equal(
      answer.error.kind === "refused" ? answer.error.code : answer.error.kind,
      /String Value missing/.test(answer.error.message) ? 400 : 422,
    );
    assert.equal(digestOf(unit.unit.document.shared), digest, "a refusal changes nothing");
    return answer.error.message;
  };

  const ask = (
    path: string,
    headers: { readonly [name: string]: string } = {},
    body?: string,
  ): Promise<Asked> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: at.address,
          port: at.port,
          path,
          method: body === undefined ? "GET" : "POST",
          headers,
          agent: false,
        },
        (response) => {
          let text = "";
          response.on("data", (part) => {
            text += part;
          });
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              seen: text.startsWith("{") ? JSON.parse(text) : { server: "", url: "", headers: {} },
            }),
          );
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  /** The servers that some requests in a row reach. */
  const reached = async (
    path: string,
    headers: { readonly [name: string]: string } = {},
  ): Promise<string> => {
    const names = new Set<string>();
    for (let each = 0; each < 4; each += 1) names.add((await ask(path, headers)).seen.server);
    return [...names].sort().join(" ");
  };

  test("[LM1] a request goes to the servers whose rule matches it first, everything else to those without", async () => {
    await rule("api", { pattern: "/^\\/api\\/v[0-9]/" });
    await rule("pictures", { pattern: ".PNG", matchtype: "postfix", nocase: "Y" });
    await rule("all-api", { pattern: "/api", matchtype: "prefix" });
    await choose(0, "api");
    await choose(1, "pictures");
    await choose(0, "all-api");
    await choose(1, "all-api");
    assert.equal(await reached("/api/v1"), "one");
    assert.equal(await reached("/api/v1/logo.png"), "one", "the first rule counts");
    assert.equal(await reached("/a/logo.png"), "two");
    assert.equal(await reached("/api/new"), "one two");
    assert.equal(await reached("/else"), "three");
    await choose(1, "default");
    assert.equal(await reached("/else"), "two", "a server with the default rule");
    const { Rs, NRules } = await call("showvs", vs);
    assert.deepEqual(
      (Rs as { Nrules: number; MatchRules?: string[] }[]).map((each) => [each.Nrules, each.MatchRules]),
      [
        [2, ["api", "all-api"]],
        [3, ["pictures", "all-api", "default"]],
        [0, undefined],
      ],
    );
    assert.equal(NRules, 5);
    const stats = await call("stats", {});
    const counted = (stats.Rs as { Conns: number }[]).map(({ Conns }) => Conns);
    assert.ok(
      counted.every((each) => each > 0),
      `what the servers did under rules is counted: ${counted}`,
    );
  });

  test("[LM1] a rule looks at the host, the query, a header or the body, and may mean the contrary", async () => {
    const cases: readonly [Parameters, hit: () => Promise<Asked>, miss: () => Promise<Asked>][] = [
      [
        { pattern: "^shop.example/x", inchost: "Y" },
        () => ask("/x", { host: "shop.example" }),
        () => ask("/x", { host: "else.example" }),
      ],
      [{ pattern: "id=7", incquery: 1 }, () => ask("/x?id=7"), () => ask("/x?id=8")],
      [{ pattern: "id=7" }, () => ask("/id=7"), () => ask("/x?id=7")],
      [
        { pattern: "Phone", header: "User-Agent" },
        () => ask("/", { "user-agent": "a Phone" }),
        () => ask("/", { "user-agent": "a phone" }),
      ],
      [
        { pattern: "^Mozilla.*, like Gecko\\) Version", header: "User-Agent" },
        () => ask("/", { "user-agent": "Mozilla/5.0 (KHTML, like Gecko) Version/17, last" }),
        () => ask("/", { "user-agent": "like Gecko) Version, Mozilla" }),
      ],
      [
        { pattern: "odd", header: "X-#$%&*+.^_`|~!" },
        () => ask("/", { "X-#$%&*+.^_`|~!": "odd" }),
        () => ask("/", { "X-#$%&*+.^_`|~!": "even" }),
      ],
      [
        { pattern: "needle", header: "body" },
        () => ask("/", {}, "a needle in it"),
        () => ask("/", {}, "hay"),
      ],
      [{ pattern: "^/inside", negate: true }, () => ask("/else"), () => ask("/inside")],
    ];
    await rule("r", { pattern: "x" });
    await choose(0, "r");
    for (const [parameters, hit, miss] of cases) {
      await call("modrule", { name: "r", ...parameters });
      assert.equal((await hit()).seen.server, "one", JSON.stringify(parameters));
      assert.notEqual((await miss()).seen.server, "one", JSON.stringify(parameters));
    }
  });

  test("[LM1] flags make one rule depend on another, and a rule that must fail answers nothing", async () => {
    await rule("inside", { pattern: "^10[.]", header: "X-Real-IP", setonmatch: 3 });
    await rule("admin", { pattern: "^/admin", onlyonflag: 3 });
    await rule("forbidden", { pattern: "^/admin", onlyonnoflag: 3, mustfail: "Y" });
    await rule("tag", { type: 1, header: "X-Inside", replacement: "100%", onlyonflag: 3 });
    await call("addprerule", { ...vs, rule: "inside" });
    await call("addprerule", { ...vs, rule: "forbidden" });
    await call("addrequestrule", { ...vs, rule: "tag" });
    await choose(2, "admin");
    assert.equal(await reached("/admin", { "x-real-ip": "10.1.1.1" }), "three");
    assert.equal((await ask("/", { "x-real-ip": "10.1.1.1" })).seen.headers["x-inside"], "100%");
    assert.equal((await ask("/")).seen.headers["x-inside"], undefined);
    await assert.rejects(ask("/admin", { "x-real-ip": "172.16.0.1" }), /socket hang up|ECONNRESET/);
  });

  test("[LM1] headers are added, deleted and replaced in requests and answers, and the URL is changed", async () => {
    await rule("add", { type: 1, header: "X-Added", replacement: "it's %[src] \\1" });
    await rule("delete", { type: 2, pattern: "^X-Inside" });
    await rule("agent", { type: 3, header: "User-Agent", pattern: "(Fire)(fox)", replacement: "\\2 \\1!" });
    await rule("https", { type: 3, header: "Location", pattern: "^http://", replacement: "https://" });
    await rule("url", { type: 4, pattern: "/^\\/old\\/(.*)\\?a=/", replacement: "/new/\\1?b=%41" });
    for (const name of ["add", "delete", "agent", "url"]) await call("addrequestrule", { ...vs, rule: name });
    for (const name of ["add", "delete", "https"]) await call("addresponserule", { ...vs, rule: name });
    const { seen, headers } = await ask("/old/x/y?a=1", {
      "user-agent": "a Firefox here",
      "X-Inside-Secret": "1",
    });
    assert.equal(seen.url, "/new/x/y?b=%411");
    assert.equal(seen.headers["user-agent"], "a fox Fire! here");
    assert.equal(seen.headers["x-added"], "it's %[src] \\1");
    assert.equal(seen.headers["x-inside-secret"], undefined);
    assert.equal(headers["x-added"], "it's %[src] \\1");
    assert.equal(headers["x-inside-name"], undefined);
    assert.equal(headers.location, "https://inside.example/a?b=1");
    const shown = await call("showvs", vs);
    assert.deepEqual(shown.RequestRules, ["add", "delete", "agent", "url"]);
    assert.equal(shown.NResponseRules, 3);
    await call("delrequestrule", { ...vs, rule: "delete" });
    assert.equal((await ask("/", { "X-Inside-Secret": "1" })).seen.headers["x-inside-secret"], "1");
  });

  test("[LM1] a server that is down or disabled is so for every rule", async () => {
    await rule("r", { pattern: "^/r" });
    await choose(0, "r");
    await choose(1, "r");
    await call("modrs", { ...vs, rs: `!${servers[0]}`, Enable: "N" });
    assert.equal(await reached("/r"), "two");
    await call("modrs", { ...vs, rs: `!${servers[1]}`, Enable: "N" });
    assert.equal((await ask("/r")).status, 503);
    assert.equal(await reached("/else"), "three");
  });

  test("[LM2] what a rule cannot be, and where it cannot be, is refused and changes nothing", async () => {
    await rule("match", { pattern: "x" });
    await rule("header", { type: 1, header: "X-A", replacement: "1" });
    await rule("url", { type: 4, pattern: "a", replacement: "b" });
    await choose(0, "match");
    const refused: readonly [string, Parameters, RegExp][] = [
      ["addrule", { name: "a" }, /pattern: String Value missing/],
      [
        "addrule",
        { name: "a", pattern: "(" },
        /^pattern: "\(" is no regular .*: missing closing parenthesis; correct it$/,
      ],
      ["addrule", { name: "match", pattern: "y" }, /already/],
      ["addrule", { name: "default", pattern: "y" }, /another name/],
      ["addrule", { name: 'a"<b>', pattern: "y" }, /name: .*letter or digit/],
      ["addrule", { name: "a", pattern: "x\ny" }, /pattern/],
      ["addrule", { name: "a", type: 5, pattern: "x", replacement: "y" }, /type: 5 .*bodies/],
      ["addrule", { name: "a", type: 6, pattern: "x" }, /type: 6/],
      ["addrule", { name: "a", type: 1, header: "X A", replacement: "1" }, /header/],
      ["addrule", { name: "a", type: 1, header: "X-A", replacement: "1", negate: "Y" }, /negate/],
      ["addrule", { name: "a", type: 4, pattern: "(a)(a)(a)(a)(a)(a)(a)" }, /7 groups/],
      ["addrule", { name: "a", pattern: "x", setonmatch: 10 }, /setonmatch: 10/],
      ["modrule", { name: "none", pattern: "x" }, /Unknown rule/],
      ["modrule", { name: "match", type: 1, header: "X-A", replacement: "1" }, /while real server/],
      ["modrule", { name: "match", pattern: "[" }, /^pattern: "\[" is no regular expression.*: missing/],
      ["delrule", { name: "none" }, /Unknown rule/],
      ["delrule", { name: "match" }, /real server \d+ of virtual service/],
      ["showrule", { name: "none" }, /Unknown rule/],
      ["addrsrule", { ...vs, rs: `!${servers[0]}`, rule: "header" }, /AddHeaderRule.*match rules/],
      ["addrsrule", { ...vs, rs: `!${servers[0]}`, rule: "match" }, /already/],
      ["addrsrule", { ...vs, rs: "!99999", rule: "match" }, /Unknown RS/],
      ["delrsrule", { ...vs, rs: `!${servers[1]}`, rule: "match" }, /has no rule/],
      ["addrequestrule", { ...vs, rule: "match" }, /MatchContentRule.*change requests/],
      ["addresponserule", { ...vs, rule: "url" }, /ModifyURLRule.*change headers/],
      ["addprerule", { ...vs, rule: "default" }, /real servers and SubVS/],
      ["addprerule", { vs: 99_999, rule: "match" }, /Unknown VS/],
      ["modvs", { ...vs, VStype: "gen" }, /has rules/],
    ];
    for (const [command, parameters, words] of refused)
      assert.match(await refusal(command, parameters), words);
    assert.deepEqual(
      unit.log.filter(({ level }) => level === "error"),
      [],
    );
  });

  test("[LM1] what stands around a match stays, whatever groups and classes the pattern has", async () => {
    await rule("url", { type: 4, pattern: "x", replacement: "y" });
    await call("addrequestrule", { ...vs, rule: "url" });
    const cases: readonly [pattern: string, replacement: string, asked: string, got: string][] = [
      ["b|(c)", "\\\\[\\1]", "/a/c/b", "/a/\\[c]/b"],
      ["[[:digit:](](?:x)(?=y)(z|y)", "<\\1>", "/7xyz", "/<y>z"],
      ["[\\](]([a-z])\\1", "\\1", "/a(bbc", "/abc"],
      ["(?i)(?<letter>B)(?-i:c)", "\\0\\0", "/abcd", "/abcbcd"],
      ["\\?.*$", "", "/a?b=1", "/a"],
    ];
    for (const [pattern, replacement, asked, got] of cases) {
      await call("modrule", { name: "url", pattern, replacement });
      assert.equal((await ask(asked)).seen.url, got, pattern);
    }
  });

  test("[LM2] a pattern or replacement that HAProxy would read otherwise is refused, in use or not", async () => {
    const url = { type: 4, replacement: "/new" };
    const head = { type: 3, header: "X-A", pattern: "a" };
    const cases: readonly [Parameters, RegExp][] = [
      [{ type: 4, pattern: "a", replacement: "/b c" }, /^replacement: "\/b c" .*%20/],
      [{ type: 4, pattern: "a", replacement: "/\u00fc" }, /^replacement: .*%XX/],
      [{ ...head, replacement: "b\\" }, /^replacement: "b\\\\" ends in a backslash.*\\\\/],
      [{ ...url, pattern: "a", replacement: "b\\\\\\" }, /^replacement: .*ends in a backslash/],
      [{ ...head, replacement: "\\x0aX-B: 1" }, /^replacement: .*\\x/],
      [{ ...head, replacement: "\\1" }, /^replacement: .*no groups/],
      [{ ...head, pattern: "(a)", replacement: "\\9" }, /^replacement: .*1 of them/],
      ...["a)(b", "a)|(b"].flatMap((pattern): [Parameters, RegExp][] => [
        [{ ...url, pattern }, /^pattern: "a\).*unmatched closing parenthesis/],
        [{ ...head, pattern }, /^pattern: "a\).*unmatched closing parenthesis/],
        [{ type: 2, pattern }, /^pattern: "a\).*unmatched closing parenthesis/],
      ]),
      ...[
        "(a)(?1)",
        "(?R)?a",
        "(?|(a)|(b))",
        "(a)\\g1",
        "(a)?(?(1)b|c)",
        "(*ACCEPT)a",
        "\\Q(\\E",
        "(?#()a",
      ].map((pattern): [Parameters, RegExp] => [
        { ...url, pattern },
        /^pattern: .* is not possible in a pattern that replaces; /,
      ]),
      [{ pattern: "a", header: "X-It's" }, /^header: "X-It's"/],
      ...["Content-Length", "transfer-encoding", "CONNECTION"].flatMap((header): [Parameters, RegExp][] => [
        [{ type: 1, header, replacement: "1" }, /^header: .*HAProxy's to write/],
        [{ type: 3, header, pattern: "1", replacement: "2" }, /^header: .*HAProxy's to write/],
        [{ type: 2, pattern: `/^${header}$/` }, /^pattern: .*HAProxy's to write/],
      ]),
    ];
    for (const [parameters, words] of cases)
      assert.match(await refusal("addrule", { name: "a", ...parameters }), words);
    await rule("used", { type: 4, pattern: "(a)", replacement: "\\1" });
    await call("addrequestrule", { ...vs, rule: "used" });
    assert.match(
      await refusal("modrule", { name: "used", pattern: "a)|(b", replacement: "c" }),
      /^pattern: "a\)\|\(b" is no regular/,
    );
    assert.match(await refusal("modvs", { ...vs, CopyHdrFrom: "X-It's", CopyHdrTo: "X-B" }), /CopyHdrFrom/);
  });

  test("[LM2] rules are shown by type in the words that clients read, and a change resets what it leaves out", async () => {
    await rule("m", { pattern: "/x/", nocase: "Y", incquery: "Y", setonmatch: 4, mustfail: "N" });
    await rule("a", { type: 1, header: "X-A", replacement: "1" });
    await rule("u", { type: 4, pattern: "a", replacement: "" });
    assert.deepEqual((await call("showrule", {})).MatchContentRule, [
      {
        Name: "m",
        Pattern: "/x/",
        MatchType: "Regex",
        AddHost: false,
        Negate: false,
        CaseIndependent: true,
        IncludeQuery: true,
        MustFail: false,
        SetFlagOnMatch: 4,
      },
    ]);
    assert.deepEqual((await call("showrule", { type: 1 })).AddHeaderRule, [
      { Name: "a", Header: "X-A", HeaderValue: "1" },
    ]);
    assert.equal((await call("showrule", { type: 1 })).MatchContentRule, undefined);
    const changed = await call("modrule", { name: "m", pattern: "y", matchtype: "prefix" });
    assert.deepEqual(changed.MatchContentRule, [
      {
        Name: "m",
        Pattern: "y",
        MatchType: "prefix",
        AddHost: false,
        Negate: false,
        CaseIndependent: false,
        IncludeQuery: false,
        MustFail: false,
      },
    ]);
  });
});
