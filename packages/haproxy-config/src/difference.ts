/**
 * What a worker that runs one configuration has to be told at its runtime socket so that it is as if it had loaded another
 * one (management.txt §9.3). It is safe by construction: the two texts are compared, and whatever is not a known change of
 * a known word of a server's line means a reload.
 */

/** Commands for the runtime socket, in their order; none when the texts differ in nothing but their digest. */
export type Difference =
  | { readonly kind: "told"; readonly commands: readonly string[] }
  | { readonly kind: "reload" };

/** Whether HAProxy has to read the text first: a new value of a known kind cannot spoil it. */
export const needsCheck = (of: Difference): boolean =>
  of.kind === "reload" || of.commands.some((command) => !command.startsWith("set "));

/** Whether a line that HAProxy has answered such commands with says that one was not carried out. */
export const isComplaint = (line: string): boolean =>
  line !== "" &&
  !/^(New server registered\.|Server deleted\.|(IP changed from|no need to change|nothing changed).* by '.*')$/.test(
    line,
  );

/** More than this is told slower than it is loaded. */
export const commandsMax = 2_000;

const reload: Difference = { kind: "reload" };

/**
 * `present` is what the worker runs, or was told to be as; both are in parts as {@link renderConfiguration} makes them, or
 * whole.
 */
export function difference(present: readonly string[], next: readonly string[]): Difference {
  const [before, after] = differingSections(present, next);
  if (before.length !== after.length) return reload;
  const commands: string[] = [];
  for (const [at, section] of before.entries()) {
    const other = after[at] ?? "";
    if (section === other) continue;
    const told = sectionDifference(section, other);
    if (told === undefined) return reload;
    commands.push(...told);
    if (commands.length > commandsMax) return reload;
  }
  return { kind: "told", commands };
}

/** Those of the parts that are not the same. */
function differingSections(
  present: readonly string[],
  next: readonly string[],
): [before: readonly string[], after: readonly string[]] {
  const differing =
    present.length === next.length ? [...present.keys()].filter((at) => present[at] !== next[at]) : undefined;
  const sections = (parts: readonly string[]): string[] => {
    const [head = "", ...rest] = parts;
    const all = [head.replace(digestLine, ""), ...rest];
    return differing === undefined
      ? all.join("\n").split("\n\n")
      : differing.flatMap((at) => ["", ...(all[at] ?? "").split("\n\n")]);
  };
  return [sections(present), sections(next)];
}

/** The first of a configuration; a service's description may look the same. */
const digestLine = /^ {4}description [0-9a-f]{16}$/m;

type ServerLine = {
  /** Before and after it stand in the section's other lines. */
  readonly name: string;
  readonly address: string;
  readonly weight: string | undefined;
  readonly limit: string | undefined;
  readonly disabled: boolean;
  /** All other words. */
  readonly others: readonly string[];
};

function sectionDifference(present: string, next: string): string[] | undefined {
  const [before, after] = [parseSection(present), parseSection(next)];
  if (before === undefined || after === undefined || before.frame !== after.frame) return undefined;
  const { name: backend } = before;
  const kept = before.servers.filter(({ name }) => after.servers.some((each) => each.name === name));
  // HAProxy appends the server that it is told of, so the order has to be that of a reload.
  if (kept.some(({ name }, at) => after.servers[at]?.name !== name)) return undefined;
  const commands: string[] = [];
  for (const server of before.servers)
    if (!kept.includes(server)) commands.push(...removal(`${backend}/${server.name}`));
  for (const [at, server] of after.servers.entries()) {
    const name = `${backend}/${server.name}`;
    const was = kept[at];
    const told = was === undefined ? addition(name, server) : serverDifference(name, was, server);
    if (told === undefined) return undefined;
    commands.push(...told);
  }
  return commands;
}

type ParsedSection = {
  readonly name: string;
  readonly frame: string;
  readonly servers: readonly ServerLine[];
};

/** A backend whose servers stand one after the other, each under another name. */
function parseSection(text: string): ParsedSection | undefined {
  const name = /^backend ([A-Za-z0-9_.]+)$/m.exec(text.slice(0, text.indexOf("\n")))?.[1];
  if (name === undefined) return undefined;
  const frame: string[] = [];
  const servers: ServerLine[] = [];
  for (const line of text.split("\n")) {
    if (!line.startsWith("    server ")) {
      frame.push(line);
      continue;
    }
    const server = parseServer(line);
    if (server === undefined || servers.some((each) => each.name === server.name)) return undefined;
    if (servers.length === 0) frame.push("    server");
    else if (frame.at(-1) !== "    server") return undefined;
    servers.push(server);
  }
  // A section that gets its first server, or loses its last one, keeps its other lines.
  return { name, frame: frame.filter((line) => line !== "    server" && line !== "").join("\n"), servers };
}

/** Words that mean the same in the file and at the socket, and need no quotes in either. */
const plainWord = /^[A-Za-z0-9_.,:/@%+[\]-]+$/;
const serverName = /^[A-Za-z0-9_]+$/;
const number = /^\d{1,9}$/;

/** The weight and the limit come first and `disabled` comes last, so that no value of another word is taken for them. */
function parseServer(line: string): ServerLine | undefined {
  const [name = "", written = "", ...words] = line.slice("    server ".length).split(" ");
  // An IPv6 address is quoted for its brackets.
  const address = written.replace(/^'([^']*)'$/, "$1");
  if (!serverName.test(name) || !plainWord.test(address)) return undefined;
  const taken = (word: string): string | undefined => {
    if (words[0] !== word || !number.test(words[1] ?? "")) return undefined;
    return words.splice(0, 2)[1];
  };
  const weight = taken("weight");
  const limit = taken("maxconn");
  const disabled = words.at(-1) === "disabled";
  if (disabled) words.pop();
  return { name, address, weight, limit, disabled, others: words };
}

function serverDifference(name: string, was: ServerLine, is: ServerLine): string[] | undefined {
  if (was.others.join(" ") !== is.others.join(" ")) return undefined;
  if ((was.weight === undefined) !== (is.weight === undefined)) return undefined;
  const commands: string[] = [];
  if (was.weight !== is.weight) commands.push(`set server ${name} weight ${is.weight}`);
  if (was.limit !== is.limit) commands.push(`set maxconn server ${name} ${is.limit ?? 0}`);
  if (was.address !== is.address) {
    const [from, to] = [addressOf(was.address), addressOf(is.address)];
    if (from === undefined || to === undefined || from.family !== to.family) return undefined;
    commands.push(`set server ${name} addr ${to.host} port ${to.port}`);
    // What the checks have found out is about another machine.
    if (is.others.includes("check")) commands.push(`set server ${name} health up`);
  }
  if (was.disabled !== is.disabled)
    commands.push(`set server ${name} state ${is.disabled ? "maint" : "ready"}`);
  return commands;
}

function addressOf(text: string): { family: 4 | 6; host: string; port: string } | undefined {
  const match = /^(?:(\d+\.\d+\.\d+\.\d+)|\[?([0-9a-f:.]+)\]?):(\d+)$/i.exec(text);
  if (match === null) return undefined;
  const [, host4, host6, port = ""] = match;
  return host4 !== undefined ? { family: 4, host: host4, port } : { family: 6, host: host6 ?? "", port };
}

/** How many words follow each word that `add server` takes; HAProxy 2.6 takes no `no-check-ssl` there, for one. */
const additionWords: ReadonlyMap<string, number> = new Map([
  ["id", 1],
  ["check", 0],
  ["inter", 1],
  ["fastinter", 1],
  ["fall", 1],
  ["rise", 1],
  ["port", 1],
  ["ssl", 0],
  ["verify", 1],
  ["sni", 1],
  ["check-ssl", 0],
  ["check-sni", 1],
]);

/** What a server of the file has by default; one of `add server` would end each connection after its request (HAProxy 2.6). */
const poolWords = ["pool-max-conn", "-1", "pool-purge-delay", "5s"];

function addition(name: string, server: ServerLine): string[] | undefined {
  const { address, weight, limit, disabled, others } = server;
  for (let at = 0; at < others.length; at += 1) {
    const following = additionWords.get(others[at] ?? "");
    if (following === undefined) return undefined;
    at += following;
  }
  if (!others.every((each) => plainWord.test(each))) return undefined;
  const words = [
    address,
    ...(weight === undefined ? [] : ["weight", weight]),
    ...(limit === undefined ? [] : ["maxconn", limit]),
    ...others,
    ...poolWords,
  ];
  return [
    `add server ${name} ${words.join(" ")}`,
    ...(others.includes("check") ? [`enable health ${name}`] : []),
    ...(disabled ? [] : [`set server ${name} state ready`]),
  ];
}

/** HAProxy refuses the second while connections are left, those that are kept for later included: then it is a reload. */
const removal = (name: string): string[] => [`set server ${name} state maint`, `del server ${name}`];
