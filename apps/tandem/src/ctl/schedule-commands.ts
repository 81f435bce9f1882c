/** The commands that work with scheduled actions and their runs. */
import { routes } from "@tandem/central-api/routes";
import type {
  ActionKind,
  ActionWhen,
  ScheduledAction,
  ScheduledActionChange,
} from "@tandem/central-api/schedule";
import { type Command, type CommandContext, done, given, required, word } from "./command.ts";
import { UsageError } from "./command-line.ts";
import { deviceOrGroupId } from "./named-device.ts";
import { table } from "./print.ts";

/** The id of an action named by its id or name. */
async function actionId({ client }: CommandContext, text: string): Promise<string> {
  const { scheduledActions } = await client.call(routes.listScheduledActions);
  const found = scheduledActions.filter(({ id, name }) => id === text || name === text);
  if (found.length > 1) throw new Error(`"${text}" names ${found.length} actions; give an id`);
  // What is not known here goes to the server, which says so in its own words.
  return found[0]?.id ?? text;
}

async function deviceIds(context: CommandContext): Promise<string[] | undefined> {
  const named = context.line.text("devices");
  if (named === undefined) return undefined;
  const ids: string[] = [];
  for (const text of named.split(",")) ids.push(await deviceOrGroupId(context, text.trim()));
  return ids;
}

/** This machine's own zone, unless another is named. */
function whenOf({ line }: CommandContext): ActionWhen | undefined {
  const [once, cron] = [line.text("once"), line.text("cron")];
  if (once === undefined && cron === undefined) return undefined;
  const timeZone = line.text("time-zone") ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return { timeZone, ...given({ once, cron }) };
}

const fieldsOf = ({ line }: CommandContext) =>
  given({
    name: line.text("name"),
    missedRule: line.text("if-missed") as ScheduledActionChange["missedRule"],
    ifUnknown: line.text("if-unknown") as ScheduledActionChange["ifUnknown"],
    enabled: line.flag("enabled"),
  });

const whenWords = ({ once, cron, timeZone }: ActionWhen): string => `${once ?? cron ?? ""} ${timeZone}`;

const stateWords = ({ enabled, nextDue }: ScheduledAction): string =>
  enabled ? (nextDue ?? "not any more") : "switched off";

export const scheduleCommands: { readonly [words: string]: Command } = {
  "schedule list": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.listScheduledActions);
      const rows = value.scheduledActions.map((action) => [
        action.id,
        action.name,
        action.kind,
        whenWords(action.when),
        stateWords(action),
        action.lastRun === null ? "" : `${action.lastRun.state} ${action.lastRun.due}`,
      ]);
      return { value, text: table(["ID", "NAME", "ACTION", "WHEN", "NEXT", "LAST RUN"], rows) };
    },
  },
  "schedule add": {
    words: 2,
    options: ["devices", "once", "cron", "time-zone", "if-missed", "if-unknown", "enabled"],
    run: async (context) => {
      required(context, "devices");
      const when = whenOf(context);
      if (when === undefined) throw new UsageError("this command needs --once or --cron");
      const body = {
        ...fieldsOf(context),
        name: word(context),
        kind: word(context, 1) as ActionKind,
        devices: (await deviceIds(context)) ?? [],
        when,
      };
      const value = await context.client.call(routes.addScheduledAction, { body });
      return { value, text: done(`${value.name} (${value.id}) is scheduled`, value.acknowledged) };
    },
  },
  "schedule change": {
    words: 1,
    options: ["name", "devices", "once", "cron", "time-zone", "if-missed", "if-unknown", "enabled"],
    run: async (context) => {
      const body = {
        ...fieldsOf(context),
        ...given({ devices: await deviceIds(context), when: whenOf(context) }),
      };
      if (Object.keys(body).length === 0) throw new UsageError("schedule change needs something to change");
      const id = await actionId(context, word(context));
      const value = await context.client.call(routes.changeScheduledAction, { params: { id }, body });
      return { value, text: done(`${value.name} is changed`, value.acknowledged) };
    },
  },
  "schedule remove": {
    words: 1,
    run: async (context) => {
      const id = await actionId(context, word(context));
      const value = await context.client.call(routes.removeScheduledAction, { params: { id } });
      return { value, text: done(`scheduled action ${value.id} is removed`, value.acknowledged) };
    },
  },
  "schedule run": {
    words: 1,
    run: async (context) => {
      const id = await actionId(context, word(context));
      const value = await context.client.call(routes.runScheduledAction, { params: { id } });
      return { value, text: done(`runs begun: ${value.runs.join(", ")}`, value.acknowledged) };
    },
  },
  runs: {
    words: 0,
    options: ["device", "state", "limit"],
    run: async (context) => {
      const { client, line } = context;
      const device = line.text("device");
      const query = given({
        device: device === undefined ? undefined : await deviceOrGroupId(context, device),
        state: line.text("state") as "proved" | undefined,
        limit: line.text("limit"),
      });
      const value = await client.call(routes.listRuns, { query });
      const rows = value.runs.map((run) => [
        run.due,
        run.actionName,
        run.kind,
        run.deviceName,
        run.state,
        run.unit,
        run.evidence?.digest?.slice(0, 16) ?? run.message,
      ]);
      return { value, text: table(["DUE", "ACTION", "KIND", "DEVICE", "STATE", "BY", "EVIDENCE"], rows) };
    },
  },
};
