/** Content rules of all types, and which services and real servers have them. */
import {
  type Area,
  type Case,
  type Command,
  data,
  done,
  type Field,
  type Parameters,
  refused,
} from "../case.ts";

const rule = "conformance-rule";
const added = (parameters: Parameters): Command => ({
  command: "addrule",
  with: { name: rule, ...parameters },
});
const match = added({ pattern: "/old/" });
const header = added({ type: 1, header: "X-A", replacement: "1" });
const url = added({ type: 4, pattern: "/old", replacement: "/new" });
const gone: Command = { command: "delrule", with: { name: rule } };

/** `$full` reads HTTP. */
const server: Command = {
  command: "addrs",
  with: { vs: "$full", rs: "$server", rsport: "$rsPort7" },
  keep: { ruledRs: "Rs.0.RsIndex" },
};
const noServer: Command = { command: "delrs", with: { vs: "$full", rs: "!$ruledRs" } };
const ofServer = (command: string): Command => ({
  command,
  with: { vs: "$full", rs: "!$ruledRs", rule },
});
const ofService = (command: string): Command => ({ command, with: { vs: "$full", rule } });

const shows = (
  name: string,
  ask: Command,
  fields: { readonly [path: string]: Field },
  absent: readonly string[] = [],
): Case => ({
  name,
  from: "API 3.11.3",
  ask,
  expect: data(fields, { absent }),
  next: [{ ask: { command: "showrule", with: { name: rule } }, expect: data(fields, { absent }) }],
  after: [gone],
});

const refuses = (name: string, ask: Command, code = 422, message?: string | RegExp): Case => ({
  name,
  from: "API 3.11.3",
  ask,
  expect: refused(code, message),
});

const m = (name: string): string => `MatchContentRule.0.${name}`;

const places = [
  { place: "prerule", made: match, list: "MatchRules", count: "NPreProcessRules" },
  { place: "requestrule", made: header, list: "RequestRules", count: "NRequestRules" },
  { place: "requestrule", made: url, list: "RequestRules", count: "NRequestRules" },
  { place: "responserule", made: header, list: "ResponseRules", count: "NResponseRules" },
] as const;

export const rules: Area = {
  name: "rules",
  cases: [
    shows(
      "a match rule at its defaults",
      match,
      {
        [m("Name")]: rule,
        [m("Pattern")]: "/old/",
        [m("MatchType")]: "Regex",
        [m("AddHost")]: false,
        [m("Negate")]: false,
        [m("CaseIndependent")]: false,
        [m("IncludeQuery")]: false,
        [m("MustFail")]: false,
      },
      [m("Header"), m("SetFlagOnMatch"), m("OnlyOnFlag"), m("OnlyOnNoFlag")],
    ),
    shows("type 0 is a match rule", added({ type: 0, pattern: "a" }), { [m("Pattern")]: "a" }),
    shows("type 0 as a text", added({ type: "0", pattern: "a" }), { [m("Pattern")]: "a" }),
    ...(["prefix", "postfix"] as const).map((matchtype) =>
      shows(`matchtype ${matchtype}`, added({ pattern: "a", matchtype }), { [m("MatchType")]: matchtype }),
    ),
    ...(
      [
        ["inchost", "AddHost"],
        ["nocase", "CaseIndependent"],
        ["negate", "Negate"],
        ["incquery", "IncludeQuery"],
        ["mustfail", "MustFail"],
      ] as const
    ).map(([given, shown]) =>
      shows(`${given} is shown as ${shown}`, added({ pattern: "a", [given]: 1 }), { [m(shown)]: true }),
    ),
    ...(
      [
        ["setonmatch", "SetFlagOnMatch"],
        ["onlyonflag", "OnlyOnFlag"],
        ["onlyonnoflag", "OnlyOnNoFlag"],
      ] as const
    ).map(([given, shown]) =>
      shows(`${given} is shown as ${shown}`, added({ pattern: "a", [given]: 9 }), { [m(shown)]: 9 }),
    ),
    shows("flags of 0 are none", added({ pattern: "a", setonmatch: "0", onlyonflag: "0", header: "" }), {}, [
      m("SetFlagOnMatch"),
      m("OnlyOnFlag"),
      m("Header"),
    ]),
    shows("a header", added({ pattern: "a", header: "User-Agent" }), { [m("Header")]: "User-Agent" }),
    shows("the body", added({ pattern: "a", header: "body" }), { [m("Header")]: "body" }),
    shows(
      "a rule that adds a header",
      header,
      {
        "AddHeaderRule.0.Name": rule,
        "AddHeaderRule.0.Header": "X-A",
        "AddHeaderRule.0.HeaderValue": "1",
      },
      ["MatchContentRule"],
    ),
    shows("a rule that deletes headers", added({ type: 2, pattern: "^X-" }), {
      "DeleteHeaderRule.0.Pattern": "^X-",
    }),
    shows(
      "a rule that replaces in a header",
      added({ type: 3, header: "Host", pattern: "a", replacement: "b" }),
      {
        "ReplaceHeaderRule.0.Header": "Host",
        "ReplaceHeaderRule.0.Pattern": "a",
        "ReplaceHeaderRule.0.Replacement": "b",
      },
    ),
    shows("a rule that changes the URL", url, {
      "ModifyURLRule.0.Pattern": "/old",
      "ModifyURLRule.0.Replacement": "/new",
    }),
    {
      name: "a rule that replaces in the body",
      from: "API 3.11.3",
      ask: added({ type: 5, pattern: "a", replacement: "b" }),
      expect: data({ "ReplaceBodyRule.0.Pattern": "a" }),
      after: [gone],
      notYet: "HAProxy does not rewrite bodies",
    },
    {
      name: "showrule by type",
      from: "API 3.11.1",
      given: [header],
      ask: { command: "showrule", with: { type: 1 } },
      expect: data({ "AddHeaderRule.0.Name": { type: "string" } }, { absent: ["MatchContentRule"] }),
      after: [gone],
    },
    {
      name: "a change resets what it leaves out, but for the type",
      from: "client J",
      given: [added({ pattern: "a", negate: 1, header: "X-A" })],
      ask: { command: "modrule", with: { name: rule, pattern: "b" } },
      expect: data({ [m("Pattern")]: "b", [m("Negate")]: false }, { absent: [m("Header")] }),
      after: [gone],
    },
    {
      name: "a change of the type",
      from: "client J",
      given: [match],
      ask: { command: "modrule", with: { name: rule, type: 1, header: "X-A", replacement: "1" } },
      expect: data({ "AddHeaderRule.0.HeaderValue": "1" }),
      after: [gone],
    },
    { ...refuses("a name that is taken", match), given: [match], after: [gone] },
    refuses(
      "a rule without a name",
      { command: "addrule", with: { pattern: "a" } },
      400,
      /name: String Value missing/,
    ),
    refuses("a match rule without a pattern", added({}), 400, /pattern: String Value missing/),
    refuses("a rule that adds a header without one", added({ type: 1, replacement: "1" }), 400),
    refuses("a pattern that is no regular expression", added({ pattern: "(" }), 422, /pattern: "\("/),
    ...["a)(b", "a)|(b"].map((pattern) =>
      refuses(
        `the pattern ${pattern} in a URL`,
        added({ type: 4, pattern, replacement: "b" }),
        422,
        /pattern: "a\)/,
      ),
    ),
    refuses(
      "a pattern that is none in names of headers",
      added({ type: 2, pattern: "a)(b" }),
      422,
      /pattern/,
    ),
    ...["(a)(?1)", "(?R)?a", "(a)\\g1", "(a)?(?(1)b|c)"].map((pattern) =>
      refuses(
        `the pattern ${pattern} in a header`,
        added({ type: 3, header: "X-A", pattern, replacement: "b" }),
        422,
        /pattern/,
      ),
    ),
    refuses(
      "a blank in a URL",
      added({ type: 4, pattern: "a", replacement: "/b c" }),
      422,
      /replacement: .*%20/,
    ),
    refuses(
      "a replacement that ends in a backslash",
      added({ type: 4, pattern: "a", replacement: "b\\" }),
      422,
      /replacement/,
    ),
    refuses(
      "a replacement that names a group that is none",
      added({ type: 3, header: "X-A", pattern: "(a)", replacement: "\\2" }),
      422,
      /replacement/,
    ),
    ...["Content-Length", "transfer-encoding", "Connection"].flatMap((name) => [
      refuses(`a rule that adds ${name}`, added({ type: 1, header: name, replacement: "1" }), 422, /header/),
      refuses(
        `a rule that replaces in ${name}`,
        added({ type: 3, header: name, pattern: "a", replacement: "1" }),
        422,
        /header/,
      ),
      refuses(`a rule that deletes ${name}`, added({ type: 2, pattern: `^${name}$` }), 422, /pattern/),
    ]),
    refuses(
      "a match in a header with a quote in its name",
      added({ pattern: "a", header: "X-It's" }),
      422,
      /header/,
    ),
    shows(
      "a replacement with groups",
      added({ type: 4, pattern: "(a)(?:b)(c)", replacement: "\\2\\1\\\\" }),
      {
        "ModifyURLRule.0.Pattern": "(a)(?:b)(c)",
        "ModifyURLRule.0.Replacement": "\\2\\1\\\\",
      },
    ),
    refuses("a type that is none", added({ type: 6, pattern: "a" })),
    refuses("a matchtype that is none", added({ pattern: "a", matchtype: "sounds-like" })),
    refuses("a flag that is none", added({ pattern: "a", setonmatch: 10 })),
    ...["a b", "<rule>", "../a", "default"].map((name) =>
      refuses(`the name "${name}"`, { command: "addrule", with: { name, pattern: "a" } }),
    ),
    ...["showrule", "delrule", "modrule"].map((command) =>
      refuses(`${command} of an unknown rule`, { command, with: { name: "conformance-none", pattern: "a" } }),
    ),
    ...places.flatMap(({ place, made, list, count }): Case[] => [
      {
        name: `add${place} of a rule of type ${made.with?.type ?? 0}`,
        from: "API 3.11.6",
        given: [made],
        ask: ofService(`add${place}`),
        expect: done,
        next: [
          {
            ask: { command: "showvs", with: { vs: "$full" } },
            expect: data({ [count]: 1, [list]: { type: "texts" } }),
          },
          { ask: ofService(`add${place}`), expect: refused(422) },
          { ask: gone, expect: refused(422) },
          { ask: ofService(`del${place}`), expect: done },
          { ask: ofService(`del${place}`), expect: refused(422) },
          {
            ask: { command: "showvs", with: { vs: "$full" } },
            expect: data({ [count]: 0 }, { absent: [list] }),
          },
        ],
        after: [gone],
      },
    ]),
    {
      name: "addrsrule and delrsrule",
      from: "API 3.11.4",
      given: [server, match],
      ask: ofServer("addrsrule"),
      expect: done,
      next: [
        {
          ask: { command: "showrs", with: { vs: "$full", rs: "!$ruledRs" } },
          expect: data({ "Rs.0.Nrules": 1, "Rs.0.MatchRules": { type: "texts" } }),
        },
        { ask: gone, expect: refused(422) },
        { ask: ofServer("delrsrule"), expect: done },
        {
          ask: { command: "showrs", with: { vs: "$full", rs: "!$ruledRs" } },
          expect: data({ "Rs.0.Nrules": 0 }, { absent: ["Rs.0.MatchRules"] }),
        },
      ],
      after: [noServer, gone],
    },
    {
      name: "addrsrule by address and port",
      from: "API 3.11.4",
      given: [server, match],
      ask: { command: "addrsrule", with: { vs: "$full", rs: "$server", rsport: "$rsPort7", rule } },
      expect: done,
      after: [noServer, gone],
    },
    {
      name: "the rule default",
      from: "API 3.11.4",
      given: [server],
      ask: { command: "addrsrule", with: { vs: "$full", rs: "!$ruledRs", rule: "default" } },
      expect: done,
      after: [noServer],
    },
    {
      ...refuses("a header rule for a server", ofServer("addrsrule")),
      given: [server, header],
      after: [noServer, gone],
    },
    { ...refuses("a match rule for requests", ofService("addrequestrule")), given: [match], after: [gone] },
    { ...refuses("a URL rule for answers", ofService("addresponserule")), given: [url], after: [gone] },
    {
      ...refuses("a rule for a service that reads no HTTP", {
        command: "addprerule",
        with: { vs: "$bare", rule },
      }),
      given: [match],
      after: [gone],
    },
    refuses("an unknown rule", { command: "addprerule", with: { vs: "$full", rule: "conformance-none" } }),
    refuses(
      "an unknown service",
      { command: "addprerule", with: { vs: 99_999, rule: "default" } },
      422,
      "Unknown VS",
    ),
    refuses(
      "an unknown server",
      { command: "addrsrule", with: { vs: "$full", rs: "!99999", rule: "default" } },
      422,
      "Unknown RS",
    ),
  ],
};
