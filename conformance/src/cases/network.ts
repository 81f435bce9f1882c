/** Names and addresses that the unit knows by itself, and the limit of calls. */
import { type Area, type Case, data, done, refused, type Value } from "../case.ts";

const hosts = "API 3.14.2";
const entry = { hostip: "192.0.2.77", hostfqdn: "suite.example" };
const removed = [{ command: "delhostsentry", with: { hostip: entry.hostip } }];

const refusedEntry = (name: string, given: { readonly [name: string]: Value }, code: number): Case => ({
  name: `a host entry that cannot be: ${name}`,
  from: hosts,
  ask: { command: "addhostsentry", with: given },
  expect: refused(code, /^host(ip|fqdn): /),
});

const routes = "API 3.15.2";

const refusedRoute = (name: string, given: { readonly [name: string]: Value }, code: number): Case => ({
  name: `a route that cannot be: ${name}`,
  from: routes,
  ask: { command: "addroute", with: given },
  expect: refused(code, /^(dest|gateway): /),
});

export const network: Area = {
  name: "network",
  cases: [
    { name: "host entries", from: hosts, ask: { command: "gethosts" }, expect: data() },
    {
      name: "a host entry is added",
      from: hosts,
      ask: { command: "addhostsentry", with: entry },
      expect: done,
      next: [
        {
          ask: { command: "gethosts" },
          expect: data({
            "HostsEntry.0.HostIPAddress": entry.hostip,
            "HostsEntry.0.HostFQDN": entry.hostfqdn,
          }),
        },
      ],
      after: removed,
    },
    {
      name: "a host entry of IPv6",
      from: hosts,
      ask: { command: "addhostsentry", with: { hostip: "2001:db8::77", hostfqdn: "six.example" } },
      expect: done,
      after: [{ command: "delhostsentry", with: { hostip: "2001:db8::77" } }],
    },
    {
      name: "a host entry that is there already",
      from: hosts,
      given: [{ command: "addhostsentry", with: entry }],
      ask: { command: "addhostsentry", with: entry },
      expect: refused(422, /already/),
      after: removed,
    },
    refusedEntry("without an address", { hostfqdn: "a.example" }, 400),
    refusedEntry("without a name", { hostip: "192.0.2.7" }, 400),
    refusedEntry("no address", { hostip: "somewhere", hostfqdn: "a.example" }, 422),
    refusedEntry("an address with a prefix", { hostip: "192.0.2.0/24", hostfqdn: "a.example" }, 422),
    refusedEntry("a name with a blank", { hostip: "192.0.2.7", hostfqdn: "a b" }, 422),
    refusedEntry("a name with a line feed", { hostip: "192.0.2.7", hostfqdn: "a\n192.0.2.8 b" }, 422),
    {
      name: "a host entry is removed",
      from: hosts,
      given: [{ command: "addhostsentry", with: entry }],
      ask: removed[0]!,
      expect: done,
    },
    {
      name: "a host entry that is not there is removed",
      from: hosts,
      ask: { command: "delhostsentry", with: { hostip: "192.0.2.78" } },
      expect: refused(422, /^hostip: /),
    },
    { name: "static routes", from: routes, ask: { command: "showroute" }, expect: data() },
    refusedRoute("without a destination", { gateway: "192.0.2.1" }, 400),
    refusedRoute("without a gateway", { dest: "10.250.0.0/16" }, 400),
    refusedRoute("no network", { dest: "everywhere", gateway: "192.0.2.1" }, 422),
    refusedRoute("a prefix length that cannot be", { dest: "10.250.0.0/40", gateway: "192.0.2.1" }, 422),
    refusedRoute("the default route", { dest: "0.0.0.0/0", gateway: "192.0.2.1" }, 422),
    refusedRoute("a gateway out of reach", { dest: "10.250.0.0/16", gateway: "192.0.2.1" }, 422),
    refusedRoute("no gateway", { dest: "10.250.0.0/16", gateway: "router" }, 422),
    {
      name: "a route that is not there is deleted",
      from: routes,
      ask: { command: "delroute", with: { dest: "10.251.0.0/16" } },
      expect: refused(422, /^dest: /),
    },
    { name: "names are resolved now", from: "API 3.14.1", ask: { command: "resolvenow" }, expect: done },
    {
      name: "a limit of calls beyond the range",
      from: "ours",
      ask: { command: "set", with: { param: "apicalllimit", value: -1 } },
      expect: refused(422, /0 to 10000/),
    },
  ],
};
