/** Envelopes: how an answer begins and ends, which code it has, and how the request may be written. */
import { type Area, type Case, data, done, type Expected, refused } from "../case.ts";

const version = data({ version: { type: "string" } });
const credentials = '"apiuser":"$user","apipass":"$password"';
const signedIn = { authorization: "basic:$user:$password" };

const reading: readonly [command: string, parameters: { [name: string]: string }, has: string][] = [
  ["listvs", {}, "VS"],
  ["showvs", { vs: "$index" }, "Status"],
  ["showrs", { vs: "$index", rs: "!$rs" }, "Rs"],
  ["get", { param: "hostname" }, "hostname"],
  ["getall", {}, "hostname"],
  ["showiface", {}, "Interface"],
  ["stats", {}, "VStotals"],
  ["listapikeys", {}, "apikeys"],
  ["listapi", {}, "version"],
];

const v2body = (
  name: string,
  body: string,
  expect: Expected,
  headers: { [name: string]: string } = {},
): Case => ({
  name: `v2: ${name}`,
  from: "API 2.2",
  ask: { method: "POST", path: "/accessv2", headers, body },
  expect,
});

const contentTypes: readonly (readonly [what: string, value: string | undefined])[] = [
  ["no Content-Type", undefined],
  ["Content-Type application/json", "application/json"],
  ["Content-Type with a character set", "application/json; charset=utf-8"],
  ["the Content-Type of forms, as curl -d sends it", "application/x-www-form-urlencoded"],
  ["Content-Type text/plain", "text/plain"],
  ["Content-Type text/xml", "text/xml"],
  ["Content-Type application/octet-stream", "application/octet-stream"],
  ["Content-Type multipart/form-data without a boundary", "multipart/form-data"],
  ["a Content-Type that is none", "json"],
  ["a Content-Type in capitals", "APPLICATION/JSON"],
];

const typed = (type: string | undefined): { [name: string]: string } =>
  type === undefined ? {} : { "content-type": type };

const path1 = (
  name: string,
  path: string,
  expect: Expected,
  method = "GET",
  more: Partial<Case> = {},
): Case => ({
  name: `v1: ${name}`,
  from: "API 2.1",
  ask: { method, path, headers: signedIn, ...(method === "GET" ? {} : { body: "" }) },
  expect,
  ...more,
});

export const envelopes: Area = {
  name: "envelopes",
  cases: [
    ...reading.map(
      ([command, parameters, has]): Case => ({
        name: `${command} answers its data, and the envelope around them`,
        from: "API 2.6",
        ask: { command, with: parameters },
        expect: { is: "data", order: [has] },
      }),
    ),
    {
      name: "set answers words alone",
      from: "API 2.5",
      ask: { command: "set", with: { param: "hawait", value: 0 } },
      expect: done,
    },
    {
      name: "delrs answers words alone",
      from: "API 3.10",
      given: [
        {
          command: "addrs",
          with: { vs: "$bare", rs: "$server", rsport: "$rsPort3" },
          keep: { made: "Rs.0.RsIndex" },
        },
      ],
      ask: { command: "delrs", with: { vs: "$bare", rs: "!$made" } },
      expect: done,
    },
    {
      name: "delvs answers words alone",
      from: "API 3.6.1",
      given: [
        {
          command: "addvs",
          with: { vs: "$service", port: "$free1", prot: "tcp", Enable: "N" },
          keep: { made: "Index" },
        },
      ],
      ask: { command: "delvs", with: { vs: "$made" } },
      expect: done,
    },
    {
      name: "delapikey succeeds",
      from: "API 2.3.2.1",
      given: [{ command: "addapikey", keep: { spare: "apikey" } }],
      ask: { command: "delapikey", with: { key: "$spare" } },
      expect: done,
    },
    {
      name: "400: a parameter is missing",
      from: "API 2.6",
      ask: { command: "get" },
      expect: refused(400, "param: String Value missing"),
    },
    {
      name: "405: an unknown command",
      from: "API 2.6",
      ask: { command: "nosuchcommand" },
      expect: refused(405, "Unknown command"),
    },
    {
      name: "405: an unknown sub-command",
      from: "API 2.2",
      ask: { command: "logging.nosuchcommand" },
      expect: refused(405, "Unknown command"),
    },
    {
      name: "405: what every object of a language has is no command",
      from: "API 2.6",
      ask: { command: "constructor" },
      expect: refused(405, "Unknown command"),
    },
    {
      name: "405: __proto__ is no command",
      from: "API 2.6",
      ask: { command: "__proto__" },
      expect: refused(405, "Unknown command"),
    },
    {
      name: "422: an unknown service",
      from: "API 3.6.1",
      ask: { command: "showvs", with: { vs: 9999 } },
      expect: refused(422, "Unknown VS"),
    },
    {
      name: "422: an unknown server",
      from: "API 3.10",
      ask: { command: "showrs", with: { vs: "$index", rs: "!99999" } },
      expect: refused(422, "Unknown RS"),
    },
    ...["listvs", "ListVS", "LISTVS", "Listvs"].map(
      (command): Case => ({
        name: `the command written ${command}`,
        from: "clients P, K",
        ask: { command },
        expect: data(),
      }),
    ),

    ...contentTypes.map(([what, type]) =>
      v2body(what, `{"cmd":"get","param":"version",${credentials}}`, version, typed(type)),
    ),
    ...contentTypes.slice(0, 7).map(
      ([what, type]): Case => ({
        name: `v1: a POST with its parameters in the body, ${what}`,
        from: "API 2.1",
        ask: {
          method: "POST",
          path: "/access/get",
          headers: { ...signedIn, ...typed(type) },
          body: "param=version",
        },
        expect: version,
      }),
    ),
    v2body(
      "blanks and line breaks around the object",
      `\n  { "cmd" : "get" ,\n "param" : "version", ${credentials} }\n`,
      version,
    ),
    v2body(
      "a field that is null counts as absent",
      `{"cmd":"get","param":null,${credentials}}`,
      refused(400, "param: String Value missing"),
    ),
    v2body(
      "a field that the command does not know is disregarded",
      `{"cmd":"get","param":"version","colour":"red",${credentials}}`,
      version,
    ),
    v2body("escapes of JSON are read", `{"cmd":"get","param":"\\u0076ersion",${credentials}}`, version),
    v2body("no cmd", `{${credentials}}`, refused(400, /^cmd: String Value missing/)),
    v2body("an empty cmd", `{"cmd":"",${credentials}}`, refused(400, /^cmd: /)),
    v2body("a cmd that is a number", `{"cmd":7,${credentials}}`, refused(400, /^cmd: /)),
    v2body("a cmd that is a list", `{"cmd":["listvs"],${credentials}}`, refused(400, /^cmd: /)),
    v2body("an empty body", "", refused(400)),
    v2body("a body that is no JSON", "listvs", refused(400)),
    v2body("a body that ends too soon", '{"cmd":"listvs"', refused(400)),
    v2body("a list instead of an object", "[]", refused(400)),
    v2body("null instead of an object", "null", refused(400)),
    v2body("a text instead of an object", '"listvs"', refused(400)),
    v2body("the query of v1 instead of JSON", "cmd=listvs&apiuser=$user&apipass=$password", refused(400)),
    ...[
      "/accessv2",
      "/accessv2/",
      "/accessv2/example",
      "/accessv2/a/b/c",
      "/accessv2?cmd=nosuch",
      "/accessv2/x?param=y",
      "/accessv2/%3Cb%3E",
    ].map(
      (path): Case => ({
        name: `v2: what follows in ${path} is disregarded`,
        from: "API 2.2",
        ask: { method: "POST", path, body: `{"cmd":"get","param":"version",${credentials}}` },
        expect: version,
      }),
    ),
    ...["GET", "PUT", "DELETE", "PATCH"].map(
      (method): Case => ({
        name: `v2: ${method} is not how it is called`,
        from: "API 2.2",
        ask: {
          method,
          path: "/accessv2",
          ...(method === "GET" ? {} : { body: `{"cmd":"listvs",${credentials}}` }),
        },
        expect: { is: "turned away" },
      }),
    ),
    ...["PUT", "DELETE", "PATCH"].map((method) =>
      path1(`${method} is not how it is called`, "/access/delvs?vs=$index", { is: "turned away" }, method),
    ),
    path1("POST with its parameters in the query", "/access/get?param=version", version, "POST"),
    path1(
      "parameters that the command does not know are disregarded",
      "/access/get?colour=red&param=version&x=",
      version,
    ),
    path1("the order of parameters does not matter", "/access/showrs?rs=!$rs&vs=$index", data()),
    path1("a query that ends in &", "/access/get?param=version&", version),
    path1("a query with && in it", "/access/get?&&param=version", version),
    path1(
      "a blank as +",
      "/access/modvs?vs=$index&nickname=two+words",
      data({ NickName: "two words" }),
      "GET",
      {
        after: [{ command: "modvs", with: { vs: "$index", NickName: "" } }],
      },
    ),
    path1(
      "a blank as %20",
      "/access/modvs?vs=$index&nickname=two%20words",
      data({ NickName: "two words" }),
      "GET",
      {
        after: [{ command: "modvs", with: { vs: "$index", NickName: "" } }],
      },
    ),
    path1("! of an index as %21", "/access/showrs?vs=$index&rs=%21$rs", data()),
    path1("a path that ends in /", "/access/listvs/", data()),
    path1("no command at all", "/access/", refused(405)),
    path1(
      "a sub-command as a further part of the path",
      "/access/logging/nosuchcommand",
      refused(405, "Unknown command"),
    ),
    path1(
      "what is no command but looks like a path to elsewhere",
      "/access/..%2f..%2fetc%2fpasswd",
      refused(405),
    ),
    path1("a long query", `/access/get?param=version&x=${"y".repeat(3_000)}`, version),
  ],
};
