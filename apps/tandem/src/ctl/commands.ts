/** The commands of `tandem ctl`: each makes one or a few calls and has an answer for people and for programs. */
import { hostname } from "node:os";
import { routes } from "@tandem/central-api/routes";
import { licenseCommands } from "../license/central-commands.ts";
import { meteringCommands } from "../license/metering-commands.ts";
import { type Command, type CommandContext, done, given, required, word } from "./command.ts";
import { type CommandLine, UsageError } from "./command-line.ts";
import { drillCommands } from "./drill-commands.ts";
import { haCommands } from "./ha-commands.ts";
import { licensingCommands } from "./licensing-commands.ts";
import { logCommands } from "./log-commands.ts";
import { deviceId, groupId } from "./named-device.ts";
import { printDevices, printGroup, printGroups, printTree, table } from "./print.ts";
import { repositoryCommands } from "./repository-commands.ts";
import { scheduleCommands } from "./schedule-commands.ts";
import { serviceCommands } from "./service-commands.ts";
import { statisticsCommands } from "./statistics-commands.ts";
import { readSecret } from "./world.ts";

const login: Command["run"] = async (context) => {
  const { client, server, line, world, kept } = context;
  const user = line.text("user") ?? "admin";
  const password = await readSecret(world, `password of ${user}`, line.common.passwordFile);
  await client.signIn(user, password);
  const name = `tandem ctl on ${hostname()}`.slice(0, 64);
  const { id, key } = await client.call(routes.makeApiKey, { body: { name } });
  kept.keys.set(server.name, { id, key });
  await client.call(routes.signOut);
  return {
    value: { server: server.name, user, keyId: id, keptIn: kept.keys.path },
    text: `signed in as ${user}; an API key is kept in ${kept.keys.path}\n`,
  };
};

const logout: Command["run"] = async ({ client, server, kept }) => {
  const key = kept.keys.get(server.name);
  if (key === undefined) throw new Error(`no API key is kept for ${server.name}`);
  await client.call(routes.removeApiKey, { params: { id: key.id } });
  kept.keys.set(server.name, undefined);
  return { value: { server: server.name, keyId: key.id }, text: "the API key is removed\n" };
};

const changePassword: Command["run"] = async ({ client, line, world }) => {
  const currentPassword = await readSecret(world, "present password", line.common.passwordFile);
  const newPassword = await readSecret(world, "new password", undefined);
  const value = await client.call(routes.changePassword, { body: { currentPassword, newPassword } });
  return { value, text: "the password is changed\n" };
};

const networkFields = ({ line }: CommandContext) =>
  given({ name: line.text("name"), description: line.text("description") });

const deviceFields = ({ line }: CommandContext) =>
  given({
    address: line.text("address"),
    port: line.number("port"),
    user: line.text("user"),
    name: line.text("name"),
    certificateFingerprint: line.text("device-fingerprint")?.toLowerCase(),
  });

const addDevice: Command["run"] = async (context) => {
  const { client, line, world } = context;
  const user = required(context, "user");
  const address = word(context);
  const password = await readSecret(world, `password of ${user} at ${address}`, line.common.passwordFile);
  const value = await client.call(routes.addDevice, {
    body: { ...deviceFields(context), address, user, password },
  });
  const { name, id, certificateFingerprint, acknowledged } = value;
  return {
    value,
    text: done(
      `${name} is added as ${id}, its certificate pinned as ${certificateFingerprint}`,
      acknowledged,
    ),
  };
};

const setDevice: Command["run"] = async (context) => {
  const { client, line, world } = context;
  const id = await deviceId(context, word(context));
  const password = line.flag("new-password")
    ? { password: await readSecret(world, "the device's password", line.common.passwordFile) }
    : {};
  const value = await client.call(routes.changeDevice, {
    params: { id },
    body: { ...deviceFields(context), ...password },
  });
  return { value, text: done(`${value.name} is changed`, value.acknowledged) };
};

const addGroup: Command["run"] = async (context) => {
  const members: string[] = [];
  for (const text of required(context, "members").split(","))
    members.push(await deviceId(context, text.trim()));
  const value = await context.client.call(routes.addHaGroup, {
    body: { name: word(context), sharedAddress: required(context, "shared-address"), members },
  });
  return { value, text: done(`${value.name} is added as ${value.id}`, value.acknowledged) };
};

/** By their words; the first words of a command line that name one do. */
export const commands: { readonly [words: string]: Command } = {
  login: { words: 0, options: ["user"], run: login },
  logout: { words: 0, run: logout },
  password: { words: 0, run: changePassword },
  "key list": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.listApiKeys);
      const rows = value.apiKeys.map(({ id, name, createdAt, lastUsedAt }) => [
        id,
        name,
        createdAt,
        lastUsedAt ?? "never",
      ]);
      return { value, text: table(["ID", "NAME", "MADE", "LAST USED"], rows) };
    },
  },
  "key add": {
    words: 1,
    run: async (context) => {
      const value = await context.client.call(routes.makeApiKey, { body: { name: word(context) } });
      return { value, text: `${value.key}\n` };
    },
  },
  "key remove": {
    words: 1,
    run: async (context) => {
      const value = await context.client.call(routes.removeApiKey, { params: { id: word(context) } });
      return { value, text: `API key ${value.id} is removed\n` };
    },
  },
  about: {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.about);
      return { value, text: `${value.product} ${value.version}, ${value.name}, unit ${value.unit}\n` };
    },
  },
  tree: {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.tree);
      return { value, text: printTree(value) };
    },
  },
  "network list": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.listNetworks);
      const rows = value.networks.map(({ cidr, name, description }) => [cidr, name, description]);
      return { value, text: table(["NETWORK", "NAME", "DESCRIPTION"], rows) };
    },
  },
  "network add": {
    words: 1,
    options: ["name", "description"],
    run: async (context) => {
      const body = { cidr: word(context), ...networkFields(context) };
      const value = await context.client.call(routes.addNetwork, { body });
      return { value, text: done(`${value.cidr} is added`, value.acknowledged) };
    },
  },
  "network set": {
    words: 1,
    options: ["name", "description"],
    run: async (context) => {
      const call = { params: { cidr: word(context) }, body: networkFields(context) };
      const value = await context.client.call(routes.changeNetwork, call);
      return { value, text: done(`${value.cidr} is changed`, value.acknowledged) };
    },
  },
  "network remove": {
    words: 1,
    run: async (context) => {
      const value = await context.client.call(routes.removeNetwork, { params: { cidr: word(context) } });
      return { value, text: done(`${value.cidr} is removed`, value.acknowledged) };
    },
  },
  "device list": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.listDevices);
      return { value, text: printDevices(value.devices) };
    },
  },
  "device add": { words: 1, options: ["port", "user", "name", "device-fingerprint"], run: addDevice },
  "device set": {
    words: 1,
    options: ["address", "port", "user", "name", "new-password", "device-fingerprint"],
    run: setDevice,
  },
  "device remove": {
    words: 1,
    run: async (context) => {
      const id = await deviceId(context, word(context));
      const value = await context.client.call(routes.removeDevice, { params: { id } });
      return { value, text: done(`device ${value.id} is removed`, value.acknowledged) };
    },
  },
  "ha-group list": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.listHaGroups);
      const { devices } = await client.call(routes.listDevices);
      return { value, text: printGroups(value.haGroups, devices) };
    },
  },
  "ha-group add": { words: 1, options: ["shared-address", "members"], run: addGroup },
  "ha-group show": {
    words: 1,
    run: async (context) => {
      const { client } = context;
      const value = await client.call(routes.haGroup, {
        params: { id: await groupId(context, word(context)) },
      });
      const { devices } = await client.call(routes.listDevices);
      return { value, text: printGroup(value, devices) };
    },
  },
  "ha-group rename": {
    words: 2,
    run: async (context) => {
      const id = await groupId(context, word(context));
      const body = { name: word(context, 1) };
      const value = await context.client.call(routes.changeHaGroup, { params: { id }, body });
      return { value, text: done(`HA group ${value.id} is called ${value.name}`, value.acknowledged) };
    },
  },
  "ha-group remove": {
    words: 1,
    run: async (context) => {
      const id = await groupId(context, word(context));
      const value = await context.client.call(routes.removeHaGroup, { params: { id } });
      return { value, text: done(`HA group ${value.id} is removed`, value.acknowledged) };
    },
  },
  ...serviceCommands,
  ...drillCommands,
  ...licenseCommands,
  ...licensingCommands,
  ...meteringCommands,
  ...scheduleCommands,
  ...haCommands,
  ...repositoryCommands,
  ...logCommands,
  ...statisticsCommands,
};

const plurals: { readonly [word: string]: string } = {
  networks: "network",
  devices: "device",
  "ha-groups": "ha-group",
  groups: "ha-group",
  keys: "key",
  drills: "drill",
  conflict: "conflicts",
  profiles: "profile",
  snapshots: "snapshot",
  environments: "environment",
};

/** The command that the first words name, and the words after it. Throws {@link UsageError}. */
export function findCommand(line: CommandLine): {
  readonly command: Command;
  readonly words: readonly string[];
} {
  const [first = "", ...rest] = line.words;
  const all = [plurals[first] ?? first, ...rest];
  // The longest that is one: some words of a command are a command themselves.
  const length = [3, 2].find((count) => Object.hasOwn(commands, all.slice(0, count).join(" "))) ?? 1;
  const name = all.slice(0, length).join(" ");
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined)
    throw new UsageError(`there is no command "${line.words.slice(0, 2).join(" ")}"; see tandem ctl --help`);
  const words = all.slice(length);
  if (words.length !== command.words)
    throw new UsageError(
      words.length < command.words
        ? `"${name}" needs one more word`
        : `"${name}" does not take "${words.at(-1)}"`,
    );
  const unfit = line.given.find((option) => !command.options?.includes(option));
  if (unfit !== undefined) throw new UsageError(`"${name}" does not take --${unfit}`);
  return { command, words };
}
