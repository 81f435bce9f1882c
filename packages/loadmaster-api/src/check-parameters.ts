/** Parameters of health checks: of one service, and of all that have none of their own. */
import type { Parameter } from "./parameters.ts";

export const checkTypes = [
  "icmp",
  "https",
  "http",
  "tcp",
  "smtp",
  "nntp",
  "ftp",
  "telnet",
  "pop3",
  "imap",
  "rdp",
  "bdata",
  "ldap",
  "none",
] as const;
export type CheckType = (typeof checkTypes)[number];

/** A name as in RFC 9110 section 5.6.2, and what it holds. */
const header = "[A-Za-z0-9!#$%&'*+.^_`~-]{1,127}:[^\\p{Cc}\\p{Zl}\\p{Zp}|]{1,127}";

/** Of `addvs` and `modvs`. */
export const checkParameters = [
  {
    name: "CheckType",
    type: { kind: "choice", values: checkTypes },
    about:
      "health check: by default that of the service's port (21 ftp, 23 telnet, 25 smtp, 80 http, 110 pop3, 119 nntp, 143 imap, 3389 rdp), tcp elsewhere, icmp with UDP and on every port; https is http over TLS, whatever the traffic goes over; ldap is an anonymous bind; bdata sends and seeks bytes",
  },
  {
    name: "CheckUrl",
    type: {
      kind: "text",
      pattern: /^(\/[\x21-\x7e]{0,125}|([0-9A-Fa-f]{2}){0,63})$/,
      allowed:
        "a path that begins with /, without blanks, up to 126 characters; with CheckType bdata pairs of hexadecimal digits",
    },
    about: "what an http check asks for, / when empty; with bdata the bytes to send",
  },
  {
    name: "CheckHost",
    type: {
      kind: "text",
      pattern: /^$|^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/,
      allowed: "a host name or an address",
    },
    about: "the host that an HTTP/1.1 check names; the service's address when empty",
  },
  {
    name: "CheckPattern",
    type: {
      kind: "text",
      pattern: /^[^\p{Cc}\p{Zl}\p{Zp}]{0,255}$/u,
      allowed: "up to 255 printable characters; with CheckType bdata pairs of hexadecimal digits",
    },
    about:
      "of http checks by GET and POST: a regular expression that the answer's content has to match, or must not if it begins with ^; with bdata the bytes to find",
  },
  {
    name: "MatchLen",
    type: { kind: "integer", min: 0, max: 8_000, unit: "bytes" },
    about: "with CheckType bdata: CheckPattern is found within so many bytes of the answer; 0 is all",
  },
  { name: "CheckUse1.1", type: { kind: "boolean" }, about: "http checks speak HTTP/1.1" },
  {
    name: "CheckUseGet",
    type: { kind: "integer", min: 0, max: 3 },
    about: "method of http checks: 0 HEAD, 1 GET, 2 POST, 3 OPTIONS",
  },
  {
    name: "CheckPostData",
    type: {
      kind: "text",
      pattern: /^[^\p{Cc}\p{Zl}\p{Zp}]{0,2047}$/u,
      allowed: "up to 2047 printable characters",
    },
    about: "what an http check by POST sends",
  },
  {
    name: "CheckHeaders",
    type: {
      kind: "text",
      pattern: new RegExp(`^$|^${header}(\\|${header}){0,3}$`, "u"),
      allowed: "up to four of the form name:value, separated by |; empty for none",
    },
    about: "header fields of http checks beside those of the protocol",
  },
  {
    name: "CheckCodes",
    type: {
      kind: "text",
      pattern: /^$|^[345]\d\d( [345]\d\d){0,31}$/,
      allowed: "up to 32 codes from 300 to 599, separated by single blanks",
    },
    about: "status codes that count as alive as well",
  },
  {
    name: "CheckPort",
    type: { kind: "integer", min: 0, max: 65_535 },
    about: "port to check; 0 is the server's own",
  },
  {
    name: "ChkInterval",
    type: { kind: "integer", min: 0, max: 600, unit: "seconds" },
    about: "between two checks; 0 is RetryInterval of all services",
  },
  {
    name: "ChkTimeout",
    type: { kind: "integer", min: 0, max: 600, unit: "seconds" },
    about: "a check that takes longer has failed; 0 is Timeout of all services",
  },
  {
    name: "ChkRetryCount",
    type: { kind: "integer", min: 0, max: 15 },
    about: "so many failures in a row take a server out; 0 is RetryCount of all services",
  },
  {
    name: "EnhancedHealthChecks",
    type: { kind: "boolean" },
    about: "a service is up only with as many servers as RsMinimum says; N: with one",
  },
  {
    name: "RsMinimum",
    type: { kind: "integer", min: 0, max: 1_000 },
    about: "with EnhancedHealthChecks: so many servers have to be up; 1 by default",
  },
] as const satisfies readonly Parameter[];

/** Of `addrs` and `modrs`. */
export const serverCheckParameters = [
  {
    name: "Follow",
    type: { kind: "integer", min: 0, max: 1_000_000_000 },
    about: "index of the real server whose health this one shares; 0, or its own: it is checked itself",
  },
  {
    name: "Critical",
    type: { kind: "boolean" },
    about: "the service is down while this server is down or disabled",
  },
] as const satisfies readonly Parameter[];

/** What services have whose own values are 0, in the order in which `showhealth` says it. */
export const globalCheckDefaults = { RetryInterval: 9, Timeout: 4, RetryCount: 2 } as const;

/** RetryInterval goes beyond this only where the other two need it. */
export const retryIntervalMax = 120;

export const globalCheckParameters = [
  {
    name: "RetryInterval",
    type: { kind: "integer", min: 9, max: 901, unit: "seconds" },
    about: `between two checks: more than RetryCount times Timeout, up to ${retryIntervalMax} or what is needed for that; 9 by default`,
  },
  {
    name: "Timeout",
    type: { kind: "integer", min: 4, max: 60, unit: "seconds" },
    about: "a check that takes longer has failed; 4 by default",
  },
  {
    name: "RetryCount",
    type: { kind: "integer", min: 2, max: 15 },
    about: "so many failures in a row take a server out; 2 by default",
  },
] as const satisfies readonly Parameter[];
