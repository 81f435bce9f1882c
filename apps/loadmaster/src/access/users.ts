/**
 * Local users beside bal: what the document keeps of them, and what becomes of it. They are each unit's own, as passwords
 * and API keys are (SPEC LH11): a pair's other unit is given its users at its own address.
 */
import { err, ok, type Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import {
  isPermission,
  type Permission,
  type Person,
  permissions,
  systemUser,
} from "@tandem/loadmaster-api/permissions";
import { managementUser, passwordCharsMin, usersMax } from "@tandem/loadmaster-api/user-parameters";
import type { LocalUser, UnitContent } from "../state/document.ts";

type Edit = Result<UnitContent, Failure>;

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

const find = (unit: UnitContent, name: string): LocalUser | undefined =>
  unit.users?.find((each) => each.name === name);

/** The hash of a user's password; undefined when there is no such user. */
export const passwordHashOf = (unit: UnitContent, name: string): string | undefined =>
  name === systemUser ? unit.passwordHash : find(unit, name)?.passwordHash;

/** Someone who is no user any more may nothing. */
export const personOf = (unit: UnitContent, name: string): Person => ({
  name,
  permissions: find(unit, name)?.permissions ?? [],
});

/** As answers show a user. */
export const userView = ({ name, permissions: held }: LocalUser) => ({ Name: name, Perms: held.join(",") });

export function findUser(unit: UnitContent, name: string): Result<LocalUser, Failure> {
  const user = find(unit, name);
  if (user !== undefined) return ok(user);
  return refuse(
    name === systemUser
      ? `user: ${systemUser} is no local user: it may do everything, and usersetsyspassword sets its password`
      : `user: there is no local user ${JSON.stringify(name)}; userlist names those that there are`,
  );
}

/** Why a password is too short; undefined when it is not. */
export function shortPasswordFault(unit: UnitContent, password: string): Failure | undefined {
  const least = unit.passwordCharsMin ?? passwordCharsMin.default;
  return [...password].length >= least
    ? undefined
    : {
        code: 422,
        message: `password: it is shorter than the ${least} characters that minpassword asks for; give a longer one`,
      };
}

export function addUser(unit: UnitContent, name: string, passwordHash: string): Edit {
  const users = unit.users ?? [];
  if (name === managementUser)
    return refuse(
      `user: ${managementUser} is the name of the account of the Central that licenses this unit; choose another one`,
    );
  // The words of real units.
  if (passwordHashOf(unit, name) !== undefined) return refuse("User already exists.");
  if (users.length >= usersMax) return refuse(`user: there are ${usersMax} users already; remove one first`);
  return ok({ ...unit, users: [...users, { name, passwordHash, permissions: [] }] });
}

/** Their API keys go with them; so do their sessions, which are looked for by the password's hash. */
export function removeUser(unit: UnitContent, name: string): Edit {
  const user = findUser(unit, name);
  if (!user.ok) return user;
  const { users = [], ...rest } = unit;
  const left = users.filter((each) => each !== user.value);
  return ok({
    ...rest,
    ...(left.length === 0 ? {} : { users: left }),
    apiKeys: unit.apiKeys.filter((each) => each.user !== name),
  });
}

export function changeUser(unit: UnitContent, name: string, changes: Partial<Omit<LocalUser, "name">>): Edit {
  const user = findUser(unit, name);
  if (!user.ok) return user;
  const users = (unit.users ?? []).map((each) => (each === user.value ? { ...each, ...changes } : each));
  return ok({ ...unit, users });
}

/** `perms` as it was sent. */
export function readPermissions(unit: UnitContent, perms: string): Result<Permission[], Failure> {
  const named = perms
    .split(",")
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each !== "");
  const unknown = named.find((each) => !isPermission(each));
  if (unknown !== undefined)
    return refuse(`perms: "${unknown}" is no permission; allowed: ${permissions.join(", ")}`);
  if (named.includes("addvs") && unit.extendedPermissions !== true)
    return refuse(
      "perms: addvs has a meaning only with extended permissions; set extendedperms 1 first, or give vs, which permits as much without",
    );
  return ok(permissions.filter((each) => named.includes(each)));
}
