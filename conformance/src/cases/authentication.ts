/** Who calls: HTTP Basic in v1, with and without a challenge; `apiuser` and `apipass` in v2; API keys in both. */
import { type Area, type Case, data, type Expected, refused, type Wire } from "../case.ts";

const version = data({ version: { type: "string" } });
const unauthorized = refused(401, /Unauthorized/);
const challenged = { "www-authenticate": /^Basic realm=/ };

const v1 = (
  name: string,
  expect: Expected,
  headers: Wire["headers"],
  path = "/access/get?param=version",
  more: Partial<Case> = {},
): Case => ({
  name: `v1: ${name}`,
  from: "API 2.3",
  ask: { method: "GET", path, ...(headers === undefined ? {} : { headers }) },
  expect,
  ...more,
});

const v2 = (name: string, expect: Expected, fields: object): Case => ({
  name: `v2: ${name}`,
  from: "API 2.2",
  ask: {
    method: "POST",
    path: "/accessv2",
    body: JSON.stringify({ cmd: "get", param: "version", ...fields }),
  },
  expect,
});

const right = { authorization: "basic:$user:$password" };
const both = { apiuser: "$user", apipass: "$password" };

// A unit of ours blocks an address after ten wrong attempts in a minute, so there are fewer with wrong credentials here.
export const authentication: Area = {
  name: "authentication",
  cases: [
    v1("no credentials are challenged", unauthorized, undefined, undefined, { headers: challenged }),
    v1("the challenge comes before the command is looked at", unauthorized, {}, "/access/nosuchcommand", {
      headers: challenged,
    }),
    v1(
      "a write without credentials is challenged and changes nothing",
      unauthorized,
      {},
      "/access/delvs?vs=$index",
      {
        headers: challenged,
      },
    ),
    v1("the answer to a challenge is in XML", unauthorized, {}, "/access/listvs", {
      headers: { "content-type": /^(text|application)\/xml/ },
    }),
    v1("Basic without waiting for the challenge", version, right),
    v1("the scheme's name in small letters", version, { authorization: "basic:$user:$password" }),
    v1("the scheme's name in capitals", version, { authorization: "BASIC:$user:$password" }),
    {
      name: "v1: Basic once it was challenged",
      from: "API 2.3",
      ask: {
        method: "GET",
        path: "/access/get?param=version",
        onceChallenged: { authorization: "basic:$user:$password" },
      },
      expect: version,
    },
    {
      name: "v1: a POST is challenged as well",
      from: "API 2.3",
      ask: {
        method: "POST",
        path: "/access/get?param=version",
        body: "",
        onceChallenged: { authorization: "basic:$user:$password" },
      },
      expect: version,
    },
    v1(
      "a wrong password is challenged again",
      unauthorized,
      { authorization: "basic:$user:not-it" },
      undefined,
      {
        headers: challenged,
      },
    ),
    v1("a wrong user", unauthorized, { authorization: "basic:nobody:$password" }, undefined, {
      headers: challenged,
    }),
    v1("another scheme", unauthorized, { authorization: "Bearer $key" }, undefined, { headers: challenged }),
    v1("Basic that is not in base64", unauthorized, { authorization: "Basic %%%" }, undefined, {
      headers: challenged,
    }),
    v1("Basic without a colon", unauthorized, { authorization: "Basic YmFs" }, undefined, {
      headers: challenged,
    }),
    v1("an empty header", unauthorized, { authorization: "" }, undefined, { headers: challenged }),
    v1("a key", version, undefined, "/access/get?param=version&apikey=$key"),
    v1("a key that stands first", version, undefined, "/access/get?apikey=$key&param=version"),
    v1(
      "a key behind an empty part of the query",
      version,
      undefined,
      "/access/get?&apikey=$key&param=version",
    ),
    v1("a key under another spelling", version, undefined, "/access/get?param=version&ApiKey=$key"),
    v1("a key beside Basic", version, right, "/access/get?param=version&apikey=$key"),
    v1("a key, asking for the keys as well", data(), undefined, "/access/listapikeys?&apikey=$key"),
    v1(
      "an unknown key",
      unauthorized,
      undefined,
      "/access/get?param=version&apikey=AAAAAAAAAAAAAAAAAAAAAAAA",
      {
        headers: challenged,
      },
    ),
    v1(
      "a key changes what it may",
      { is: "done" },
      undefined,
      "/access/set?apikey=$key&param=hawait&value=0",
    ),
    {
      name: "v1: a key in the body of a POST",
      from: "API 2.3.2",
      ask: { method: "POST", path: "/access/get", body: "param=version&apikey=$key" },
      expect: version,
    },
    v2("no credentials", unauthorized, {}),
    v2("a user without a password", unauthorized, { apiuser: "$user" }),
    v2("a password without a user", unauthorized, { apipass: "$password" }),
    v2("user and password", version, both),
    v2("their names under another spelling", version, { ApiUser: "$user", APIPASS: "$password" }),
    v2("a wrong password", unauthorized, { ...both, apipass: "not-it" }),
    v2("a wrong user", unauthorized, { ...both, apiuser: "nobody" }),
    v2("a key", version, { apikey: "$key" }),
    v2("the key's name under another spelling", version, { APIKEY: "$key" }),
    v2("an unknown key", unauthorized, { apikey: "AAAAAAAAAAAAAAAAAAAAAAAA" }),
    v2("a key goes before a wrong password", version, {
      apikey: "$key",
      apiuser: "$user",
      apipass: "not-it",
    }),
    v2("an unknown key goes before the right password", unauthorized, { ...both, apikey: "AAAAAAAAAAAA" }),
    {
      name: "v2: the last field signs in as well as the first",
      from: "API 2.2",
      ask: { method: "POST", path: "/accessv2", body: '{"apikey":"$key","param":"version","cmd":"get"}' },
      expect: version,
    },
    {
      name: "v2: who is unknown is not told which commands there are",
      from: "API 2.2",
      ask: { method: "POST", path: "/accessv2", body: '{"cmd":"nosuchcommand"}' },
      expect: unauthorized,
    },
    {
      name: "v2: who is unknown changes nothing",
      from: "API 2.2",
      ask: { method: "POST", path: "/accessv2", body: '{"cmd":"delvs","vs":"$index"}' },
      expect: unauthorized,
    },
  ],
};
