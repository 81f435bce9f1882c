/** Events by e-mail: one mail for what waits at that moment. */
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

/** Rejects unless the server took the mail for every receiver. */
export async function sendMail(target: Target, entries: readonly TimelineEntry[]): Promise<void> {
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
  const mail = { from, to: [...to], ...mailOf(entries) };
  try {
    const { rejected } = await Promise.race([transport.sendMail(mail), late]);
    if (rejected.length > 0) throw new Error(`${target.address} refused ${rejected.length} of the receivers`);
  } finally {
    transport.close();
  }
}
