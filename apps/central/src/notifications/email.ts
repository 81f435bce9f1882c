/** Events by e-mail, one mail for what waits at that moment; and letters with attachments. */
import { rootCertificates } from "node:tls";
import { second } from "@tandem/base/time";
import { createTransport } from "nodemailer";
import type { TimelineEntry } from "../ha/timeline.ts";
import { hostAndPort } from "./host-and-port.ts";
import type { Target } from "./target.ts";

const stepTimeoutMs = 10 * second;
/** For all of it: a server that is slow at every step holds up no longer. */
const mailTimeoutMs = 30 * second;
const subjectMaxLength = 160;
const portDefaults = { none: 25, starttls: 587, tls: 465 } as const;

const inOneLine = (text: string): string => text.replace(/\p{Cc}/gu, " ");

/** What the mail says: a subject, and one paragraph per event. */
export function mailOf(entries: readonly TimelineEntry[]): {
  readonly subject: string;
  readonly text: string;
} {
  const [first] = entries;
  const more = entries.length > 1 ? ` (and ${entries.length - 1} more)` : "";
  const subject = `[${first?.unitName}] ${first?.severity}: ${first?.message}`;
  return {
    subject: inOneLine(subject).slice(0, subjectMaxLength) + more,
    text: entries
      .map(
        ({ at, unitName, severity, code, message }) =>
          `${new Date(at).toISOString()} ${unitName} ${severity} ${code}\n${inOneLine(message)}\n`,
      )
      .join("\n"),
  };
}

/** Of an e-mail target, what its server and receivers are known by. */
export type MailRoute = Pick<
  Target,
  "address" | "security" | "user" | "secret" | "from" | "to" | "certificateAuthority"
>;
export type Letter = {
  readonly subject: string;
  readonly text: string;
  readonly attachments?: readonly {
    readonly filename: string;
    readonly contentType: string;
    readonly content: string;
  }[];
  /** The same for a letter that is sent once more, so that its receiver can tell. */
  readonly messageId?: string;
};

/** Rejects unless the server took the mail for every receiver. */
export const sendMail = (target: MailRoute, entries: readonly TimelineEntry[]): Promise<void> =>
  sendLetter(target, mailOf(entries));

/** Rejects unless the server took the letter for every receiver. */
export async function sendLetter(target: MailRoute, letter: Letter): Promise<void> {
  const { security, user, secret, from, to, certificateAuthority } = target;
  const server = hostAndPort(target.address, portDefaults[security]);
  if (server === undefined) throw new Error(`${target.address} is no address`);
  const transport = createTransport({
    ...server,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    ...(user === "" ? {} : { auth: { user, pass: secret } }),
    ...(certificateAuthority === "" ? {} : { tls: { ca: [...rootCertificates, certificateAuthority] } }),
    connectionTimeout: stepTimeoutMs,
    greetingTimeout: stepTimeoutMs,
    socketTimeout: stepTimeoutMs,
    dnsTimeout: stepTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const late = new Promise<never>((_, reject) => {
    AbortSignal.timeout(mailTimeoutMs).addEventListener("abort", () =>
      reject(new Error(`${target.address} did not take the mail within ${mailTimeoutMs / second} s`)),
    );
  });
  const { attachments = [], ...rest } = letter;
  const mail = { from, to: [...to], ...rest, attachments: attachments.map((each) => ({ ...each })) };
  try {
    const { rejected } = await Promise.race([transport.sendMail(mail), late]);
    if (rejected.length > 0) throw new Error(`${target.address} refused ${rejected.length} of the receivers`);
  } finally {
    transport.close();
  }
}
