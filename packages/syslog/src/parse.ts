/**
 * Lines of syslog as RFC 5424 and RFC 3164 have them, and as programs really send them. Total: every text yields a
 * message. What cannot be told apart stays whole in `message`, so that nothing that was received is lost.
 */
import { syslogLineMaxBytes } from "./constants.ts";
import type { SyslogMessage } from "./message.ts";

const priority = /^<(\d{1,3})>/;
/** The greatest priority: facility 23, severity 7. A leading zero is none of RFC 5424's, and is let pass. */
const priorityMax = 191;

const nothing: SyslogMessage = {
  time: null,
  severity: null,
  facility: null,
  host: null,
  app: null,
  procid: null,
  msgid: null,
  structuredData: null,
  message: "",
};

/** Lengths are bounded by {@link syslogLineMaxBytes}, counted in characters; more is cut off. */
export function parseSyslog(line: string): SyslogMessage {
  const text = withoutEnd(line.length > syslogLineMaxBytes ? line.slice(0, syslogLineMaxBytes) : line);
  const match = priority.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]);
  if (match === null || value > priorityMax) return { ...nothing, message: text };
  const base: SyslogMessage = { ...nothing, severity: value & 7, facility: value >> 3 };
  const rest = text.slice(match[0].length);
  return rfc5424(base, rest) ?? rfc3164(base, rest);
}

/** Senders end datagrams with a line feed or a zero byte. Zero bytes within would end texts early where they are kept. */
const withoutEnd = (text: string): string => {
  let end = text.length;
  while (end > 0 && isEnd(text.charCodeAt(end - 1))) end -= 1;
  const kept = end === text.length ? text : text.slice(0, end);
  return kept.includes("\0") ? kept.replaceAll("\0", "\ufffd") : kept;
};
const isEnd = (code: number): boolean => code === 0 || code === 10 || code === 13;

const header5424 =
  /^1 (-|\d{4}-\d\d-\d\dT[\d:.]{8,20}(?:Z|[+-]\d\d:\d\d)) ([!-~]{1,255}) ([!-~]{1,128}) ([!-~]{1,128}) ([!-~]{1,128}) /;
const nil = (text: string | undefined): string | null => (text === undefined || text === "-" ? null : text);

/** RFC 5424, section 6; undefined when the text is not of that form. */
function rfc5424(base: SyslogMessage, text: string): SyslogMessage | undefined {
  const header = header5424.exec(text);
  if (header === null) return undefined;
  const begin = header[0].length;
  const end = endOfStructuredData(text, begin);
  if (end === undefined) return undefined;
  const [, time, host, app, procid, msgid] = header;
  // One space parts the message from what is before it, and a byte order mark may say that it is UTF-8.
  const message = text.slice(end + 1);
  return {
    ...base,
    time: nil(time),
    host: nil(host),
    app: nil(app),
    procid: nil(procid),
    msgid: nil(msgid),
    structuredData: nil(text.slice(begin, end)),
    message: message.startsWith("\ufeff") ? message.slice(1) : message,
  };
}

const elementName = /[!#-<>-\\^-~]{1,32}/y;
const parameterName = / ([!#-<>-\\^-~]{1,32})="/y;

/** Where the structured data that begins at `begin` ends: before a space or the end of the text; undefined when malformed. */
function endOfStructuredData(text: string, begin: number): number | undefined {
  let at = begin;
  if (text[at] === "-") at += 1;
  else {
    if (text[at] !== "[") return undefined;
    while (text[at] === "[") {
      const end = endOfElement(text, at);
      if (end === undefined) return undefined;
      at = end;
    }
  }
  return at === text.length || text[at] === " " ? at : undefined;
}

/** One `[name parameter="value" …]`; within a value a backslash keeps the next character from ending it. */
function endOfElement(text: string, begin: number): number | undefined {
  elementName.lastIndex = begin + 1;
  if (!elementName.test(text)) return undefined;
  let at = elementName.lastIndex;
  while (text[at] === " ") {
    parameterName.lastIndex = at;
    if (!parameterName.test(text)) return undefined;
    at = parameterName.lastIndex;
    while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    at += 1;
  }
  return text[at] === "]" ? at + 1 : undefined;
}

/** `Nov 25 14:03:07`, or RFC 3339 as some relays write it in its place. */
const time3164 =
  /^([A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]{8,20}(?:Z|[+-]\d\d:?\d\d)?) +/;
/** The name of the program, with its process in brackets; a colon ends it. */
const tag3164 = /^([^\s:[\]]{1,128})(?:\[([^\]\s]{0,128})\])?: ?/;
const hasAddress6 = /^\[?(?=[^\s:]*:[^\s:]*:)[0-9A-Fa-f:.]{2,64}\]? /;
const host3164 = /^([^\s:[\]]{1,255}|\[?[0-9A-Fa-f:.]{2,64}\]?) +/;

/** RFC 3164, section 4.1, of which each part may be missing; takes any text. */
function rfc3164(base: SyslogMessage, text: string): SyslogMessage {
  const time = time3164.exec(text);
  if (time === null) return { ...base, ...tagged(text) };
  const afterTime = text.slice(time[0].length);
  // A program that logs locally names no host: what stands there then is its tag, which a colon ends.
  const namesHost = hasAddress6.test(afterTime) || !tag3164.test(afterTime);
  const host = namesHost ? host3164.exec(afterTime) : null;
  return {
    ...base,
    time: time[1] as string,
    host: host?.[1] ?? null,
    ...tagged(host === null ? afterTime : afterTime.slice(host[0].length)),
  };
}

function tagged(text: string): Pick<SyslogMessage, "app" | "procid" | "message"> {
  const tag = tag3164.exec(text);
  if (tag === null) return { app: null, procid: null, message: text };
  return { app: tag[1] as string, procid: tag[2] || null, message: text.slice(tag[0].length) };
}
