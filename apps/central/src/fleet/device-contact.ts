/** Contacting a device: one real call of its API, with its certificate pinned and its credentials. */
import type { FieldError } from "@tandem/base/result";
import { err, ok, type Result } from "@tandem/base/result";
import { second } from "@tandem/base/time";
import { type CallError, LoadMasterClient } from "@tandem/loadmaster-api/client";
import type { Contacted } from "./device-status.ts";
import { isSingle, pairIn, roleIn, textIn } from "./pair-of-device.ts";

export const contactTimeoutMs = 8 * second;

/** What it takes to talk to a device. Without a fingerprint the first one seen is pinned. */
export type DeviceTarget = {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly fingerprint: string | undefined;
};

export type Answered = Extract<Contacted, { kind: "answered" }> & { readonly fingerprint: string };
/** Tests put another in its place. */
export type ContactDevice = (target: DeviceTarget) => Promise<Result<Answered, CallError>>;

/**
 * Contacts LoadMasters, one client for each target that is in use: the client keeps to the number of calls that a
 * unit allows within a few seconds.
 */
export class LoadMasterContacts {
  readonly #timeoutMs: number;
  readonly #clients = new Map<string, LoadMasterClient>();

  constructor(timeoutMs: number = contactTimeoutMs) {
    this.#timeoutMs = timeoutMs;
  }

  readonly contact: ContactDevice = async (target) => {
    const client = this.client(target);
    const all = await client.call("getall");
    if (!all.ok) return all;
    const { fingerprint } = client;
    if (fingerprint === undefined) return err({ kind: "malformed", message: "it showed no certificate" });
    const said = Object.fromEntries(
      Object.entries(all.value).map(([name, value]): [string, unknown] => [name.toLowerCase(), value]),
    );
    if (said.hamode === undefined)
      return err({ kind: "malformed", message: "what it answers to getall has no hamode" });
    // A unit that is not ours may keep its state out of the list.
    for (const name of isSingle(said) || said.hastatus !== undefined ? [] : ["hastatus", "activetime"]) {
      const answer = await client.get(name);
      if (!answer.ok) return answer;
      said[name] = answer.value;
    }
    const interfaces = isSingle(said) ? null : await client.listInterfaces();
    const pair = pairIn(said, interfaces?.ok ? interfaces.value : null);
    return ok({
      kind: "answered",
      haRole: roleIn(said),
      version: textIn(said, "version"),
      name: textIn(said, "hostname"),
      ...(pair === undefined ? {} : { pair }),
      fingerprint,
    });
  };

  /** Forgets the clients of all other targets. */
  keepOnly(targets: readonly DeviceTarget[]): void {
    const wanted = new Set(targets.map(keyOf));
    for (const key of [...this.#clients.keys()]) if (!wanted.has(key)) this.#clients.delete(key);
  }

  /** The client for a target; it keeps to the number of calls that a unit allows. */
  client(target: DeviceTarget): LoadMasterClient {
    const key = keyOf(target);
    const existing = this.#clients.get(key);
    if (existing) return existing;
    const client = new LoadMasterClient({
      address: target.address,
      port: target.port,
      credentials: { kind: "password", user: target.user, password: target.password },
      timeoutMs: this.#timeoutMs,
      ...(target.fingerprint === undefined ? {} : { fingerprint: target.fingerprint }),
    });
    // Before a first certificate is accepted the client is of one use.
    if (target.fingerprint !== undefined) this.#clients.set(key, client);
    return client;
  }
}

const keyOf = ({ address, port, user, password, fingerprint }: DeviceTarget): string =>
  JSON.stringify([address, port, user, password, fingerprint]);

/** With these there was no connection, so that nothing can have been asked. */
const neverConnected: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "EADDRNOTAVAIL",
  "ENOTFOUND",
]);

/** Whether a call that failed may have been carried out all the same. */
export const mayHaveArrived = (error: CallError): boolean =>
  error.kind === "timeout" ||
  error.kind === "malformed" ||
  (error.kind === "unreachable" && !neverConnected.has(error.code));

/** Beside which field of the form a failure to contact the device belongs, and what to do about it. */
export function contactFault(target: DeviceTarget, error: CallError): FieldError {
  const where = `${target.address}:${target.port}`;
  switch (error.kind) {
    case "unreachable":
    case "timeout":
      return {
        code: "device-unreachable",
        field: "address",
        value: target.address,
        message: `no device answers at ${where}: ${error.message}`,
        remedy:
          "check the address and the port, that the device runs, and that its API may be reached from here",
      };
    case "wrong-certificate":
      return {
        code: "certificate-differs",
        field: "certificateFingerprint",
        value: error.expected,
        message: `the device at ${where} shows a certificate with the fingerprint ${error.actual}`,
        remedy:
          "if you know that its certificate was replaced, give this fingerprint; if not, somebody may stand in between",
      };
    case "unauthorised":
      return {
        code: "credentials-refused",
        field: "password",
        message: `the device at ${where} does not accept the user "${target.user}" with this password`,
        remedy: "check user and password by signing in at the device itself",
      };
    case "refused":
    case "malformed":
    // Contacts carry no fence, so nothing of ours answers these.
    case "fenced":
    case "in-progress":
    case "too-old":
    case "moved-on":
      return {
        code: "not-a-loadmaster",
        field: "address",
        value: target.address,
        message: `what answers at ${where} does not behave like a LoadMaster: ${error.message}`,
        remedy: "check address and port, and that the API of the device is enabled",
      };
    case "busy":
      return {
        code: "device-busy",
        field: "address",
        value: target.address,
        message: `too many calls wait for ${where}`,
        remedy: "try again in a few seconds",
      };
  }
}
