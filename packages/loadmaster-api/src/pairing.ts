/**
 * From one unit to two, and back (SPEC LH10): what the commands `hapaircheck`, `hapair`, `hareplace`, `haunpair` and
 * `hapairstatus` take and answer. `hajoin` and `haleave` are what the unit that runs the procedure asks of the other one.
 */
import type { Parameter } from "./parameters.ts";

export const pairingChecks = [
  "certificate",
  "sign-in",
  "version",
  "single",
  "services there",
  "services here",
  "network",
  "addresses",
  "shared address free",
  "virtual id free",
  "clock",
  "proxy",
  "partner port",
  "licence",
] as const;
export type PairingCheckName = (typeof pairingChecks)[number];

export type PairingCheck = {
  readonly name: PairingCheckName;
  /** Null: it was not looked at; `found` says why, and it keeps nobody from going on. */
  readonly ok: boolean | null;
  readonly found: string;
  /** What to do; empty when it is well. */
  readonly remedy: string;
};

/** What `hapaircheck` answers. Nothing was changed by it. */
export type PairingCheckView = {
  /** SHA-256 of the key that the other unit shows, 64 hexadecimal digits; empty when it does not answer. */
  readonly fingerprint: string;
  /** False: only the fingerprint was asked for. Compare it with the other unit's, and call again with it. */
  readonly confirmed: boolean;
  /** True when every check is well, so that `hapair` or `hareplace` may follow. */
  readonly ready: boolean;
  readonly checks: readonly PairingCheck[];
};

export const pairingSteps = [
  "check",
  "backup",
  "this unit",
  "partner",
  "link",
  "synchronised",
  "standby",
  "leave",
  "single",
  "undo",
] as const;
export type PairingStepName = (typeof pairingSteps)[number];
export type PairingStepState = "waiting" | "running" | "done" | "failed";

export type PairingStep = {
  readonly name: PairingStepName;
  /** In words, for people. */
  readonly about: string;
  readonly state: PairingStepState;
  /** When it entered this state, milliseconds since 1970; 0 while it waits. */
  readonly since: number;
  readonly detail: string;
  /** What to do; empty unless it failed. */
  readonly remedy: string;
};

export type PairingKind = "pair" | "replace" | "dissolve";

/** What a unit says of itself to the one that runs the procedure. */
export type PairingFacts = {
  /** Its clock, milliseconds since 1970. */
  readonly now: number;
  readonly name: string;
  readonly serial: string;
  readonly version: string;
  readonly linkVersion: number;
  readonly hamode: number;
  readonly hastatus: string;
  /** The partner that it is set up for; empty when there is none. */
  readonly partner: string;
  /** Where it listens for its partner. */
  readonly partnerPort: number;
  readonly services: number;
  /** Type of its licence; null without one. Absent from a unit of an earlier version. */
  readonly licence?: string | null;
  /** It heard the partner's CARP lately. */
  readonly hearsPartner: boolean;
  /** What is wrong, in words. */
  readonly problems: readonly string[];
};

/** What `hapairstatus` answers: the procedure that runs, or the last one; `kind` null when there was none. */
export type PairingView = {
  readonly kind: PairingKind | null;
  readonly state: "none" | "running" | "done" | "failed";
  readonly steps: readonly PairingStep[];
  /** How this unit stands at the end of it, in words; empty while it runs. */
  readonly outcome: string;
  /** Files on this unit's disk. */
  readonly backups: readonly string[];
  /** Of the unit that answers. */
  readonly unit: PairingFacts;
};

/** What `hapair`, `hareplace` and `haunpair` answer at once; `hapairstatus` tells the rest. */
export type PairingStarted = PairingView & {
  /** What a certificate backup is here. */
  readonly certificates: string;
};

export const certificateBackup =
  "certificates of services are part of the configuration that both units share; a backup holds their private keys only if it is encrypted; each unit's own certificate stays on its disk, is made anew where it is missing, and is never carried to the other";

const ipv4 = { kind: "address" } as const;
const port = { kind: "integer", min: 1, max: 65_535 } as const;
const secretText = {
  kind: "text",
  pattern: /^[^\p{Cc}\p{Zl}\p{Zp}]{1,127}$/u,
  allowed: "1 to 127 printable characters",
  secret: true,
} as const;
const hex64 = { kind: "text", pattern: /^[0-9a-fA-F]{64}$/, allowed: "64 hexadecimal digits" } as const;
const secretHex64 = { ...hex64, secret: true } as const;

/** How the other unit's API is reached. The password is used for these calls and kept nowhere. */
const access = [
  { name: "partnerport", type: port, about: "port of the other unit's API; 443 unless given" },
  {
    name: "partneruser",
    type: { kind: "text", pattern: /^\w{1,64}$/, allowed: "a user's name" },
    about: "user of the other unit; bal unless given",
  },
  { name: "partnerpassword", type: secretText, about: "its password; it is kept nowhere" },
  {
    name: "partnerfingerprint",
    type: hex64,
    about: "SHA-256 of the other unit's key, as hapaircheck shows it and somebody has compared it",
  },
] as const satisfies readonly Parameter[];

const partnerAddress = {
  name: "partner",
  type: ipv4,
  required: true,
  about: "the other unit's own address",
} as const satisfies Parameter;

const overwrite = {
  name: "overwrite",
  type: { kind: "boolean" },
  about: "whether services that the other unit has may go; a backup of them is kept on its disk",
} as const satisfies Parameter;

const secret = {
  name: "secret",
  aliases: ["partnersecret"],
  type: {
    kind: "text",
    pattern: /^[^'\p{Cc}\p{Zl}\p{Zp}]{8,127}$/u,
    allowed: "8 to 127 printable characters, none of them a single quote",
    secret: true,
  },
  about: "the partner secret; made by the unit unless given",
} as const satisfies Parameter;

const backupDigest = {
  name: "backupdigest",
  type: hex64,
  required: true,
  about: "digest of the backup that was fetched before: backups come first",
} as const satisfies Parameter;

const shape = [
  {
    name: "shared",
    type: ipv4,
    required: true,
    about: "the address that whichever unit is active will have",
  },
  {
    name: "interface",
    aliases: ["iface"],
    type: { kind: "integer", min: 0, max: 255 },
    about: "the interface on which both units meet; the one in whose network the partner lies unless given",
  },
  {
    name: "vhid",
    aliases: ["havhid"],
    type: { kind: "integer", min: 1, max: 255 },
    about: "HA Virtual ID; as it is set unless given",
  },
  {
    name: "timeout",
    aliases: ["hatimeout"],
    type: { kind: "integer", min: 1, max: 5 },
    about: "1 to 5 = 3, 6, 9, 12, 15 s; as it is set unless given",
  },
  {
    name: "fast",
    aliases: ["hafast"],
    type: { kind: "boolean" },
    about: "fast mode; as it is set unless given",
  },
  {
    name: "mode",
    aliases: ["hamode"],
    type: { kind: "choice", values: ["1", "2"] },
    about: "whether this unit becomes HA1 (unless given) or HA2; it is the active one either way",
  },
] as const satisfies readonly Parameter[];

/** Both units: what they are called, and what they have in common. */
export const pairCheckParameters = [partnerAddress, ...access, ...shape, overwrite] as const;
export const pairParameters = [...pairCheckParameters, secret, backupDigest] as const;
/** The rest is as the pair has it. */
export const replaceParameters = [partnerAddress, ...access, overwrite, backupDigest] as const;

export const unpairParameters = [
  ...access,
  {
    name: "leaver",
    type: { kind: "choice", values: ["keep", "empty"] },
    about:
      "the unit that leaves keeps the services, switched off (unless given), or is emptied; a backup stays on its disk either way",
  },
  {
    name: "gone",
    type: { kind: "boolean" },
    about: "the other unit is dead for good and cannot be asked to leave",
  },
  {
    name: "sharedaddress",
    type: { kind: "choice", values: ["keep", "drop"] },
    about:
      "the unit that stays goes on holding the shared addresses (unless given), or lets go of those on which no service stands",
  },
  backupDigest,
] as const satisfies readonly Parameter[];

export const joinParameters = [
  { ...partnerAddress, about: "own address of the unit that asks" },
  {
    name: "interface",
    type: { kind: "integer", min: 0, max: 255 },
    required: true,
    about: "where both meet",
  },
  { name: "shared", type: ipv4, required: true, about: "the shared address" },
  { name: "vhid", type: { kind: "integer", min: 1, max: 255 }, required: true, about: "HA Virtual ID" },
  { name: "timeout", type: { kind: "integer", min: 1, max: 5 }, required: true, about: "HA timeout" },
  { name: "fast", type: { kind: "boolean" }, required: true, about: "fast mode" },
  { name: "mode", type: { kind: "choice", values: ["1", "2"] }, required: true, about: "HA1 or HA2" },
  { name: "partnerkey", type: secretHex64, required: true, about: "made from the partner secret" },
  overwrite,
] as const satisfies readonly Parameter[];

export const leaveParameters = [
  {
    name: "content",
    type: { kind: "choice", values: ["keep", "empty", "before"] },
    required: true,
    about: "the services: kept but switched off, removed, or as they were before this unit joined",
  },
] as const satisfies readonly Parameter[];
