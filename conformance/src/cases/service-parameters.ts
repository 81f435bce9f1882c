/** What `addvs`, `modvs`, `addrs` and `modrs` take, within the described ranges and beyond them. */
import { type Area, type Case, data, type Field, refused, type Value } from "../case.ts";

const takes = (
  name: string,
  value: Value,
  shown: Field = value,
  beside: { readonly [name: string]: Value } = {},
): Case => ({
  name: `${name} = ${JSON.stringify(value)}${Object.keys(beside).length === 0 ? "" : ` with ${Object.keys(beside).join(", ")}`}`,
  from: "API 3.6.1",
  ask: { command: "modvs", with: { vs: "$bare", ...beside, [name]: value } },
  expect: data({ [name]: shown }),
});

const refuses = (name: string, value: Value, beside: { readonly [name: string]: Value } = {}): Case => ({
  name: `${name} = ${JSON.stringify(value).slice(0, 30)}${Object.keys(beside).length === 0 ? "" : ` with ${Object.keys(beside).join(", ")}`} is refused`,
  from: "API 3.6.1",
  ask: { command: "modvs", with: { vs: "$bare", ...beside, [name]: value } },
  expect: refused(422, new RegExp(`^${name.replace(".", "\\.")}: `)),
});

const addsWith = (name: string, value: Value, shown: { readonly [path: string]: Field }): Case => ({
  name: `addvs takes ${name} at once`,
  from: "API 3.6.1",
  ask: {
    command: "addvs",
    with: { vs: "$service", port: "$free1", prot: "tcp", Enable: "N", [name]: value },
    keep: { made: "Index" },
  },
  expect: data(shown),
  after: [{ command: "delvs", with: { vs: "$made" } }],
});

const ofServer = (name: string, value: Value, shown: Field = value): Case => ({
  name: `a server's ${name} = ${JSON.stringify(value)}`,
  from: "API 3.10",
  ask: { command: "modrs", with: { vs: "$index", rs: "!$rs2", [name]: value } },
  expect: data({ [`Rs.0.${name}`]: shown }),
});

const serverRefuses = (name: string, value: Value): Case => ({
  name: `a server's ${name} = ${JSON.stringify(value)} is refused`,
  from: "API 3.10",
  ask: { command: "modrs", with: { vs: "$index", rs: "!$rs2", [name]: value } },
  expect: refused(422, new RegExp(`^${name}: `, "i")),
});

const atUrlEnd = `/${"u".repeat(125)}`;

const byRequest: readonly { readonly [name: string]: string }[] = [
  { Persist: "url", PersistTimeout: "300" },
  { Persist: "host", PersistTimeout: "300" },
  { Persist: "query-hash", QueryTag: "id", PersistTimeout: "300" },
  { Schedule: "uhash" },
];

/** Kinds of persistence, with what each of them needs. */
const kinds = [
  ...["cookie", "cookie-src", "active-cookie", "active-cook-src", "cookie-hash", "cookie-hash-src"].map(
    (Persist) => ({ VStype: "http", Persist, Cookie: "SID" }),
  ),
  { VStype: "http", Persist: "header", Cookie: "X-User" },
  { VStype: "http", Persist: "super" },
  { VStype: "http", Persist: "super-src" },
  ...["ssl", "rdp", "rdp-src", "rdp-sb", "rdp-sb-src"].map((Persist) => ({ VStype: "gen", Persist })),
];

export const serviceParameters: Area = {
  name: "service parameters",
  cases: [
    ...["web", "web 1", "a.b@c-d_e", "9", "Z".repeat(127)].map((name) => takes("NickName", name)),
    ...[".web", "@web", "-web", "_web", "a<b", "a&b", 'a"b', "a'b", "a;b", "a/b", "a\nb", "a\tb"].map(
      (name) => refuses("NickName", name),
    ),
    ...["rr", "wrr", "lc", "wlc", "sh"].map((word) => takes("Schedule", word)),
    ...["random", "", "rr,lc", "0"].map((word) => refuses("Schedule", word)),
    ...["gen", "http"].map((word) => takes("VStype", word)),
    ...["", "smtp", "web"].map((word) => refuses("VStype", word)),
    ...[1, 60, 660, 86_400].map((seconds) => takes("Idletime", seconds)),
    takes("Idletime", 0, 660),
    takes("Idletime", "900", 900),
    ...[-1, 86_401, "1m", 1.5].map((seconds) => refuses("Idletime", seconds)),
    ...[0, 1, 2, 3, 4, 5, 6].map((choice) => takes("AddVia", choice)),
    ...[-1, 7, "X-Forwarded-For"].map((choice) => refuses("AddVia", choice)),
    ...["tcp", "http", "none"].map((word) => takes("CheckType", word)),
    ...["", "ping", "HTTP/1.1"].map((word) => refuses("CheckType", word)),
    ...["/", "/a", "/a/b?c=d&e=f", "/%20", atUrlEnd].map((path) => takes("CheckUrl", path)),
    ...["a", "http://x/", "/a b", "/a\r\nX: y", `${atUrlEnd}u`].map((path) => refuses("CheckUrl", path)),
    ...["a.example", "a-b.example", "10.0.0.9"].map((host) =>
      takes("CheckHost", host, host, { "CheckUse1.1": "Y" }),
    ),
    ...["a b", "a_b!", "a\r\nb", ".a"].map((host) => refuses("CheckHost", host, { "CheckUse1.1": "Y" })),
    takes("CheckUse1.1", false),
    ...["300", "300 301", "404 500 599"].map((codes) => takes("CheckCodes", codes)),
    ...["299", "600", "abc", "300,301", "30", "3000"].map((codes) => refuses("CheckCodes", codes)),
    ...[0, 1, 2, 3].map((method) => takes("CheckUseGet", method)),
    ...[-1, 4, "GET"].map((method) => refuses("CheckUseGet", method)),
    ...["3", "8080", "65530"].map((port) => takes("CheckPort", port)),
    takes("CheckPort", 0, "0"),
    takes("CheckPort", 8_443, "8443"),
    ...[-1, 65_536, "http"].map((port) => refuses("CheckPort", port)),
    ...[9, 120].map((seconds) => takes("ChkInterval", seconds)),
    takes("ChkInterval", 0),
    ...[4, 60].map((seconds) => takes("ChkTimeout", seconds)),
    takes("ChkTimeout", 0),
    ...[2, 15].map((times) => takes("ChkRetryCount", times)),
    takes("ChkRetryCount", 0),
    ...[-1, 16, "twice"].map((times) => refuses("ChkRetryCount", times)),
    ...[-1, "soon"].map((seconds) => refuses("ChkInterval", seconds)),
    ...[-1, "soon"].map((seconds) => refuses("ChkTimeout", seconds)),

    takes("Persist", "src", "src", { PersistTimeout: 300 }),
    takes("PersistTimeout", 360, "360"),
    takes("PersistTimeout", "3600", "3600"),
    takes("PersistTimeout", 86_400, "86400"),
    {
      ...takes("PersistTimeout", 2_419_200, "2419200"),
      notYet: "HAProxy's timers end after 24 days and 20 hours; the unit refuses more, with the bound",
    },
    takes("PersistTimeout", 119, "60"),
    takes("PersistTimeout", 3_599, "3540"),
    {
      name: "a persistence of less than a minute is none",
      from: "API 3.6.1.3",
      given: [{ command: "modvs", with: { vs: "$bare", Persist: "src", PersistTimeout: 300 } }],
      ask: { command: "modvs", with: { vs: "$bare", PersistTimeout: 59 } },
      expect: data({ PersistTimeout: "0" }, { absent: ["Persist"] }),
    },
    {
      name: "Persist = none ends it, and is left out",
      from: "API 3.6.1.3",
      given: [{ command: "modvs", with: { vs: "$bare", Persist: "src", PersistTimeout: 300 } }],
      ask: { command: "modvs", with: { vs: "$bare", Persist: "none" } },
      expect: data({ PersistTimeout: "0" }, { absent: ["Persist"] }),
    },
    {
      name: "a persistence by cookie with its name",
      from: "API 3.6.1.3",
      ask: {
        command: "modvs",
        with: { vs: "$bare", VStype: "http", persist: "active-cookie", cookie: "SID", PersistTimeout: 300 },
      },
      expect: data({ Persist: "active-cookie", Cookie: "SID", PersistTimeout: "300" }),
      after: [{ command: "modvs", with: { vs: "$bare", Persist: "none", VStype: "gen" } }],
    },
    ...byRequest.map(
      (chosen): Case => ({
        name: `a server is chosen by what is asked for: ${Object.values(chosen)[0]}`,
        from: "API 3.6.1.3",
        ask: { command: "modvs", with: { vs: "$bare", VStype: "http", ...chosen } },
        expect: data(chosen),
        after: [
          { command: "modvs", with: { vs: "$bare", Persist: "none", Schedule: "rr" } },
          { command: "modvs", with: { vs: "$bare", VStype: "gen" } },
        ],
      }),
    ),
    {
      name: "a persistence by cookie without its name",
      from: "API 3.6.1.3",
      ask: { command: "modvs", with: { vs: "$bare", VStype: "http", Persist: "active-cookie" } },
      expect: refused(422, /^Cookie: /),
    },
    ...kinds.map(
      ({ VStype, ...kept }): Case => ({
        name: `a client is kept by ${kept.Persist}`,
        from: "API 3.6.1.3",
        ask: {
          command: "addvs",
          with: {
            vs: "$service",
            port: "$free5",
            prot: "tcp",
            Enable: "N",
            VStype,
            ...kept,
            PersistTimeout: 300,
          },
        },
        expect: data({ ...kept, PersistTimeout: "300" }),
        after: [{ command: "delvs", with: { vs: "$service", port: "$free5", prot: "tcp" } }],
      }),
    ),
    takes("Schedule", "fixed"),
    takes("Schedule", "adaptive"),
    ...["sometimes", "src,cookie"].map((word) => refuses("Persist", word)),
    ...[-1, "an hour"].map((seconds) => refuses("PersistTimeout", seconds)),

    takes("ForceL7", true),
    takes("ForceL4", false),
    ...(
      [
        "SSLReverse",
        "Cache",
        "Compress",
        "MultiConnect",
        "UseforSnat",
        "Intercept",
        "EspEnabled",
        "EnhancedHealthChecks",
        "AllowHTTP2",
        "SSLReencrypt",
      ] as const
    ).map((name) => takes(name, false)),
    ...(
      [
        "ClientCert",
        "Verify",
        "InterceptMode",
        "FollowVSID",
        "Bandwidth",
        "ConnsPerSecLimit",
        "RequestsPerSecLimit",
        "MaxConnsLimit",
        "QoS",
      ] as const
    ).map((name) => takes(name, 0)),
    takes("SubnetOriginating", true),
    takes("Transparent", false),
    takes("ErrorCode", "0"),
    {
      name: "an empty ErrorCode unsets it",
      from: "API 3.6.1.5",
      ask: { command: "modvs", with: { vs: "$bare", ErrorCode: "" } },
      expect: data({ ErrorCode: "0" }),
    },

    addsWith("NickName", "at once", { NickName: "at once" }),
    addsWith("Schedule", "wlc", { Schedule: "wlc" }),
    addsWith("VStype", "http", { VStype: "http" }),
    addsWith("CheckType", "none", { CheckType: "none" }),
    addsWith("Idletime", 120, { Idletime: 120 }),
    addsWith("CheckUrl", "/up", { CheckUrl: "/up" }),
    addsWith("Persist", "src", { Persist: "src" }),
    addsWith("AddVia", "2", { AddVia: 2 }),
    {
      name: "a refused parameter of addvs leaves no service behind",
      from: "API 3.6.1",
      ask: { command: "addvs", with: { vs: "$service", port: "$free1", prot: "tcp", Schedule: "random" } },
      expect: refused(422, /^Schedule: /),
      next: [
        {
          ask: { command: "showvs", with: { vs: "$service", port: "$free1", prot: "tcp" } },
          expect: refused(422, "Unknown VS"),
        },
      ],
    },
    {
      name: "of two parameters, one of which is refused, neither is taken",
      from: "API 3.6.1",
      ask: { command: "modvs", with: { vs: "$bare", NickName: "half", Idletime: -5 } },
      expect: refused(422, /^Idletime: /),
    },
    {
      name: "several parameters at once",
      from: "API 3.6.1",
      ask: { command: "modvs", with: { vs: "$bare", NickName: "several", Idletime: 100, Schedule: "lc" } },
      expect: data({ NickName: "several", Idletime: 100, Schedule: "lc" }),
    },
    {
      name: "what modvs does not name stays",
      from: "API 3.6.1",
      given: [{ command: "modvs", with: { vs: "$bare", NickName: "stays", Idletime: 100 } }],
      ask: { command: "modvs", with: { vs: "$bare", Schedule: "rr" } },
      expect: data({ NickName: "stays", Idletime: 100 }),
    },
    {
      name: "what was tried is put back",
      from: "API 3.6.1",
      ask: {
        command: "modvs",
        with: {
          vs: "$bare",
          NickName: "",
          Idletime: 0,
          Schedule: "rr",
          VStype: "gen",
          CheckUrl: "",
          CheckHost: "",
          CheckCodes: "",
          CheckPort: 0,
          AddVia: 0,
          CheckType: "tcp",
          CheckUseGet: 0,
        },
      },
      expect: data({ Schedule: "rr" }, { absent: ["NickName", "CheckUrl", "CheckHost", "CheckCodes"] }),
    },

    ...[1, 500, 1_000, 65_535].map((weight) => ofServer("Weight", weight)),
    ...[0, -1, 65_536, "heavy"].map((weight) => serverRefuses("Weight", weight)),
    ...[1, 100_000, 0].map((limit) => ofServer("Limit", limit)),
    ...[-1, 100_001, "few"].map((limit) => serverRefuses("Limit", limit)),
    ofServer("Enable", false),
    ofServer("Enable", true),
    ofServer("Forward", "nat"),
    ofServer("Critical", false),
    ofServer("Follow", 0),
    ofServer("RateLimit", 0),
    ...["route it", "", "tunnel"].map((way) => serverRefuses("Forward", way)),
    {
      name: "addrs takes weight, limit and enable at once",
      from: "API 3.10",
      ask: {
        command: "addrs",
        with: { vs: "$index", rs: "$server", rsport: "$rsPort3", weight: 50, limit: 9, enable: "N" },
        keep: { madeRs: "Rs.0.RsIndex" },
      },
      expect: data({ "Rs.0.Weight": 50, "Rs.0.Limit": 9, "Rs.0.Enable": false }),
      after: [{ command: "delrs", with: { vs: "$index", rs: "!$madeRs" } }],
    },
    {
      name: "addrs takes non_local",
      from: "API 3.6.1.9, client P",
      ask: {
        command: "addrs",
        with: { vs: "$index", rs: "$server", rsport: "$rsPort3", non_local: 1 },
        keep: { madeRs: "Rs.0.RsIndex" },
      },
      expect: data({ "Rs.0.Addr": "$server" }),
      after: [{ command: "delrs", with: { vs: "$index", rs: "!$madeRs" } }],
    },
    {
      name: "modrs answers the server, and words beside it",
      from: "clients I, M",
      versions: [2],
      ask: { command: "modrs", with: { vs: "$index", rs: "!$rs2", weight: 1_000 } },
      expect: data({ message: { type: "string" }, "Rs.0.Weight": 1_000 }, { count: { Rs: 1 } }),
    },
    {
      name: "a refused parameter of addrs leaves no server behind",
      from: "API 3.10",
      ask: { command: "addrs", with: { vs: "$index", rs: "$server", rsport: "$rsPort3", weight: 0 } },
      expect: refused(422, /^Weight: /),
    },
  ],
};
