/** `aclcontrol`: who may connect to all services and to one. Networks are of documentation, so that no client is shut out. */
import { type Area, type Case, data, done, type Field, type Parameters, refused } from "../case.ts";

const filter = "API 3.15.3";
const lists = "API 3.16";
const acl = (parameters: Parameters) => ({ command: "aclcontrol", with: parameters });
const ofBare = { vs: "$bare" } as const;

const answers = (name: string, parameters: Parameters, shown: { readonly [path: string]: Field }): Case => ({
  name,
  from: filter,
  ask: acl(parameters),
  expect: data(shown),
});

/** Added, shown as it is kept, and removed. */
const keeps = (list: string, addr: string, kept: string, ofOne: Parameters | undefined): Case => {
  const [add, show, del] = ofOne === undefined ? ["add", "list", "del"] : ["addvs", "listvs", "delvs"];
  return {
    name: `${addr} in the list ${list} of ${ofOne === undefined ? "all services" : "one service"}`,
    from: lists,
    ask: acl({ [add as string]: list, ...ofOne, addr, comment: "of the suite" }),
    expect: done,
    next: [
      {
        ask: acl({ [show as string]: list, ...ofOne }),
        expect: data({ list, "IP.0.addr": kept, "IP.0.comment": "of the suite" }, { count: { IP: 1 } }),
      },
    ],
    after: [acl({ [del as string]: list, ...ofOne, addr })],
  };
};

const refuses = (parameters: Parameters, code = 422, message?: RegExp): Case => ({
  name: `${JSON.stringify(parameters)} is refused`,
  from: lists,
  ask: acl(parameters),
  expect: refused(code, message),
});

const networks = [
  ["192.0.2.7", "192.0.2.7/32"],
  ["198.51.100.0/24", "198.51.100.0/24"],
  ["2001:DB8::1", "2001:db8::1/128"],
  ["2001:db8:1::/48", "2001:db8:1::/48"],
] as const;

export const accessLists: Area = {
  name: "access lists",
  cases: [
    answers("whether the lists are in force", { isenabled: "" }, { isenabled: true }),
    answers("whether connections are dropped", { isdrop: "" }, { isdrop: true }),
    answers("whether traffic between networks is restricted", { isifblock: "" }, { isifblock: "Free" }),
    answers("whether the lists are about the pages", { iswuiblock: "" }, { iswuiblock: false }),
    {
      name: "the filter is disabled",
      from: filter,
      ask: acl({ enable: 0 }),
      expect: done,
      after: [acl({ enable: 1 })],
    },
    { name: "the filter is enabled", from: filter, ask: acl({ enable: 1 }), expect: done },
    {
      name: "refused connections are answered",
      from: filter,
      ask: acl({ drop: 0 }),
      expect: done,
      after: [acl({ drop: 1 })],
    },
    {
      name: "how to refuse is not set while the filter is disabled",
      from: filter,
      given: [acl({ enable: 0 })],
      ask: acl({ drop: 0 }),
      expect: refused(422, /^drop: /),
      after: [acl({ enable: 1 })],
    },
    ...networks.flatMap(([addr, kept]) => [
      keeps("block", addr, kept, undefined),
      keeps("allow", addr, kept, ofBare),
      keeps("block", addr, kept, ofBare),
    ]),
    // The list alone would refuse everybody else.
    {
      ...keeps("allow", "192.0.2.7", "192.0.2.7/32", undefined),
      given: [acl({ enable: 0 })],
      after: [acl({ del: "allow", addr: "192.0.2.7" }), acl({ enable: 1 })],
    },
    keeps("block", "192.0.2.8", "192.0.2.8/32", { vsip: "$service", vsport: "$barePort", vsprot: "tcp" }),
    {
      name: "what is in a list already",
      from: lists,
      given: [acl({ add: "block", addr: "192.0.2.7" })],
      ask: acl({ add: "block", addr: "192.0.2.7/32" }),
      expect: refused(422, /already/),
      after: [acl({ del: "block", addr: "192.0.2.7" })],
    },
    ...["nowhere", "192.0.2.1/24", "192.0.2.0/33", "300.0.0.1", "2001:db8::1/32", "::/129", ""].map((addr) =>
      refuses({ add: "block", addr }, 422, /^addr: /),
    ),
    refuses({ del: "block", addr: "192.0.2.99" }, 422, /^addr: /),
    refuses({ add: "grey", addr: "192.0.2.7" }, 422, /^add: /),
    refuses({ list: "grey" }, 422, /^list: /),
    refuses({ add: "block" }, 400, /^addr: /),
    refuses({ addvs: "block", addr: "192.0.2.7" }, 400, /^vs: /),
    refuses({ addvs: "block", vs: 999_999, addr: "192.0.2.7" }),
    refuses({ listvs: "block", vs: 999_999 }),
    refuses({ enable: "perhaps" }, 422, /^enable: /),
    refuses({ ifblock: 1 }, 422, /^ifblock: /),
    refuses({ wuiblock: 1 }, 422, /^wuiblock: /),
    refuses({}, 400, /^list: /),
  ],
};
