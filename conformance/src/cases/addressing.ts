/** Services by address and by index, servers by address and by `!index`, and what moves them elsewhere. */
import { type Area, type Case, data, done, refused, type Value } from "../case.ts";

type Given = { readonly [name: string]: Value };

const shows = (name: string, reference: Given, from = "API 3.6.1"): Case => ({
  name: `showvs by ${name}`,
  from,
  ask: { command: "showvs", with: reference },
  expect: data({ Index: { number: "$index" }, VSAddress: "$service", VSPort: "$port", Protocol: "tcp" }),
});

const finds = (name: string, reference: Given, from = "API 3.10"): Case => ({
  name: `showrs by ${name}`,
  from,
  ask: { command: "showrs", with: { vs: "$index", ...reference } },
  expect: data(
    { "Rs.0.RsIndex": { number: "$rs" }, "Rs.0.VSIndex": { number: "$index" } },
    { count: { Rs: 1 } },
  ),
});

const missing: readonly (readonly [command: string, given: Given, message: string])[] = [
  ["showvs", {}, "vs: Address Value missing"],
  ["modvs", {}, "vs: Address Value missing"],
  ["delvs", {}, "vs: Address Value missing"],
  ["addvs", {}, "vs: Address Value missing"],
  ["addvs", { port: "$free1", prot: "tcp" }, "vs: Address Value missing"],
  ["addrs", { rs: "$server", rsport: "$rsPort3" }, "vs: Address Value missing"],
  ["showrs", { rs: "!$rs" }, "vs: Address Value missing"],
  ["modrs", { rs: "!$rs", weight: 5 }, "vs: Address Value missing"],
  ["delrs", { rs: "!$rs" }, "vs: Address Value missing"],
  ["showvs", { vs: "$service" }, "port: String Value missing"],
  ["modvs", { vs: "$service", NickName: "x" }, "port: String Value missing"],
  ["delvs", { vs: "$service" }, "port: String Value missing"],
  ["addvs", { vs: "$service", prot: "tcp" }, "port: String Value missing"],
  ["addvs", { vs: "$service" }, "port: String Value missing"],
  ["addrs", { vs: "$service", rs: "$server", rsport: "$rsPort3" }, "port: String Value missing"],
  ["showrs", { vs: "$service", rs: "!$rs" }, "port: String Value missing"],
  ["showvs", { vs: "$service", port: "$port" }, "prot: String Value missing"],
  ["modvs", { vs: "$service", port: "$port", NickName: "x" }, "prot: String Value missing"],
  ["delvs", { vs: "$service", port: "$port" }, "prot: String Value missing"],
  ["addvs", { vs: "$service", port: "$free1" }, "prot: String Value missing"],
];

const missingServer: readonly (readonly [command: string, given: Given, message: RegExp])[] = [
  ["addrs", { vs: "$index" }, /^rs: \w+ Value missing$/],
  ["showrs", { vs: "$index" }, /^rs: \w+ Value missing$/],
  ["modrs", { vs: "$index", weight: 5 }, /^rs: \w+ Value missing$/],
  ["delrs", { vs: "$index" }, /^rs: \w+ Value missing$/],
  ["addrs", { vs: "$index", rs: "$server" }, /^rsport: \w+ Value missing$/],
  ["showrs", { vs: "$index", rs: "$server" }, /^rsport: \w+ Value missing$/],
  ["modrs", { vs: "$index", rs: "$server", weight: 5 }, /^rsport: \w+ Value missing$/],
  ["delrs", { vs: "$index", rs: "$server" }, /^rsport: \w+ Value missing$/],
];

const nameOf = (given: Given): string => Object.keys(given).join(", ") || "nothing";

const onUnknownService: readonly (readonly [command: string, more: Given])[] = [
  ["showvs", {}],
  ["modvs", { NickName: "x" }],
  ["delvs", {}],
  ["addrs", { rs: "$server", rsport: "$rsPort3" }],
  ["showrs", { rs: "!$rs" }],
  ["modrs", { rs: "!$rs", weight: 5 }],
  ["delrs", { rs: "!$rs" }],
];

const onUnknownServer: readonly (readonly [command: string, more: Given])[] = [
  ["showrs", {}],
  ["modrs", { weight: 5 }],
  ["delrs", {}],
];

/** A service that the case may do with what it likes. */
const spare = {
  command: "addvs",
  with: { vs: "$service", port: "$free1", prot: "tcp", Enable: "N" },
  keep: { made: "Index" },
} as const;
const spareServer = {
  command: "addrs",
  with: { vs: "$made", rs: "$server", rsport: "$rsPort3" },
  keep: { madeRs: "Rs.0.RsIndex" },
} as const;
const away = { command: "delvs", with: { vs: "$made" } } as const;

export const addressing: Area = {
  name: "addressing",
  cases: [
    shows("index", { vs: "$index" }),
    shows("address, port and protocol", { vs: "$service", port: "$port", prot: "tcp" }),
    shows(
      "index, whatever port and protocol are beside it",
      { vs: "$index", port: "$port", prot: "tcp" },
      "client M",
    ),
    finds("!index", { rs: "!$rs" }),
    finds("address and port", { rs: "$server", rsport: "$rsPort1" }),
    finds("!index, whatever port is beside it", { rs: "!$rs", rsport: "$rsPort1" }),
    {
      name: "showrs by address in both services",
      from: "API 3.1",
      ask: {
        command: "showrs",
        with: { vs: "$service", port: "$port", prot: "tcp", rs: "$server", rsport: "$rsPort1" },
      },
      expect: data({ "Rs.0.Addr": "$server", "Rs.0.Port": { number: "$rsPort1" } }),
    },
    ...["!$index", "-1", "1.5", "", " ", "abc", "300.1.1.1", "10.0.0", "10.0.0.1.2", "$service:80"].map(
      (vs): Case => ({
        name: `vs=${JSON.stringify(vs)} is neither an index nor an address`,
        from: "API 3.6.1",
        ask: { command: "showvs", with: { vs, port: 80, prot: "tcp" } },
        expect: refused(422),
      }),
    ),
    ...["$rs", "!", "!-1", "!x", "", "abc", "300.1.1.1", "!!$rs"].map(
      (rs): Case => ({
        name: `rs=${JSON.stringify(rs)} is neither an index nor an address`,
        from: "API 3.10, clients K, M",
        ask: { command: "showrs", with: { vs: "$index", rs, rsport: 80 } },
        expect: refused(422),
      }),
    ),
    ...missing.map(
      ([command, given, message]): Case => ({
        name: `${command} with ${nameOf(given)}: ${message}`,
        from: "API 2.6",
        ask: { command, with: given },
        expect: refused(400, message),
      }),
    ),
    ...missingServer.map(
      ([command, given, message]): Case => ({
        name: `${command} with ${nameOf(given)}: a value is missing`,
        from: "API 2.6",
        ask: { command, with: given },
        expect: refused(400, message),
      }),
    ),
    ...onUnknownService.flatMap(([command, more]): Case[] =>
      (
        [
          ["index", { vs: 99_999 }],
          ["port", { vs: "$service", port: "$free9", prot: "tcp" }],
        ] as const
      ).map(([by, reference]) => ({
        name: `${command} of an unknown service, by ${by}`,
        from: "clients I, M",
        ask: { command, with: { ...reference, ...more } },
        expect: refused(422, "Unknown VS"),
      })),
    ),
    ...onUnknownServer.flatMap(([command, more]): Case[] =>
      (
        [
          ["index", { rs: "!99999" }],
          ["port", { rs: "$server", rsport: "$rsPort9" }],
          ["address", { rs: "198.51.100.7", rsport: "$rsPort1" }],
        ] as const
      ).map(([by, reference]) => ({
        name: `${command} of an unknown server, by ${by}`,
        from: "clients I, M",
        ask: { command, with: { vs: "$index", ...reference, ...more } },
        expect: refused(422, "Unknown RS"),
      })),
    ),
    {
      name: "a server's index is not known in another service",
      from: "API 3.10",
      ask: { command: "showrs", with: { vs: "$bare", rs: "!$rs" } },
      expect: refused(422, "Unknown RS"),
    },
    {
      name: "addvs shows the new service, addressed by what it was given",
      from: "API 3.6.1",
      ask: {
        command: "addvs",
        with: { vs: "$service", port: "$free1", prot: "tcp", Enable: "N" },
        keep: { made: "Index" },
      },
      expect: data({ VSAddress: "$service", VSPort: "$free1", Protocol: "tcp", Index: { type: "number" } }),
      next: [
        {
          ask: { command: "showvs", with: { vs: "$service", port: "$free1", prot: "tcp" } },
          expect: data({ Index: { number: "$made" } }),
        },
      ],
      after: [away],
    },
    {
      name: "addvs where a service stands already",
      from: "API 3.6.1",
      ask: { command: "addvs", with: { vs: "$service", port: "$port", prot: "tcp" } },
      expect: refused(422),
    },
    {
      name: "addvs takes an address, not an index",
      from: "API 3.6.1",
      ask: { command: "addvs", with: { vs: 7, port: "$free1", prot: "tcp" } },
      expect: refused(422),
    },
    ...[0, -1, 65_536, 99_999, "http", "80x", "8 0"].map(
      (port): Case => ({
        name: `addvs on port ${JSON.stringify(port)}`,
        from: "API 3.6.1.1",
        ask: { command: "addvs", with: { vs: "$service", port, prot: "tcp" } },
        expect: refused(422, /^port: /),
      }),
    ),
    ...["icmp", "sctp", "", "tcpudp"].map(
      (prot): Case => ({
        name: `addvs with protocol ${JSON.stringify(prot)}`,
        from: "API 3.6.1.1",
        ask: { command: "addvs", with: { vs: "$service", port: "$free1", prot } },
        expect: refused(422, /^prot: /),
      }),
    ),
    {
      name: "delvs by address, and it is gone",
      from: "API 3.6.1",
      given: [spare],
      ask: { command: "delvs", with: { vs: "$service", port: "$free1", prot: "tcp" } },
      expect: done,
      next: [{ ask: { command: "showvs", with: { vs: "$made" } }, expect: refused(422, "Unknown VS") }],
    },
    {
      name: "delvs takes the service's servers with it",
      from: "API 3.6.1",
      given: [spare, spareServer],
      ask: { command: "delvs", with: { vs: "$made" } },
      expect: done,
      next: [
        {
          ask: { command: "showrs", with: { vs: "$made", rs: "!$madeRs" } },
          expect: refused(422, "Unknown VS"),
        },
      ],
    },
    {
      name: "vsport moves a service, and port still says which one is meant",
      from: "API 3.6.1.1",
      given: [spare],
      ask: { command: "modvs", with: { vs: "$service", port: "$free1", prot: "tcp", vsport: "$free2" } },
      expect: data({ VSPort: "$free2", Index: { number: "$made" } }),
      next: [
        {
          ask: { command: "showvs", with: { vs: "$service", port: "$free1", prot: "tcp" } },
          expect: refused(422, "Unknown VS"),
        },
        {
          ask: { command: "showvs", with: { vs: "$service", port: "$free2", prot: "tcp" } },
          expect: data({ Index: { number: "$made" } }),
        },
      ],
      after: [away],
    },
    {
      name: "port beside an index does not move a service",
      from: "API 3.6.1.1",
      given: [spare],
      ask: { command: "modvs", with: { vs: "$made", port: "$free2", NickName: "stays" } },
      expect: data({ VSPort: "$free1", NickName: "stays" }),
      after: [away],
    },
    {
      name: "VSPort in the view's spelling moves it as well",
      from: "API 3.6.1.1",
      given: [spare],
      ask: { command: "modvs", with: { vs: "$made", VSPort: "$free3" } },
      expect: data({ VSPort: "$free3" }),
      after: [away],
    },
    {
      name: "vsaddress the same as before changes nothing else",
      from: "API 3.6.1.1",
      given: [spare],
      ask: { command: "modvs", with: { vs: "$made", vsaddress: "$service" } },
      expect: data({ VSAddress: "$service", VSPort: "$free1" }),
      after: [away],
    },
    {
      name: "vsport where another service stands",
      from: "API 3.6.1.1",
      ask: { command: "modvs", with: { vs: "$bare", vsport: "$port" } },
      expect: refused(422),
    },
    {
      name: "the servers of a service that moves stay",
      from: "API 3.6.1.1",
      given: [spare, spareServer],
      ask: { command: "modvs", with: { vs: "$made", vsport: "$free2" } },
      expect: data({ NumberOfRSs: 1, "Rs.0.RsIndex": { number: "$madeRs" } }),
      after: [away],
    },
    {
      name: "addrs shows the new server alone, inside Rs",
      from: "API 3.10",
      ask: {
        command: "addrs",
        with: { vs: "$index", rs: "$server", rsport: "$rsPort3" },
        keep: { madeRs: "Rs.0.RsIndex" },
      },
      expect: data(
        { "Rs.0.Addr": "$server", "Rs.0.Port": { number: "$rsPort3" }, "Rs.0.VSIndex": { number: "$index" } },
        { count: { Rs: 1 } },
      ),
      after: [{ command: "delrs", with: { vs: "$index", rs: "!$madeRs" } }],
    },
    {
      name: "addrs of a server that the service has already",
      from: "API 3.10",
      ask: { command: "addrs", with: { vs: "$index", rs: "$server", rsport: "$rsPort1" } },
      expect: refused(422),
    },
    {
      name: "addrs takes an address, not an index",
      from: "API 3.10",
      ask: { command: "addrs", with: { vs: "$index", rs: "!$rs", rsport: "$rsPort3" } },
      expect: refused(422),
    },
    {
      name: "addrs wants rsport: port names the service",
      from: "client K",
      ask: { command: "addrs", with: { vs: "$index", rs: "$server", port: "$rsPort3" } },
      expect: refused(400, "rsport: String Value missing"),
    },
    ...[0, -1, 65_536, "http", "*"].map(
      (rsport): Case => ({
        name: `addrs on port ${JSON.stringify(rsport)}`,
        from: "API 3.10",
        ask: { command: "addrs", with: { vs: "$index", rs: "$server", rsport } },
        expect: refused(422, /^rsport: /),
      }),
    ),
    {
      name: "newport moves a server, which keeps its index",
      from: "API 3.10",
      given: [spare, spareServer],
      ask: {
        command: "modrs",
        with: { vs: "$made", rs: "$server", rsport: "$rsPort3", newport: "$rsPort4" },
      },
      expect: data({ "Rs.0.Port": { number: "$rsPort4" }, "Rs.0.RsIndex": { number: "$madeRs" } }),
      after: [away],
    },
    {
      name: "newport where another server of the service is",
      from: "API 3.10",
      ask: { command: "modrs", with: { vs: "$index", rs: "!$rs", newport: "$rsPort2" } },
      expect: refused(422),
    },
    {
      name: "delrs by address, and it is gone",
      from: "API 3.10",
      given: [spare, spareServer],
      ask: { command: "delrs", with: { vs: "$made", rs: "$server", rsport: "$rsPort3" } },
      expect: done,
      next: [
        {
          ask: { command: "showrs", with: { vs: "$made", rs: "!$madeRs" } },
          expect: refused(422, "Unknown RS"),
        },
        {
          ask: { command: "showvs", with: { vs: "$made" } },
          expect: data({ NumberOfRSs: 0 }, { absent: ["Rs"] }),
        },
      ],
      after: [away],
    },
    {
      name: "delrs by !index, as a URL has it",
      from: "API 3.6.1",
      given: [spare, spareServer],
      ask: { command: "delrs", with: { vs: "$made", rs: "!$madeRs" } },
      expect: done,
      after: [away],
    },
    {
      name: "the same server in two services is two servers",
      from: "API 3.10",
      given: [spare],
      ask: {
        command: "addrs",
        with: { vs: "$made", rs: "$server", rsport: "$rsPort1" },
        keep: { madeRs: "Rs.0.RsIndex" },
      },
      expect: data({ "Rs.0.VSIndex": { number: "$made" } }),
      next: [
        {
          ask: { command: "modrs", with: { vs: "$made", rs: "!$madeRs", weight: 7 } },
          expect: data({ "Rs.0.Weight": 7 }),
        },
        {
          ask: { command: "showrs", with: { vs: "$index", rs: "!$rs" } },
          expect: data({ "Rs.0.Weight": /^(?!7$)\d+$/ }),
        },
      ],
      after: [away],
    },
  ],
};
