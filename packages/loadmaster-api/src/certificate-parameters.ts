/** Parameters of the commands that keep certificates of services, and how many of them there may be. */
import { type Parameter, printable } from "./parameters.ts";

export const certificatesMax = 250;
export const intermediatesMax = 100;
/** Of one upload, in bytes. */
export const certificateUploadMaxBytes = 128 * 1024;
/** Of all certificates, their keys and the intermediates together: they go to the partner with every change. */
export const certificatesTotalMaxChars = 2 * 1024 * 1024;
/** Certificates in one upload: the service's own and those above it. */
export const certificateChainMax = 10;

/** A name stands in a list separated by blanks or commas, in paths of v1 and in messages. */
export const certificateNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$/;
export const certificateNameAllowed =
  "a letter or digit first, then letters, digits, dots, hyphens and underscores, at most 127 in all";

const name = {
  name: "cert",
  type: { kind: "text", pattern: certificateNamePattern, allowed: certificateNameAllowed },
  required: true,
  about: "the certificate's name on this unit",
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

const outputForm = {
  name: "outform",
  type: { kind: "choice", values: ["PEM", "DER"] },
  about: "PEM with the whole chain, or DER in base64 of the first certificate alone; PEM by default",
} as const satisfies Parameter;

export const certificateReference = [name] as const satisfies readonly Parameter[];
export const certificateReading = [name, outputForm] as const satisfies readonly Parameter[];
export const intermediateUpload = [name, file] as const satisfies readonly Parameter[];
export const certificateUpload = [
  name,
  file,
  {
    name: "password",
    type: {
      kind: "text",
      // Not given when there is none.
      pattern: new RegExp(`^$|${printable(1_024).source}`, "u"),
      allowed: "up to 1024 printable characters",
      secret: true,
    },
    about: "the passphrase of an encrypted private key, or of a PKCS#12 file",
  },
  {
    name: "replace",
    type: { kind: "boolean" },
    about: "Y replaces the certificate of this name, N adds one; N by default",
  },
] as const satisfies readonly Parameter[];
