/** What the words after `tandem pair` mean. */
import { parseArgs } from "node:util";
import type { ParameterValue } from "@tandem/loadmaster-api/client";
import { UsageError } from "../ctl/command-line.ts";
import { type Place, placeOf } from "../unit/reached-unit.ts";

const options = {
  unit: { type: "string" },
  user: { type: "string" },
  "password-file": { type: "string" },
  fingerprint: { type: "string" },
  partner: { type: "string" },
  "partner-user": { type: "string" },
  "partner-password-file": { type: "string" },
  "partner-fingerprint": { type: "string" },
  shared: { type: "string" },
  interface: { type: "string" },
  vhid: { type: "string" },
  timeout: { type: "string" },
  fast: { type: "boolean" },
  role: { type: "string" },
  overwrite: { type: "boolean" },
  "secret-file": { type: "string" },
  "backup-to": { type: "string" },
  leaver: { type: "string" },
  gone: { type: "boolean" },
  "shared-address": { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export const pairCommands = ["check", "create", "status", "dissolve", "replace"] as const;
export type PairCommand = (typeof pairCommands)[number];

export type PairLine = {
  readonly command: PairCommand;
  readonly text: (name: keyof typeof options) => string | undefined;
  readonly flag: (name: keyof typeof options) => boolean;
  readonly unit: Place;
  readonly partner: Place | undefined;
};

const timeoutStepSeconds = 3;

/** Undefined: the help was asked for. Throws {@link UsageError}. */
export function parsePairLine(argv: readonly string[]): PairLine | undefined {
  let parsed: { values: Record<string, string | boolean | undefined>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help === true) return undefined;
  const [word, ...more] = positionals;
  const command = pairCommands.find((each) => each === word);
  if (command === undefined || more.length > 0)
    throw new UsageError(`say one of ${pairCommands.join(", ")}; see tandem pair --help`);
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  const needed = (name: keyof typeof options): string => {
    const value = text(name);
    if (value === undefined) throw new UsageError(`tandem pair ${command} needs --${name}`);
    return value;
  };
  const unit = placeOf(needed("unit"), "unit");
  const partner = text("partner");
  if (["check", "create", "replace"].includes(command)) needed("partner");
  if (["check", "create"].includes(command)) needed("shared");
  if (["create", "dissolve", "replace"].includes(command)) needed("backup-to");
  return {
    command,
    text,
    flag: (name) => values[name] === true,
    unit,
    partner: partner === undefined ? undefined : placeOf(partner, "partner"),
  };
}

/** What the pair is to be, in the parameters of the API. Throws {@link UsageError}. */
export function shapeParameters({ text, flag }: PairLine): Record<string, ParameterValue> {
  const shape: Record<string, ParameterValue> = {};
  const number = (name: "interface" | "vhid" | "timeout"): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    if (!/^\d+$/.test(value)) throw new UsageError(`--${name} takes a number, not "${value}"`);
    return Number(value);
  };
  const seconds = number("timeout");
  if (seconds !== undefined && (seconds % timeoutStepSeconds !== 0 || seconds < 3 || seconds > 15))
    throw new UsageError(`--timeout takes 3, 6, 9, 12 or 15 seconds, not ${seconds}`);
  const role = text("role");
  if (role !== undefined && !/^HA[12]$/i.test(role))
    throw new UsageError(`--role takes HA1 or HA2, not "${role}"`);
  const given: Record<string, ParameterValue | undefined> = {
    shared: text("shared"),
    interface: number("interface"),
    vhid: number("vhid"),
    timeout: seconds === undefined ? undefined : seconds / timeoutStepSeconds,
    fast: flag("fast") || undefined,
    mode: role?.slice(2),
    overwrite: flag("overwrite") || undefined,
  };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) shape[name] = value;
  return shape;
}
