/** Who may connect to services: one command, whose parameter says what is done (vendor's interface description, 3.15.3 and 3.16). */
import { type Parameter, printable } from "./parameters.ts";
import { serviceReference } from "./service-parameters.ts";

/** `white` and `black` are the earlier words for `allow` and `block`. */
const list = { kind: "choice", values: ["allow", "block", "white", "black"] } as const;
/** Asked by its name alone. */
const question = <const Name extends string>(name: Name, about: string) =>
  ({ name, type: { kind: "text", pattern: /^.{0,16}$/, allowed: "nothing" }, about }) as const;

export const accessListParameters = [
  question("isenabled", "answers whether the access lists are in force"),
  {
    name: "enable",
    type: { kind: "boolean" },
    about: "puts the access lists in force, as they are at first",
  },
  question("isdrop", "answers whether connections are dropped without an answer"),
  {
    name: "drop",
    type: { kind: "boolean" },
    about: "Y drops refused connections without an answer, as at first; N ends them with one",
  },
  question("isifblock", "answers Free: traffic between networks is not this unit's to restrict"),
  { name: "ifblock", type: { kind: "fixed", values: ["0"] }, about: "not available on this unit" },
  question("iswuiblock", "answers N: the lists are about services, not about these pages"),
  { name: "wuiblock", type: { kind: "fixed", values: ["0"] }, about: "not available on this unit" },
  question("wuiaddr", "answers nothing, since the lists are not about these pages"),
  { name: "list", type: list, about: "answers the networks of a list of all services" },
  { name: "add", type: list, about: "adds addr to a list of all services" },
  { name: "del", type: list, about: "removes addr from a list of all services" },
  { name: "listvs", type: list, about: "answers the networks of a list of one service" },
  { name: "addvs", type: list, about: "adds addr to a list of one service" },
  { name: "delvs", type: list, about: "removes addr from a list of one service" },
  { name: "vs", type: serviceReference[0].type, about: "the service's index" },
  { name: "vsip", type: serviceReference[0].type, about: "in place of vs: the service's address" },
  { name: "vsport", type: serviceReference[1].type, about: "with vsip: the service's port" },
  { name: "vsprot", type: serviceReference[2].type, about: "with vsip: the service's protocol" },
  {
    name: "addr",
    type: {
      kind: "text",
      pattern: /^[0-9A-Fa-f:.]{2,45}(\/\d{1,3})?$/,
      allowed: "an IPv4 or IPv6 address, or a network such as 10.0.0.0/8",
    },
    about: "the address or network; an address alone is a network of one",
  },
  {
    name: "comment",
    type: { kind: "text", pattern: printable(127), allowed: "up to 127 printable characters" },
    emptyIsAbsent: true,
    about: "kept beside the network",
  },
] as const satisfies readonly Parameter[];

/** What the permission vs is enough for: lists of one service. */
export const ofOneService = [
  "listvs",
  "addvs",
  "delvs",
  "vs",
  "vsip",
  "vsport",
  "vsprot",
  "addr",
  "comment",
] as const;
/** What changes something; the others answer. */
export const accessChanges = [
  "enable",
  "drop",
  "ifblock",
  "wuiblock",
  "add",
  "del",
  "addvs",
  "delvs",
] as const;
