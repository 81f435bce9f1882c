/** Described commands and values that the unit has not yet, each with the reason; the cases are run all the same. */
import { type Area, type Case, data, type Field, type Value } from "../case.ts";

/** Only what changes nothing: it is also run against units that have the command. */
const commands: readonly (readonly [
  command: string,
  from: string,
  why: string,
  given?: { readonly [name: string]: Value },
])[] = [
  ["showdomain", "API 3.6.4.1", "there is no sign-in of users in front of services"],
  ["listfqdns", "API 3.7.1.3", "global balancing is no part of the unit"],
  ["isgeoenabled", "API 3.7.8.1", "global balancing is no part of the unit"],
];

const values: readonly (readonly [
  name: string,
  value: Value,
  why: string,
  beside?: { readonly [name: string]: Value },
])[] = [
  ["VStype", "tls", "STARTTLS is not done by HAProxy"],
  ["VStype", "ts", "there is no type for remote terminals yet"],
  ["VStype", "log", "there is no type for Log Insight"],
  ["Schedule", "dl", "HAProxy does not measure response times for scheduling"],
  ["Schedule", "sdn-adaptive", "there are no SDN controllers"],
  ["Persist", "udpsip", "UDP is passed on unread", { PersistTimeout: 300 }],
  ["StartTLSMode", 1, "STARTTLS is not done by HAProxy"],
  ["Bandwidth", 1_000, "limits of a service are not set yet"],
  ["QoS", 16, "HAProxy does not know the type of service of a client's packets"],
  ["Cache", true, "there is no cache", { VStype: "http" }],
  ["FollowVSID", "$index", "a service follows no other one"],
];

const takes = (
  name: string,
  value: Value,
  notYet: string,
  beside: { readonly [name: string]: Value } = {},
): Case => {
  const shown: Field = name === "FollowVSID" ? { number: String(value) } : value;
  return {
    name: `${name} = ${JSON.stringify(value)}`,
    from: "API 3.6.1",
    ask: {
      command: "addvs",
      with: { vs: "$service", port: "$free6", prot: "tcp", Enable: "N", ...beside, [name]: value },
    },
    expect: data({ [name]: shown }),
    after: [{ command: "delvs", with: { vs: "$service", port: "$free6", prot: "tcp" } }],
    notYet,
  };
};

export const notYet: Area = {
  name: "not yet",
  cases: [
    ...commands.map(
      ([command, from, why, given = {}]): Case => ({
        name: `the command ${command}`,
        from,
        ask: { command, with: given },
        expect: { is: "known" },
        notYet: why,
      }),
    ),
    ...values.map(([name, value, why, beside]) => takes(name, value, why, beside)),
    {
      name: "a server with a limit of connections in a second",
      from: "API 3.10",
      ask: { command: "modrs", with: { vs: "$index", rs: "!$rs2", ratelimit: 10 } },
      expect: data({ "Rs.0.RateLimit": 10 }),
      notYet: "HAProxy limits a server's connections at a time, not in a second",
    },
  ],
};
