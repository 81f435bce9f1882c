/** The commands that work with the Global Repository, LoadMaster profiles and target environments. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { RepositoryFile } from "@tandem/central-api/repository";
import { routes } from "@tandem/central-api/routes";
import { type Command, type CommandContext, done, given, required, word } from "./command.ts";
import { UsageError } from "./command-line.ts";
import { table } from "./print.ts";

/** The one entry that is named by its id or name; what is not known here goes to the server, which says so. */
function named<Entry extends { readonly id: string; readonly name: string }>(
  entries: readonly Entry[],
  text: string,
): Partial<Entry> & { readonly id: string } {
  const found = entries.filter(({ id, name }) => id === text || name === text);
  if (found.length > 1) throw new Error(`"${text}" names ${found.length} entries; give an id`);
  return found[0] ?? ({ id: text } as Partial<Entry> & { readonly id: string });
}

const fileNamed = async ({ client }: CommandContext, text: string) =>
  named<RepositoryFile>((await client.call(routes.listRepositoryFiles)).files, text);

const kinds = ["backup", "template", "firmware"] as const;
function kindOf(text: string): (typeof kinds)[number] {
  const kind = kinds.find((each) => each === text);
  if (kind === undefined) throw new UsageError(`--kind takes ${kinds.join(", ")}, not "${text}"`);
  return kind;
}

/** An object of JSON out of a file; undefined when none was named. */
function jsonFrom({ line }: CommandContext): { readonly [member: string]: never } | undefined {
  const path = line.text("file");
  return path === undefined ? undefined : JSON.parse(readFileSync(path, "utf8"));
}

const tagged = (tag: string | undefined): { readonly tag?: string } => (tag === undefined ? {} : { tag });

async function upload({ client }: CommandContext, id: string, path: string, tag: string) {
  const { size } = statSync(path);
  return client.upload(routes.uploadRepositoryFile, { params: { id }, tag }, createReadStream(path), size);
}

const addFile: Command["run"] = async (context) => {
  const { client, line } = context;
  const path = required(context, "file");
  statSync(path);
  const kind = kindOf(required(context, "kind"));
  const body = { name: word(context), kind, ...given({ description: line.text("description") }) };
  const { id, tag } = await client.call(routes.addRepositoryFile, { body });
  const value = await upload(context, id, path, tag);
  return {
    value,
    text: done(`${value.name} is stored as ${id}, ${value.size} bytes, ${value.digest}`, value.acknowledged),
  };
};

const setFile: Command["run"] = async (context) => {
  const { client, line } = context;
  const known = await fileNamed(context, word(context));
  const kind = line.text("kind");
  const path = line.text("file");
  const body = {
    ...given({ name: line.text("name"), description: line.text("description") }),
    ...(kind === undefined ? {} : { kind: kindOf(kind) }),
  };
  const changed = await client.call(routes.changeRepositoryFile, {
    params: { id: known.id },
    body,
    ...tagged(known.tag),
  });
  const value = path === undefined ? changed : await upload(context, known.id, path, changed.tag);
  return { value, text: done(`${value.name} is changed`, value.acknowledged) };
};

/** Beside its place first: what is there under the name is whole and proved. */
async function keepProved(content: Readable, path: string, digest: string | null | undefined): Promise<void> {
  const hash = createHash("sha256");
  const part = `${path}.part`;
  try {
    const hashing = new Transform({
      transform(chunk, _encoding, next) {
        hash.update(chunk);
        next(null, chunk);
      },
    });
    await pipeline(content, hashing, createWriteStream(part, { mode: 0o600 }));
    const came = hash.digest("hex");
    if (came !== digest) throw new Error(`what came has digest ${came}, not ${digest}: try again`);
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

const getFile: Command["run"] = async (context) => {
  const path = required(context, "file");
  const { id, digest, name } = await fileNamed(context, word(context));
  await keepProved(
    await context.client.download(routes.downloadRepositoryFile, { params: { id } }),
    path,
    digest,
  );
  return { value: { id, path, digest }, text: `${name} is in ${path}\n` };
};

const getSnapshot: Command["run"] = async (context) => {
  const path = required(context, "file");
  const id = word(context);
  const { snapshots } = await context.client.call(routes.listSnapshots, {});
  const digest = snapshots.find((each) => each.id === id)?.digest;
  await keepProved(await context.client.download(routes.downloadSnapshot, { params: { id } }), path, digest);
  return { value: { id, path, digest }, text: `snapshot ${id} is in ${path}\n` };
};

const listSnapshots: Command["run"] = async (context) => {
  const { client, line } = context;
  const { devices } = await client.call(routes.listDevices);
  const nameOf = (id: string): string => devices.find((device) => device.id === id)?.name || id;
  const wanted = line.text("device");
  const device = devices.find(({ id, name, address }) => [id, name, address].includes(wanted ?? ""))?.id;
  const query = wanted === undefined ? {} : { device: device ?? wanted };
  const value = await client.call(routes.listSnapshots, { query });
  const rows = value.snapshots.map((each) => [
    each.id,
    nameOf(each.device),
    each.at,
    String(each.size),
    each.here ? "" : "not on this unit",
    each.author,
  ]);
  const more = value.more ? "there are more: name a device\n" : "";
  return { value, text: `${table(["ID", "DEVICE", "AT", "BYTES", "", "BY"], rows)}${more}` };
};

const listFiles: Command["run"] = async ({ client }) => {
  const value = await client.call(routes.listRepositoryFiles);
  const rows = value.files.map(({ id, name, kind, size, here, author, at, description }) => [
    id,
    name,
    kind,
    size === null ? "no content" : String(size),
    size === null || here ? "" : "not on this unit",
    author,
    at,
    description,
  ]);
  return { value, text: table(["ID", "NAME", "KIND", "BYTES", "", "BY", "AT", "DESCRIPTION"], rows) };
};

const profileNamed = async ({ client }: CommandContext, text: string) =>
  named((await client.call(routes.listProfiles)).profiles, text);
const environmentNamed = async ({ client }: CommandContext, text: string) =>
  named((await client.call(routes.listTargetEnvironments)).targetEnvironments, text);

export const repositoryCommands: { readonly [words: string]: Command } = {
  "repository list": { words: 0, run: listFiles },
  "repository add": { words: 1, options: ["kind", "file", "description"], run: addFile },
  "repository set": { words: 1, options: ["name", "kind", "file", "description"], run: setFile },
  "repository get": { words: 1, options: ["file"], run: getFile },
  "repository remove": {
    words: 1,
    run: async (context) => {
      const { id, tag } = await fileNamed(context, word(context));
      const call = { params: { id }, ...tagged(tag) };
      const value = await context.client.call(routes.removeRepositoryFile, call);
      return { value, text: done(`repository entry ${id} is removed`, value.acknowledged) };
    },
  },
  "snapshot list": { words: 0, options: ["device"], run: listSnapshots },
  "snapshot get": { words: 1, options: ["file"], run: getSnapshot },
  "profile list": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.listProfiles);
      const rows = value.profiles.map(({ id, name, settings }) => [
        id,
        name,
        String(Object.keys(settings).length),
      ]);
      return { value, text: table(["ID", "NAME", "SETTINGS"], rows) };
    },
  },
  "profile show": {
    words: 1,
    run: async (context) => {
      const value = await profileNamed(context, word(context));
      if (value.settings === undefined) throw new Error(`there is no profile "${word(context)}"`);
      return { value, text: `${JSON.stringify(value.settings, null, 2)}\n` };
    },
  },
  "profile add": {
    words: 1,
    options: ["file"],
    run: async (context) => {
      const body = { name: word(context), ...given({ settings: jsonFrom(context) }) };
      const value = await context.client.call(routes.addProfile, { body });
      return { value, text: done(`profile ${value.name} is added as ${value.id}`, value.acknowledged) };
    },
  },
  "profile set": {
    words: 1,
    options: ["name", "file"],
    run: async (context) => {
      const { id, tag } = await profileNamed(context, word(context));
      const body = given({ name: context.line.text("name"), settings: jsonFrom(context) });
      const value = await context.client.call(routes.changeProfile, { params: { id }, body, ...tagged(tag) });
      return { value, text: done(`profile ${value.name} is changed`, value.acknowledged) };
    },
  },
  "profile remove": {
    words: 1,
    run: async (context) => {
      const { id, tag } = await profileNamed(context, word(context));
      const value = await context.client.call(routes.removeProfile, { params: { id }, ...tagged(tag) });
      return { value, text: done(`profile ${id} is removed`, value.acknowledged) };
    },
  },
  "environment list": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.listTargetEnvironments);
      const rows = value.targetEnvironments.map(({ id, name, variables, description }) => [
        id,
        name,
        String(Object.keys(variables).length),
        description,
      ]);
      return { value, text: table(["ID", "NAME", "VARIABLES", "DESCRIPTION"], rows) };
    },
  },
  "environment show": {
    words: 1,
    run: async (context) => {
      const value = await environmentNamed(context, word(context));
      if (value.variables === undefined) throw new Error(`there is no target environment "${word(context)}"`);
      return { value, text: table(["VARIABLE", "VALUE"], Object.entries(value.variables)) };
    },
  },
  "environment add": {
    words: 1,
    options: ["description", "file"],
    run: async (context) => {
      const { line, client } = context;
      const body = {
        name: word(context),
        ...given({ description: line.text("description"), variables: jsonFrom(context) }),
      };
      const value = await client.call(routes.addTargetEnvironment, { body });
      return { value, text: done(`environment ${value.name} is added as ${value.id}`, value.acknowledged) };
    },
  },
  "environment set": {
    words: 1,
    options: ["name", "description", "file"],
    run: async (context) => {
      const { line, client } = context;
      const { id, tag } = await environmentNamed(context, word(context));
      const body = given({
        name: line.text("name"),
        description: line.text("description"),
        variables: jsonFrom(context),
      });
      const call = { params: { id }, body, ...tagged(tag) };
      const value = await client.call(routes.changeTargetEnvironment, call);
      return { value, text: done(`environment ${value.name} is changed`, value.acknowledged) };
    },
  },
  "environment remove": {
    words: 1,
    run: async (context) => {
      const { id, tag } = await environmentNamed(context, word(context));
      const call = { params: { id }, ...tagged(tag) };
      const value = await context.client.call(routes.removeTargetEnvironment, call);
      return { value, text: done(`environment ${id} is removed`, value.acknowledged) };
    },
  },
};
