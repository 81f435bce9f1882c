/** The commands about who may sign in: the password of bal, local users, API keys. */
import { err, ok, type Result } from "@tandem/base/result";
import { completedOk, type Failure } from "@tandem/loadmaster-api/envelope";
import { isPermitted } from "@tandem/loadmaster-api/permissions";
import type { Handlers } from "../api/dispatch.ts";
import { keysPerUserMax, type UnitContent } from "../state/document.ts";
import type { Author, Unit } from "../unit.ts";
import { removeFirstPassword } from "./first-password.ts";
import { hashPassword, passwordMatches } from "./passwords.ts";
import { hashOfKey, keyStartChars, newKey } from "./sign-in.ts";
import {
  addUser,
  changeUser,
  findUser,
  passwordHashOf,
  readPermissions,
  removeUser,
  shortPasswordFault,
  userView,
} from "./users.ts";

type AccessCommand =
  | "usersetsyspassword"
  | "set_initial_passwd"
  | "userlist"
  | "usershow"
  | "useraddlocal"
  | "userdellocal"
  | "userchangelocpass"
  | "usersetperms"
  | "addapikey"
  | "listapikeys"
  | "delapikey";

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

export function accessHandlers(unit: Unit): Pick<Handlers, AccessCommand> {
  const edit = async (
    caller: Author,
    change: (content: UnitContent) => Result<UnitContent, Failure>,
  ): Promise<Result<object, Failure>> => {
    const made = await unit.change(caller, (document) => {
      const next = change(document.unit);
      return next.ok ? ok({ document: { ...document, unit: next.value }, value: {} }) : next;
    });
    return made.ok ? ok({ message: completedOk, revision: made.value.revision }) : made;
  };
  const setSystemPassword = async (caller: Author, password: string, before: string) => {
    const passwordHash = await hashPassword(password);
    const made = await edit(caller, ({ passwordIsFirst: _first, ...content }) =>
      content.passwordHash === before
        ? ok({ ...content, passwordHash })
        : refuse("the password was changed by another call meanwhile; nothing was changed"),
    );
    if (made.ok) await removeFirstPassword(unit.configuration.stateDir);
    return made;
  };
  return {
    async usersetsyspassword({ currpassword, password }, caller) {
      const before = unit.document.unit.passwordHash;
      return (await passwordMatches(currpassword, before))
        ? setSystemPassword(caller, password, before)
        : refuse("currpassword: this is not the password so far; nothing was changed");
    },
    async set_initial_passwd({ passwd }, caller) {
      const { passwordHash, passwordIsFirst } = unit.document.unit;
      return passwordIsFirst === true
        ? setSystemPassword(caller, passwd, passwordHash)
        : refuse("passwd: the initial password was set before; usersetsyspassword changes it");
    },
    userlist: async () => ok({ User: (unit.document.unit.users ?? []).map(userView) }),
    async usershow({ user }) {
      const found = findUser(unit.document.unit, user);
      return found.ok ? ok({ User: [userView(found.value)] }) : found;
    },
    async useraddlocal({ user, password }, caller) {
      const add = (content: UnitContent, hash: string) => {
        const fault = shortPasswordFault(content, password);
        return fault === undefined ? addUser(content, user, hash) : err(fault);
      };
      // What is refused need not be hashed.
      const tried = add(unit.document.unit, "");
      if (!tried.ok) return tried;
      const hash = await hashPassword(password);
      return edit(caller, (content) => add(content, hash));
    },
    userdellocal: ({ user }, caller) => edit(caller, (content) => removeUser(content, user)),
    async userchangelocpass({ user, password }, caller) {
      const found = findUser(unit.document.unit, user);
      if (!found.ok) return found;
      const fault = shortPasswordFault(unit.document.unit, password);
      if (fault !== undefined) return err(fault);
      const passwordHash = await hashPassword(password);
      return edit(caller, (content) => changeUser(content, user, { passwordHash }));
    },
    usersetperms: ({ user, perms }, caller) =>
      edit(caller, (content) => {
        const read = readPermissions(content, perms);
        return read.ok ? changeUser(content, user, { permissions: read.value }) : read;
      }),
    async addapikey(_values, caller) {
      const key = newKey();
      const { user } = caller;
      if (passwordHashOf(unit.document.unit, user) === undefined)
        return refuse(`addapikey: ${user} is the account of a Central, which signs in by its password alone`);
      const entry = { hash: hashOfKey(key), start: key.slice(0, keyStartChars), user, createdAt: Date.now() };
      const made = await edit(caller, (content) => {
        const own = content.apiKeys.filter((each) => each.user === user);
        const [oldest] = own.length >= keysPerUserMax ? own : [];
        return ok({ ...content, apiKeys: [...content.apiKeys.filter((each) => each !== oldest), entry] });
      });
      return made.ok ? ok({ apikey: key, apikeys: keyStarts(unit, user, key) }) : made;
    },
    listapikeys: async (_values, { user }) => ok({ apikeys: keyStarts(unit, user) }),
    async delapikey({ key, user = undefined }, caller) {
      const owner = user ?? caller.user;
      if (owner !== caller.user && !isPermitted(unit.personOf(caller.user), "users", false))
        return err({
          code: 403,
          message: `delapikey: not permitted: the user ${caller.user} lacks the permission users, which withdraws the keys of others`,
        });
      return edit(caller, (content) => {
        const hash = hashOfKey(key);
        const apiKeys = content.apiKeys.filter(
          (each) => each.user !== owner || (each.hash !== hash && each.start !== key),
        );
        return apiKeys.length === content.apiKeys.length
          ? refuse(`key: ${owner} has no such key; listapikeys shows how the present ones begin`)
          : ok({ ...content, apiKeys });
      });
    },
  };
}

/** How a user's keys begin, the latest first, since scripts take the first; the one that was just made is shown whole, this once. */
const keyStarts = (unit: Unit, user: string, made?: string): string[] =>
  unit.document.unit.apiKeys
    .filter((each) => each.user === user)
    .toReversed()
    .map((each) => (made?.startsWith(each.start) === true ? made : each.start));
