/** Local users and what they may do; groups, of which there are none without remote sign-in. */
import { type Area, type Case, data, done, refused } from "../case.ts";

const from = "API 3.19.1";
const user = "suite-clerk";
const password = "the suite's own 1";
const given = [{ command: "useraddlocal", with: { user, password } }];
const after = [{ command: "userdellocal", with: { user } }];
const basic = `basic:${user}:${password}`;

const shown = (perms: string): Case["next"] => [
  {
    ask: { command: "usershow", with: { user } },
    expect: data({ "User.0.Name": user, "User.0.Perms": perms }),
  },
];

const sets = (name: string, perms: string, is: string): Case => ({
  name: `permissions: ${name}`,
  from,
  given,
  ask: { command: "usersetperms", with: { user, perms } },
  expect: done,
  ...(shown(is) === undefined ? {} : { next: shown(is)! }),
  after,
});

/** As the user, whose permissions are set before. */
const may = (perms: string, what: string, path: string, permitted: boolean): Case => ({
  name: `v1: with the permissions "${perms}" ${what} is ${permitted ? "permitted" : "not permitted"}`,
  from,
  given: [...given, { command: "usersetperms", with: { user, perms } }],
  ask: { method: "GET", path: `/access/${path}`, headers: { authorization: basic } },
  expect: permitted ? { is: "known" } : { is: "refused", code: 403, message: /permi/i },
  after,
});

const asks = (perms: string, what: string, fields: object, permitted: boolean): Case => ({
  name: `v2: with the permissions "${perms}" ${what} is ${permitted ? "permitted" : "not permitted"}`,
  from,
  given: [...given, { command: "usersetperms", with: { user, perms } }],
  ask: {
    method: "POST",
    path: "/accessv2",
    body: JSON.stringify({ apiuser: user, apipass: password, ...fields }),
  },
  expect: permitted ? { is: "known" } : { is: "refused", code: 403, message: /permi/i },
  after,
});

const refusedUser = (
  name: string,
  parameters: { readonly [name: string]: string },
  message: RegExp,
): Case => ({
  name: `a user that cannot be added: ${name}`,
  from,
  ask: { command: "useraddlocal", with: parameters },
  expect: refused("password" in parameters && "user" in parameters ? 422 : 400, message),
});

export const users: Area = {
  name: "users",
  cases: [
    { name: "the list of local users", from, ask: { command: "userlist" }, expect: data() },
    {
      name: "a user is added",
      from,
      ask: { command: "useraddlocal", with: { user, password } },
      expect: done,
      next: shown("")!,
      after,
    },
    {
      name: "a user is in the list",
      from,
      given,
      ask: { command: "userlist" },
      expect: data({ "User.0.Name": user }),
      after,
    },
    {
      name: "a user who is there already",
      from,
      given,
      ask: { command: "useraddlocal", with: { user, password } },
      expect: refused(422, /already exists/),
      after,
    },
    refusedUser("without a name", { password }, /user: String Value missing/),
    refusedUser("without a password", { user }, /password: String Value missing/),
    refusedUser("a short password", { user, password: "short" }, /^password: /),
    refusedUser("bal", { user: "bal", password }, /already exists/),
    refusedUser("a name with a slash", { user: "a/b", password }, /^user: /),
    refusedUser("a name with a line feed", { user: "a\nb", password }, /^user: /),
    refusedUser("an empty name", { user: "", password }, /^user: /),
    {
      name: "the password of a local user is changed",
      from,
      given,
      ask: { command: "userchangelocpass", with: { user, password: "another of the suite", radius: 0 } },
      expect: done,
      after,
    },
    {
      name: "the password of a user that is not there",
      from,
      ask: { command: "userchangelocpass", with: { user: "nobody", password, radius: 0 } },
      expect: refused(422, /nobody/),
    },
    {
      name: "one user that is not there",
      from,
      ask: { command: "usershow", with: { user: "nobody" } },
      expect: refused(422, /nobody/),
    },
    {
      name: "one user, unnamed",
      from,
      ask: { command: "usershow" },
      expect: refused(400, "user: String Value missing"),
    },
    {
      name: "a user that is not there is removed",
      from,
      ask: { command: "userdellocal", with: { user: "nobody" } },
      expect: refused(422, /nobody/),
    },
    {
      name: "bal is not removed",
      from,
      ask: { command: "userdellocal", with: { user: "bal" } },
      expect: refused(422),
    },
    {
      name: "names of users are told apart by case",
      from: "API 3.19.1.7",
      given,
      ask: { command: "usershow", with: { user: user.toUpperCase() } },
      expect: refused(422),
      after,
    },
    sets("one", "real", "real"),
    sets("two", "real,vs", "real,vs"),
    sets("in another order", "vs,real", "real,vs"),
    sets("all of them", "root", "root"),
    sets("none", "", ""),
    sets("of certificates", "certs,cert3,certbackup", "certs,cert3,certbackup"),
    sets("of the rest", "rules,backup,users,geo", "rules,backup,users,geo"),
    {
      name: "permissions overwrite those before",
      from,
      given: [...given, { command: "usersetperms", with: { user, perms: "rules" } }],
      ask: { command: "usersetperms", with: { user, perms: "real,vs" } },
      expect: done,
      next: shown("real,vs")!,
      after,
    },
    {
      name: "a permission that is unknown",
      from,
      given,
      ask: { command: "usersetperms", with: { user, perms: "vs,king" } },
      expect: refused(422, /king/),
      next: shown("")!,
      after,
    },
    {
      name: "addvs needs extended permissions",
      from,
      given,
      ask: { command: "usersetperms", with: { user, perms: "addvs" } },
      expect: refused(422, /extendedperms/),
      after,
    },
    {
      name: "extended permissions are switched on",
      from: "API 3.19.1.11",
      ask: { command: "set", with: { param: "extendedperms", value: 1 } },
      expect: done,
      next: [
        { ask: { command: "get", with: { param: "extendedperms" } }, expect: data({ extendedperms: true }) },
      ],
      after: [{ command: "set", with: { param: "extendedperms", value: 0 } }],
    },
    {
      name: "addvs with extended permissions",
      from: "API 3.19.1.8",
      given: [...given, { command: "set", with: { param: "extendedperms", value: 1 } }],
      ask: { command: "usersetperms", with: { user, perms: "addvs" } },
      expect: done,
      next: shown("addvs")!,
      after: [...after, { command: "set", with: { param: "extendedperms", value: 0 } }],
    },
    {
      name: "the least length of passwords",
      from: "API 3.19.1.2",
      ask: { command: "set", with: { param: "minpassword", value: 16 } },
      expect: done,
      next: [{ ask: { command: "get", with: { param: "minpassword" } }, expect: data({ minpassword: 16 }) }],
      after: [{ command: "set", with: { param: "minpassword", value: 8 } }],
    },
    {
      name: "a least length beyond the range",
      from: "API 3.19.1.2",
      ask: { command: "set", with: { param: "minpassword", value: 17 } },
      expect: refused(422, /8 to 16/),
    },
    may("", "reading services", "listvs", true),
    may("", "a change of a service", "modvs?vs=$index&NickName=x", false),
    may("", "a change of the system", "set?param=hawait&value=0", false),
    may("", "a reboot", "reboot", false),
    may("real", "switching a server", "disablers?rs=192.0.2.200", true),
    may("real", "a change of a service", "modvs?vs=$index&NickName=x", false),
    may("vs", "another user", "useraddlocal?user=x&password=long-enough", false),
    may("root", "another user", "useraddlocal?user=x&password=long-enough", false),
    may("root", "a parameter", "set?param=hawait&value=0", true),
    may("certs", "a backup", "backup", false),
    may("backup", "removing a certificate", "delcert?cert=nosuch", false),
    may("users", "a parameter", "set?param=hawait&value=0", false),
    asks("", "reading services", { cmd: "listvs" }, true),
    asks("", "a change of a service", { cmd: "modvs", vs: "$index", NickName: "x" }, false),
    asks("", "a change of the system", { cmd: "set", param: "hawait", value: 0 }, false),
    asks("real", "removing a service", { cmd: "delvs", vs: "$index" }, false),
    asks("vs", "a certificate", { cmd: "delcert", cert: "nosuch" }, false),
    asks("rules", "an address of an interface", { cmd: "modiface", interface: 0, partner: "" }, false),
    asks(
      "root",
      "the password of bal",
      { cmd: "usersetsyspassword", currpassword: "x", password: "long enough" },
      false,
    ),
    asks("users", "the list of users", { cmd: "userlist" }, true),
    { name: "groups", from: "API 3.19.1.10", ask: { command: "grouplist" }, expect: data() },
    {
      name: "a group that is not there",
      from: "API 3.19.1.10",
      ask: { command: "groupshow", with: { group: "nosuch" } },
      expect: refused(422),
    },
    { name: "add-ons", from: "API 3.19.4.4", ask: { command: "listaddon" }, expect: data() },
    {
      name: "the initial password of a unit that has another one",
      from: "API 3.4.6",
      ask: { command: "set_initial_passwd", with: {} },
      expect: refused(400, /passwd: /),
    },
  ],
};
