/**
 * What a check says to a server and has to hear from it, for HAProxy (tcp-check) and for the unit's own checks. Answers
 * are judged by regular expressions over bytes, written so that PCRE and JavaScript read them alike.
 */
import type { HealthCheck, ScriptedProtocol } from "./model.ts";

export type CheckStep =
  /** Hexadecimal digits. */
  | { readonly send: string }
  /** `atLeast`: with so many bytes an answer that does not match is wrong; absent: more may come. */
  | { readonly expect: string; readonly atLeast?: number };

const hexOf = (text: string): string => Buffer.from(text, "latin1").toString("hex").toUpperCase();
const quit: CheckStep = { send: hexOf("QUIT\r\n") };
const anyBytes = "[\\x00-\\xff]";

const scripts: { readonly [Protocol in ScriptedProtocol]: readonly CheckStep[] } = {
  // RFC 5321 section 3.1, RFC 959 section 5.4, RFC 3977 section 5.1, RFC 1939 section 3.
  smtp: [{ expect: "^220", atLeast: 3 }, quit],
  ftp: [{ expect: "^220", atLeast: 3 }, quit],
  nntp: [{ expect: "^20[01]", atLeast: 3 }, quit],
  pop3: [{ expect: "^[+]OK", atLeast: 3 }, quit],
  // RFC 3501 section 7.1.
  imap: [{ expect: "^[*] (OK|PREA)", atLeast: 6 }, { send: hexOf("a1 LOGOUT\r\n") }],
  // RFC 854: the server begins to negotiate.
  telnet: [{ expect: "^\\xff", atLeast: 1 }],
  // MS-RDPBCGR 2.2.1.1 and 2.2.1.2: a connection request that offers TLS and network level authentication is confirmed.
  rdp: [
    { send: "030000130EE000000000000100080003000000" },
    { expect: `^\\x03\\x00${anyBytes}{3}\\xd0`, atLeast: 6 },
  ],
  // RFC 4511 section 4.2: an anonymous bind succeeds.
  ldap: [
    { send: "300C020101600702010304008000" },
    { expect: `^0${anyBytes}{1,5}\\x02\\x01\\x01a${anyBytes}{1,5}\\x0a\\x01\\x00`, atLeast: 14 },
  ],
};

/** The steps of a check that has some; undefined of the others. */
export function scriptOf(check: HealthCheck): readonly CheckStep[] | undefined {
  if (check.kind === "protocol") return scripts[check.protocol];
  if (check.kind !== "data") return undefined;
  const { send, pattern, within } = check;
  return [
    ...(send === undefined ? [] : [{ send }]),
    pattern === undefined
      ? { expect: `^${anyBytes}`, atLeast: 1 }
      : within * 2 < pattern.length
        ? { expect: bytesOf(pattern) }
        : { expect: `^${anyBytes}{0,${within - pattern.length / 2}}?${bytesOf(pattern)}` },
  ];
}

const bytesOf = (hex: string): string => hex.replace(/../g, (byte) => `\\x${byte}`);
