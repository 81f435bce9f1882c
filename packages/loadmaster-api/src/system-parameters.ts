/**
 * What `get` and `set` know. `shared` ones belong to the pair and reach the partner; `unit` ones are this unit's own and
 * are never overwritten by it; `status` ones are only read.
 */
import type { Parameter, ParameterType } from "./parameters.ts";
import { syslogHostsType } from "./syslog-levels.ts";

export type SystemParameter = Parameter & {
  readonly scope: "shared" | "unit" | "status";
  readonly hidden?: true;
};

const status = {
  kind: "text",
  pattern: /^$/,
  allowed: "nothing: it is only read",
} as const satisfies ParameterType;

const syslogHosts = <const Name extends string>(name: Name, level: string) =>
  ({
    name,
    scope: "unit",
    type: syslogHostsType,
    about: `hosts that are sent syslog of level ${level} and more urgent, separated by commas`,
  }) as const;

export const systemParameters = [
  {
    name: "hamode",
    scope: "unit",
    type: { kind: "integer", min: 0, max: 2 },
    about: "0 single unit, 1 HA1 (first), 2 HA2 (second)",
  },
  {
    name: "hatimeout",
    scope: "shared",
    type: { kind: "integer", min: 1, max: 5 },
    about: "silence until the standby takes over: 1 to 5 = 3, 6, 9, 12, 15 s",
  },
  {
    name: "hafast",
    scope: "shared",
    type: { kind: "boolean" },
    about:
      "fast mode: the standby takes over after 234 ms of silence, whatever hatimeout says; two units of ours only",
  },
  {
    name: "haif",
    scope: "shared",
    type: { kind: "integer", min: 0, max: 255 },
    about: "id of the interface for traffic between the units: CARP and the partner link",
  },
  {
    name: "macglobal",
    scope: "shared",
    type: { kind: "boolean" },
    about: "CARP advertisements go to 255.255.255.255 instead of the multicast group 224.0.0.18",
  },
  {
    name: "vmac",
    scope: "shared",
    type: { kind: "boolean" },
    about: "the shared addresses answer with a MAC that moves with them; two units of ours only",
  },
  {
    name: "havhid",
    scope: "shared",
    type: { kind: "integer", min: 1, max: 255 },
    about: "HA Virtual ID: the same on both units, unique on the segment",
  },
  {
    name: "haprefered",
    aliases: ["hapreferred"],
    scope: "shared",
    type: { kind: "integer", min: 0, max: 2 },
    about: "preferred host: 0 none, 1 HA1, 2 HA2; meant for testing, it causes failbacks in production",
  },
  {
    name: "hal4update",
    aliases: ["tcpfailover"],
    scope: "shared",
    type: { kind: "boolean" },
    about:
      "Inter HA L4 TCP Connection Updates: the partner learns of each layer-4 connection, so that it survives a failover whatever has changed since; needs conntrackd on both",
  },
  {
    name: "hal7update",
    aliases: ["cookieupdate"],
    scope: "shared",
    type: { kind: "boolean" },
    about: "Inter HA L7 Persistence Updates: the partner learns at once which client belongs to which server",
  },
  {
    name: "securityheaderage",
    scope: "shared",
    type: { kind: "integer", min: 86_400, max: 94_608_000, unit: "seconds" },
    about:
      "max-age of the Strict-Transport-Security that services with SecurityHeaderOptions answer; 31536000 by default",
  },
  {
    name: "hawait",
    scope: "unit",
    type: { kind: "integer", min: 0, max: 200, unit: "seconds" },
    about: "after the machine has started, CARP begins no earlier than this",
  },
  {
    name: "carppassword",
    scope: "unit",
    hidden: true,
    type: {
      kind: "text",
      pattern: /^[\x21-\x7e]{0,19}$/,
      allowed: "1 to 19 printable ASCII characters; empty to remove it",
      secret: true,
    },
    about: "CARP password for a partner that is not one of ours; the partner secret decides without it",
  },
  {
    name: "hostname",
    scope: "unit",
    type: {
      kind: "text",
      pattern:
        /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/,
      allowed: "letters, digits and hyphens, parts separated by dots",
    },
    about: "this unit's name",
  },
  syslogHosts("syslogemergency", "emergency"),
  syslogHosts("syslogcritical", "critical"),
  syslogHosts("syslogerror", "error"),
  syslogHosts("syslogwarn", "warning"),
  syslogHosts("syslognotice", "notice"),
  syslogHosts("sysloginfo", "info"),
  {
    name: "syslogport",
    scope: "unit",
    type: { kind: "integer", min: 1, max: 65_535 },
    about: "port of all syslog hosts",
  },
  {
    name: "syslogprot",
    scope: "unit",
    type: { kind: "choice", values: ["udp", "tcp"] },
    about: "how syslog is sent",
  },
  {
    name: "syslogframing",
    scope: "unit",
    type: { kind: "choice", values: ["octet-counting", "newline"] },
    about: "how messages are told apart on TCP",
  },
  {
    name: "syslogreport",
    scope: "status",
    type: status,
    about: "of each syslog host, whether it is sent to, how many messages wait and how many were lost",
  },
  {
    name: "hastatus",
    scope: "status",
    type: status,
    about: "Active, Standby, Passive, or that HA is not configured",
  },
  {
    name: "hareport",
    scope: "status",
    type: status,
    about: "what is wrong with HA, in words; empty when nothing is",
  },
  {
    name: "hanotice",
    scope: "status",
    type: status,
    about: "what works as it is set, but should be known, in words; empty when there is nothing",
  },
  {
    name: "haforeign",
    scope: "status",
    type: status,
    about: "other CARP or VRRP groups on the segment that use the HA Virtual ID; empty when there are none",
  },
  {
    name: "harejects",
    scope: "status",
    type: status,
    about: "CARP packets that were not heeded, counted by reason",
  },
  {
    name: "activetime",
    scope: "status",
    type: status,
    about: "when it became active, seconds since 1970; 0 on a standby",
  },
  { name: "boottime", scope: "status", type: status, about: "when it started, seconds since 1970" },
  { name: "version", scope: "status", type: status, about: "of the software" },
  { name: "serialnumber", scope: "status", type: status, about: "of the unit" },
  {
    name: "revision",
    scope: "status",
    type: status,
    about: "of the configuration that the pair shares; another one after every change of it",
  },
  {
    name: "extendedperms",
    scope: "unit",
    type: { kind: "boolean" },
    about:
      "whether adding and removing virtual services takes a permission of its own, addvs; else vs permits it too",
  },
  {
    name: "minpassword",
    scope: "unit",
    type: { kind: "integer", min: 8, max: 16, unit: "characters" },
    about: "how long the passwords of local users are at least",
  },
  {
    name: "apicalllimit",
    scope: "unit",
    type: { kind: "integer", min: 0, max: 10_000, unit: "calls in 3 s" },
    about:
      "API calls that the unit carries out, over both versions and all clients; it ends the connection of one more without an answer, as LoadMasters do above 30, the default; 0: no limit; these pages do not count",
  },
  {
    name: "enableapi",
    scope: "unit",
    type: { kind: "boolean" },
    about: "whether the API is on; on this unit it always is, and N is refused",
  },
] as const satisfies readonly SystemParameter[];

export type SystemParameterName = (typeof systemParameters)[number]["name"];

export const systemParameter = (name: string): SystemParameter | undefined =>
  (systemParameters as readonly SystemParameter[]).find((parameter) =>
    [parameter.name, ...(parameter.aliases ?? [])].some((each) => each.toLowerCase() === name.toLowerCase()),
  );
