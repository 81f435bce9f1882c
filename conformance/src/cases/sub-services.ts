/** SubVS: made within a service, shown with it and on their own. */
import { type Area, type Case, type Command, data, done, type Parameters, refused } from "../case.ts";

/** `$subbed` reads HTTP and has no servers. */
const service: Command = {
  command: "addvs",
  with: { vs: "$service", port: "$free8", prot: "tcp", VStype: "http", Enable: "N" },
  keep: { subbed: "Index" },
};
const withSub: readonly Command[] = [
  service,
  {
    command: "modvs",
    with: { vs: "$subbed", createsubvs: "" },
    keep: { sub: "SubVS.0.VSIndex", row: "SubVS.0.RsIndex" },
  },
];
const gone: readonly Command[] = [{ command: "delvs", with: { vs: "$subbed" } }];
const rule: Command = { command: "addrule", with: { name: "conformance-sub", pattern: "a" } };
const noRule: Command = { command: "delrule", with: { name: "conformance-sub" } };

const of = (name: string, from: string, each: Omit<Case, "name" | "from">): Case => ({
  name,
  from,
  given: withSub,
  after: gone,
  ...each,
});
const create = (more: Parameters = {}): Command => ({
  command: "modvs",
  with: { vs: "$subbed", createsubvs: "", ...more },
});

const copied: Command = {
  command: "dupvs",
  with: { vs: "$subbed", vsport: "$free9" },
  keep: { copy: "Index" },
};

/** A service or SubVS once more, and how many of each there are. */
const duplicates: readonly Case[] = [
  of("dupvs copies a service with its SubVS to another port", "client P", {
    ask: copied,
    expect: data({ VSPort: { type: "string" }, MasterVS: 1 }, { count: { SubVS: 1 } }),
    after: [{ command: "delvs", with: { vs: "$service", port: "$free9", prot: "tcp" } }, ...gone],
  }),
  of("dupvs of a SubVS is beside it", "client P", {
    ask: { command: "dupvs", with: { vs: "$sub" } },
    expect: data({ MasterVSID: { number: "$subbed" } }),
  }),
  of("dupvs where another service stands", "client P", {
    ask: { command: "dupvs", with: { vs: "$subbed" } },
    expect: refused(422),
  }),
  of("dupvs of an unknown service", "client P", {
    ask: { command: "dupvs", with: { vs: 60_000 } },
    expect: refused(422, "Unknown VS"),
  }),
  ...["VS", "SubVS", "RS"].map((what) =>
    of(`vstotals counts ${what}`, "API 3.3.4", {
      ask: { command: "vstotals" },
      expect: data({
        [`${what}.Total`]: { type: "number" },
        [`${what}.Up`]: { type: "number" },
        [`${what}.Down`]: { type: "number" },
        [`${what}.Disabled`]: { type: "number" },
      }),
    }),
  ),
];

export const subServices: Area = {
  name: "SubVS",
  cases: [
    ...duplicates,
    of("it is answered as the last of its service", "client K", {
      given: [service],
      ask: create(),
      expect: data(
        {
          MasterVS: 1,
          MasterVSID: 0,
          "SubVS.0.Status": "Down",
          "SubVS.0.VSIndex": { type: "number" },
          "SubVS.0.RsIndex": { type: "number" },
          "SubVS.0.Name": { type: "string" },
          "SubVS.0.Forward": { type: "string" },
          "SubVS.0.Weight": 1_000,
          "SubVS.0.Limit": 0,
          "SubVS.0.RateLimit": 0,
          "SubVS.0.Follow": 0,
          "SubVS.0.Enable": true,
          "SubVS.0.Critical": false,
        },
        { count: { SubVS: 1 } },
      ),
    }),
    of("createsubvs may hold anything", "client J", {
      given: [service],
      ask: { command: "modvs", with: { vs: "$subbed", CreateSubVS: "1" } },
      expect: data({ MasterVS: 1 }),
    }),
    of("a second one comes after the first", "client K", {
      ask: create(),
      expect: data({ MasterVS: 2, "SubVS.0.VSIndex": { number: "$sub" } }, { count: { SubVS: 2 } }),
    }),
    of("parameters are those of the new one", "client K", {
      given: [service],
      ask: create({ NickName: "the first", VStype: "http" }),
      expect: data({ "SubVS.0.Name": "the first" }, { absent: ["NickName"] }),
    }),
    of("showvs by its index: no address, port 0", "API 3.6.1", {
      ask: { command: "showvs", with: { vs: "$sub" } },
      expect: data(
        {
          Index: { number: "$sub" },
          MasterVSID: { number: "$subbed" },
          MasterVS: 0,
          VSPort: "0",
          VStype: "http",
        },
        { absent: ["VSAddress", "SubVS", "NickName"] },
      ),
    }),
    of("modvs by its index", "API 3.6.1", {
      ask: { command: "modvs", with: { vs: "$sub", NickName: "part", Schedule: "wlc", CheckType: "none" } },
      expect: data({
        NickName: "part",
        Schedule: "wlc",
        CheckType: "none",
        MasterVSID: { number: "$subbed" },
      }),
      next: [
        { ask: { command: "showvs", with: { vs: "$subbed" } }, expect: data({ "SubVS.0.Name": "part" }) },
      ],
    }),
    of("its real servers are its own", "API 3.10", {
      ask: { command: "addrs", with: { vs: "$sub", rs: "$server", rsport: "$rsPort8" } },
      expect: data({ "Rs.0.VSIndex": { number: "$sub" } }, { count: { Rs: 1 } }),
      next: [
        { ask: { command: "showvs", with: { vs: "$sub" } }, expect: data({}, { count: { Rs: 1 } }) },
        { ask: { command: "showvs", with: { vs: "$subbed" } }, expect: data({}, { absent: ["Rs"] }) },
      ],
    }),
    of("a server for all of them", "API 3.10", {
      given: [...withSub, { ...create(), keep: { other: "SubVS.1.VSIndex" } }],
      ask: { command: "addrs", with: { vs: "$sub", rs: "$server", rsport: "$rsPort8", addtoallsubvs: 1 } },
      expect: data({}, { count: { Rs: 1 } }),
      next: [{ ask: { command: "showvs", with: { vs: "$other" } }, expect: data({}, { count: { Rs: 1 } }) }],
    }),
    of("modrs of its row changes its weight", "API 3.10", {
      ask: { command: "modrs", with: { vs: "$subbed", rs: "!$row", Weight: 5 } },
      expect: data({ "Rs.0.Weight": 5, "Rs.0.RsIndex": { number: "$row" } }),
      next: [{ ask: { command: "showvs", with: { vs: "$subbed" } }, expect: data({ "SubVS.0.Weight": 5 }) }],
    }),
    of("modrs of its row takes it out", "API 3.10", {
      ask: { command: "modrs", with: { vs: "$subbed", rs: "!$row", Enable: "N" } },
      expect: data({ "Rs.0.Enable": false }),
      next: [{ ask: { command: "showvs", with: { vs: "$sub" } }, expect: data({ Enable: false }) }],
    }),
    of("a rule that chooses it", "API 3.11.5", {
      given: [...withSub, rule],
      ask: { command: "addrsrule", with: { vs: "$subbed", rs: "!$row", rule: "conformance-sub" } },
      expect: done,
      next: [
        {
          ask: { command: "showvs", with: { vs: "$subbed" } },
          expect: data({ "SubVS.0.MatchRules": { type: "texts" } }),
        },
        { ask: noRule, expect: refused(422) },
        {
          ask: { command: "delrsrule", with: { vs: "$subbed", rs: "!$row", rule: "conformance-sub" } },
          expect: done,
        },
      ],
      after: [...gone, noRule],
    }),
    of("rules of its own", "API 3.11.5", {
      given: [...withSub, rule],
      ask: { command: "addprerule", with: { vs: "$sub", rule: "conformance-sub" } },
      expect: done,
      next: [{ ask: { command: "showvs", with: { vs: "$sub" } }, expect: data({ NPreProcessRules: 1 }) }],
      after: [...gone, noRule],
    }),
    of("delvs by its index", "client K", {
      ask: { command: "delvs", with: { vs: "$sub" } },
      expect: done,
      next: [
        {
          ask: { command: "showvs", with: { vs: "$subbed" } },
          expect: data({ MasterVS: 0 }, { absent: ["SubVS"] }),
        },
        { ask: { command: "showvs", with: { vs: "$sub" } }, expect: refused(422, "Unknown VS") },
      ],
    }),
    {
      name: "it goes with its service",
      from: "API 3.6.1",
      given: withSub,
      ask: { command: "delvs", with: { vs: "$subbed" } },
      expect: done,
      next: [{ ask: { command: "showvs", with: { vs: "$sub" } }, expect: refused(422, "Unknown VS") }],
    },
    of("a SubVS has none of its own", "API 3.6.1", {
      ask: { command: "modvs", with: { vs: "$sub", createsubvs: "" } },
      expect: refused(422),
    }),
    of("no real server beside SubVS", "API 3.6.1", {
      ask: { command: "addrs", with: { vs: "$subbed", rs: "$server", rsport: "$rsPort8" } },
      expect: refused(422),
    }),
    of("no SubVS beside real servers", "API 3.6.1", {
      given: [service, { command: "addrs", with: { vs: "$subbed", rs: "$server", rsport: "$rsPort8" } }],
      ask: create(),
      expect: refused(422),
    }),
    ...([{ vsport: "$free9" }, { SSLAcceleration: "Y" }, { ForceL4: "Y" }, { VStype: "gen" }] as const).map(
      (parameters) =>
        of(`${Object.keys(parameters)[0]} belongs to the service above`, "API 3.6.1", {
          ask: { command: "modvs", with: { vs: "$sub", ...(parameters as Parameters) } },
          expect: refused(422),
        }),
    ),
    of("an unknown row", "API 3.10", {
      ask: { command: "modrs", with: { vs: "$subbed", rs: "!99999", Weight: 5 } },
      expect: refused(422, "Unknown RS"),
    }),
  ],
};
