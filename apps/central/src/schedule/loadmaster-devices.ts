/** The devices that the schedule calls: LoadMasters, over their API, with the fence that units of ours keep to. */
import { minute } from "@tandem/base/time";
import type { Fence } from "@tandem/fencing/fence";
import { type Answer, type CallError, LoadMasterClient } from "@tandem/loadmaster-api/client";
import type { Performed } from "@tandem/schedule/call";
import type { DeviceTarget } from "../fleet/device-contact.ts";
import { targetOf } from "../fleet/devices.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { devices } from "../fleet/tables.ts";
import type { Devices } from "./ports.ts";
import type { ActionKind } from "./tables.ts";

/** A backup of a large configuration takes its time. */
const actionTimeoutMs = 2 * minute;
/** The code of a unit of ours whose partner judges the run otherwise: nothing was done, and it is to be asked again. */
const askAgainCode = 503;
/** With these there was no connection, so that nothing can have been asked. */
const neverConnected: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "EADDRNOTAVAIL",
  "ENOTFOUND",
]);

type Known = {
  readonly target: DeviceTarget;
  readonly client: LoadMasterClient;
  /** Null: it has not told yet. */
  remembersRuns: boolean | null;
};

export class LoadMasterDevices implements Devices {
  readonly #shared: Pick<SharedRows, "row">;
  readonly #timeoutMs: number;
  readonly #known = new Map<string, Known>();

  constructor(shared: Pick<SharedRows, "row">, timeoutMs = actionTimeoutMs) {
    this.#shared = shared;
    this.#timeoutMs = timeoutMs;
  }

  async remembersRuns(device: string): Promise<boolean | null> {
    const known = this.#find(device);
    if (known === undefined) return null;
    if (known.remembersRuns === null) {
      // Only units of ours have a revision; they are the ones that keep a ledger of runs.
      const revision = await known.client.revision();
      if (revision.ok) known.remembersRuns = true;
      else if (revision.error.kind === "refused") known.remembersRuns = false;
    }
    return known.remembersRuns;
  }

  async perform(device: string, action: ActionKind, fence: Fence): Promise<Performed> {
    const known = this.#find(device);
    if (known === undefined) return { kind: "refused", message: "the device is no longer in the tree" };
    const answer = await known.client.call(action, {}, fence);
    if (!answer.ok) return failureOf(answer.error);
    const said = withoutData(answer.value);
    if (action !== "backup") return { kind: "done", answer: said };
    const bytes = bytesOf(answer.value);
    if (bytes !== undefined) return { kind: "done", answer: said, bytes };
    // A first result that is given again comes without the bytes. Reading them once more changes nothing there.
    const read = await known.client.call(action);
    if (!read.ok) return failureOf(read.error);
    const copy = bytesOf(read.value);
    return { kind: "done", answer: said, ...(copy && { bytes: copy }) };
  }

  #find(device: string): Known | undefined {
    const row = this.#shared.row(devices, device);
    if (row === undefined) {
      this.#known.delete(device);
      return undefined;
    }
    const target = targetOf(row);
    const before = this.#known.get(device);
    if (before !== undefined && JSON.stringify(before.target) === JSON.stringify(target)) return before;
    const { address, port, user, password, fingerprint } = target;
    const client = new LoadMasterClient({
      address,
      port,
      credentials: { kind: "password", user, password },
      timeoutMs: this.#timeoutMs,
      ...(fingerprint === undefined ? {} : { fingerprint }),
    });
    const known: Known = { target, client, remembersRuns: null };
    this.#known.set(device, known);
    return known;
  }
}

/** The answer as evidence: without the bytes, which are kept apart. */
function withoutData({ data: _bytes, ...said }: Answer): { readonly [field: string]: string } {
  return Object.fromEntries(
    Object.entries(said).map(([field, value]) => [
      field,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/** The bytes of a backup: base64 in `data`. */
function bytesOf({ data }: Answer): Uint8Array | undefined {
  if (typeof data !== "string") return undefined;
  const bytes = Buffer.from(data, "base64");
  return bytes.length === 0 ? undefined : bytes;
}

function failureOf(error: CallError): Performed {
  const { message } = error;
  switch (error.kind) {
    case "fenced":
      return { kind: "fenced", holder: error.holder, lastHeardMs: error.lastHeardMs };
    case "in-progress":
    case "too-old":
      return { kind: error.kind };
    case "unreachable":
      return { kind: "unreachable", message, mayHaveArrived: !neverConnected.has(error.code) };
    case "timeout":
    case "malformed":
      return { kind: "unreachable", message, mayHaveArrived: true };
    case "busy":
      return { kind: "unreachable", message, mayHaveArrived: false };
    case "refused":
      if (error.known === false) return { kind: "interrupted", message };
      return error.code === askAgainCode
        ? { kind: "unreachable", message, mayHaveArrived: false }
        : { kind: "refused", message };
    case "wrong-certificate":
    case "unauthorised":
    case "moved-on":
      return { kind: "refused", message };
  }
}
