/** A syslog message as it was understood, and the words for its numbers (RFC 5424, section 6.2.1). */

/** By their number: 0 is the worst. */
export const severities = [
  "emergency",
  "alert",
  "critical",
  "error",
  "warning",
  "notice",
  "info",
  "debug",
] as const;
export type SeverityWord = (typeof severities)[number];

/** By their number. */
export const facilities = [
  "kern",
  "user",
  "mail",
  "daemon",
  "auth",
  "syslog",
  "lpr",
  "news",
  "uucp",
  "cron",
  "authpriv",
  "ftp",
  "ntp",
  "audit",
  "alert",
  "clock",
  "local0",
  "local1",
  "local2",
  "local3",
  "local4",
  "local5",
  "local6",
  "local7",
] as const;

/** What a part of the message did not say, or said as the nil value, is null. */
export type SyslogMessage = {
  /** The moment as the sender wrote it: RFC 3164's lacks year and zone. */
  readonly time: string | null;
  /** Index into {@link severities}; null when the line has no valid priority. */
  readonly severity: number | null;
  /** Index into {@link facilities}. */
  readonly facility: number | null;
  readonly host: string | null;
  readonly app: string | null;
  readonly procid: string | null;
  readonly msgid: string | null;
  /** The text of the structured data, brackets included. */
  readonly structuredData: string | null;
  /** What is left; of a malformed line all that could not be told apart. */
  readonly message: string;
};
