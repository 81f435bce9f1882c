/** Booleans in all their spellings, numbers in several, and names of parameters in any case. */
import { type Area, type Case, data, type Field, refused, type Value } from "../case.ts";

const yes: readonly Value[] = ["Y", "y", "1", 1, "yes", "Yes", "YES", "true", "True", true];
const no: readonly Value[] = ["N", "n", "0", 0, "no", "No", "NO", "false", "False", false];

const booleans = (
  command: string,
  reference: { readonly [name: string]: Value },
  name: string,
  path: string,
): Case[] =>
  [...yes, ...no].map((value) => {
    const meant = yes.includes(value);
    return {
      name: `${command} ${name} = ${JSON.stringify(value)} is ${meant ? "Y" : "N"}`,
      from: "API 2.7",
      // From the contrary, so that it is this value that has made it so.
      given: [{ command, with: { ...reference, [name]: !meant } }],
      ask: { command, with: { ...reference, [name]: value } },
      expect: data({ [path]: meant }),
    };
  });

const spelled = (name: string, value: Value, path: string, shown: Field): Case => ({
  name: `modvs knows ${name}`,
  from: "clients K, M",
  ask: { command: "modvs", with: { vs: "$index", [name]: value } },
  expect: data({ [path]: shown }),
});

const references = (...each: readonly { readonly [name: string]: string }[]): typeof each => each;

export const spelling: Area = {
  name: "spelling",
  cases: [
    ...booleans("modvs", { vs: "$bare" }, "CheckUse1.1", "CheckUse1.1"),
    ...booleans("modrs", { vs: "$index", rs: "!$rs" }, "Enable", "Rs.0.Enable"),
    ...["maybe", "2", "yess", "", "J", "on", "-1", "null"].map(
      (value): Case => ({
        name: `modvs Enable = ${JSON.stringify(value)} is no boolean`,
        from: "API 2.7",
        ask: { command: "modvs", with: { vs: "$index", Enable: value } },
        expect: refused(422, /^Enable: /),
      }),
    ),
    ...["NickName", "nickname", "NICKNAME", "nickName", "Nickname"].map((name) =>
      spelled(name, `by ${name}`, "NickName", `by ${name}`),
    ),
    ...["Schedule", "schedule", "SCHEDULE"].map((name, at) =>
      spelled(name, ["wrr", "lc", "rr"][at]!, "Schedule", ["wrr", "lc", "rr"][at]!),
    ),
    ...["CheckUse1.1", "checkuse1.1", "CHECKUSE1.1"].map((name, at) =>
      spelled(name, at !== 1, "CheckUse1.1", at !== 1),
    ),
    ...["Idletime", "idletime", "IdleTime"].map((name, at) => spelled(name, 700 + at, "Idletime", 700 + at)),
    ...["ChkInterval", "chkinterval"].map((name, at) => spelled(name, 10 + at, "ChkInterval", 10 + at)),
    ...["CheckUrl", "checkurl", "CheckURL"].map((name, at) =>
      spelled(name, `/by/${at}`, "CheckUrl", `/by/${at}`),
    ),
    ...["VStype", "vstype", "VSType"].map((name) => spelled(name, "gen", "VStype", "gen")),
    ...["AddVia", "addvia"].map((name, at) => spelled(name, at, "AddVia", at)),
    ...references(
      { VS: "$index" },
      { Vs: "$service", PORT: "$port", PROT: "tcp" },
      { vs: "$service", port: "$port", prot: "TCP" },
      { vs: "$service", Port: "$port", Protocol: "tcp" },
    ).map(
      (reference): Case => ({
        name: `a service named by ${Object.keys(reference).join(", ")}${reference.prot === "TCP" ? ", the protocol in capitals" : ""}`,
        from: "clients P, K",
        ask: { command: "showvs", with: reference },
        expect: data({ Index: { number: "$index" } }),
      }),
    ),
    ...references(
      { RS: "!$rs" },
      { Rs: "$server", RSPort: "$rsPort1" },
      { rs: "$server", RSPORT: "$rsPort1" },
    ).map(
      (reference): Case => ({
        name: `a server named by ${Object.keys(reference).join(", ")}`,
        from: "clients P, K",
        ask: { command: "showrs", with: { vs: "$index", ...reference } },
        expect: data({ "Rs.0.RsIndex": { number: "$rs" } }),
      }),
    ),
    ...["weight", "Weight", "WEIGHT"].map(
      (name, at): Case => ({
        name: `modrs knows ${name}`,
        from: "clients P, K",
        ask: { command: "modrs", with: { vs: "$index", rs: "!$rs", [name]: 500 + at } },
        expect: data({ "Rs.0.Weight": 500 + at }),
      }),
    ),
    ...[600, "600", " 600 ", "0600"].map(
      (value): Case => ({
        name: `a number as ${JSON.stringify(value)}`,
        from: "clients K, M",
        ask: { command: "modrs", with: { vs: "$index", rs: "!$rs", weight: value } },
        expect: data({ "Rs.0.Weight": 600 }),
      }),
    ),
    ...["6e2", "600.5", "0x258", "600 s", "six", ""].map(
      (value): Case => ({
        name: `${JSON.stringify(value)} is no number`,
        from: "API 2.7",
        ask: { command: "modrs", with: { vs: "$index", rs: "!$rs", weight: value } },
        expect: refused(422, /^Weight: /),
      }),
    ),
    ...["RR", "Wlc", "SH"].map(
      (value): Case => ({
        name: `a word of a list as ${value}`,
        from: "clients P",
        ask: { command: "modvs", with: { vs: "$bare", Schedule: value } },
        expect: data({ Schedule: value.toLowerCase() }),
        after: [{ command: "modvs", with: { vs: "$bare", Schedule: "rr" } }],
      }),
    ),
    {
      name: "what was tried is put back",
      from: "API 3.6.1",
      ask: {
        command: "modvs",
        with: {
          vs: "$index",
          NickName: "",
          Idletime: 0,
          "CheckUse1.1": "N",
          CheckUrl: "",
          ChkInterval: 0,
          AddVia: 0,
          Schedule: "rr",
        },
      },
      expect: data({}, { absent: ["NickName", "CheckUrl"] }),
    },
  ],
};
