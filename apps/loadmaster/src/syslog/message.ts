/** What the unit logs as a syslog message (RFC 5424). Pure. */
import type { WallMillis } from "@tandem/base/time";

/** What every receiver should take (RFC 5424 §6.1); what is longer is cut. */
export const syslogLineMaxBytes = 2_048;
/** daemon. */
const facility = 3;
const appName = "tandem-loadmaster";
const valueMaxChars = 300;

export type Severity = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** Events that an operator wants to hear of although nothing is wrong. */
const notable = new Set([
  "ha-role",
  "configuration-changed",
  "configuration-received",
  "real-server-up",
  "ready",
  "stopping",
  "stopped",
  "partner-connected",
  "licence-granted",
  "licence-held-again",
  "licence-released",
]);

export const severityOf = (level: "info" | "warn" | "error", event: string): Severity =>
  level === "error" ? 3 : level === "warn" ? 4 : notable.has(event) ? 5 : 6;

export type Line = {
  readonly severity: Severity;
  readonly at: WallMillis;
  readonly hostname: string;
  readonly event: string;
  readonly details: object;
  /** Grows by one with each message to a host, so that a gap shows. */
  readonly sequence: number;
};

/** One message without its framing. */
export function syslogMessage(line: Line): Buffer {
  const header = [
    `<${facility * 8 + line.severity}>1`,
    new Date(line.at).toISOString(),
    headerText(line.hostname, 255),
    appName,
    process.pid,
    headerText(line.event, 32),
    `[meta sequenceId="${line.sequence}"]`,
  ].join(" ");
  const text = `${header} ${line.event}${wordsOf(line.details)}`.replace(/\p{Cc}/gu, " ");
  return cut(Buffer.from(text), syslogLineMaxBytes);
}

/** Printable ASCII without blanks, `-` when nothing is left. */
const headerText = (text: string, maxChars: number): string =>
  text.replace(/[^\x21-\x7e]/g, "").slice(0, maxChars) || "-";

function wordsOf(details: object): string {
  const words = (Object.entries(details) as [string, unknown][]).map(([name, value]) => {
    const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
    return `${name}=${text.slice(0, valueMaxChars)}`;
  });
  return words.length === 0 ? "" : `: ${words.join(", ")}`;
}

/** At most so many bytes, and no half character at the end. */
function cut(bytes: Buffer, maxBytes: number): Buffer {
  if (bytes.length <= maxBytes) return bytes;
  let end = maxBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

/** As it goes over TCP (RFC 6587 §3.4). */
export const framed = (message: Buffer, framing: "octet-counting" | "newline"): Buffer =>
  framing === "newline"
    ? Buffer.concat([message, Buffer.from("\n")])
    : Buffer.concat([Buffer.from(`${message.length} `), message]);
