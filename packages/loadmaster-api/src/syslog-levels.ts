/** Levels at which a host may receive a unit's syslog: each host is sent its level and what is more urgent. */
import type { Parameter } from "./parameters.ts";

export const syslogHostsMax = 10;
export const syslogPortDefault = 514;

/** Parameter and severity (RFC 5424 §6.2.1), most urgent first. */
export const syslogLevels = [
  { level: "emergency", parameter: "syslogemergency", severity: 0 },
  { level: "critical", parameter: "syslogcritical", severity: 2 },
  { level: "error", parameter: "syslogerror", severity: 3 },
  { level: "warn", parameter: "syslogwarn", severity: 4 },
  { level: "notice", parameter: "syslognotice", severity: 5 },
  { level: "info", parameter: "sysloginfo", severity: 6 },
] as const;

export type SyslogLevel = (typeof syslogLevels)[number]["level"];
export type SyslogHost = { readonly host: string; readonly level: SyslogLevel };
export type SyslogProtocol = "udp" | "tcp";
/** How messages are told apart on TCP: by their length (RFC 6587 §3.4.1) or by a line feed (§3.4.2). */
export type SyslogFraming = "octet-counting" | "newline";
export type SyslogSettings = {
  readonly hosts: readonly SyslogHost[];
  readonly port: number;
  readonly protocol: SyslogProtocol;
  readonly framing: SyslogFraming;
};

const hostName = "[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?";

/** Of a list of hosts. */
export const syslogHostsType = {
  kind: "text",
  pattern: new RegExp(`^\\s*(${hostName}(\\s*,\\s*${hostName}){0,${syslogHostsMax - 1}})?\\s*$`),
  allowed: `up to ${syslogHostsMax} addresses or names separated by commas; empty for none`,
} as const satisfies Parameter["type"];

export const readHosts = (text: string): string[] =>
  text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
