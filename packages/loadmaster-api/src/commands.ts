/**
 * Every command of the API, once: its parameters, what it changes, and what it answers. Validation, `listapi` and the
 * refusal of service changes at a unit's own address (SPEC LH6) follow from this table.
 */
import { accessListParameters, ofOneService } from "./access-list-parameters.ts";
import { adaptiveParameters } from "./adaptive-parameters.ts";
import {
  certificateReading,
  certificateReference,
  certificateUpload,
  intermediateUpload,
} from "./certificate-parameters.ts";
import { globalCheckParameters } from "./check-parameters.ts";
import { cipherSetParameters, cipherSetReference } from "./cipher-sets.ts";
import {
  backupParameters,
  certificateBackupParameters,
  certificateRestoreParameters,
  restoreParameters,
} from "./keeping-parameters.ts";
import { licenceCommands } from "./licence-commands.ts";
import { loggingCommands } from "./logging-commands.ts";
import { networkCommands } from "./network-commands.ts";
import {
  joinParameters,
  leaveParameters,
  pairCheckParameters,
  pairParameters,
  replaceParameters,
  unpairParameters,
} from "./pairing.ts";
import type { Parameter } from "./parameters.ts";
import type { Need, Permission } from "./permissions.ts";
import { refusedCommands } from "./refused-commands.ts";
import { ruleListing, ruleParameters, ruleReference, serverRule, serviceRule } from "./rule-parameters.ts";
import {
  duplicateParameters,
  secretPattern,
  serverAdditions,
  serverEverywhere,
  serverMoves,
  serverParameters,
  serverReference,
  serviceMoves,
  serviceParameters,
  serviceReference,
} from "./service-parameters.ts";
import {
  serviceAdditions,
  templateExport,
  templateReference,
  templateUpload,
} from "./template-parameters.ts";
import {
  addUserParameters,
  changeUserPasswordParameters,
  keyOwner,
  setPermissionsParameters,
  userName,
} from "./user-parameters.ts";

export type Command = {
  readonly parameters: readonly Parameter[];
  /** `services`: configuration of the pair, made at the shared address. `unit`: this unit's own, made at its own address too. */
  readonly changes: "nothing" | "services" | "unit";
  /** Who may give it; absent: whoever is signed in where nothing changes, `vs` for services, `root` for the unit. */
  readonly permission?: Need;
  /** A permission that is enough for a call that gives no other parameters than these. */
  readonly lesser?: { readonly permission: Permission; readonly parameters: readonly string[] };
  readonly answer:
    | "VS"
    | "VirtualService"
    | "Rs"
    | "Interface"
    | "value"
    | "apikeys"
    | "commands"
    | "data"
    | "stats"
    | "pairing"
    | "handover"
    | "HaView"
    | "cert"
    | "certificate"
    | "cipherset"
    | "totals"
    | "rules"
    | "template"
    | "health"
    | "User"
    | "Group"
    | "addons"
    | "File"
    | "HostsEntry"
    | "IP"
    | "licence"
    | "licences"
    | "Route"
    | "text"
    | "ok";
  readonly about: string;
};

/** IPv6 is read as well, so that the unit can say why it is not possible there. */
const addressOrNothing = {
  kind: "text",
  pattern: /^(\d{1,3}(\.\d{1,3}){3}|(?=[^:]*:)[0-9A-Fa-f:.]{2,45})?$/,
  allowed: "an IPv4 address; empty to remove it",
} as const;

const interfaceId = {
  name: "interface",
  aliases: ["iface"],
  type: { kind: "integer", min: 0, max: 255 },
  about: "the interface's number; 0 is the first",
} as const satisfies Parameter;

const secretAllowed = "8 to 127 printable characters, none of them a single quote";

const newPassword = {
  kind: "text",
  pattern: /^[^\p{Cc}\p{Zl}\p{Zp}]{8,127}$/u,
  allowed: "8 to 127 printable characters",
  secret: true,
} as const;

const anySecret = {
  kind: "text",
  pattern: secretPattern,
  allowed: "up to 127 printable characters",
  secret: true,
} as const;

export const commands = {
  addvs: {
    parameters: [...serviceReference, ...serviceParameters, ...serviceAdditions],
    changes: "services",
    permission: "addvs",
    answer: "VirtualService",
    about: "adds a virtual service",
  },
  modvs: {
    parameters: [...serviceReference, ...serviceParameters, ...serviceMoves],
    changes: "services",
    answer: "VirtualService",
    about: "changes a virtual service",
  },
  delvs: {
    parameters: serviceReference,
    changes: "services",
    permission: "addvs",
    answer: "ok",
    about: "removes a virtual service",
  },
  listvs: { parameters: [], changes: "nothing", answer: "VS", about: "all virtual services" },
  showvs: {
    parameters: serviceReference,
    changes: "nothing",
    answer: "VirtualService",
    about: "one virtual service",
  },
  listtemplates: {
    parameters: [],
    changes: "nothing",
    answer: "template",
    about: "templates that services can be made of",
  },
  uploadtemplate: {
    parameters: templateUpload,
    changes: "services",
    answer: "ok",
    about: "adds the templates of a file; those of the same names make way",
  },
  deltemplate: {
    parameters: templateReference,
    changes: "services",
    answer: "ok",
    about: "removes a template; services that were made of it stay as they are",
  },
  exportvstmplt: {
    parameters: templateExport,
    changes: "nothing",
    answer: "data",
    about:
      "a virtual service as a template, with its SubVS and rules, without address, real servers and certificates",
  },
  dupvs: {
    parameters: [...serviceReference, ...duplicateParameters],
    changes: "services",
    permission: "addvs",
    answer: "VirtualService",
    about:
      "a virtual service once more, with its SubVS, real servers and all settings, at another address or port; of a SubVS a second one in the same service",
  },
  vstotals: {
    parameters: [],
    changes: "nothing",
    answer: "totals",
    about: "how many virtual services, SubVS and real servers are up, down and disabled",
  },
  addrs: {
    parameters: [...serviceReference, ...serverReference, ...serverParameters, ...serverAdditions],
    changes: "services",
    answer: "Rs",
    about: "adds a real server to a service",
  },
  delrs: {
    parameters: [...serviceReference, ...serverReference],
    changes: "services",
    answer: "ok",
    about: "removes a real server from a service",
  },
  modrs: {
    parameters: [...serviceReference, ...serverReference, ...serverParameters, ...serverMoves],
    changes: "services",
    lesser: { permission: "real", parameters: ["vs", "port", "prot", "rs", "rsport", "Enable"] },
    answer: "Rs",
    about: "changes a real server",
  },
  showrs: {
    parameters: [...serviceReference, ...serverReference],
    changes: "nothing",
    answer: "Rs",
    about: "one real server",
  },
  addcert: {
    parameters: certificateUpload,
    changes: "services",
    permission: "certs",
    answer: "ok",
    about:
      "adds a certificate with its private key, or replaces one: PEM with both in any order, and with the certificates above it, or PKCS#12 (PFX)",
  },
  delcert: {
    parameters: certificateReference,
    changes: "services",
    permission: "certs",
    answer: "ok",
    about: "removes a certificate that no virtual service uses",
  },
  listcert: { parameters: [], changes: "nothing", answer: "cert", about: "all certificates of services" },
  readcert: {
    parameters: certificateReading,
    changes: "nothing",
    answer: "certificate",
    about: "one certificate, without its private key",
  },
  addintermediate: {
    parameters: intermediateUpload,
    changes: "services",
    permission: "cert3",
    answer: "ok",
    about: "adds intermediate certificates, which complete the chains of those that lack them",
  },
  delintermediate: {
    parameters: certificateReference,
    changes: "services",
    permission: "cert3",
    answer: "ok",
    about: "removes intermediate certificates",
  },
  listintermediate: {
    parameters: [],
    changes: "nothing",
    answer: "cert",
    about: "all intermediate certificates",
  },
  readintermediate: {
    parameters: certificateReading,
    changes: "nothing",
    answer: "certificate",
    about: "intermediate certificates of one name",
  },
  getcipherset: {
    parameters: cipherSetReference,
    changes: "nothing",
    answer: "cipherset",
    about: "the ciphers of a set",
  },
  modifycipherset: {
    parameters: cipherSetParameters,
    changes: "services",
    permission: "certs",
    answer: "ok",
    about: "makes a set of ciphers, or changes one that was made; the unit's own sets cannot be changed",
  },
  delcipherset: {
    parameters: cipherSetReference,
    changes: "services",
    permission: "certs",
    answer: "ok",
    about: "removes a set of ciphers that no virtual service uses",
  },
  aclcontrol: {
    parameters: accessListParameters,
    changes: "services",
    permission: "root",
    lesser: { permission: "vs", parameters: ofOneService },
    answer: "IP",
    about:
      "lists of who may connect, of all services and of one; whoever either refuses is refused, and of a list the smallest network that holds the address counts. Where only some are allowed, all others are refused",
  },
  showrule: {
    parameters: ruleListing,
    changes: "nothing",
    answer: "rules",
    about: "content rules, all or by name or type",
  },
  addrule: {
    parameters: ruleParameters,
    changes: "services",
    permission: "rules",
    answer: "rules",
    about: "adds a content rule",
  },
  modrule: {
    parameters: ruleParameters,
    changes: "services",
    permission: "rules",
    answer: "rules",
    about: "changes a content rule, wherever it is in use",
  },
  delrule: {
    parameters: ruleReference,
    changes: "services",
    permission: "rules",
    answer: "ok",
    about: "removes a content rule that nothing uses",
  },
  addrsrule: {
    parameters: serverRule,
    changes: "services",
    answer: "ok",
    about: "gives a real server or SubVS a match rule: it gets what matches",
  },
  delrsrule: {
    parameters: serverRule,
    changes: "services",
    answer: "ok",
    about: "takes a match rule from a real server or SubVS",
  },
  addprerule: {
    parameters: serviceRule,
    changes: "services",
    answer: "ok",
    about: "gives a service a match rule that is looked at before a server is chosen",
  },
  delprerule: {
    parameters: serviceRule,
    changes: "services",
    answer: "ok",
    about: "takes from a service a match rule that is looked at before a server is chosen",
  },
  addrequestrule: {
    parameters: serviceRule,
    changes: "services",
    answer: "ok",
    about: "gives a service a rule that changes requests",
  },
  delrequestrule: {
    parameters: serviceRule,
    changes: "services",
    answer: "ok",
    about: "takes from a service a rule that changes requests",
  },
  addresponserule: {
    parameters: serviceRule,
    changes: "services",
    answer: "ok",
    about: "gives a service a rule that changes the headers of answers",
  },
  delresponserule: {
    parameters: serviceRule,
    changes: "services",
    answer: "ok",
    about: "takes from a service a rule that changes the headers of answers",
  },
  showhealth: {
    parameters: [],
    changes: "nothing",
    answer: "health",
    about: "the parameters of checks of all services that have none of their own",
  },
  modhealth: {
    parameters: globalCheckParameters,
    changes: "services",
    answer: "ok",
    about: "changes the parameters of checks of all services that have none of their own",
  },
  showadaptive: {
    parameters: [],
    changes: "nothing",
    answer: "health",
    about: "where servers of the schedule adaptive say how loaded they are, and from which load on it counts",
  },
  modadaptive: {
    parameters: adaptiveParameters,
    changes: "services",
    answer: "ok",
    about:
      "changes where servers of the schedule adaptive say how loaded they are, and from which load on it counts",
  },
  enablers: {
    parameters: serverEverywhere,
    changes: "services",
    permission: ["real", "vs"],
    answer: "ok",
    about: "lets every service use the real servers of one address again",
  },
  disablers: {
    parameters: serverEverywhere,
    changes: "services",
    permission: ["real", "vs"],
    answer: "ok",
    about: "takes the real servers of one address out of every service; connections that they have go on",
  },
  get: {
    parameters: [
      {
        name: "param",
        type: { kind: "text", pattern: /^\w{1,64}$/, allowed: "a parameter's name" },
        required: true,
        about: "which",
      },
    ],
    changes: "nothing",
    answer: "value",
    about: "reads a parameter of the system",
  },
  set: {
    parameters: [
      {
        name: "param",
        type: { kind: "text", pattern: /^\w{1,64}$/, allowed: "a parameter's name" },
        required: true,
        about: "which",
      },
      {
        name: "value",
        aliases: ["val"],
        type: { kind: "text", pattern: /^[\s\S]*$/, allowed: "any" },
        required: true,
        about: "what",
      },
    ],
    // Parameters of the pair are told from those of the unit by the table of system parameters.
    changes: "unit",
    answer: "ok",
    about: "changes a parameter of the system",
  },
  getall: { parameters: [], changes: "nothing", answer: "value", about: "all parameters of the system" },
  showiface: {
    parameters: [interfaceId],
    changes: "nothing",
    answer: "Interface",
    about: "interfaces with their addresses",
  },
  modiface: {
    parameters: [
      { ...interfaceId, required: true },
      {
        name: "partner",
        aliases: ["PartnerIPAddress"],
        type: addressOrNothing,
        about: "the partner unit's own address",
      },
      {
        name: "shared",
        aliases: ["SharedIPAddress"],
        type: addressOrNothing,
        about: "the address that belongs to whichever unit is active",
      },
      {
        name: "sharedv6",
        aliases: ["SharedIPv6Address"],
        type: {
          kind: "text",
          pattern: /^[^\p{Cc}\p{Zl}\p{Zp}]{0,64}$/u,
          allowed: "an IPv6 address; empty to remove it",
        },
        about: "the same of IPv6, beside the one of IPv4",
      },
      { name: "hacheck", type: { kind: "boolean" }, about: "whether the loss of this network counts in HA" },
      {
        name: "hagateway",
        type: addressOrNothing,
        about: "of a checked interface: the gateway that must answer ARP",
      },
    ],
    changes: "unit",
    answer: "ok",
    about: "changes one parameter of an interface",
  },
  setpartnersecret: {
    parameters: [
      {
        name: "secret",
        aliases: ["value", "partnersecret"],
        type: {
          kind: "text",
          pattern: /^[^'\p{Cc}\p{Zl}\p{Zp}]{8,127}$/u,
          allowed: secretAllowed,
          secret: true,
        },
        required: true,
        about: "the same on both units of a pair",
      },
    ],
    changes: "unit",
    answer: "ok",
    about: "sets the secret by which the partner is known",
  },
  forcepartnerupdate: {
    parameters: [],
    changes: "unit",
    answer: "ok",
    about: "sends the configuration to the standby now, whatever it says that it has",
  },
  hapaircheck: {
    parameters: pairCheckParameters,
    changes: "nothing",
    permission: "root",
    answer: "pairing",
    about: "whether this unit and another one can become a pair; without partnerfingerprint it only shows it",
  },
  hapair: {
    parameters: pairParameters,
    changes: "unit",
    answer: "pairing",
    about:
      "makes a pair of this unit, which stays active, and another one; goes on where an earlier call stopped",
  },
  haview: {
    parameters: [],
    changes: "nothing",
    answer: "HaView",
    about: "both squares, what is wrong and what should be known, as the pages of the unit show it",
  },
  hapairstatus: {
    parameters: [],
    changes: "nothing",
    answer: "pairing",
    about: "how far hapair, hareplace or haunpair is",
  },
  hahandover: {
    parameters: [],
    changes: "unit",
    answer: "handover",
    about: "the active unit gives its role to the standby in order; nothing is stopped",
  },
  hareplace: {
    parameters: replaceParameters,
    changes: "unit",
    answer: "pairing",
    about: "takes a new unit in the place of a partner that is dead",
  },
  haunpair: {
    parameters: unpairParameters,
    changes: "unit",
    answer: "pairing",
    about: "ends the pair: this unit, which is active, stays with the services, the other one leaves",
  },
  hajoin: {
    parameters: joinParameters,
    changes: "unit",
    answer: "ok",
    about: "asked by the unit that runs hapair or hareplace: become its partner",
  },
  haleave: {
    parameters: leaveParameters,
    changes: "unit",
    answer: "ok",
    about:
      "this unit bows out of its pair and is single; it serves nothing afterwards, unless it is as before",
  },
  usersetsyspassword: {
    parameters: [
      { name: "currpassword", type: anySecret, required: true, about: "the password so far" },
      { name: "password", type: newPassword, required: true, about: "the new one" },
    ],
    changes: "unit",
    permission: "bal",
    answer: "ok",
    about: "changes the password of the user bal on this unit",
  },
  set_initial_passwd: {
    parameters: [{ name: "passwd", type: newPassword, required: true, about: "the password of bal" }],
    changes: "unit",
    permission: "bal",
    answer: "ok",
    about: "sets the password of bal in place of the one that the unit made at its first start",
  },
  userlist: {
    parameters: [],
    changes: "nothing",
    answer: "User",
    about: "all local users, with what they may do",
  },
  usershow: { parameters: [userName], changes: "nothing", answer: "User", about: "one local user" },
  useraddlocal: {
    parameters: addUserParameters,
    changes: "unit",
    permission: "users",
    answer: "ok",
    about: "adds a local user, who may read and nothing else until usersetperms says more",
  },
  userdellocal: {
    parameters: [userName],
    changes: "unit",
    permission: "users",
    answer: "ok",
    about: "removes a local user with all API keys and sessions",
  },
  userchangelocpass: {
    parameters: changeUserPasswordParameters,
    changes: "unit",
    permission: "users",
    answer: "ok",
    about: "sets a local user's password",
  },
  usersetperms: {
    parameters: setPermissionsParameters,
    changes: "unit",
    permission: "users",
    answer: "ok",
    about: "says what a local user may do, in place of what was said before",
  },
  grouplist: {
    parameters: [],
    changes: "nothing",
    answer: "Group",
    about: "groups of remote sign-in; there are none",
  },
  ...licenceCommands,
  ...loggingCommands,
  ...networkCommands,
  ...refusedCommands,
  listaddon: { parameters: [], changes: "nothing", answer: "addons", about: "add-ons; there are none" },
  addapikey: {
    parameters: [],
    changes: "unit",
    permission: "anyone",
    answer: "apikeys",
    about: "makes an API key that may do what its user may; it is shown this once",
  },
  listapikeys: {
    parameters: [],
    changes: "nothing",
    answer: "apikeys",
    about: "API keys of who calls, by their first characters",
  },
  delapikey: {
    parameters: [
      {
        name: "key",
        type: anySecret,
        required: true,
        about: "the key, or its first characters as listapikeys shows them",
      },
      keyOwner,
    ],
    changes: "unit",
    permission: "anyone",
    answer: "ok",
    about: "withdraws an API key",
  },
  stats: {
    parameters: [],
    changes: "nothing",
    answer: "stats",
    about: "counters of the unit, its virtual services and their real servers",
  },
  backup: {
    parameters: backupParameters,
    changes: "nothing",
    permission: "backup",
    answer: "data",
    about:
      "the whole configuration as one file, in base64; passwords, API keys and what makes a unit's place in its pair are never in it, and private keys of certificates only where it is encrypted, else the file says what was left out",
  },
  restore: {
    parameters: restoreParameters,
    // What it is of decides: services are the pair's, the base configuration is each unit's too.
    changes: "unit",
    answer: "ok",
    about:
      "brings a backup back: what is of the chosen kinds becomes what it was, everything else stays; what was before is kept on the unit's disk",
  },
  backupcert: {
    parameters: certificateBackupParameters,
    changes: "nothing",
    permission: "certbackup",
    answer: "data",
    about: "all certificates with their private keys, and the intermediates, as one encrypted file",
  },
  restorecert: {
    parameters: certificateRestoreParameters,
    changes: "services",
    permission: "certbackup",
    answer: "ok",
    about: "brings certificates back from such a file",
  },
  haresume: {
    parameters: [],
    changes: "unit",
    answer: "ok",
    about: "ends that this unit is pacified, that is, takes no part in HA since its carpd ended too often",
  },
  reboot: { parameters: [], changes: "unit", answer: "ok", about: "starts the unit again" },
  shutdown: {
    parameters: [],
    changes: "unit",
    answer: "ok",
    about: "stops the unit in order, after its role in a pair has gone to the other one",
  },
  listapi: { parameters: [], changes: "nothing", answer: "commands", about: "all commands, and the version" },
} as const satisfies { readonly [name: string]: Command };

export type CommandName = keyof typeof commands;

export const isCommand = (name: string): name is CommandName => Object.hasOwn(commands, name);

/** Whether v1's body of a POST is a file, and stands for the parameter `data`. */
export const takesFile = (name: CommandName): boolean =>
  commands[name].parameters.some((each) => each.name === "data");
