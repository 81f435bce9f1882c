/** Parameters of the commands that keep a configuration outside the unit and bring it back. */
import type { Parameter } from "./parameters.ts";

/** Of a backup that is restored, in bytes. */
export const backupMaxBytes = 10 * 1024 * 1024;

/** What `type` of `restore` adds up. */
export const restoreTypes = { base: 1, services: 2, geo: 4, sso: 8 } as const;

const passPhraseAllowed = "7 to 64 printable characters";

/** Not given when it is empty, since forms send it so. */
const passPhrase = {
  name: "password",
  type: {
    kind: "text",
    pattern: /^[^\p{Cc}\p{Zl}\p{Zp}]{7,64}$/u,
    allowed: passPhraseAllowed,
    secret: true,
  },
  emptyIsAbsent: true,
  about: "the pass phrase",
} as const satisfies Parameter;

const file = {
  name: "data",
  type: {
    kind: "text",
    pattern: /^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/,
    allowed: "the file in base64; in v1 the file is the body of the POST as it is",
    secret: true,
  },
  required: true,
  about: "the file in base64; v1: the body of the POST, as it is",
} as const satisfies Parameter;

export const backupParameters = [
  {
    ...passPhrase,
    about:
      "with it the file is encrypted and holds the private keys of certificates as well; without it they are left out",
  },
] as const satisfies readonly Parameter[];

export const restoreParameters = [
  {
    name: "type",
    type: { kind: "integer", min: 1, max: 15 },
    required: true,
    about:
      "what of it is restored, added up: 1 base configuration, 2 virtual services with all that they use, 4 GEO and 8 SSO (neither is here)",
  },
  file,
  { ...passPhrase, about: "the pass phrase of an encrypted backup" },
] as const satisfies readonly Parameter[];

const certificatePassword = {
  name: "password",
  type: {
    kind: "text",
    pattern: /^[A-Za-z0-9]{7,64}$/,
    allowed: "7 to 64 letters and digits",
    secret: true,
  },
  required: true,
  about: "the pass phrase that the file is encrypted with",
} as const satisfies Parameter;

export const certificateBackupParameters = [certificatePassword] as const satisfies readonly Parameter[];

export const certificateRestoreParameters = [
  certificatePassword,
  {
    name: "type",
    type: { kind: "text", pattern: /^(full|third|vs)$/, allowed: "full, third or vs, in small letters" },
    required: true,
    about: "which: full is all, third the intermediates alone, vs those of services alone",
  },
  file,
  {
    name: "replace",
    type: { kind: "boolean" },
    about: "Y replaces certificates of the same name, N leaves them as they are; N by default",
  },
] as const satisfies readonly Parameter[];
