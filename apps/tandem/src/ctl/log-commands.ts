/** The commands that read received syslog. */
import { second } from "@tandem/base/time";
import {
  type LogLine,
  type LogStatus,
  type LogsQuery,
  logLinesDefault,
  logLinesMax,
} from "@tandem/central-api/logs";
import { routes } from "@tandem/central-api/routes";
import { type Command, type CommandContext, given } from "./command.ts";
import { UsageError } from "./command-line.ts";
import { moment } from "./moment.ts";
import { deviceOrGroupId } from "./named-device.ts";
import { facts, table } from "./print.ts";

/** A search for what is rare answers empty pages on its way; so many are asked for before it is left at that. */
const pagesMax = 100;
const followIntervalMs = 1 * second;

/** What devices send may hold anything: nothing of it reaches the terminal but text. */
const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

function printLogLine(line: LogLine): string {
  const from = line.deviceName || line.source;
  const tag = line.app === null ? "" : `${line.app}${line.procid === null ? "" : `[${line.procid}]`}: `;
  const data = line.structuredData === null ? "" : `${line.structuredData} `;
  return `${line.receivedAt}  ${printable(from)}  ${line.severity ?? "unknown"}  ${printable(`${tag}${data}${line.message}`)}\n`;
}

/** Up to `limit` lines, the newest first. */
async function newest({ client }: CommandContext, query: LogsQuery, limit: number): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  let before: string | undefined;
  for (let page = 0; page < pagesMax && lines.length < limit; page += 1) {
    const answer = await client.call(routes.searchLogs, {
      query: {
        ...query,
        limit: String(Math.min(logLinesMax, limit - lines.length)),
        ...(before === undefined ? {} : { before }),
      },
    });
    lines.push(...answer.lines);
    if (answer.next === null) break;
    before = answer.next;
  }
  return lines;
}

/** The parts of a line's id in the order in which lines are received. */
const placeOf = ({ id }: LogLine): readonly [number, number] => {
  const [at = 0, number = 0] = id.split(".").map(Number);
  return [at, number];
};
const isAfter = (a: LogLine, b: LogLine): boolean => {
  const [[atA, numberA], [atB, numberB]] = [placeOf(a), placeOf(b)];
  return atA > atB || (atA === atB && numberA > numberB);
};

const logs: Command["run"] = async (context) => {
  const { line, world } = context;
  const device = line.text("device");
  const query: LogsQuery = given({
    device: device === undefined ? undefined : await deviceOrGroupId(context, device),
    severity: line.text("severity"),
    text: line.text("text"),
    from: moment("since", line.text("since")),
    to: moment("until", line.text("until")),
  });
  const limit = line.number("limit") ?? logLinesDefault;
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError("--limit takes a whole number from 1");
  let found = await newest(context, query, limit);
  const print = (lines: readonly LogLine[]): string =>
    lines.map((one) => (line.common.json ? `${JSON.stringify(one)}\n` : printLogLine(one))).join("");
  if (!line.flag("follow")) {
    found.reverse();
    return { value: { lines: found }, text: print(found) };
  }
  if (query.to !== undefined) throw new UsageError("--follow goes on for ever: leave --until out");
  let last: LogLine | undefined;
  for (;;) {
    const fresh = found.filter((one) => last === undefined || isAfter(one, last)).reverse();
    world.out(print(fresh));
    last = fresh.at(-1) ?? last;
    if (!(await world.wait(followIntervalMs))) return { value: { followed: true }, text: "" };
    const from = last?.receivedAt ?? query.from;
    found = await newest(
      context,
      { ...query, ...(from === undefined ? {} : { from }) },
      logLinesMax * pagesMax,
    );
  }
};

function printLogStatus(status: LogStatus): string {
  const { state, error, listeners, dropped, writeError, days, unknownSenders } = status;
  const lost = Object.entries(dropped).filter(([reason, count]) => count > 0 && reason !== "empty");
  return `${facts([
    ["Collector", error === null ? state : `${state}: ${error}`],
    ...listeners.map(
      ({ protocol, address, port, error: fault }) =>
        [`${protocol.toUpperCase()} ${address}:${port}`, fault ?? "listening"] as const,
    ),
    ["Received", String(status.received)],
    ["Stored", String(status.stored)],
    ["Lost", lost.length === 0 ? "none" : lost.map(([reason, count]) => `${count} ${reason}`).join(", ")],
    ["Malformed", String(status.malformed)],
    ["Lines per second", status.linesPerSecond.toFixed(1)],
    ...(writeError === null ? [] : [["Not written", writeError] as const]),
    ["Kept for", `${status.retentionDays} days`],
    ...unknownSenders.map(({ address, lines }) => ["Unknown sender", `${address}, ${lines} lines`] as const),
  ])}\n${table(
    ["DAY", "BYTES"],
    days.map(({ day, bytes }) => [day, String(bytes)]),
  )}`;
}

export const logCommands: { readonly [words: string]: Command } = {
  logs: {
    words: 0,
    options: ["device", "severity", "text", "since", "until", "limit", "follow"],
    run: logs,
  },
  "logs status": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.logStatus);
      return { value, text: printLogStatus(value) };
    },
  },
};
