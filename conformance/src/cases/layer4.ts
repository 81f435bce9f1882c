/** Services over UDP, which are at layer 4 always, and on every port. */
import { type Area, type Case, data, done, refused, type Value } from "../case.ts";

const udp = { vs: "$service", port: "$free7", prot: "udp" } as const;
const every = { vs: "$service", port: "*" } as const;
const disabled = { Enable: "N" } as const;

const refuses = (parameters: { readonly [name: string]: Value }, field: string): Case => ({
  name: `over UDP ${JSON.stringify(parameters)} is refused`,
  from: "API 3.6.1.3",
  ask: { command: "addvs", with: { ...udp, ...disabled, ...parameters } },
  expect: refused(422, new RegExp(`^${field}: `)),
});

export const layer4: Area = {
  name: "layer 4",
  cases: [
    {
      name: "a service on UDP",
      from: "API 3.6.1",
      ask: { command: "addvs", with: { ...udp, ...disabled }, keep: { made: "Index" } },
      expect: data({
        Protocol: "udp",
        ForceL4: true,
        ForceL7: false,
        Layer: 4,
        Transparent: true,
        SubnetOriginating: false,
        VStype: "gen",
        VSPort: "$free7",
      }),
      next: [
        { ask: { command: "showvs", with: udp }, expect: data({ Index: { number: "$made" } }) },
        {
          ask: { command: "showvs", with: { ...udp, prot: "tcp" } },
          expect: refused(422, "Unknown VS"),
        },
        {
          ask: { command: "addvs", with: { ...udp, ...disabled } },
          expect: refused(422, /^vs: /),
        },
      ],
      after: [{ command: "delvs", with: udp }],
    },
    {
      name: "a service over TCP and one over UDP on one port",
      from: "API 3.6.1.1",
      given: [
        { command: "addvs", with: { ...udp, ...disabled }, keep: { made: "Index" } },
        { command: "addvs", with: { ...udp, ...disabled, prot: "tcp" }, keep: { madeTcp: "Index" } },
        {
          command: "addrs",
          with: { ...udp, rs: "$server", rsport: "$rsPort3" },
          keep: { madeRs: "Rs.0.RsIndex" },
        },
      ],
      ask: { command: "modvs", with: { ...udp, NickName: "by datagrams", Schedule: "sh" } },
      expect: data({ Index: { number: "$made" }, NickName: "by datagrams", NumberOfRSs: 1 }),
      next: [
        {
          ask: { command: "showvs", with: { ...udp, prot: "tcp" } },
          expect: data({ Index: { number: "$madeTcp" }, NumberOfRSs: 0 }, { absent: ["NickName"] }),
        },
        {
          ask: { command: "modrs", with: { ...udp, rs: "$server", rsport: "$rsPort3", Weight: 5 } },
          expect: data({ "Rs.0.Weight": 5 }),
        },
        { ask: { command: "delvs", with: { ...udp, prot: "tcp" } }, expect: done },
        { ask: { command: "showvs", with: udp }, expect: data({ Index: { number: "$made" } }) },
      ],
      after: [{ command: "delvs", with: { vs: "$made" } }],
    },
    ...["rr", "wrr", "sh"].map(
      (schedule): Case => ({
        name: `Schedule ${schedule} over UDP`,
        from: "API 3.6.1.3",
        ask: { command: "addvs", with: { ...udp, ...disabled, Schedule: schedule } },
        expect: data({ Schedule: schedule }),
        after: [{ command: "delvs", with: udp }],
      }),
    ),
    refuses({ ForceL7: "Y" }, "ForceL4"),
    refuses({ ForceL4: "N" }, "ForceL4"),
    refuses({ VStype: "http" }, "VStype"),
    refuses({ SSLAcceleration: "Y" }, "SSLAcceleration"),
    {
      name: "a service on every port",
      from: "API 3.6.1.1",
      ask: { command: "addvs", with: { ...every, ...disabled, prot: "tcp" }, keep: { made: "Index" } },
      expect: data({ VSPort: "*", Protocol: "tcp" }),
      next: [
        {
          ask: { command: "showvs", with: { ...every, prot: "tcp" } },
          expect: data({ Index: { number: "$made" } }),
        },
        {
          ask: { command: "addvs", with: { ...every, ...disabled, prot: "tcp" } },
          expect: refused(422, /^vs: /),
        },
      ],
      after: [{ command: "delvs", with: { ...every, prot: "tcp" } }],
    },
    {
      name: "a service on every port over UDP, and back to one",
      from: "API 3.6.1.1",
      given: [{ command: "addvs", with: { ...udp, ...disabled }, keep: { made: "Index" } }],
      ask: { command: "modvs", with: { ...udp, vsport: "*" } },
      expect: data({ VSPort: "*", Protocol: "udp" }),
      next: [
        {
          ask: { command: "modvs", with: { ...every, prot: "udp", vsport: "$free7" } },
          expect: data({ VSPort: "$free7", Index: { number: "$made" } }),
        },
      ],
      after: [{ command: "delvs", with: udp }],
    },
  ],
};
