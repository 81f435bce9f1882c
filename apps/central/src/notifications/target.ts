/** One receiver of notifications, and what makes it fit to be one. */
import { X509Certificate } from "node:crypto";
import type { FieldError } from "@tandem/base/result";
import type { RowView } from "@tandem/replica/rows";
import { hostAndPort } from "./host-and-port.ts";
import type { notificationTargets } from "./tables.ts";

export type TargetRow = RowView<(typeof notificationTargets)["columns"]>;
export type Target = Omit<TargetRow["values"], "generation"> & {
  /** Of its row. */
  readonly tag: string;
};

export const targetOf = ({ values: { generation: _, ...values }, tag }: TargetRow): Target => ({
  ...values,
  tag,
});

const webhookSecretMinLength = 16;
const addressRemedy = {
  webhook: "give a URL that begins with https://",
  syslog: "give HOST or HOST:PORT, for example 192.0.2.50:514",
  email: "give HOST or HOST:PORT of the SMTP server, for example 192.0.2.25:587",
} as const;

const isMailbox = (text: string): boolean => /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(text);

/** Whether a text holds certificates and each of them can be read; Node would pass over what is none in silence. */
function isPem(text: string): boolean {
  const found = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const one of found) new X509Certificate(one);
  } catch {
    return false;
  }
  return found.length > 0;
}

/** Null for one that can be told. */
export function unfitness(target: Target): FieldError | null {
  const { kind, address, secret, certificateAuthority } = target;
  if (certificateAuthority !== "" && !isPem(certificateAuthority))
    return {
      code: "certificate-malformed",
      field: "certificateAuthority",
      message: "there is no certificate in it that can be read",
      remedy: "give the authority's certificate as PEM, which begins with -----BEGIN CERTIFICATE-----",
    };
  const isRight =
    kind === "webhook"
      ? URL.canParse(address) && new URL(address).protocol === "https:"
      : hostAndPort(address, 1) !== undefined;
  if (!isRight)
    return {
      code: "address-malformed",
      field: "address",
      value: address,
      message: `"${address}" is no address for a target of kind ${kind}`,
      remedy: addressRemedy[kind],
    };
  if (kind === "webhook" && secret !== "" && secret.length < webhookSecretMinLength)
    return {
      code: "secret-too-short",
      field: "secret",
      message: "the secret is too short to sign with",
      remedy: `give ${webhookSecretMinLength} characters or more`,
    };
  return kind === "email" ? unfitEmail(target) : null;
}

function unfitEmail({ user, secret, from, to }: Target): FieldError | null {
  for (const [field, mailboxes] of [
    ["from", [from]],
    ["to", to],
  ] as const) {
    const wrong = mailboxes.length === 0 ? "" : mailboxes.find((each) => !isMailbox(each));
    if (wrong === undefined) continue;
    return {
      code: "mailbox-malformed",
      field,
      value: wrong,
      message: wrong === "" ? `an e-mail target needs "${field}"` : `"${wrong}" is no e-mail address`,
      remedy: "give an address like operator@example.com",
    };
  }
  if (user !== "" && secret === "")
    return {
      code: "password-missing",
      field: "secret",
      message: `there is no password for user "${user}"`,
      remedy: "give the password, or leave the user empty",
    };
  return null;
}
