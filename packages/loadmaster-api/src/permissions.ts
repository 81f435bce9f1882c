/**
 * What a user may do (vendor's interface description, 3.19.1.8). Reading is everybody's who is signed in; each command
 * that does more names the permission it needs in the table of commands. The user bal may do everything.
 */
import type { Failure } from "./envelope.ts";
import { type Fields, fieldOf } from "./parameters.ts";

/** In the order in which answers list them. */
export const permissions = [
  "real",
  "vs",
  "rules",
  "backup",
  "certs",
  "cert3",
  "certbackup",
  "users",
  "root",
  "geo",
  "addvs",
] as const;
export type Permission = (typeof permissions)[number];

/** What each permits, for people. */
export const permissionWords: { readonly [Each in Permission]: string } = {
  real: "Real Servers: enable and disable them",
  vs: "Virtual Services: add, change and remove them; with extended permissions, change them",
  rules: "Rules: add, change and remove them",
  backup: "System Backup: make one",
  certs: "Certificate Creation: add, replace and remove certificates",
  cert3: "Intermediate Certificates: add and remove them",
  certbackup: "Certificate Backup: export and import certificates",
  users: "User Administration: add, change and remove users",
  root: "All Permissions: everything but users and the password of bal",
  geo: "Geo Control: permits nothing, since there is no global balancing here",
  addvs: "Add Virtual Services: add and remove them, where extended permissions are on",
};

export const isPermission = (text: string): text is Permission =>
  (permissions as readonly string[]).includes(text);

/** The one user that is always there, and whom nothing is forbidden. */
export const systemUser = "bal";

/** `anyone`: who is signed in. `bal`: nobody else. Of several permissions one is enough. */
export type Need = "anyone" | "bal" | Permission | readonly Permission[];

export type Person = { readonly name: string; readonly permissions: readonly Permission[] };

/** What of a command decides who may give it. */
export type Guarded = {
  readonly changes: "nothing" | "services" | "unit";
  /** Absent: whoever is signed in where nothing changes, `vs` for services, `root` for the unit. */
  readonly permission?: Need;
  /** A permission that is enough for a call that gives none of the command's parameters but these and the references. */
  readonly lesser?: { readonly permission: Permission; readonly parameters: readonly string[] };
  readonly parameters: readonly { readonly name: string; readonly aliases?: readonly string[] }[];
};

export const needOf = ({ changes, permission }: Guarded): Need =>
  permission ?? ({ nothing: "anyone", services: "vs", unit: "root" } as const)[changes];

/** `extended`: the parameter extendedperms, without which `vs` stands for `addvs` as well. */
export function isPermitted(person: Person, need: Need, extended: boolean): boolean {
  if (person.name === systemUser || need === "anyone") return true;
  if (need === "bal") return false;
  const needed: readonly Permission[] = typeof need === "string" ? [need] : need;
  return needed.some(
    (each) =>
      person.permissions.includes(each) ||
      (each !== "users" && person.permissions.includes("root")) ||
      (each === "addvs" && !extended && person.permissions.includes("vs")),
  );
}

/** Why a person may not give a command; undefined when they may. */
export function lackOf(
  person: Person,
  name: string,
  command: Guarded,
  fields: Fields,
  extended: boolean,
): Failure | undefined {
  const need = needOf(command);
  if (isPermitted(person, need, extended)) return undefined;
  if (command.lesser !== undefined && isPermitted(person, command.lesser.permission, extended)) {
    const { parameters } = command.lesser;
    const beyond = command.parameters.find(
      (each) =>
        !parameters.includes(each.name) &&
        fieldOf(fields, [each.name, ...(each.aliases ?? [])]) !== undefined,
    );
    if (beyond === undefined) return undefined;
  }
  const needed = typeof need === "string" ? [need] : need;
  return {
    code: 403,
    message:
      need === "bal"
        ? `${name}: not permitted to the user ${person.name}; only ${systemUser} may`
        : `${name}: not permitted: the user ${person.name} lacks the permission ${needed.join(" or ")}; ${systemUser} or a user with the permission users gives it (usersetperms)`,
  };
}
