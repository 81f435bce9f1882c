/** What a command of `tandem ctl` is, and what commands are made of. */
import type { CentralClient } from "@tandem/central-api/client";
import type { Acknowledged } from "@tandem/central-api/errors";
import { type CommandLine, type CommandOption, type Server, UsageError } from "./command-line.ts";
import type { KeptFiles } from "./kept-files.ts";
import type { World } from "./world.ts";

export type CommandContext = {
  readonly client: CentralClient;
  readonly server: Server;
  readonly line: CommandLine;
  /** The words after the command's own. */
  readonly words: readonly string[];
  readonly world: World;
  readonly kept: KeptFiles;
};

export type Printed = { readonly value: unknown; readonly text: string };

export type Command = {
  /** How many words follow the command's own. */
  readonly words: number;
  readonly options?: readonly CommandOption[];
  readonly run: (context: CommandContext) => Promise<Printed>;
};

export const word = ({ words }: CommandContext, index = 0): string => words[index] ?? "";
export const required = ({ line }: CommandContext, option: CommandOption): string => {
  const value = line.text(option);
  if (value === undefined) throw new UsageError(`this command needs --${option}`);
  return value;
};
export const done = (what: string, acknowledged: Acknowledged): string =>
  `${what}; on ${acknowledged === "both" ? "both units" : acknowledged}\n`;

/** The members whose option was given. */
export const given = <Members extends object>(members: Members): Partial<Members> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<Members>;

/** An option's value out of a few; undefined when it was not given. */
export function oneOf<const Value extends string>(
  value: string | undefined,
  option: string,
  values: readonly Value[],
): Value | undefined {
  if (value === undefined) return undefined;
  const found = values.find((each) => each === value);
  if (found === undefined) throw new UsageError(`--${option} takes ${values.join(" or ")}, not "${value}"`);
  return found;
}
