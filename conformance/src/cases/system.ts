/** `get`, `getall` and `set`; API keys; interfaces; what a unit says of itself. */
import { type Area, type Case, type Command, data, done, type Field, refused, type Value } from "../case.ts";

/** Reads a parameter so that it can be put back, whatever it was. */
const noted = (param: string): Command => ({
  command: "get",
  with: { param },
  keep: { before: param },
});
const putBack = (param: string): Command => ({ command: "set", with: { param, value: "$before" } });

const sets = (param: string, value: Value, shown: Field = value): Case => ({
  name: `set ${param} = ${JSON.stringify(value)}, and get shows it`,
  from: "API 2.5",
  given: [noted(param)],
  ask: { command: "set", with: { param, value } },
  expect: done,
  next: [{ ask: { command: "get", with: { param } }, expect: data({ [param]: shown }) }],
  after: [putBack(param)],
});

const refuses = (param: string, value: Value): Case => ({
  name: `set ${param} = ${JSON.stringify(value)} is refused`,
  from: "API 2.5",
  ask: { command: "set", with: { param, value } },
  expect: refused(422, new RegExp(`^${param}: `)),
});

const known: readonly (readonly [param: string, type: "string" | "number" | "boolean"])[] = [
  ["version", "string"],
  ["hostname", "string"],
  ["serialnumber", "string"],
  ["boottime", "number"],
  ["activetime", "number"],
  ["hastatus", "string"],
  ["hamode", "number"],
  ["hatimeout", "number"],
  ["hawait", "number"],
  ["havhid", "number"],
  ["haprefered", "number"],
  ["haif", "number"],
  ["hal4update", "boolean"],
  ["hal7update", "boolean"],
  ["vmac", "boolean"],
  ["macglobal", "boolean"],
  ["enableapi", "boolean"],
  ["syslogport", "number"],
  ["syslogprot", "string"],
  ["syslogemergency", "string"],
  ["syslogcritical", "string"],
  ["syslogerror", "string"],
  ["syslogwarn", "string"],
  ["syslognotice", "string"],
  ["sysloginfo", "string"],
];

/** Described parameters of `get` that the unit has no word for. */
const unknownYet: readonly (readonly [param: string, why: string])[] = [
  ["hastyle", "CARP is the one protocol between two units"],
  ["hainitial", "there are no further checks at the start"],
  ["halinkfailreboot", "the loss of a link demotes the unit and does not restart it"],
  ["mcast", "states go over the interface of haif"],
  ["ha1hostname", "the name of the partner is what it says itself"],
  ["ha2hostname", "the name of the partner is what it says itself"],
  ["snmpenable", "there is no SNMP"],
  ["emailenable", "mail is sent by Tandem Central"],
  ["backupenable", "backups are drawn by Tandem Central"],
  ["nonlocalrs", "servers need not be on a local network"],
  ["conntimeout", "each service has its idle time"],
  ["finalpersist", "there is no drain time for all services"],
  ["localcert", "the unit has one certificate"],
  ["motd", "there is no message of the day"],
  ["sessioncontrol", "sessions of the pages are always managed"],
  ["dfltgw", "routes are the machine's"],
  ["namserver", "names are resolved by the machine"],
  ["timezone", "the time zone is the machine's"],
  ["ntphost", "the time is the machine's"],
  ["syslogcert", "syslog goes over UDP and TCP"],
];

const spellings = ["version", "Version", "VERSION", "vErSiOn"];

export const system: Area = {
  name: "system parameters",
  cases: [
    ...known.map(
      ([param, type]): Case => ({
        name: `get ${param} is a ${type}`,
        from: "API 2.5",
        ask: { command: "get", with: { param } },
        expect: data({ [param]: { type } }),
      }),
    ),
    ...spellings.map(
      (param): Case => ({
        name: `get ${param} is answered under that spelling`,
        from: "clients G, Y",
        ask: { command: "get", with: { param } },
        expect: data({ [param]: { type: "string" } }),
      }),
    ),
    ...(
      [
        ["tcpfailover", "boolean"],
        ["cookieupdate", "boolean"],
      ] as const
    ).map(
      ([param, type]): Case => ({
        name: `get ${param}, an older name`,
        from: "PowerShell help of HA parameters",
        ask: { command: "get", with: { param } },
        expect: data({ [param]: { type } }),
      }),
    ),
    {
      name: "get answers the one parameter alone",
      from: "API 2.5",
      ask: { command: "get", with: { param: "hostname" } },
      expect: data({}, { absent: ["version", "hamode"] }),
    },
    {
      name: "without HA boot time and active time are the same",
      from: "API 3.3.2",
      given: [{ command: "get", with: { param: "boottime" }, keep: { boot: "boottime" } }],
      ask: { command: "get", with: { param: "activetime" } },
      expect: data({ activetime: { number: "$boot" } }),
    },
    {
      name: "a single unit says that HA is not configured",
      from: "client P",
      ask: { command: "get", with: { param: "hastatus" } },
      expect: data({ hastatus: /not configured/i }),
    },
    ...known.slice(0, 16).map(
      ([param]): Case => ({
        name: `getall has ${param}`,
        from: "API 3.2",
        ask: { command: "getall" },
        expect: { is: "data", order: [param] },
      }),
    ),
    {
      name: "getall has no secret in it",
      from: "API 3.2",
      ask: { command: "getall" },
      expect: data({}, { absent: ["carppassword", "password", "passwordHash", "partnersecret"] }),
    },
    sets("hatimeout", 5),
    sets("hatimeout", 1),
    sets("hatimeout", "2", 2),
    sets("hawait", 200),
    sets("hawait", 0),
    sets("havhid", 255),
    sets("havhid", 1),
    sets("hal7update", true),
    sets("hal7update", "N", false),
    sets("hal7update", 1, true),
    sets("hal7update", "no", false),
    sets("securityheaderage", 86_400),
    sets("securityheaderage", 94_608_000),
    sets("securityheaderage", "31536000", 31_536_000),
    sets("macglobal", "y", true),
    sets("macglobal", 0, false),
    sets("hostname", "lm-conformance"),
    sets("hostname", "lm.conformance.example"),
    sets("syslogport", 1_514),
    sets("syslogprot", "tcp"),
    sets("syslogprot", "udp"),
    sets("syslogerror", "198.51.100.9"),
    sets("syslogerror", "198.51.100.9,198.51.100.10"),
    sets("sysloginfo", ""),
    ...[0, 6, 9, -1, "long"].map((value) => refuses("hatimeout", value)),
    ...[201, -1, "later"].map((value) => refuses("hawait", value)),
    ...[0, 256, "first"].map((value) => refuses("havhid", value)),
    ...[3, -1, "HA1"].map((value) => refuses("haprefered", value)),
    ...[5, -1, "first"].map((value) => refuses("hamode", value)),
    ...["maybe", "2", ""].map((value) => refuses("hal7update", value)),
    ...[86_399, 94_608_001, "a year", ""].map((value) => refuses("securityheaderage", value)),
    ...["a b", "-a", "a..b", "a_b", "", "a\r\nb"].map((value) => refuses("hostname", value)),
    ...[0, 65_536, "syslog"].map((value) => refuses("syslogport", value)),
    ...["icmp", ""].map((value) => refuses("syslogprot", value)),
    ...["nowhere at all", "1.2.3.4 5.6.7.8"].map((value) => refuses("syslogerror", value)),
    {
      name: "one host has one level of syslog",
      from: "API 3.19, syslog",
      given: [
        noted("syslogerror"),
        { command: "set", with: { param: "syslogerror", value: "198.51.100.9" } },
      ],
      ask: { command: "set", with: { param: "sysloginfo", value: "198.51.100.9" } },
      expect: refused(422),
      after: [putBack("syslogerror")],
    },
    {
      name: "no more than ten syslog hosts",
      from: "API 3.19, syslog",
      ask: {
        command: "set",
        with: {
          param: "syslogerror",
          value: Array.from({ length: 11 }, (_, at) => `198.51.100.${at + 1}`).join(","),
        },
      },
      expect: refused(422),
    },
    ...["val", "VALUE", "Val"].map(
      (name): Case => ({
        name: `the new value as ${name}`,
        from: "API 2.2",
        given: [noted("hawait")],
        ask: { command: "set", with: { param: "hawait", [name]: 7 } },
        expect: done,
        next: [{ ask: { command: "get", with: { param: "hawait" } }, expect: data({ hawait: 7 }) }],
        after: [putBack("hawait")],
      }),
    ),
    {
      name: "a parameter's name in capitals",
      from: "clients G, Y",
      given: [noted("hawait")],
      ask: { command: "set", with: { param: "HAWAIT", value: 9 } },
      expect: done,
      next: [{ ask: { command: "get", with: { param: "hawait" } }, expect: data({ hawait: 9 }) }],
      after: [putBack("hawait")],
    },
    ...["yes", "Y", true, "1"].map(
      (value): Case => ({
        name: `enableapi = ${JSON.stringify(value)}, as scripts begin`,
        from: "API 2.4",
        ask: { command: "set", with: { param: "enableapi", value } },
        expect: done,
      }),
    ),
    {
      name: "set without its parameter",
      from: "API 2.6",
      ask: { command: "set", with: { value: 1 } },
      expect: refused(400, "param: String Value missing"),
    },
    {
      name: "set without a value",
      from: "API 2.6",
      ask: { command: "set", with: { param: "hawait" } },
      expect: refused(400, "value: String Value missing"),
    },
    ...["nosuchparameter", "constructor", "__proto__", "toString"].map(
      (param): Case => ({
        name: `get of ${param}, which is none`,
        from: "API 2.5",
        ask: { command: "get", with: { param } },
        expect: refused(422),
      }),
    ),
    ...["", "a b", "<b>", "x".repeat(65)].map(
      (param): Case => ({
        name: `get of ${JSON.stringify(param).slice(0, 20)}, which cannot be one`,
        from: "API 2.5",
        ask: { command: "get", with: { param } },
        expect: { is: "turned away" },
      }),
    ),
    {
      name: "set of what is none",
      from: "API 2.5",
      ask: { command: "set", with: { param: "nosuchparameter", value: 1 } },
      expect: refused(422),
    },
    ...["version", "hastatus", "activetime", "boottime", "serialnumber"].map(
      (param): Case => ({
        name: `set of ${param}, which is only read`,
        from: "API 3.3",
        ask: { command: "set", with: { param, value: "1" } },
        expect: refused(422),
      }),
    ),
    ...unknownYet.map(
      ([param, notYet]): Case => ({
        name: `get ${param}`,
        from: "API 3.19, 3.14, HA parameters",
        ask: { command: "get", with: { param } },
        expect: { is: "data", order: [param] },
        notYet,
      }),
    ),
    {
      name: "listapi names the version",
      from: "API 3.2",
      ask: { command: "listapi" },
      expect: data({ version: { type: "string" } }),
    },
    {
      name: "listapi names commands",
      from: "API 3.2",
      versions: [2],
      ask: { command: "listapi" },
      expect: data({ commands: { type: "texts" } }),
    },
    { name: "a backup is a file", from: "API 3.19", ask: { command: "backup" }, expect: { is: "file" } },
  ],
};

const newKey: Command = { command: "addapikey", keep: { spare: "apikey" } };
const dropKey: Command = { command: "delapikey", with: { key: "$spare" } };

export const apiKeys: Area = {
  name: "API keys",
  cases: [
    {
      name: "addapikey answers the list of keys, the new one in it",
      from: "API 2.3.2, client K",
      versions: [2],
      ask: { command: "addapikey", keep: { spare: "apikey" } },
      expect: data({ apikeys: { type: "texts" } }),
      next: [
        {
          ask: {
            method: "POST",
            path: "/accessv2",
            body: '{"cmd":"get","param":"version","apikey":"$spare"}',
          },
          expect: { is: "known" },
        },
      ],
      after: [dropKey],
    },
    {
      name: "the first key of the answer is the new one, whole",
      from: "API 2.3.2, client scripts",
      versions: [2],
      ask: { command: "addapikey", keep: { spare: "apikeys.0" } },
      expect: data({ "apikeys.0": /^\S{16,}$/ }),
      next: [
        {
          ask: {
            method: "POST",
            path: "/accessv2",
            body: '{"cmd":"get","param":"version","apikey":"$spare"}',
          },
          expect: { is: "data", order: ["version"] },
        },
      ],
      after: [dropKey],
    },
    {
      name: "v1 calls each key `key`, and the first one is the new one",
      from: "client scripts that look for <key>",
      versions: [1],
      ask: { command: "addapikey", keep: { spare: "apikeys.key.0" } },
      expect: data({ "apikeys.key.0": /^\S{16,}$/ }),
      next: [
        {
          ask: { method: "GET", path: "/access/get?param=version&apikey=$spare" },
          expect: { is: "data", order: ["version"] },
        },
      ],
      after: [dropKey],
    },
    {
      name: "listapikeys lists the keys",
      from: "API 2.3.2",
      versions: [2],
      ask: { command: "listapikeys" },
      expect: data({ apikeys: { type: "texts" } }),
    },
    {
      name: "v1: listapikeys lists the keys",
      from: "API 2.3.2",
      versions: [1],
      ask: { command: "listapikeys" },
      expect: data({ "apikeys.key.0": /^\S+$/ }),
    },
    {
      name: "listapikeys shows whole keys",
      from: "API 2.3.2",
      versions: [2],
      given: [newKey],
      ask: { command: "listapikeys" },
      expect: data({ "apikeys.0": "$spare" }),
      after: [dropKey],
      notYet:
        "keys are kept as digests alone, so that a stolen configuration signs nobody in; the list shows how they begin",
    },
    {
      name: "delapikey, and the key signs in no more",
      from: "API 2.3.2.1",
      given: [newKey],
      ask: { command: "delapikey", with: { key: "$spare" } },
      expect: done,
      next: [{ ask: { method: "GET", path: "/access/listvs?apikey=$spare" }, expect: { is: "turned away" } }],
    },
    {
      name: "delapikey naming the owner",
      from: "API 2.3.2.1",
      given: [newKey],
      ask: { command: "delapikey", with: { key: "$spare", user: "$user" } },
      expect: done,
    },
    {
      name: "delapikey signed in by another key",
      from: "API 2.3.2.1",
      given: [newKey],
      ask: { method: "GET", path: "/access/delapikey?apikey=$key&key=$spare" },
      expect: done,
    },
    {
      name: "delapikey without a key",
      from: "API 2.6",
      ask: { command: "delapikey" },
      expect: refused(400, "key: String Value missing"),
    },
    {
      name: "delapikey of an unknown key",
      from: "API 2.3.2.1",
      ask: { command: "delapikey", with: { key: "AAAAAAAAAAAAAAAAAAAAAAAAAA" } },
      expect: refused(422, /^key: /),
    },
    {
      name: "delapikey of an unknown key does not take one that begins alike",
      from: "API 2.3.2.1",
      ask: { command: "delapikey", with: { key: "$keyx" } },
      expect: refused(422, /^key: /),
    },
    {
      name: "a password is changed by who knows it alone",
      from: "API 3.19.1.1",
      ask: {
        command: "usersetsyspassword",
        with: { currpassword: "not the one", password: "another one 1" },
      },
      expect: refused(422, /^currpassword: /),
    },
    ...["short", "", "line\nbreak 1"].map(
      (password): Case => ({
        name: `the password ${JSON.stringify(password)} is refused`,
        from: "API 3.4.6",
        ask: { command: "usersetsyspassword", with: { currpassword: "$password", password } },
        expect: refused(422, /^password: /),
      }),
    ),
    {
      name: "a password that is refused is not repeated",
      from: "API 3.19.1.1",
      ask: { command: "usersetsyspassword", with: { currpassword: "$password", password: "hunter2" } },
      expect: refused(422, /^(?!.*hunter2)/),
    },
    ...["currpassword", "password"].map(
      (name): Case => ({
        name: `a change of password without ${name}`,
        from: "API 2.6",
        ask: {
          command: "usersetsyspassword",
          with: name === "password" ? { currpassword: "$password" } : { password: "another one 1" },
        },
        expect: refused(400, `${name}: String Value missing`),
      }),
    ),
  ],
};

const changes = (
  name: string,
  given: { readonly [name: string]: Value },
  code: number,
  message?: RegExp,
): Case => ({
  name,
  from: "API 3.13.2",
  ask: { command: "modiface", with: given },
  expect: refused(code, message),
});

export const interfaces: Area = {
  name: "interfaces",
  cases: [
    changes("modiface without an interface", {}, 400, /^interface: /),
    changes("modiface of an unknown interface", { interface: 200, partner: "10.0.0.1" }, 422, /^interface: /),
    changes(
      "modiface of what is no interface",
      { interface: "eth0", partner: "10.0.0.1" },
      422,
      /^interface: /,
    ),
    changes("modiface of nothing", { interface: 0 }, 400),
    changes("modiface of nothing, by iface", { iface: 0 }, 400),
    changes("a partner that is no address", { interface: 0, partner: "partner" }, 422, /^partner: /),
    changes("a partner in another network", { interface: 0, partner: "198.51.100.7" }, 422, /^partner: /),
    changes("a shared address that is none", { interface: 0, shared: "300.1.1.1" }, 422, /^shared: /),
    changes(
      "a shared address in another network",
      { interface: 0, SharedIPAddress: "198.51.100.7" },
      422,
      /^shared: /,
    ),
    changes("hacheck that is no boolean", { interface: 0, hacheck: "maybe" }, 422, /^hacheck: /),
    changes("two changes at once", { interface: 0, partner: "10.0.0.1", shared: "10.0.0.2" }, 400),
    {
      name: "hacheck cannot be cleared on the last interface",
      from: "PowerShell help of HA parameters",
      ask: { command: "modiface", with: { interface: 0, hacheck: 0 } },
      expect: refused(422, /^hacheck: /),
    },
    {
      name: "showiface of an unknown interface",
      from: "API 3.13.1",
      ask: { command: "showiface", with: { interface: 200 } },
      expect: refused(422),
    },
    {
      name: "an empty partner address when there is none",
      from: "API 3.13.2",
      ask: { command: "modiface", with: { interface: 0, partner: "" } },
      expect: done,
    },
    ...(
      [
        ["addr", { addr: "198.51.100.20/24" }],
        ["mtu", { mtu: 1_500 }],
        ["gwiface", { gwiface: 1 }],
        ["adminwuienable", { adminwuienable: 1 }],
        ["geotraffic", { geotraffic: 0 }],
      ] as const
    ).map(
      ([name, given]): Case => ({
        name: `modiface changes ${name}`,
        from: "API 3.13.2",
        ask: { command: "modiface", with: { interface: 0, ...given } },
        expect: { is: "done" },
        notYet:
          "the interfaces of a unit are those of its machine, which sets their addresses and properties",
      }),
    ),
  ],
};
