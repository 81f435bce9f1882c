/** Parameters of the commands about users, and what a local user's name and password may be. */
import type { Parameter } from "./parameters.ts";
import { permissions } from "./permissions.ts";

export const usersMax = 64;
/** The account of the Central that has licensed a unit; no local user can have its name. */
export const managementUser = "tandem-central";
export const userNamePattern: RegExp = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/;
/** Of the parameter minpassword. */
export const passwordCharsMin = { min: 8, max: 16, default: 8 } as const;

export const userName = {
  name: "user",
  type: {
    kind: "text",
    pattern: userNamePattern,
    allowed: "1 to 64 letters, digits and _ . @ -, the first a letter or digit",
  },
  required: true,
  about: "the user's name; case counts",
} as const satisfies Parameter;

const userPassword = {
  name: "password",
  type: {
    kind: "text",
    pattern: /^[^\p{Cc}\p{Zl}\p{Zp}]{8,127}$/u,
    allowed: "8 to 127 printable characters, and no fewer than minpassword says",
    secret: true,
  },
  required: true,
  about: "the user's password",
} as const satisfies Parameter;

const radius = {
  name: "radius",
  type: { kind: "fixed", values: ["N"] },
  about: "whether a RADIUS server decides; there is none here",
} as const satisfies Parameter;

export const addUserParameters = [
  userName,
  userPassword,
  radius,
  {
    name: "nopass",
    type: { kind: "fixed", values: ["N"] },
    about: "a user without a password, who signs in by a client certificate; there is no such sign-in here",
  },
] as const satisfies readonly Parameter[];

export const changeUserPasswordParameters = [
  userName,
  userPassword,
  radius,
] as const satisfies readonly Parameter[];

export const setPermissionsParameters = [
  userName,
  {
    name: "perms",
    type: {
      kind: "text",
      pattern: /^[A-Za-z0-9, ]{0,127}$/,
      allowed: `any of ${permissions.join(", ")}, separated by commas; empty for none`,
    },
    required: true,
    about: "all that the user has from now on",
  },
] as const satisfies readonly Parameter[];

export const keyOwner = {
  name: "user",
  type: userName.type,
  about: "the key's owner, if it is not who calls; the permission users is needed then",
} as const satisfies Parameter;
