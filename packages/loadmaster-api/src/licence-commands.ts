/**
 * Licences (vendor's interface description, 3.3.5, 3.5 and 3.19; SPEC ML7): a unit is licensed by a Central, each unit of
 * a pair by itself and at its own address. What they answer is at the end.
 */
import type { OfferedLicenceType } from "@tandem/licensing/wire";
import type { Parameter } from "./parameters.ts";

/** Where a Central of ours answers unless its configuration says otherwise. */
export const centralPortDefault = 8_443;

const centralHost = {
  name: "aslhost",
  aliases: ["aslipaddr", "aslname"],
  type: {
    kind: "text",
    pattern: /^[A-Za-z0-9][A-Za-z0-9.:_-]{0,254}$/,
    allowed: "a host name, an IPv4 or an IPv6 address",
  },
  about: "the Central's host name or address",
} as const satisfies Parameter;

const centralAccess = [
  {
    name: "aslport",
    type: { kind: "integer", min: 1, max: 65_535 },
    about: `the Central's port; ${centralPortDefault} unless given`,
  },
  {
    name: "aslfingerprint",
    type: { kind: "text", pattern: /^[0-9a-fA-F]{64}$/, allowed: "64 hexadecimal digits" },
    emptyIsAbsent: true,
    about:
      "SHA-256 of the Central's TLS key, as the Central shows it itself; without it the key that is shown now is trusted, unless another one is known already",
  },
] as const satisfies readonly Parameter[];

export const licenceCommands = {
  aslgetlicensetypes: {
    parameters: [{ ...centralHost, required: true }, ...centralAccess],
    changes: "nothing",
    permission: "root",
    answer: "licences",
    about:
      "which types of licence a Central offers, and the fingerprint of the key that it shows: compare it with the Central's own",
  },
  aslactivate: {
    parameters: [
      {
        name: "lic_type_id",
        aliases: ["licensetypeid", "lic_id_type"],
        type: {
          kind: "text",
          pattern: /^[a-z0-9-]{1,32}$/,
          allowed: "the id of a type, as aslgetlicensetypes names it",
        },
        required: true,
        about: "the id of the type of licence, as aslgetlicensetypes names it",
      },
      {
        ...centralHost,
        about:
          "the Central's host name or address; without it the Central that aslgetlicensetypes asked last, else the one that has licensed this unit",
      },
      ...centralAccess,
    ],
    changes: "unit",
    answer: "ok",
    about:
      "licenses this unit, or licenses it again, also at the other Central; gives that Central an account of its own on this unit, tandem-central, by which it manages it",
  },
  getaslinfo: {
    parameters: [],
    changes: "nothing",
    answer: "licence",
    about: "the Central that has licensed this unit",
  },
  killaslinstance: {
    parameters: [
      {
        name: "force",
        type: { kind: "boolean" },
        about: "Y ends the licence here also when the Central cannot be told, which goes on counting it",
      },
    ],
    changes: "unit",
    answer: "ok",
    about: "gives this unit's licence back to the Central, and ends the Central's account on this unit",
  },
  licensecheck: {
    parameters: [],
    changes: "unit",
    answer: "ok",
    about: "asks the Central now whether this unit's licence holds, as is done daily",
  },
  licenseinfo: {
    parameters: [],
    changes: "nothing",
    answer: "licence",
    about: "this unit's licence: its type, who has granted it, and whether it holds",
  },
  accesskey: {
    parameters: [],
    changes: "nothing",
    answer: "licence",
    about: "what Centrals know this unit by: the id of its licensing key",
  },
} as const;

export type LicenceCommandName = keyof typeof licenceCommands;

/** These are about the unit that is asked, so that its partner has to be asked at its own address. */
export const licenceChanges: ReadonlySet<string> = new Set<LicenceCommandName>([
  "aslactivate",
  "killaslinstance",
  "licensecheck",
]);

/** `offered` of what `aslgetlicensetypes` answers; its `message` is the same in the vendor's words. */
export type OfferedLicences = {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the TLS key that was shown. */
  readonly fingerprint: string;
  readonly central: string;
  readonly name: string;
  readonly types: readonly OfferedLicenceType[];
};

export type LicenceState = "unlicensed" | "licensed" | "grace" | "over";

/** What `licenseinfo` answers. Moments are milliseconds since 1970, by this unit's clock. */
export type LicenceView = {
  /** What Centrals know this unit by. */
  readonly uuid: string;
  readonly LicenseStatus: string;
  /** Empty without a licence. */
  readonly LicenseType: string;
  /** Empty without a licence; else RFC 3339. */
  readonly ActivationDate: string;
  readonly state: LicenceState;
  /** Null without a licence, as the rest. */
  readonly type: string | null;
  readonly holder: string | null;
  readonly number: number | null;
  readonly centrals: readonly LicenceCentral[];
  readonly grantedAt: number | null;
  /** When a Central last said that it holds. */
  readonly heldAt: number | null;
  readonly nextCheckAt: number | null;
  /** When the grace ends, or has ended; null while the licence holds. */
  readonly graceUntil: number | null;
  /** Why it is not confirmed. */
  readonly reason: string | null;
  /** An activation of which no answer is known. */
  readonly unanswered: { readonly host: string; readonly type: string } | null;
};

export type LicenceCentral = {
  readonly name: string;
  readonly unit: string;
  /** Null while it is not known. */
  readonly host: string | null;
  readonly port: number;
  readonly fingerprint: string | null;
  /** It has granted the licence. */
  readonly isHolder: boolean;
};

/** For the home page; null when there is nothing to say. */
export type LicenceNoticeView = {
  readonly level: "info" | "warning" | "danger";
  readonly title: string;
  readonly text: string;
};
