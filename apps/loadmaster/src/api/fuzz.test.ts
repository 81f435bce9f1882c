/**
 * The API under whatever it may be sent: calls made of the table of commands, with values that are right, out of range, of
 * another type or hostile, in random order on one real unit with a real HAProxy, by both versions.
 *
 * Whatever is sent: no fault of the unit, an answer that is whole, no change by what is refused, a document that can be
 * read again, and never a file that HAProxy does not take. `TANDEM_FUZZ_SECONDS` and `TANDEM_FUZZ_SEED` run it longer, or
 * once more.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { Agent, request } from "node:https";
import { test } from "node:test";
import { schemaFaults } from "@tandem/base/schema-faults";
import { type CommandName, commands } from "@tandem/loadmaster-api/commands";
import type { Parameter, ParameterType } from "@tandem/loadmaster-api/parameters";
import { type SystemParameter, systemParameters } from "@tandem/loadmaster-api/system-parameters";
import fc from "fast-check";
import { issue } from "../certificates/issue.fixture.ts";
import { digestOf, type SharedContent, UnitDocumentSchema } from "../state/document.ts";
import { type LogLine, loopback, portFor, startUnit, type TestUnit, value } from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";
const seconds = Number(process.env.TANDEM_FUZZ_SECONDS ?? 12);
const seed = Number(process.env.TANDEM_FUZZ_SEED ?? randomInt(2 ** 31));

/** They end the unit or what the test signs in by, look at the machine's network, or take long on purpose. */
const left = new Set<string>([
  "addadditional",
  "addapikey",
  "addroute",
  "aslactivate",
  "aslgetlicensetypes",
  "deladditional",
  "delroute",
  "hajoin",
  "haleave",
  "hapair",
  "hapaircheck",
  "hareplace",
  "haunpair",
  "installpatch",
  "logging.ping",
  "logging.ping6",
  "logging.tcpdump",
  "logging.top",
  "logging.traceroute",
  "reboot",
  "resolvenow",
  "restorepatch",
  "shutdown",
  "tcpdump",
]);
/** With them the unit would drop calls, or wait for a partner. */
const leftParameters = new Set(["apicalllimit", "hamode"]);

type Sent = string | number | boolean | null | object;
type Call = {
  readonly command: string;
  readonly fields: { readonly [name: string]: Sent };
  readonly version: 1 | 2;
};

const hostileTexts = [
  "",
  " ",
  "0",
  "-1",
  "1e9",
  "NaN",
  "<a>&amp;</a>",
  "]]>",
  '"',
  "'",
  "a'b\"c",
  "a\nb",
  "\r\n    server evil 192.0.2.66:80",
  "a\u0000b",
  "a\u2028b",
  "#comment",
  "%[env(PATH)]",
  "%{+Q}o%ci",
  "$HOME",
  "\\",
  "{ always_true }",
  "if TRUE",
  "../../etc/passwd",
  "; reload",
  "ünïcödé",
  "\u202Eabc",
  "👩‍🚀",
  "\ud800",
  "__proto__",
  "constructor",
  "x".repeat(127),
  "x".repeat(128),
  "/".repeat(2_000),
  "(a+)+$",
  "[",
  "(?",
  "!1",
  "1",
  "2",
];
const hostile: fc.Arbitrary<Sent> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...hostileTexts) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
  { weight: 1, arbitrary: fc.integer() },
);
const ofAnotherType: fc.Arbitrary<Sent> = fc.constantFrom<Sent>(
  true,
  7,
  -0.5,
  null,
  {},
  [],
  [1],
  { a: "b" },
  "Y",
);

/** Texts that mean something, by the name of their parameter; others are made of their pattern. */
type Pool = { readonly [name: string]: readonly Sent[] };

function valid(type: ParameterType): fc.Arbitrary<Sent> {
  switch (type.kind) {
    case "boolean":
      return fc.constantFrom<Sent>("Y", "N", "1", "0", "yes", "false");
    case "integer":
      return fc.oneof(
        fc.constantFrom<Sent>(type.min, type.max),
        fc.integer({ min: type.min, max: type.max }),
      );
    case "choice":
      return type.values.length === 0 ? hostile : fc.constantFrom(...type.values);
    case "fixed":
      return fc.constantFrom(...type.values);
    case "address":
      return fc.constantFrom(loopback(60), loopback(61), "192.0.2.1", "::1");
    case "text":
      return madeOf(type.pattern);
  }
}

/** Of a pattern that fast-check cannot read, those of the hostile texts that fit it. */
function madeOf(pattern: RegExp): fc.Arbitrary<Sent> {
  try {
    // It knows nothing of capitals that do not matter.
    const made = fc.stringMatching(new RegExp(pattern.source, pattern.flags.replace("i", "")), {
      size: "small",
    });
    fc.sample(made, { numRuns: 1, seed: 1 });
    return made;
  } catch {
    const fitting = hostileTexts.filter((each) => pattern.test(each));
    return fitting.length === 0 ? hostile : fc.constantFrom(...fitting);
  }
}

const outOfRange = (type: ParameterType): fc.Arbitrary<Sent> =>
  type.kind === "integer"
    ? fc.constantFrom<Sent>(type.min - 1, type.max + 1, 2 ** 31, `${type.max}0`, "1.5")
    : hostile;

/** Of the command's own pool, where it has one. */
const right = (command: string, { name, type }: Parameter, pool: Pool): fc.Arbitrary<Sent> => {
  const values = pool[`${command} ${name}`] ?? pool[name];
  return values === undefined ? valid(type) : fc.constantFrom(...values);
};

const anything = (command: string, parameter: Parameter, pool: Pool): fc.Arbitrary<Sent> =>
  fc.oneof(
    { weight: 9, arbitrary: right(command, parameter, pool) },
    { weight: 1, arbitrary: outOfRange(parameter.type) },
    { weight: 1, arbitrary: hostile },
    { weight: 1, arbitrary: ofAnotherType },
  );

/** Most of the parameters that a call needs, and few of the others, so that many calls are carried out. */
function fieldsOf(
  parameters: readonly Parameter[],
  given: (parameter: Parameter) => fc.Arbitrary<Sent>,
): fc.Arbitrary<Call["fields"]> {
  const few = Math.min(1_000, 2_000 / Math.max(1, parameters.length));
  const each = parameters.map((parameter) => {
    const isUsual = parameter.required === true || ["vs", "port", "prot", "rsport"].includes(parameter.name);
    return fc
      .tuple(given(parameter), fc.integer({ min: 0, max: 999 }))
      .map(([sent, dice]) => (dice < (isUsual ? 990 : few) ? ([[parameter.name, sent]] as const) : []));
  });
  return fc.tuple(...each).map((all) => Object.fromEntries(all.flat()));
}

const setCalls = (pool: Pool): fc.Arbitrary<Call["fields"]> =>
  fc.oneof(
    ...(systemParameters as readonly SystemParameter[])
      .filter(({ name }) => !leftParameters.has(name))
      .map((parameter) =>
        anything("set", parameter, pool).map((sent) => ({ param: parameter.name, value: sent })),
      ),
    fc.tuple(hostile, hostile).map(([param, sent]) => ({ param, value: sent })),
  );

/** Calls of one command. */
function callsOf(command: CommandName, pool: Pool): fc.Arbitrary<Call> {
  return fc.record({
    command: fc.constant(command as string),
    fields:
      command === "set"
        ? setCalls(pool)
        : fc.oneof(
            fieldsOf(commands[command].parameters, (each) => right(command, each, pool)),
            fieldsOf(commands[command].parameters, (each) => anything(command, each, pool)),
          ),
    version: fc.constantFrom(1 as const, 2 as const),
  });
}

/** Those that make something are drawn more often, else there is nothing to change. */
function calls(pool: Pool): fc.Arbitrary<Call> {
  const names = (Object.keys(commands) as CommandName[]).filter((name) => !left.has(name));
  const often = new Set<string>(["addvs", "modvs", "addrs", "modrs"]);
  const making = /^add.*rule$|^useradd|^modrule/;
  return fc.oneof(
    ...names.map((name) => ({
      weight: often.has(name) ? 12 : making.test(name) ? 4 : 1,
      arbitrary: callsOf(name, pool),
    })),
  );
}

/** They stand for one that there is when the call is made. */
const aService = "a service";
const aServer = "a server";

function named(fields: Call["fields"], services: SharedContent["services"], turn: number): Call["fields"] {
  const service = services[turn % Math.max(1, services.length)];
  const server = service?.servers[turn % Math.max(1, service.servers.length)];
  return Object.fromEntries(
    Object.entries(fields).map(([name, sent]) => [
      name,
      sent === aService ? (service?.index ?? 1) : sent === aServer ? `!${server?.index ?? 1}` : sent,
    ]),
  );
}

class Caller {
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  readonly #unit: TestUnit;
  readonly #key: string;

  constructor(unit: TestUnit, key: string) {
    this.#unit = unit;
    this.#key = key;
  }

  close(): void {
    this.#agent.destroy();
  }

  send({ command, fields, version }: Call): Promise<{ status: number; type: string; body: string }> {
    const { data, ...others } = fields;
    const asFile = version === 1 && typeof data === "string";
    const query = new URLSearchParams({ apikey: this.#key });
    for (const [name, sent] of Object.entries(asFile ? others : fields)) query.append(name, textOf(sent));
    // A real client of v1 puts what is long into the body.
    const isLong = query.toString().length > 4_000;
    const path = `/access/${command.split(".").map(encodeURIComponent).join("/")}`;
    const body =
      version === 2
        ? JSON.stringify({ ...fields, cmd: command, apikey: this.#key })
        : asFile
          ? Buffer.from(data, "base64")
          : isLong
            ? query.toString()
            : undefined;
    return new Promise((resolve, reject) => {
      const asking = request(
        {
          agent: this.#agent,
          host: this.#unit.configuration.interfaces[0]?.address,
          port: this.#unit.configuration.apiPort,
          method: body === undefined ? "GET" : "POST",
          path: version === 2 ? "/accessv2" : isLong && !asFile ? path : `${path}?${query}`,
          timeout: 20_000,
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              type: String(response.headers["content-type"]),
              body: Buffer.concat(parts).toString(version === 1 ? "latin1" : "utf8"),
            }),
          );
        },
      );
      asking.on("error", reject);
      asking.on("timeout", () => asking.destroy(new Error("no answer")));
      asking.end(body);
    });
  }
}

const textOf = (sent: Sent): string => (typeof sent === "object" ? JSON.stringify(sent) : String(sent));

/** Whether it was carried out; throws what is wrong with the answer. */
function readAnswer(version: 1 | 2, { status, type, body }: Awaited<ReturnType<Caller["send"]>>): boolean {
  assert.ok(status >= 200 && status < 500, `it is answered ${status}: ${body.slice(0, 300)}`);
  if (version === 2) {
    const answer = JSON.parse(body);
    assert.equal(answer.code, status);
    assert.equal(answer.status, status === 200 ? "ok" : "fail");
    if (status !== 200) assert.ok(typeof answer.message === "string" && answer.message !== "");
    return status === 200;
  }
  if (status === 200 && type === "application/octet-stream") return true;
  const code = status === 200 ? "ok" : "fail";
  const [inner, other] = status === 200 ? ["Success", "Error"] : ["Error", "Success"];
  assert.match(
    body,
    new RegExp(
      `^<\\?xml version="1\\.0" encoding="ISO-8859-1"\\?>\\s*<Response stat="${status}" code="${code}"><${inner}>[\\s\\S]*</${inner}></Response>\\s*$`,
    ),
  );
  assert.ok(!body.includes(`<${other}>`));
  const open: string[] = [];
  for (const [, end, name] of body.matchAll(/<(\/?)([A-Za-z_][\w.-]*)[^>]*>/g))
    if (end === "/") assert.equal(open.pop(), name, "elements are closed in order");
    else open.push(name ?? "");
  assert.deepEqual(open, []);
  // What XML 1.0 cannot hold, and what would have to be an entity.
  assert.ok(![...body].some((character) => character < " " && !"\t\n\r".includes(character)));
  assert.doesNotMatch(body, /&(?!(?:lt|gt|amp|quot|apos|#\d+|#x[0-9a-fA-F]+);)/);
  return status === 200;
}

test("[LM2] whatever is sent: whole answers, no fault, no change by a refusal, no file that HAProxy refuses", {
  skip,
  timeout: seconds * 1_000 + 60_000,
}, async (t) => {
  t.diagnostic(`TANDEM_FUZZ_SEED=${seed}`);
  const unit = await startUnit(1);
  const client = unit.client();
  const key = String(value(await client.call("addapikey")).apikey);
  const caller = new Caller(unit, key);
  t.after(async () => {
    caller.close();
    await unit.remove();
  });
  const root = await issue("a root", { authority: true });
  const [site, other] = [await issue("a.example", { by: root }), await issue("b.example", { kind: "rsa" })];
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const names = ["one", "two", "three"];
  const brokenCertificate = base64("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
  for (const cert of ["one", "two"]) {
    value(await client.call("addcert", { cert, data: base64(site.pem) }));
    value(await client.call("addintermediate", { cert, data: base64(root.certificate) }));
  }
  for (const [host, VStype] of [
    [50, "http"],
    [51, "gen"],
  ] as const) {
    const vs = { address: loopback(host), port: portFor(5) };
    value(await client.addVirtualService(vs.address, vs.port, "tcp", { VStype }));
    value(await client.addRealServer(vs, loopback(60), portFor(7)));
  }
  const backups: string[] = [];
  for (const [command, password] of [
    ["backup", ""],
    ["backup", "Password1"],
    ["backupcert", "Password1"],
  ] as const)
    backups.push(String(value(await client.call(command, { password })).data));
  const pool: Pool = {
    vs: [aService],
    "addvs vs": [loopback(50), loopback(51)],
    port: [portFor(5), portFor(6), 80, 443],
    prot: ["tcp"],
    rs: [aServer],
    "addrs rs": [loopback(60), loopback(61)],
    "enablers rs": [loopback(60), loopback(61)],
    "disablers rs": [loopback(60), loopback(61)],
    rsport: [portFor(7), portFor(8)],
    vsaddress: [loopback(50), loopback(51)],
    vsport: [portFor(5), portFor(6)],
    cert: names,
    CertFile: ["one", "two", "one two", ""],
    IntermediateCerts: ["one", "two", ""],
    CipherSet: ["Default", "BestPractices", "FIPS", "one", "two"],
    Ciphers: ["AES128-SHA", "ECDHE-ECDSA-AES128-GCM-SHA256:AES256-SHA"],
    Tls13CipherSet: ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"],
    name: names,
    rule: [...names, "default"],
    pattern: ["^/images/", "a(b|c)", "/x"],
    replacement: ["/y\\1", "z"],
    header: ["X-A", "host", ""],
    createsubvs: [""],
    user: names,
    group: names,
    perms: ["real,vs", "root", ""],
    newpassword: ["Password1"],
    passwd: ["Password1"],
    hostip: [loopback(60)],
    addr: [loopback(60), "192.0.2.0/24"],
    value: ["AES128-SHA", "AES256-SHA:AES128-SHA"],
    password: ["Password1", "a long phrase"],
    currpassword: ["not the password"],
    "addcert data": [base64(site.pem), base64(other.pem), brokenCertificate],
    "addintermediate data": [base64(root.certificate), brokenCertificate],
    "restore data": backups.slice(0, 2),
    "restorecert data": backups.slice(2),
    data: [...backups, brokenCertificate, "MAMCAQM=", base64(site.pem)],
    "restorecert type": ["full", "vs", "third"],
    "restore type": [1, 2, 3],
    "restore password": ["Password1"],
    "restorecert password": ["Password1"],
    param: (systemParameters as readonly SystemParameter[]).map(({ name }) => name),
  };
  const started = performance.now();
  const until = started + seconds * 1_000;
  const counted = { calls: 0, done: 0, refused: 0 };
  const done = new Map<string, number>();
  const events = new Set([
    "haproxy-refused",
    "haproxy-gone",
    "api-failed",
    "trouble",
    "configuration-not-saved",
  ]);
  // Whether a regular expression is one, HAProxy alone can say: the unit asks it, and refuses the rule.
  const isExpression = ({ details }: LogLine): boolean =>
    /\bregex\b.* is invalid/.test((details as { reason?: string }).reason ?? "");
  const told = (): LogLine[] => unit.log.filter((line) => events.has(line.event) && !isExpression(line));
  const any = calls(pool);
  for (let round = 0; performance.now() < until; round += 1) {
    for (const drawn of fc.sample(any, { seed: seed + round, numRuns: 50 })) {
      if (performance.now() >= until) break;
      const before = unit.unit.document;
      const call = { ...drawn, fields: named(drawn.fields, before.shared.services, counted.calls) };
      const lines = told().length;
      try {
        const answer = await caller.send(call);
        const wasDone = readAnswer(call.version, answer);
        counted.calls += 1;
        counted[wasDone ? "done" : "refused"] += 1;
        if (wasDone) done.set(call.command, (done.get(call.command) ?? 0) + 1);
        const { document } = unit.unit;
        if (!wasDone) assert.equal(document, before, "a refusal has changed something");
        if (document !== before)
          assert.deepEqual(schemaFaults(UnitDocumentSchema, document, { whole: "the document" }), []);
        assert.equal(told().length, lines, JSON.stringify(told().at(-1)));
      } catch (error) {
        throw new Error(
          `TANDEM_FUZZ_SEED=${seed}, round ${round}, call ${counted.calls + 1}: v${call.version} ${call.command} ${JSON.stringify(call.fields).slice(0, 2_000)}: ${(error as Error).message}`,
          { cause: error },
        );
      }
    }
  }
  t.diagnostic(
    `${counted.calls} calls in ${Math.round(performance.now() - started)} ms: ${counted.done} carried out, ${counted.refused} refused; never carried out: ${Object.keys(
      commands,
    )
      .filter((name) => !left.has(name) && !done.has(name))
      .join(", ")}`,
  );
  assert.ok(counted.done > counted.calls / 10, "a good part of it is carried out");
  // Whatever it has come to can be kept and brought back.
  const digest = digestOf(unit.unit.document.shared);
  const password = "Password1";
  const restoring = async (command: string, fields: Call["fields"]): Promise<{ readonly data?: string }> => {
    const { status, body } = await caller.send({ command, fields, version: 2 });
    assert.equal(status, 200, body.slice(0, 300));
    return JSON.parse(body);
  };
  const { data = "" } = await restoring("backup", { password });
  await restoring("restore", { data, type: 3, password });
  assert.equal(digestOf(unit.unit.document.shared), digest);
});

/** A copy with one leaf or member changed, as somebody's editor or another version might have done it. */
function withOneChange(content: unknown, random: (below: number) => number): unknown {
  const copy = structuredClone(content);
  const places: { readonly holder: Record<string, unknown>; readonly name: string }[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const name of Object.keys(value)) {
      places.push({ holder: value as Record<string, unknown>, name });
      look((value as Record<string, unknown>)[name]);
    }
  };
  look(copy);
  const place = places[random(places.length)];
  if (place === undefined) return copy;
  const { holder, name } = place;
  const others: unknown[] = places.map((each) => each.holder[each.name]);
  const instead = [...hostileTexts, true, 0, -1, 65_536, null, [], {}];
  switch (random(4)) {
    case 0:
      delete holder[name];
      break;
    case 1:
      holder[name] = instead[random(instead.length)];
      break;
    case 2:
      holder[`${name}2`] = holder[name];
      break;
    default:
      // Of the same type, so that more of it gets past the schema.
      holder[name] = structuredClone(
        others.filter((each) => typeof each === typeof holder[name])[
          random(others.filter((each) => typeof each === typeof holder[name]).length)
        ],
      );
  }
  return copy;
}

test("[LM2] whatever a backup holds: it is refused and nothing changes, or the unit works by it", {
  skip,
  timeout: seconds * 1_000 + 60_000,
}, async (t) => {
  t.diagnostic(`TANDEM_FUZZ_SEED=${seed}`);
  const unit = await startUnit(1);
  const client = unit.client();
  // Our own client spreads its calls.
  const caller = new Caller(unit, String(value(await client.call("addapikey")).apikey));
  t.after(async () => {
    caller.close();
    await unit.remove();
  });
  const { pem } = await issue("a.example");
  value(await client.call("addcert", { cert: "one", data: Buffer.from(pem).toString("base64") }));
  value(await client.call("addrule", { name: "images", pattern: "^/images/" }));
  const at = (host: number): Sent => loopback(host);
  for (const [host, more] of [
    [50, { VStype: "http", Persist: "active-cookie", Cookie: "A", CheckType: "http", NickName: "shop" }],
    [51, { VStype: "http", SSLAcceleration: 1, CertFile: "one", Schedule: "wlc" }],
    [52, { VStype: "gen", Persist: "src", PersistTimeout: 600 }],
  ] as const) {
    const vs = { vs: String(at(host)), port: portFor(5), prot: "tcp" };
    value(await client.call("addvs", { ...vs, ...more }));
    for (const rs of [60, 61]) value(await client.call("addrs", { ...vs, rs: loopback(rs), rsport: 80 }));
    if (host === 50) value(await client.call("addrsrule", { ...vs, rs: "!1", rule: "images" }));
  }
  const sound = String(value(await client.call("backup")).data);
  const content: unknown = JSON.parse(Buffer.from(sound, "base64").toString());
  const draws = fc.sample(fc.array(fc.nat(), { minLength: 8, maxLength: 8 }), { seed, numRuns: 3_000 });
  const until = performance.now() + (seconds * 1_000) / 3;
  const counted = { restored: 0, refused: 0 };
  for (const [at, numbers] of draws.entries()) {
    if (performance.now() >= until) break;
    let drawn = 0;
    const changed = withOneChange(content, (below) => (numbers[drawn++ % 8] ?? 0) % Math.max(1, below));
    const text = JSON.stringify(changed);
    // With a limit of calls the unit would drop those of this test.
    if (!text.includes('"callsMax":0')) continue;
    const data = Buffer.from(text).toString("base64");
    const before = unit.unit.document;
    const answer = await caller.send({ command: "restore", fields: { data, type: 3 }, version: 2 });
    const isDone = answer.status === 200;
    const told = `TANDEM_FUZZ_SEED=${seed}, change ${at}: ${JSON.stringify(changed).slice(0, 3_000)}`;
    counted[isDone ? "restored" : "refused"] += 1;
    if (!isDone) {
      assert.ok(answer.status < 500, `${answer.body}; ${told}`);
      assert.equal(unit.unit.document, before, told);
      continue;
    }
    assert.deepEqual(schemaFaults(UnitDocumentSchema, unit.unit.document, { whole: "it" }), [], told);
    for (const command of ["listvs", "listcert", "showrule", "stats", "getall", "backup"]) {
      const shown = await caller.send({ command, fields: {}, version: 2 });
      assert.equal(shown.status, 200, `${command}: ${shown.body.slice(0, 300)}; ${told}`);
    }
    assert.ok(!unit.log.some(({ event }) => event === "trouble" || event === "api-failed"), told);
    const back = await caller.send({ command: "restore", fields: { data: sound, type: 3 }, version: 2 });
    assert.equal(back.status, 200, `${back.body.slice(0, 300)}; ${told}`);
  }
  t.diagnostic(`${counted.restored} restored, ${counted.refused} refused`);
  assert.ok(counted.refused > 0);
});
