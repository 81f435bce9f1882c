/** Health checks: of one service, of one server, of all services. */
import { type Area, type Case, type Command, data, done, type Field, refused, type Value } from "../case.ts";

type Values = { readonly [name: string]: Value };

const said = (value: Value): string => JSON.stringify(value).slice(0, 40);

/** In a service of its own, so that none is what the one before has left. */
const takes = (
  values: Values,
  fields: { readonly [path: string]: Field },
  { next = [], absent = [] }: { readonly next?: Case["next"]; readonly absent?: readonly string[] } = {},
): Case => ({
  name: Object.entries(values)
    .map(([name, value]) => `${name} = ${said(value)}`)
    .join(", "),
  from: "API 3.6.1.8",
  ask: {
    command: "addvs",
    with: { vs: "$service", port: "$free8", prot: "tcp", Enable: "N", ...values },
    keep: { checked: "Index" },
  },
  expect: data(fields, { absent }),
  ...(next.length === 0 ? {} : { next }),
  after: [{ command: "delvs", with: { vs: "$service", port: "$free8", prot: "tcp" } }],
});

const refuses = (values: Values, field: string): Case => ({
  name: `${Object.entries(values)
    .map(([name, value]) => `${name} = ${said(value)}`)
    .join(", ")} is refused`,
  from: "API 3.6.1.8",
  ask: { command: "modvs", with: { vs: "$bare", ...values } },
  expect: refused(422, new RegExp(`^${field}: `)),
});

const defaultOf = (port: number, type: string): Case => ({
  name: `on port ${port} servers are checked by ${type}`,
  from: "API 3.6.1.8",
  ask: {
    command: "addvs",
    with: { vs: "$service", port, prot: "tcp", Enable: "N" },
    keep: { checked: "Index" },
  },
  expect: data({ CheckType: type }),
  after: [{ command: "delvs", with: { vs: "$checked" } }],
});

const modrs = (values: Values): Command => ({
  command: "modrs",
  with: { vs: "$index", rs: "!$rs2", ...values },
});

const ofServer = (values: Values, fields: { readonly [path: string]: Field }, back: Values): Case => ({
  name: `a server's ${Object.entries(values)
    .map(([name, value]) => `${name} = ${said(value)}`)
    .join(", ")}`,
  from: "API 3.10",
  ask: modrs(values),
  expect: data(fields),
  after: [modrs(back)],
});

const health = (values: Values, shown: { readonly [path: string]: Field }): Case => ({
  name: `modhealth ${Object.entries(values)
    .map(([name, value]) => `${name} = ${said(value)}`)
    .join(", ")}`,
  from: "API 3.11.8",
  ask: { command: "modhealth", with: values },
  expect: done,
  next: [{ ask: { command: "showhealth" }, expect: data(shown) }],
  after: [
    { command: "modhealth", with: { Timeout: 4, RetryCount: 2 } },
    { command: "modhealth", with: { RetryInterval: 9 } },
  ],
});

const refusesHealth = (values: Values, field: string): Case => ({
  name: `modhealth ${Object.entries(values)
    .map(([name, value]) => `${name} = ${said(value)}`)
    .join(", ")} is refused`,
  from: "API 3.11.8",
  ask: { command: "modhealth", with: values },
  expect: refused(422, new RegExp(`^${field}: `)),
});

const loads = { AdaptiveInterval: 7, AdaptiveURL: "/load", AdaptivePort: 80, MinPercent: 5 };
const adaptive = (values: Values, shown: { readonly [path: string]: Field }): Case => ({
  name: `modadaptive ${JSON.stringify(values)}`,
  from: "API 3.11.8",
  ask: { command: "modadaptive", with: values },
  expect: done,
  next: [{ ask: { command: "showadaptive" }, expect: data({ ...loads, ...shown }) }],
  after: [{ command: "modadaptive", with: loads }],
});
const refusesAdaptive = (values: Values): Case => ({
  name: `modadaptive ${JSON.stringify(values)} is refused`,
  from: "API 3.11.8",
  ask: { command: "modadaptive", with: values },
  expect: refused(422, new RegExp(`^${Object.keys(values)[0]}: `)),
});

const hex = "0A0B";
const bytes = { CheckType: "bdata", CheckUrl: "504F4E47" };
const long = "p".repeat(2_047);

export const checks: Area = {
  name: "checks",
  cases: [
    ...[
      "icmp",
      "https",
      "http",
      "tcp",
      "smtp",
      "nntp",
      "ftp",
      "telnet",
      "pop3",
      "imap",
      "rdp",
      "bdata",
      "ldap",
      "none",
    ].map((type) => takes({ CheckType: type }, { CheckType: type })),
    takes({ CheckType: "ICMP" }, { CheckType: "icmp" }),
    ...["", "ping", "udp", "dns", "smtps"].map((type) => refuses({ CheckType: type }, "CheckType")),
    ...(
      [
        [21, "ftp"],
        [23, "telnet"],
        [25, "smtp"],
        [110, "pop3"],
        [119, "nntp"],
        [143, "imap"],
        [3_389, "rdp"],
        [5_432, "tcp"],
      ] as const
    ).map(([port, type]) => defaultOf(port, type)),

    takes(bytes, { CheckType: "bdata", CheckUrl: "504F4E47", MatchLen: 0 }, { absent: ["CheckPattern"] }),
    takes({ ...bytes, CheckPattern: hex }, { CheckPattern: hex }),
    takes({ ...bytes, CheckPattern: hex, MatchLen: 8_000 }, { CheckPattern: hex, MatchLen: 8_000 }),
    takes({ ...bytes, MatchLen: "12" }, { MatchLen: 12 }),
    refuses({ CheckType: "bdata", CheckUrl: "/path" }, "CheckUrl"),
    refuses({ CheckType: "bdata", CheckUrl: "ABC" }, "CheckUrl"),
    refuses({ CheckType: "bdata", CheckPattern: "pong" }, "CheckPattern"),
    refuses({ CheckType: "bdata", CheckPattern: "ABC" }, "CheckPattern"),
    refuses({ CheckType: "http", CheckUrl: "ABCD" }, "CheckUrl"),
    ...[-1, 8_001, "all"].map((length) => refuses({ MatchLen: length }, "MatchLen")),

    ...["alive", "^dead", "a|b", "it's (up|well)", "p".repeat(255)].map((pattern) =>
      takes({ CheckType: "http", CheckUseGet: 1, CheckPattern: pattern }, { CheckPattern: pattern }),
    ),
    takes({ CheckType: "http", CheckUseGet: 1, CheckPattern: "" }, {}, { absent: ["CheckPattern"] }),
    refuses({ CheckType: "http", CheckPattern: "p".repeat(256) }, "CheckPattern"),
    refuses({ CheckType: "http", CheckPattern: "a\nb" }, "CheckPattern"),
    refuses({ CheckType: "http", CheckPattern: "^" }, "CheckPattern"),

    ...["a:b", "a:b|c:d", "Host:xyc|User-Agent:prq|X-A:1|X-B:2"].map((headers) =>
      takes({ CheckType: "http", CheckHeaders: headers }, { CheckHeaders: headers }),
    ),
    takes({ CheckType: "http", CheckHeaders: "" }, {}, { absent: ["CheckHeaders"] }),
    ...["a", "a:", ":b", "a b:c", "a:b|c:d|e:f|g:h|i:j", "a:b\r\nc:d"].map((headers) =>
      refuses({ CheckHeaders: headers }, "CheckHeaders"),
    ),

    ...["a=b&c=d", '{"deep": true}', long].map((body) =>
      takes({ CheckType: "http", CheckUseGet: 2, CheckPostData: body }, { CheckPostData: body }),
    ),
    takes({ CheckType: "http", CheckPostData: "" }, {}, { absent: ["CheckPostData"] }),
    refuses({ CheckPostData: `${long}p` }, "CheckPostData"),
    refuses({ CheckPostData: "a\nb" }, "CheckPostData"),

    takes({}, { EnhancedHealthChecks: false, RsMinimum: 0 }),
    takes({ EnhancedHealthChecks: true }, { EnhancedHealthChecks: true, RsMinimum: 1 }),
    takes({ EnhancedHealthChecks: true, RsMinimum: 1 }, { EnhancedHealthChecks: true, RsMinimum: 1 }),
    takes({ EnhancedHealthChecks: false, RsMinimum: 0 }, { EnhancedHealthChecks: false, RsMinimum: 0 }),
    refuses({ RsMinimum: 2 }, "RsMinimum"),
    refuses({ EnhancedHealthChecks: true, RsMinimum: 1_001 }, "RsMinimum"),
    refuses({ EnhancedHealthChecks: true, RsMinimum: 999 }, "RsMinimum"),
    refuses({ EnhancedHealthChecks: "perhaps" }, "EnhancedHealthChecks"),
    refuses({ LdapEndpoint: "directory" }, "LdapEndpoint"),

    ofServer({ Critical: true }, { "Rs.0.Critical": true }, { Critical: false }),
    ofServer({ critical: "Y" }, { "Rs.0.Critical": true }, { critical: "N" }),
    ofServer({ Follow: "$rs" }, { "Rs.0.Follow": { number: "$rs" } }, { Follow: 0 }),
    ofServer({ Follow: "$rs2" }, { "Rs.0.Follow": 0 }, { Follow: 0 }),
    ...(
      [
        [{ Follow: 999_999 }, "Follow"],
        [{ Follow: -1 }, "Follow"],
        [{ Follow: "first" }, "Follow"],
        [{ Critical: "often" }, "Critical"],
      ] as const
    ).map(
      ([values, field]): Case => ({
        name: `a server's ${field} = ${said(Object.values(values)[0] ?? "")} is refused`,
        from: "API 3.10",
        ask: modrs(values),
        expect: refused(422, new RegExp(`^${field}: `)),
      }),
    ),

    {
      name: "the parameters of all services, at their defaults",
      from: "API 3.11.8",
      ask: { command: "showhealth" },
      expect: data({ RetryInterval: 9, Timeout: 4, RetryCount: 2 }),
    },
    health({ RetryInterval: 120 }, { RetryInterval: 120, Timeout: 4, RetryCount: 2 }),
    health({ Timeout: 60 }, { RetryInterval: 121, Timeout: 60, RetryCount: 2 }),
    health({ RetryCount: 15 }, { RetryInterval: 61, Timeout: 4, RetryCount: 15 }),
    health({ Timeout: 60, RetryCount: 15 }, { RetryInterval: 901, Timeout: 60, RetryCount: 15 }),
    health({ timeout: "5", retrycount: "3" }, { RetryInterval: 16, Timeout: 5, RetryCount: 3 }),
    health({}, { RetryInterval: 9, Timeout: 4, RetryCount: 2 }),
    ...[8, 121, 902, "often"].map((value) => refusesHealth({ RetryInterval: value }, "RetryInterval")),
    ...[3, 61, "long"].map((value) => refusesHealth({ Timeout: value }, "Timeout")),
    ...[1, 16, "twice"].map((value) => refusesHealth({ RetryCount: value }, "RetryCount")),

    {
      name: "the parameters of adaptive scheduling, at their defaults",
      from: "API 3.11.8",
      ask: { command: "showadaptive" },
      expect: data(loads),
    },
    adaptive(
      { AdaptiveURL: "/agent?x=1", AdaptivePort: 3_333 },
      { AdaptiveURL: "/agent?x=1", AdaptivePort: 3_333 },
    ),
    adaptive({ adaptiveinterval: "30", minpercent: "0" }, { AdaptiveInterval: 30, MinPercent: 0 }),
    adaptive({}, {}),
    refusesAdaptive({ AdaptiveInterval: 0 }),
    refusesAdaptive({ AdaptiveURL: "load" }),
    refusesAdaptive({ AdaptivePort: 443 }),
    refusesAdaptive({ AdaptivePort: 65_536 }),
    refusesAdaptive({ MinPercent: 51 }),
  ],
};
