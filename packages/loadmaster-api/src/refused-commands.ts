/**
 * Commands that this unit knows and refuses, each with the reason: clients that call them learn why, where `Unknown
 * command` would say no more than that.
 */
import type { Need } from "./permissions.ts";

type RefusedCommand = {
  readonly parameters: readonly [];
  readonly changes: "nothing";
  readonly permission?: Need;
  readonly answer: "ok";
  readonly about: string;
  /** What there is instead, or why there is nothing. */
  readonly refusal: string;
};

const certificates =
  "users do not sign in by client certificates here; give the program an API key (addapikey)";
const groups =
  "groups are those of remote sign-in (LDAP, RADIUS), which there is none of here; add local users";
const addresses =
  "an interface has the addresses of the configuration file, and a virtual service brings its own address of those networks with it";
const software =
  "the software is that of the machine's packages; update it there, the standby of a pair first, then hand over";

const eula = "the software is free under the Apache License 2.0; there is nothing to accept";
const vendorLicences =
  "licences come from a Central and not from the vendor; aslgetlicensetypes and aslactivate ask one";

const refused = <const What extends { readonly permission?: Need; readonly refusal: string }>(
  what: What,
): RefusedCommand & What => ({
  ...what,
  parameters: [],
  changes: "nothing",
  answer: "ok",
  about: `is always refused: ${what.refusal}`,
});

export const refusedCommands = {
  usernewcert: refused({ permission: "users", refusal: certificates }),
  userdownloadcert: refused({ permission: "users", refusal: certificates }),
  userreadcert: refused({ permission: "users", refusal: certificates }),
  userdelcert: refused({ permission: "users", refusal: certificates }),
  groupaddremote: refused({ permission: "users", refusal: groups }),
  groupshow: refused({ permission: "users", refusal: groups }),
  groupsetperms: refused({ permission: "users", refusal: groups }),
  groupdelremote: refused({ permission: "users", refusal: groups }),
  addadditional: refused({ refusal: addresses }),
  deladditional: refused({ refusal: addresses }),
  installpatch: refused({ refusal: software }),
  restorepatch: refused({ refusal: software }),
  getpreviousversion: refused({ refusal: software }),
  readeula: refused({ refusal: eula }),
  accepteula: refused({ permission: "root", refusal: eula }),
  accepteula2: refused({ permission: "root", refusal: eula }),
  alsilicensetypes: refused({ permission: "root", refusal: vendorLicences }),
  alsilicense: refused({ permission: "root", refusal: vendorLicences }),
  license: refused({ permission: "root", refusal: vendorLicences }),
} as const satisfies { readonly [name: string]: RefusedCommand };

export type RefusedCommandName = keyof typeof refusedCommands;
