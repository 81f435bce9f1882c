/** What the words of a command line mean. */
import { isIPv6 } from "node:net";
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** The command line cannot be obeyed; the message says why. */
export class UsageError extends Error {
  override name = "UsageError";
}

const serverPortDefault = 8_443;

/** Options of single commands, beside the ones that all of them take. */
const commandOptions = {
  activation: { type: "string" },
  address: { type: "string" },
  all: { type: "boolean" },
  "and-back": { type: "boolean" },
  apply: { type: "boolean" },
  backup: { type: "string" },
  "based-on": { type: "string" },
  budget: { type: "string" },
  "ca-file": { type: "string" },
  cron: { type: "string" },
  description: { type: "string" },
  device: { type: "string" },
  "device-fingerprint": { type: "string" },
  devices: { type: "string" },
  disable: { type: "boolean" },
  file: { type: "string" },
  enabled: { type: "boolean" },
  from: { type: "string" },
  follow: { type: "boolean" },
  format: { type: "string" },
  heartbeat: { type: "string" },
  "hold-down": { type: "string" },
  "if-missed": { type: "string" },
  "if-unknown": { type: "string" },
  kind: { type: "string" },
  limit: { type: "string" },
  members: { type: "string" },
  month: { type: "string" },
  name: { type: "string" },
  network: { type: "string" },
  "new-password": { type: "boolean" },
  "new-secret": { type: "boolean" },
  once: { type: "string" },
  parameters: { type: "string" },
  "pass-phrase-file": { type: "string" },
  "peer-address": { type: "string" },
  "peer-key": { type: "string" },
  "peer-port": { type: "string" },
  port: { type: "string" },
  preferred: { type: "boolean" },
  "real-server": { type: "string" },
  "replace-newer": { type: "boolean" },
  servers: { type: "string" },
  service: { type: "string" },
  severity: { type: "string" },
  security: { type: "string" },
  "shared-address": { type: "string" },
  since: { type: "string" },
  state: { type: "string" },
  step: { type: "string" },
  target: { type: "string" },
  text: { type: "string" },
  to: { type: "string" },
  "time-zone": { type: "string" },
  unit: { type: "string" },
  confirm: { type: "string" },
  until: { type: "string" },
  user: { type: "string" },
  wait: { type: "boolean" },
} as const satisfies ParseArgsOptionsConfig;

const commonOptions = {
  server: { type: "string" },
  "key-file": { type: "string" },
  "password-file": { type: "string" },
  fingerprint: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

export type CommandOption = keyof typeof commandOptions;

export type CommandLine = {
  readonly words: readonly string[];
  readonly common: {
    readonly server?: string;
    readonly keyFile?: string;
    readonly passwordFile?: string;
    readonly fingerprint?: string;
    readonly json: boolean;
    readonly help: boolean;
  };
  readonly given: readonly CommandOption[];
  text(option: CommandOption): string | undefined;
  /** Throws {@link UsageError} when it is not a number. */
  number(option: CommandOption): number | undefined;
  flag(option: CommandOption): boolean | undefined;
};

/** Throws {@link UsageError}. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  let parsed: { values: Record<string, string | boolean | undefined>; positionals: string[] };
  try {
    parsed = parseArgs({
      args: [...argv],
      options: { ...commonOptions, ...commandOptions },
      allowPositionals: true,
      allowNegative: true,
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  const text = (option: string): string | undefined =>
    typeof values[option] === "string" ? values[option] : undefined;
  const optional = <Key extends string>(key: Key, value: string | undefined): { [key in Key]?: string } =>
    (value === undefined ? {} : { [key]: value }) as { [key in Key]?: string };
  return {
    words: positionals,
    common: {
      ...optional("server", text("server")),
      ...optional("keyFile", text("key-file")),
      ...optional("passwordFile", text("password-file")),
      ...optional("fingerprint", text("fingerprint")),
      json: values.json === true,
      help: values.help === true,
    },
    given: Object.keys(values).filter((option) => Object.hasOwn(commandOptions, option)) as CommandOption[],
    text,
    number: (option) => {
      const value = text(option);
      if (value === undefined) return undefined;
      if (value.trim() === "" || Number.isNaN(Number(value)))
        throw new UsageError(`--${option} takes a number, not "${value}"`);
      return Number(value);
    },
    flag: (option) => (typeof values[option] === "boolean" ? values[option] : undefined),
  };
}

export type Server = { readonly host: string; readonly port: number; readonly name: string };

/** `https://ADDRESS:PORT`, `ADDRESS:PORT`, `ADDRESS`; an IPv6 address in brackets. Throws {@link UsageError}. */
export function parseServer(text: string): Server {
  const malformed = new UsageError(
    `"${text}" does not name a server: write ADDRESS or ADDRESS:PORT, for example 192.0.2.11:8443`,
  );
  const bare = isIPv6(text) ? `[${text}]` : text;
  const withScheme = /^[a-z]+:\/\//i.test(bare) ? bare : `https://${bare}`;
  if (!URL.canParse(withScheme)) throw malformed;
  const url = new URL(withScheme);
  const isPlain = url.protocol === "https:" && url.username === "" && url.search === "" && url.hash === "";
  if (!isPlain || (url.pathname !== "/" && url.pathname !== "") || url.hostname === "") throw malformed;
  // The parser drops a port that is HTTPS's own.
  const port = url.port !== "" ? Number(url.port) : /:443\/?$/.test(withScheme) ? 443 : serverPortDefault;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port, name: `${url.hostname}:${port}` };
}
