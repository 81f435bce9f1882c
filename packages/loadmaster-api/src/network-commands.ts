/** Names and addresses that the unit knows by itself (vendor's interface description, 3.14). */
import type { Parameter } from "./parameters.ts";

export const hostsEntriesMax = 64;
export const routesMax = 64;
export const hostsNamePattern: RegExp =
  /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/;

const hostAddress = {
  name: "hostip",
  type: { kind: "text", pattern: /^[0-9A-Fa-f.:]{2,45}$/, allowed: "an IPv4 or IPv6 address" },
  required: true,
  about: "the address",
} as const satisfies Parameter;

const destination = {
  name: "dest",
  type: {
    kind: "text",
    pattern: /^[0-9./]{7,18}$/,
    allowed: "an IPv4 network such as 10.9.0.0/16, or an address",
  },
  required: true,
  about: "where to",
} as const satisfies Parameter;

export const networkCommands = {
  showroute: { parameters: [], changes: "nothing", answer: "Route", about: "static routes of this unit" },
  addroute: {
    parameters: [
      destination,
      {
        name: "gateway",
        type: { kind: "text", pattern: /^[0-9.]{7,15}$/, allowed: "an IPv4 address" },
        required: true,
        about: "the router that leads there, in a network of this unit",
      },
    ],
    changes: "unit",
    answer: "ok",
    about: "adds a static route; the default route is the machine's",
  },
  delroute: {
    parameters: [destination],
    changes: "unit",
    answer: "ok",
    about: "deletes a static route",
  },
  gethosts: {
    parameters: [],
    changes: "nothing",
    answer: "HostsEntry",
    about: "names that this unit knows the addresses of by itself",
  },
  addhostsentry: {
    parameters: [
      hostAddress,
      {
        name: "hostfqdn",
        type: {
          kind: "text",
          pattern: hostsNamePattern,
          allowed: "letters, digits, hyphens and underscores, parts separated by dots",
        },
        required: true,
        about: "its name",
      },
    ],
    changes: "unit",
    answer: "ok",
    about:
      "lets this unit know an address by its name: syslog hosts, ping and traceroute go by it; the machine's own files stay as they are",
  },
  delhostsentry: {
    parameters: [hostAddress],
    changes: "unit",
    answer: "ok",
    about: "lets this unit forget the name of an address",
  },
  resolvenow: {
    parameters: [],
    changes: "unit",
    answer: "ok",
    about:
      "has nothing to do, since names are looked up whenever they are used and real servers are addresses",
  },
} as const;

export type NetworkCommandName = keyof typeof networkCommands;
