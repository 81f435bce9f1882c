/** How one notification reaches one target. Each rejects with an error in words; `delivery-fault.ts` knows the remedy. */
import { createHmac } from "node:crypto";
import { createSocket } from "node:dgram";
import { request } from "node:https";
import { isIPv6 } from "node:net";
import { rootCertificates } from "node:tls";
import { unreachable } from "@tandem/base/assert";
import { second } from "@tandem/base/time";
import type { TimelineEntry } from "../ha/timeline.ts";
import { whereOf } from "./delivery-fault.ts";
import { sendMail } from "./email.ts";
import { hostAndPort } from "./host-and-port.ts";
import type { Target } from "./target.ts";

const webhookTimeoutMs = 10 * second;
const syslogPortDefault = 514;
/** What a datagram carries on every path; longer messages are cut. */
const syslogMaxBytes = 2_048;
/** Facility local0 (RFC 5424, 6.2.1). */
const facility = 16;
const syslogSeverity = { error: 3, warning: 4, info: 6 } as const;

/** How many entries go out at once; the rest wait for the next turn. */
export const batchMaxEntries = { webhook: 1, syslog: 1, email: 50 } as const;

/** At least one entry, and no more than `batchMaxEntries` of the target's kind. */
export type Deliver = (
  target: Target,
  entries: readonly [TimelineEntry, ...TimelineEntry[]],
) => Promise<void>;

export const deliver: Deliver = (target, entries) => {
  switch (target.kind) {
    case "webhook":
      return postWebhook(target, entries[0]);
    case "syslog":
      return sendSyslog(target, entries[0]);
    case "email":
      return sendMail(target, entries);
    default:
      return unreachable(target.kind);
  }
};

/** The receiver computes the same over the body as it came, and compares. */
export const signatureOf = (secret: string, body: string): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

/** Of a webhook, what it takes to post to it. */
export type PostRoute = Pick<Target, "kind" | "address" | "secret" | "certificateAuthority">;

function postWebhook(target: Target, entry: TimelineEntry): Promise<void> {
  const { at, unitName, unit, severity, code, message } = entry;
  const body = JSON.stringify({
    at: new Date(at).toISOString(),
    unit: unitName,
    unitId: unit,
    severity,
    code,
    text: message,
  });
  return postSigned(target, body);
}

/** Posts JSON over verified TLS, signed where there is a secret. Rejects unless the answer is 2xx. */
export function postSigned(
  target: PostRoute,
  body: string,
  headers: { readonly [name: string]: string } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      target.address,
      {
        method: "POST",
        agent: false,
        signal: AbortSignal.timeout(webhookTimeoutMs),
        ...(target.certificateAuthority === ""
          ? {}
          : { ca: [...rootCertificates, target.certificateAuthority] }),
        headers: {
          ...headers,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
          ...(target.secret === "" ? {} : { "x-tandem-signature": signatureOf(target.secret, body) }),
        },
      },
      (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve();
        else reject(new Error(`${whereOf(target)} answered with status ${status}`));
      },
    );
    outgoing.once("error", (error) =>
      reject(
        error.name === "TimeoutError" || error.name === "AbortError"
          ? new Error(`${whereOf(target)} did not answer within ${webhookTimeoutMs / second} s`)
          : error,
      ),
    );
    outgoing.end(body);
  });
}

export const syslogAddress = (text: string): ReturnType<typeof hostAndPort> =>
  hostAndPort(text, syslogPortDefault);

/** One message of RFC 5424; what its header may not hold is replaced. */
export function syslogMessage({ at, unitName, severity, code, message }: TimelineEntry): string {
  const host = unitName.replace(/[^\x21-\x7e]/g, "_").slice(0, 255) || "-";
  const priority = facility * 8 + syslogSeverity[severity];
  const time = new Date(at).toISOString();
  return `<${priority}>1 ${time} ${host} tandem-central - ${code} - ${message.replace(/\p{Cc}/gu, " ")}`;
}

function sendSyslog(target: Target, entry: TimelineEntry): Promise<void> {
  const address = syslogAddress(target.address);
  if (address === undefined) return Promise.reject(new Error(`${target.address} is no address`));
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address.host) ? "udp6" : "udp4");
    const done = (error: Error | null): void => {
      socket.close();
      if (error === null) resolve();
      else reject(error);
    };
    socket.once("error", done);
    const bytes = Buffer.from(syslogMessage(entry)).subarray(0, syslogMaxBytes);
    socket.send(bytes, address.port, address.host, done);
  });
}
