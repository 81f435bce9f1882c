/** What the words after `tandem unit licence` mean. */
import { parseArgs } from "node:util";
import type { ParameterValue } from "@tandem/loadmaster-api/client";
import { centralPortDefault } from "@tandem/loadmaster-api/licence-commands";
import { UsageError } from "../ctl/command-line.ts";
import { type Place, placeOf, readHex } from "./reached-unit.ts";

const options = {
  unit: { type: "string" },
  user: { type: "string" },
  "password-file": { type: "string" },
  fingerprint: { type: "string" },
  central: { type: "string" },
  "central-fingerprint": { type: "string" },
  type: { type: "string" },
  force: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export const unitLicenceCommands = ["types", "activate", "status", "check", "release"] as const;
export type UnitLicenceCommand = (typeof unitLicenceCommands)[number];

/** Options that some commands alone know what to do with. */
const knownTo: { readonly [option: string]: readonly UnitLicenceCommand[] } = {
  central: ["types", "activate"],
  "central-fingerprint": ["types", "activate"],
  type: ["activate"],
  force: ["release"],
};

export type UnitLine = {
  readonly command: UnitLicenceCommand;
  readonly text: (option: keyof typeof options) => string | undefined;
  readonly json: boolean;
  readonly unit: Place;
  /** What the unit's command takes. */
  readonly parameters: { readonly [name: string]: ParameterValue };
};

/** Undefined: the help was asked for. Throws {@link UsageError}. */
export function parseUnitLine(argv: readonly string[]): UnitLine | undefined {
  let parsed: { values: Record<string, string | boolean | undefined>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help === true) return undefined;
  const [family, word, ...more] = positionals;
  const command = unitLicenceCommands.find((each) => each === word);
  if (family !== "licence" || command === undefined || more.length > 0)
    throw new UsageError(`say licence and one of ${unitLicenceCommands.join(", ")}; see tandem unit --help`);
  for (const option of Object.keys(values))
    if (knownTo[option]?.includes(command) === false)
      throw new UsageError(`tandem unit licence ${command} takes no --${option}`);
  const text = (option: keyof typeof options): string | undefined => {
    const value = values[option];
    return typeof value === "string" ? value : undefined;
  };
  const needed = (option: keyof typeof options): string => {
    const value = text(option);
    if (value === undefined) throw new UsageError(`tandem unit licence ${command} needs --${option}`);
    return value;
  };
  const unit = placeOf(needed("unit"), "unit");
  if (command === "types") needed("central");
  if (command === "activate") needed("type");
  const central = text("central");
  const fingerprint = readHex(text("central-fingerprint"), "central-fingerprint");
  if (fingerprint !== undefined && central === undefined)
    throw new UsageError("--central-fingerprint is of a Central; name it with --central ADDRESS[:PORT]");
  return {
    command,
    text,
    json: values.json === true,
    unit,
    parameters: {
      ...(central === undefined ? {} : centralParameters(central)),
      ...(fingerprint === undefined ? {} : { aslfingerprint: fingerprint }),
      ...(command === "activate" ? { lic_type_id: needed("type") } : {}),
      ...(values.force === true ? { force: true } : {}),
    },
  };
}

/** A host name, an IPv4 address, or an IPv6 address, which stands in brackets where a port follows. */
function centralParameters(text: string): { readonly aslhost: string; readonly aslport: number } {
  const match =
    /^\[([0-9a-f:.]+)\](?::(\d{1,5}))?$/i.exec(text) ??
    /^([A-Za-z0-9][A-Za-z0-9._-]*)(?::(\d{1,5}))?$/.exec(text) ??
    /^([0-9a-f]*(?::[0-9a-f.]*){2,})$/i.exec(text);
  const aslport = match?.[2] === undefined ? centralPortDefault : Number(match[2]);
  if (match?.[1] === undefined || aslport < 1 || aslport > 65_535)
    throw new UsageError(
      `--central "${text}" is not ADDRESS or ADDRESS:PORT, for example 192.0.2.1:${centralPortDefault}`,
    );
  return { aslhost: match[1], aslport };
}
