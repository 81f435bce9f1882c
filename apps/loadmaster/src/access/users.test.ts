import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { type Command, commands } from "@tandem/loadmaster-api/commands";
import {
  isPermitted,
  lackOf,
  needOf,
  type Permission,
  permissions,
  systemUser,
} from "@tandem/loadmaster-api/permissions";
import { loopback, startUnit, type TestUnit, value } from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";
const all = Object.entries<Command>(commands);

/** Which commands a permission opens that nobody may give without any. */
const openedBy = (held: readonly Permission[], extended = false): string[] =>
  all
    .filter(([, command]) => {
      const opened = (of: readonly Permission[]) =>
        isPermitted({ name: "someone", permissions: of }, needOf(command), extended);
      return opened(held) && !opened([]);
    })
    .map(([name]) => name)
    .sort();

describe("what a permission opens, over all commands", () => {
  test("[LM2] each permission allows what it is for and forbids the rest", () => {
    assert.deepEqual(openedBy(["real"]), ["disablers", "enablers"]);
    assert.deepEqual(openedBy(["certs"]), ["addcert", "delcert", "delcipherset", "modifycipherset"]);
    assert.deepEqual(openedBy(["rules"]), ["addrule", "delrule", "modrule"]);
    assert.deepEqual(openedBy(["cert3"]), ["addintermediate", "delintermediate"]);
    assert.deepEqual(openedBy(["certbackup"]), ["backupcert", "restorecert"]);
    assert.deepEqual(openedBy(["backup"]), ["backup"]);
    assert.deepEqual(openedBy(["geo"]), []);
    for (const name of ["addvs", "delvs", "modvs", "addrs", "delrs", "modrs", "enablers"])
      assert.ok(openedBy(["vs"]).includes(name), name);
    for (const name of ["set", "reboot", "addcert", "restore", "useraddlocal", "hapair", "backup"])
      assert.ok(!openedBy(["vs"]).includes(name), name);
    for (const name of openedBy(["users"])) assert.match(name, /^(user|group)/);
  });

  test("[LM2] root may do all but what is of users and of bal's password", () => {
    const forbidden = all
      .filter(([, command]) => !isPermitted({ name: "x", permissions: ["root"] }, needOf(command), false))
      .map(([name]) => name);
    for (const name of ["useraddlocal", "userdellocal", "usersetperms", "usersetsyspassword"])
      assert.ok(forbidden.includes(name), name);
    for (const name of forbidden) assert.match(name, /^(user|group|set_initial_passwd$)/);
  });

  test("[LM2] nobody but bal changes what needs bal, whatever else they may", () => {
    for (const [name, command] of all) {
      assert.equal(isPermitted({ name: systemUser, permissions: [] }, needOf(command), true), true, name);
      if (needOf(command) === "bal")
        assert.equal(isPermitted({ name: "x", permissions }, needOf(command), true), false, name);
    }
  });

  test("[LM2] whatever changes something needs a permission, but for one's own API keys", () => {
    for (const [name, command] of all)
      if (command.changes !== "nothing" && !/apikey$/.test(name))
        assert.equal(isPermitted({ name: "x", permissions: [] }, needOf(command), false), false, name);
  });

  test("[LM2] with extended permissions services are added by addvs alone", () => {
    assert.equal(openedBy(["vs"], true).includes("addvs"), false);
    assert.equal(openedBy(["vs"], true).includes("modvs"), true);
    assert.deepEqual(openedBy(["addvs"], true), ["addvs", "delvs", "dupvs"]);
  });

  test("[LM2] who may switch real servers may do nothing else with them", () => {
    const lack = (fields: object) =>
      lackOf({ name: "x", permissions: ["real"] }, "modrs", commands.modrs, { ...fields }, false);
    assert.equal(lack({ cmd: "modrs", vs: 1, rs: "!2", enable: "N" }), undefined);
    for (const more of [{ Weight: 5 }, { weight: 5 }, { newport: 81 }])
      assert.match(lack({ vs: 1, rs: "!2", enable: "N", ...more })?.message ?? "", /lacks the permission vs/);
  });
});

describe("users of a unit", { skip }, () => {
  let unit: TestUnit;
  const as = (user: string, password: string) =>
    new LoadMasterClient({
      address: loopback(21),
      port: unit.configuration.apiPort,
      credentials: { kind: "password", user, password },
    });
  const call = (command: string, parameters = {}) => unit.client().call(command, parameters);
  const messageOf = (answer: Awaited<ReturnType<typeof call>>): string =>
    answer.ok ? "done" : answer.error.message;

  before(async () => {
    unit = await startUnit(21);
  });
  after(() => unit.remove());

  test("[LM2] a user reads, and does what was permitted, in both directions", async () => {
    value(await call("useraddlocal", { user: "clerk", password: "a clerk's password" }));
    const clerk = as("clerk", "a clerk's password");
    assert.ok((await clerk.call("listvs")).ok);
    const service = { vs: loopback(22), port: 8080, prot: "tcp" };
    const refused = await clerk.call("addvs", service);
    assert.match(messageOf(refused), /the user clerk lacks the permission addvs/);
    assert.equal(refused.ok || refused.error.kind === "refused" ? (refused.ok ? 0 : 403) : 0, 403);
    value(await call("usersetperms", { user: "clerk", perms: "vs, real" }));
    value(await clerk.call("addvs", service));
    assert.match(messageOf(await clerk.call("set", { param: "hostname", value: "x" })), /permission root/);
    value(await call("set", { param: "extendedperms", value: 1 }));
    assert.match(messageOf(await clerk.call("delvs", service)), /permission addvs/);
    value(await call("usersetperms", { user: "clerk", perms: "addvs" }));
    value(await clerk.call("delvs", service));
    assert.deepEqual((value(await call("usershow", { user: "clerk" })) as Record<string, unknown>).User, [
      { Name: "clerk", Perms: "addvs" },
    ]);
    value(await call("set", { param: "extendedperms", value: 0 }));
    assert.match(messageOf(await call("usersetperms", { user: "clerk", perms: "addvs" })), /extendedperms 1/);
    assert.match(
      messageOf(await call("usersetperms", { user: "clerk", perms: "vs,king" })),
      /"king" is no permission/,
    );
    const told = unit.log.find((line) => JSON.stringify(line.details).includes("permissions of user clerk"));
    assert.ok(told, "the change is in the log");
    assert.ok(!JSON.stringify(unit.log).includes("$argon2id"), "no hash is in the log");
  });

  test("[LM2] an API key may do what its user may", async () => {
    value(await call("usersetperms", { user: "clerk", perms: "backup" }));
    const { apikey } = value(await as("clerk", "a clerk's password").call("addapikey")) as unknown as {
      apikey: string;
    };
    const program = new LoadMasterClient({
      address: loopback(21),
      port: unit.configuration.apiPort,
      credentials: { kind: "apikey", apikey },
    });
    assert.ok((await program.call("backup")).ok);
    assert.match(messageOf(await program.call("reboot")), /the user clerk lacks the permission root/);
    assert.match(
      messageOf(await program.call("delapikey", { key: "whatever", user: "bal" })),
      /permission users/,
    );
    // Each sees his own.
    assert.deepEqual((value(await call("listapikeys")) as Record<string, unknown>).apikeys, []);
    value(await call("userdellocal", { user: "clerk" }));
    const gone = await program.call("listvs");
    assert.ok(!gone.ok && gone.error.kind === "unauthorised");
    const goneUser = await as("clerk", "a clerk's password").call("listvs");
    assert.ok(!goneUser.ok && goneUser.error.kind === "unauthorised");
    // Who gets the name next gets neither keys nor password.
    value(await call("useraddlocal", { user: "clerk", password: "another password" }));
    const still = await program.call("listvs");
    assert.ok(!still.ok && still.error.kind === "unauthorised");
  });

  test("[LM2] names and passwords that cannot be are refused, and nothing is lost by it", async () => {
    const before = JSON.stringify(unit.unit.document.unit.users);
    const refusals: readonly (readonly [string, object, RegExp])[] = [
      ["useraddlocal", { user: "clerk", password: "long enough" }, /User already exists/],
      ["useraddlocal", { user: "bal", password: "long enough" }, /User already exists/],
      ["useraddlocal", { user: "x", password: "short" }, /password: this value is not valid/],
      ["useraddlocal", { user: "x/../y", password: "long enough" }, /^user: /],
      ["useraddlocal", { user: "x" }, /password: String Value missing/],
      ["useraddlocal", { user: "x", password: "long enough", radius: 1 }, /^radius: /],
      ["useraddlocal", { user: "x", nopass: "y", password: "long enough" }, /^nopass: /],
      ["userdellocal", { user: "bal" }, /no local user/],
      ["userdellocal", { user: "Clerk" }, /no local user "Clerk"/],
      ["usershow", { user: "nobody" }, /no local user "nobody"/],
      ["userchangelocpass", { user: "nobody", password: "long enough" }, /no local user/],
      ["usernewcert", { user: "clerk" }, /addapikey/],
      ["groupaddremote", { group: "g" }, /remote sign-in/],
    ];
    for (const [command, parameters, words] of refusals)
      assert.match(messageOf(await call(command, parameters)), words, command);
    value(await call("set", { param: "minpassword", value: 16 }));
    assert.match(
      messageOf(await call("useraddlocal", { user: "x", password: "twelve chars" })),
      /shorter than the 16 characters/,
    );
    value(await call("set", { param: "minpassword", value: 8 }));
    assert.equal(JSON.stringify(unit.unit.document.unit.users), before);
  });

  test("[LM2] the initial password is set once", async () => {
    // Last, since the password is another one afterwards.
    assert.match(
      messageOf(await as("clerk", "another password").call("set_initial_passwd", { passwd: "0123456789" })),
      /only bal may/,
    );
    value(await call("set_initial_passwd", { passwd: "the first of ours" }));
    assert.equal(existsSync(join(unit.configuration.stateDir, "first-password")), false);
    const bal = as("bal", "the first of ours");
    assert.match(
      messageOf(await bal.call("set_initial_passwd", { passwd: "a second one" })),
      /was set before/,
    );
    assert.ok(
      !readFileSync(join(unit.configuration.stateDir, "configuration.json"), "utf8").includes(
        "the first of ours",
      ),
    );
  });
});
