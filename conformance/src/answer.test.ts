import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "./answer.ts";
import type { Answer } from "./target.ts";

const declaration = '<?xml version="1.0" encoding="ISO-8859-1"?>\n';
const xml = (body: string, http = 200, type = "text/xml; charset=ISO-8859-1"): Answer => ({
  http,
  headers: { "content-type": type },
  body: Buffer.from(body, "latin1"),
});
const json = (body: unknown, http = 200, type = "application/json"): Answer => ({
  http,
  headers: { "content-type": type },
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
});
const ok = (inner: string): string =>
  `${declaration}<Response stat="200" code="ok"><Success>${inner}</Success></Response>`;

test("the same data are found at the same paths in both versions", () => {
  const one = read(
    1,
    xml(
      ok(
        "<Data><Index>7</Index><CheckUse1.1>Y</CheckUse1.1><Rs><Port>80</Port></Rs><Rs><Port>81</Port></Rs></Data>",
      ),
    ),
  );
  const two = read(
    2,
    json({ code: 200, Index: 7, "CheckUse1.1": true, Rs: [{ Port: 80 }, { Port: 81 }], status: "ok" }),
  );
  assert.deepEqual([one.at("Index"), two.at("Index")], ["7", 7]);
  assert.deepEqual([one.at("CheckUse1.1"), two.at("CheckUse1.1")], ["Y", true]);
  assert.deepEqual([one.at("Rs.1.Port"), two.at("Rs.1.Port")], ["81", 81]);
  assert.deepEqual([one.at("Rs.2.Port"), two.at("Rs.2.Port")], [undefined, undefined]);
  assert.deepEqual([one.at("toString"), two.at("Nothing.at.all")], [undefined, undefined]);
  assert.deepEqual([one.count("Rs"), two.count("Rs")], [2, 2]);
  assert.deepEqual(
    [one.names(), two.names()],
    [
      ["Index", "CheckUse1.1", "Rs"],
      ["Index", "CheckUse1.1", "Rs"],
    ],
  );
  assert.deepEqual([one.names("Rs.0"), two.names("Rs.0")], [["Port"], ["Port"]]);
});

test("words are read from answers without data, blanks around them left out", () => {
  assert.equal(read(1, xml(ok("\n Command completed ok \n"))).words, "Command completed ok");
  assert.equal(
    read(
      1,
      xml(`${declaration}<Response stat="422" code="fail"><Error>a &lt;b&gt; &#233;</Error></Response>`, 422),
    ).words,
    "a <b> é",
  );
});

test("XML that is not well-formed, or no envelope of v1, is a fault", () => {
  const faults: readonly (readonly [Answer, RegExp])[] = [
    [xml(ok("x"), 200, "text/html"), /content type/],
    [xml(ok("x").slice(declaration.length)), /declaration/],
    [xml(ok("<a><b></a></b>")), /ends as something else/],
    [xml(ok("<a>")), /ends as something else/],
    [xml(ok("a & b")), /no entity/],
    [xml(ok("&nosuch;")), /no entity/],
    [xml(ok("a\u0000b")), /control character/],
    [xml(`${ok("x")}x`), /something follows/],
    [xml(ok("x"), 500), /stat is 200/],
    [xml(`${declaration}<Response code="ok" stat="200"><Success>x</Success></Response>`), /attributes/],
    [xml(`${declaration}<Response stat="200" code="fail"><Success>x</Success></Response>`), /code is fail/],
    [
      xml(`${declaration}<Response stat="422" code="fail"><Success>x</Success></Response>`, 422),
      /instead of Error/,
    ],
    [xml(`${declaration}<Answer stat="200" code="ok"><Success>x</Success></Answer>`), /root/],
    [xml(ok("<Other/>")), /something else than Data/],
  ];
  for (const [answer, fault] of faults) assert.throws(() => read(1, answer), fault, answer.body.toString());
});

test("JSON that is no envelope of v2 is a fault", () => {
  const faults: readonly (readonly [Answer, RegExp])[] = [
    [json({ code: 200, status: "ok" }, 200, "text/plain"), /content type/],
    [json("<html>"), /JSON/],
    [json([]), /no JSON object/],
    [json({ code: 200, status: "ok" }, 422), /code is 200/],
    [json({ code: 422, status: "ok" }, 422), /status is ok/],
    [json({ status: "ok", code: 200 }), /fields are/],
    [json({ code: 200, message: 7, status: "ok" }), /message is no text/],
  ];
  for (const [answer, fault] of faults) assert.throws(() => read(2, answer), fault, answer.body.toString());
});
