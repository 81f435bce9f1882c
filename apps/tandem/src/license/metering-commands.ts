/** The commands that show what LoadMasters carried and what of it is billed (SPEC ML6), and say where reports go. */
import { createWriteStream, readFileSync, renameSync, rmSync } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { MonthUsage, ReportDestination, UsageKind, UsageLineAnswer } from "@tandem/central-api/metering";
import { routes } from "@tandem/central-api/routes";
import { gbps } from "@tandem/licensing/usage-report";
import {
  type Command,
  type CommandContext,
  done,
  given,
  oneOf,
  type Printed,
  required,
  word,
} from "../ctl/command.ts";
import { facts, table } from "../ctl/print.ts";
import { readSecret } from "../ctl/world.ts";

const kinds = ["metered", "pool"] as const;
const formats = ["text", "csv", "html"] as const;
const destinationKinds = ["email", "webhook"] as const;
const securities = ["none", "starttls", "tls"] as const;

/** The month that is asked for, else the one that runs. */
async function monthOf({ client, line }: CommandContext): Promise<string> {
  const given = line.text("month");
  if (given !== undefined) return given;
  const { months } = await client.call(routes.meteringMonths);
  return months[0]?.month ?? new Date().toISOString().slice(0, 7);
}

const gbpsOrNone = (bitsPerSecond: number | null): string =>
  bitsPerSecond === null ? "-" : gbps(bitsPerSecond);

function printLine({ members, peakBitsPerSecond, peakAt, samples, missing, ...line }: UsageLineAnswer) {
  const ids = members.map(({ deviceId, isPeer }) =>
    isPeer ? `(${deviceId ?? "?"})` : String(deviceId ?? "?"),
  );
  const above = line.licensedMbps === null ? [] : [String(line.licensedMbps), String(line.slotsAboveLicence)];
  return [
    ids.join(" + "),
    members.map(({ name }) => name).join(" + "),
    gbpsOrNone(peakBitsPerSecond),
    peakAt ?? "-",
    String(samples),
    String(missing),
    ...above,
  ];
}

function printUsage(usage: MonthUsage, kind: UsageKind): string {
  const { lines, sumBitsPerSecond, billedGbps, tierGbps, beyondTierGbps, from, to } = usage[kind];
  const headings = ["ID", "LOADMASTER", "PEAK GBIT/S", "AT", "SAMPLES", "MISSING"];
  const rows = table(
    kind === "pool" ? [...headings, "LICENSED MBIT/S", "SLOTS ABOVE"] : headings,
    lines.map(printLine),
  );
  const whole = facts([
    ["Month", `${usage.month}, ${from} to ${to}${usage.isOver ? "" : ", not over"}`],
    ...(kind === "pool"
      ? []
      : ([
          ["Sum of peaks", `${gbpsOrNone(sumBitsPerSecond)} Gbit/s`],
          ["Billed", `${billedGbps ?? 0} Gbit/s`],
          ["Tier", tierGbps === null ? "none" : `${tierGbps} Gbit/s, beyond it ${beyondTierGbps ?? 0}`],
        ] as const)),
  ]);
  return `${rows}\n${whole}`;
}

/** Beside its place first, so that what is there under the name is whole. */
async function keep(content: Readable, path: string): Promise<void> {
  const part = `${path}.part`;
  try {
    await pipeline(content, createWriteStream(part));
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

const report = async (context: CommandContext): Promise<Printed> => {
  const { client, line } = context;
  const kind = oneOf(line.text("kind"), "kind", kinds) ?? "metered";
  const format = oneOf(line.text("format"), "format", formats) ?? "text";
  const month = await monthOf(context);
  if (format === "text") {
    const value = await client.call(routes.monthUsage, { params: { month } });
    return { value, text: printUsage(value, kind) };
  }
  const content = await client.download(routes.downloadUsage, { params: { month, kind, format } });
  const path = line.text("file");
  if (path !== undefined) {
    await keep(content, path);
    return { value: { month, kind, format, path }, text: `the report of ${month} is in ${path}\n` };
  }
  const text = Buffer.concat(await content.toArray()).toString("utf8");
  return { value: { month, kind, format, content: text }, text };
};

function printDestination({ kind, enabled, address, security, from, to }: ReportDestination) {
  const how = kind === "email" ? `${security}, from ${from} to ${to.join(", ")}` : "";
  return [kind, enabled ? "on" : "off", address, how];
}

const listDestinations: Command["run"] = async ({ client }) => {
  const value = await client.call(routes.listReportDestinations);
  const sent = value.deliveries.map(({ what, period, kind, state, tries, begunAt, message }) => [
    what,
    period,
    kind,
    state,
    String(tries),
    begunAt,
    message,
  ]);
  const destinations = table(["KIND", "", "ADDRESS", ""], value.destinations.map(printDestination));
  return {
    value,
    text: `${destinations}\n${table(["REPORT", "OF", "BY", "STATE", "TRIES", "BEGUN", ""], sent)}`,
  };
};

const setDestination: Command["run"] = async (context) => {
  const { client, line, world } = context;
  const kind = oneOf(word(context), "kind", destinationKinds) ?? "email";
  const { destinations } = await client.call(routes.listReportDestinations);
  const before = destinations.find((each) => each.kind === kind);
  const authority = line.text("ca-file");
  const value = await client.call(routes.putReportDestination, {
    params: { kind },
    body: {
      enabled: line.flag("enabled") ?? before?.enabled ?? true,
      address: line.text("address") ?? before?.address ?? required(context, "address"),
      ...given({
        security: oneOf(line.text("security"), "security", securities),
        user: line.text("user"),
        from: line.text("from"),
        to: line.text("to")?.split(","),
        secret: line.flag("new-secret")
          ? await readSecret(world, "secret of the webhook, or password", line.common.passwordFile)
          : undefined,
        certificateAuthority: authority === undefined ? undefined : readFileSync(authority, "utf8"),
      }),
    },
  });
  const words = `usage reports ${value.enabled ? "are" : "are not"} sent by ${kind} to ${value.address}`;
  return { value, text: done(words, value.acknowledged) };
};

const sendReport: Command["run"] = async (context) => {
  const month = await monthOf(context);
  const value = await context.client.call(routes.sendReport, { body: { month } });
  const lines = value.results.map(({ kind, delivered, error, remedy }) =>
    delivered ? `${kind}: delivered\n` : `${kind}: not delivered: ${error}\n  ${remedy}\n`,
  );
  return { value, text: lines.join("") };
};

export const meteringCommands: { readonly [words: string]: Command } = {
  "license months": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.meteringMonths);
      return {
        value,
        text: value.months.map(({ month, isOver }) => `${month}${isOver ? "" : " (not over)"}\n`).join(""),
      };
    },
  },
  "license report": { words: 0, options: ["month", "kind", "format", "file"], run: report },
  "license send-report": { words: 0, options: ["month"], run: sendReport },
  "license destinations": { words: 0, run: listDestinations },
  "license set-destination": {
    words: 1,
    options: ["address", "enabled", "new-secret", "ca-file", "security", "user", "from", "to"],
    run: setDestination,
  },
  "license remove-destination": {
    words: 1,
    run: async (context) => {
      const kind = oneOf(word(context), "kind", destinationKinds) ?? "email";
      const value = await context.client.call(routes.removeReportDestination, { params: { kind } });
      return { value, text: done(`usage reports are not sent by ${kind} any more`, value.acknowledged) };
    },
  },
};
