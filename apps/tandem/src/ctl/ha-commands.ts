/** The commands that work with Central's own pair. */
import { createReadStream, createWriteStream, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { HaApply, HaEventsQuery } from "@tandem/central-api/ha";
import { routes } from "@tandem/central-api/routes";
import { type Command, type CommandContext, done, given, oneOf, required, word } from "./command.ts";
import { UsageError } from "./command-line.ts";
import { followEvents } from "./follow-events.ts";
import {
  printConflicts,
  printDifferences,
  printEvents,
  printFiles,
  printHaStatus,
  printRestore,
  printSynchronised,
  table,
} from "./print.ts";
import { readSecret } from "./world.ts";

const applyHa: Command["run"] = async ({ client, line }) => {
  const body: HaApply = given({
    haKeyForTheOtherPeer: line.text("peer-key"),
    ipAddressForTheOtherPeer: line.text("peer-address"),
    peerPort: line.number("peer-port"),
    preferredMaster: line.flag("preferred"),
    disable: line.flag("disable"),
    heartbeatSeconds: line.number("heartbeat"),
    holdDownSeconds: line.number("hold-down"),
  });
  if (Object.keys(body).length === 0) throw new UsageError("ha apply needs something to apply");
  const value = await client.call(routes.applyHa, { body });
  return { value, text: printHaStatus(value.status) };
};

const events: Command["run"] = async (context) => {
  const { client, line } = context;
  const query: HaEventsQuery = given({
    limit: line.text("limit"),
    unit: oneOf(line.text("unit"), "unit", ["this", "other"]),
    severity: oneOf(line.text("severity"), "severity", ["info", "warning", "error"]),
  });
  if (line.flag("follow") === true) {
    await followEvents(context, query);
    return { value: { followed: true }, text: "" };
  }
  const value = await client.call(routes.haEvents, { query });
  return { value, text: printEvents(value.events) };
};

const removeHa: Command["run"] = async (context) => {
  const wanted = oneOf(required(context, "unit"), "unit", ["this", "other"]) ?? "this";
  const removes = { this: "this unit", other: "the other unit" } as const;
  const confirm = context.line.text("confirm");
  const body = { removes: removes[wanted], ...(confirm !== undefined && { confirm }) };
  const value = await context.client.call(routes.removeHa, { body });
  const peer = value.peerTold
    ? "the other unit has taken the other part"
    : "the other unit could not be told: if it still runs, remove it from the pair there as well";
  return { value, text: `${removes[wanted]} is removed from the pair; ${peer}\n` };
};

const switchHa =
  (disable: boolean): Command["run"] =>
  async ({ client }) => {
    const value = await client.call(routes.applyHa, { body: { disable } });
    return { value, text: printHaStatus(value.status) };
  };

/** How long a handover is waited for before its progress is left to `ha status`; running actions may take longer. */
const handoverWaitMs = 15_000;
const handoverPollMs = 200;

const handOver: Command["run"] = async ({ client, world }) => {
  const ordered = await client.call(routes.handOver);
  if (ordered.note !== null) world.err(`${ordered.note}\n`);
  const before = ordered.status.ourState;
  let value = await client.call(routes.ha);
  const until = performance.now() + handoverWaitMs;
  const isUnderWay = (): boolean =>
    value.status.ourState === before && value.status.handover?.phase !== "given-up";
  while (isUnderWay() && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, handoverPollMs));
    value = await client.call(routes.ha);
  }
  return { value, text: printHaStatus(value.status) };
};

const restoreOverwritten: Command["run"] = async ({ client, line }) => {
  const body = { ...given({ backup: line.text("backup") }), apply: line.flag("apply") === true };
  const value = await client.call(routes.restoreOverwritten, { body });
  const end =
    value.total === 0
      ? `nothing differs from ${value.backup}\n`
      : value.acknowledged === null
        ? `${value.total} differences to ${value.backup}; nothing is changed without --apply\n`
        : done(`${value.total} differences to ${value.backup} are restored`, value.acknowledged);
  return { value, text: `${value.total === 0 ? "" : printRestore(value.differences)}${end}` };
};

/** The pass phrase of a portable backup. */
const passPhraseOf = ({ world, line }: CommandContext): Promise<string> =>
  readSecret(world, "pass phrase of the backup", line.text("pass-phrase-file"), "--pass-phrase-file");

const downloadBackup: Command["run"] = async (context) => {
  const { client, line } = context;
  const path = required(context, "file");
  const body = { ...given({ backup: line.text("backup") }), passPhrase: await passPhraseOf(context) };
  const content = await client.download(routes.downloadBackup, { body });
  const part = `${path}.part`;
  try {
    await pipeline(content, createWriteStream(part, { mode: 0o600 }));
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  const bytes = statSync(path).size;
  return {
    value: { path, bytes },
    text: `the backup is in ${path}, ${bytes} bytes; it opens with its pass phrase alone\n`,
  };
};

const uploadBackup: Command["run"] = async (context) => {
  const path = required(context, "file");
  const { size } = statSync(path);
  const value = await context.client.upload(routes.uploadBackup, {}, createReadStream(path), size);
  const whose = value.ofThisPair === false ? ", which belonged to ANOTHER pair" : "";
  return { value, text: `kept as ${value.name}: of ${value.unitName}${whose}, at ${value.at}\n` };
};

const replaceUnit: Command["run"] = async (context) => {
  const { client, line } = context;
  const backup = word(context);
  const passPhrase = await passPhraseOf(context);
  const value = await client.call(routes.restoreOverwritten, {
    body: { backup, as: "replace a unit", passPhrase, apply: line.flag("apply") === true },
  });
  const end =
    value.savedAs === null
      ? `${value.total} differences to ${backup}; nothing is changed without --apply`
      : `replaced by ${backup}, and it starts anew; what was here is saved as ${value.savedAs}`;
  const note = value.note === null ? "" : `; ${value.note}`;
  return { value, text: `${value.total === 0 ? "" : printRestore(value.differences)}${end}${note}\n` };
};

const resolveConflict =
  (route: typeof routes.restoreConflict | typeof routes.dismissConflict, what: string): Command["run"] =>
  async (context) => {
    const id = word(context);
    // What stands is read first, so that a change made meanwhile is told and not overwritten.
    const { conflicts } = await context.client.call(routes.listConflicts, { query: { state: "all" } });
    const tag = conflicts.find((conflict) => conflict.id === id)?.tag;
    const value = await context.client.call(route, { params: { id }, ...(tag === undefined ? {} : { tag }) });
    return { value, text: done(`${value.field} of ${value.row} is ${what}`, value.acknowledged) };
  };

const kinds = ["webhook", "syslog", "email"] as const;
/** Of e-mail alone. */
const emailOptions = ["security", "user", "from", "to"] as const;
const securities = ["none", "starttls", "tls"] as const;
const severities = ["info", "warning", "error"] as const;

const notificationFields = async ({ line, world }: CommandContext) =>
  given({
    severity: oneOf(line.text("severity"), "severity", severities),
    enabled: line.flag("enabled"),
    security: oneOf(line.text("security"), "security", securities),
    user: line.text("user"),
    from: line.text("from"),
    to: line.text("to")?.split(","),
    secret:
      line.flag("new-secret") === true
        ? await readSecret(world, "secret of the webhook, or password", line.common.passwordFile)
        : undefined,
    certificateAuthority: line.text("ca-file") && readFileSync(line.text("ca-file") ?? "", "utf8"),
  });

const addNotification: Command["run"] = async (context) => {
  const kind = oneOf(required(context, "kind"), "kind", kinds) ?? "webhook";
  const body = {
    ...(await notificationFields(context)),
    name: word(context),
    kind,
    address: required(context, "address"),
  };
  const value = await context.client.call(routes.addNotification, { body });
  return { value, text: done(`${value.name} is added as ${value.id}`, value.acknowledged) };
};

/** The target as it stands is read first, so that a change made meanwhile is told and not overwritten. */
async function readTarget(
  { client }: CommandContext,
  id: string,
): Promise<{ readonly params: { readonly id: string }; readonly tag?: string }> {
  const { targets } = await client.call(routes.listNotifications);
  const tag = targets.find((target) => target.id === id)?.tag ?? "";
  return { params: { id }, ...(tag === "" ? {} : { tag }) };
}

const setNotification: Command["run"] = async (context) => {
  const { line, client } = context;
  const body = {
    ...(await notificationFields(context)),
    ...given({ address: line.text("address"), name: line.text("name") }),
  };
  const read = await readTarget(context, word(context));
  const value = await client.call(routes.changeNotification, { ...read, body });
  return { value, text: done(`${value.name} is changed`, value.acknowledged) };
};

const testNotification: Command["run"] = async ({ client, words }) => {
  const value = await client.call(routes.testNotification, { params: { id: words[0] ?? "" } });
  return {
    value,
    text: value.delivered ? "delivered\n" : `not delivered: ${value.error}\n  ${value.remedy}\n`,
  };
};

export const haCommands: { readonly [words: string]: Command } = {
  "ha status": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.ha);
      return { value, text: printHaStatus(value.status) };
    },
  },
  "ha key": {
    words: 0,
    run: async ({ client }) => {
      const { haKeyForThisPeer } = (await client.call(routes.ha)).configuration;
      return { value: { haKeyForThisPeer }, text: `${haKeyForThisPeer}\n` };
    },
  },
  "ha apply": {
    words: 0,
    options: ["peer-key", "peer-address", "peer-port", "preferred", "disable", "heartbeat", "hold-down"],
    run: applyHa,
  },
  "ha refresh": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.refreshHa);
      return { value, text: printHaStatus(value.status) };
    },
  },
  "ha events": { words: 0, options: ["limit", "unit", "severity", "follow"], run: events },
  "ha synchronised": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.haSynchronised);
      return { value, text: printSynchronised(value) };
    },
  },
  "ha synchronise": {
    words: 2,
    run: async (context) => {
      const [name, position] = [word(context), word(context, 1)];
      if (position !== "on" && position !== "off")
        throw new UsageError(`"ha synchronise" takes on or off, not "${position}"`);
      const { switches, tag } = await context.client.call(routes.haSynchronised);
      const known = switches.find(
        (each) => each.name.toLowerCase() === name.replaceAll("-", "").toLowerCase(),
      );
      if (known === undefined)
        throw new UsageError(
          `there is no switch "${name}"; they are ${switches.map((each) => each.name).join(", ")}`,
        );
      const value = await context.client.call(routes.changeSynchronised, {
        body: { [known.name]: position === "on" },
        ...(tag === "" ? {} : { tag }),
      });
      return { value, text: done(`${known.title}: synchronisation is ${position}`, value.acknowledged) };
    },
  },
  "ha files": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.haFiles);
      return { value, text: printFiles(value) };
    },
  },
  "ha disable": { words: 0, run: switchHa(true) },
  "ha enable": { words: 0, run: switchHa(false) },
  "ha handover": { words: 0, run: handOver },
  "ha act": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.actHa);
      return { value, text: printHaStatus(value.status) };
    },
  },
  "ha differences": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.haDifferences);
      return { value, text: printDifferences(value) };
    },
  },
  "ha backups": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.listBackups);
      const rows = value.backups.map(({ name, at, bytes, overwritten }) => [
        name,
        at,
        String(bytes),
        overwritten ? "overwritten on joining" : "",
      ]);
      return { value, text: table(["NAME", "AT", "BYTES", ""], rows) };
    },
  },
  "ha backup": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.saveBackup);
      return { value, text: `saved as ${value.name}\n` };
    },
  },
  "ha backup download": {
    words: 0,
    options: ["file", "backup", "pass-phrase-file"],
    run: downloadBackup,
  },
  "ha backup upload": { words: 0, options: ["file"], run: uploadBackup },
  "ha backup replace": { words: 1, options: ["apply", "pass-phrase-file"], run: replaceUnit },
  "ha restore-overwritten": { words: 0, options: ["backup", "apply"], run: restoreOverwritten },
  "ha remove": { words: 0, options: ["unit", "confirm"], run: removeHa },
  "notifications list": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.listNotifications);
      const rows = value.targets.map((each) => [
        each.id,
        each.name,
        each.kind,
        each.address,
        each.severity,
        each.enabled ? "yes" : "no",
        String(each.sent),
        String(each.dropped),
        each.lastError ?? "",
        each.note ?? "",
      ]);
      return {
        value,
        text: table(
          ["ID", "NAME", "KIND", "ADDRESS", "FROM", "ENABLED", "SENT", "DROPPED", "LAST ERROR", ""],
          rows,
        ),
      };
    },
  },
  "notifications add": {
    words: 1,
    options: ["kind", "address", "severity", "enabled", "new-secret", "ca-file", ...emailOptions],
    run: addNotification,
  },
  "notifications set": {
    words: 1,
    options: ["name", "address", "severity", "enabled", "new-secret", "ca-file", ...emailOptions],
    run: setNotification,
  },
  "notifications remove": {
    words: 1,
    run: async (context) => {
      const read = await readTarget(context, word(context));
      const value = await context.client.call(routes.removeNotification, read);
      return { value, text: done(`${value.id} is removed`, value.acknowledged) };
    },
  },
  "notifications test": { words: 1, run: testNotification },
  "conflicts list": {
    words: 0,
    options: ["all"],
    run: async ({ client, line }) => {
      const query = line.flag("all") === true ? ({ state: "all" } as const) : {};
      const value = await client.call(routes.listConflicts, { query });
      return { value, text: printConflicts(value.conflicts) };
    },
  },
  "conflicts restore": { words: 1, run: resolveConflict(routes.restoreConflict, "restored") },
  "conflicts dismiss": { words: 1, run: resolveConflict(routes.dismissConflict, "left as it stands") },
};
