/** The devices that the schedule calls: LoadMasters, over their API, with the fence that units of ours keep to. */
import { minute } from "@tandem/base/time";
import type { Fence } from "@tandem/fencing/fence";
import { type RunId, runIdOf } from "@tandem/fencing/run-id";
import type { Answer, CallError, LoadMasterClient } from "@tandem/loadmaster-api/client";
import type { Performed } from "@tandem/schedule/call";
import { type DeviceTarget, mayHaveArrived } from "../fleet/device-contact.ts";
import type { Devices } from "./ports.ts";
import type { ActionKind } from "./tables.ts";

/** A backup of a large configuration takes its time. */
const actionTimeoutMs = 2 * minute;
/** The code of a unit of ours whose partner judges the run otherwise: nothing was done, and it is to be asked again. */
const askAgainCode = 503;
/** How often the bytes of one run are read anew, each time as a run of its own; one may have been lost on the way. */
const readingsMax = 5;
/** Of `LoadMasterClient`. */
export type CalledDevice = Pick<LoadMasterClient, "call" | "revision">;

/** Where a device, or whichever unit of a group is active, is called now. */
export type FoundTarget = {
  readonly target: DeviceTarget;
  /** Of a group: another unit answers there, so which is active has to be looked at anew. */
  readonly roleMoved: (() => void) | null;
};
/** Undefined: it is not in the tree. */
export type FindTarget = (id: string) => FoundTarget | undefined;

export class LoadMasterDevices implements Devices {
  readonly #find: FindTarget;
  readonly #client: (target: DeviceTarget) => CalledDevice;
  readonly #timeoutMs: number;
  /** The target, by device, that has told to be a unit of ours. */
  readonly #ours = new Map<string, string>();

  constructor(find: FindTarget, client: (target: DeviceTarget) => CalledDevice, timeoutMs = actionTimeoutMs) {
    this.#find = find;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  async remembersRuns(device: string): Promise<boolean | null> {
    const found = this.#targetOf(device);
    if (found === undefined) return null;
    const { target } = found;
    const known = JSON.stringify(target);
    if (this.#ours.get(device) === known) return true;
    // Only units of ours have a revision; they are the ones that keep a ledger of runs.
    const revision = await this.#client(target).revision();
    if (revision.ok) this.#ours.set(device, known);
    if (revision.ok) return true;
    if (revision.error.kind === "wrong-certificate") found.roleMoved?.();
    // A "no" is not kept: another program may make room for a unit of ours. One that is not itself yet has not said no.
    return revision.error.kind === "refused" && !isPassing(revision.error.code) ? false : null;
  }

  async perform(device: string, action: ActionKind, fence: Fence): Promise<Performed> {
    const found = this.#targetOf(device);
    if (found === undefined) return { kind: "refused", message: "the device is no longer in the tree" };
    const client = this.#client(found.target);
    const failed = (error: CallError): Performed => failureOf(error, found.roleMoved);
    const answer = await client.call(action, {}, fence, this.#timeoutMs);
    if (!answer.ok) return failed(answer.error);
    const said = withoutData(answer.value);
    if (action !== "backup") return { kind: "done", answer: said };
    let read = answer;
    // A first result that is given again comes without the bytes when the unit can no longer make those it made then.
    for (let reading = 1; read.value.repeated === true && bytesOf(read.value) === undefined; reading += 1) {
      if (reading > readingsMax) break;
      const again = { ...fence, runId: readingOf(fence, device, reading) };
      const copy = await client.call(action, {}, again, this.#timeoutMs);
      if (!copy.ok) return failed(copy.error);
      read = copy;
    }
    const bytes = bytesOf(read.value);
    return { kind: "done", answer: said, ...(bytes && { bytes }) };
  }

  #targetOf(device: string): FoundTarget | undefined {
    const found = this.#find(device);
    if (found === undefined) this.#ours.delete(device);
    return found;
  }
}

/** Reading the bytes once more carries the same term and due time, so that a stale Master reads nothing. */
const readingOf = ({ runId, dueAt }: Fence, device: string, reading: number): RunId =>
  runIdOf({ action: `${runId} read again ${reading}`, device, dueAt: dueAt ?? 0 });

/** What a unit answers while it starts, is busy, or keeps off too many callers. */
const isPassing = (code: number): boolean => code >= 500 || code === 429;

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

function failureOf(error: CallError, roleMoved: FoundTarget["roleMoved"]): Performed {
  const { message } = error;
  switch (error.kind) {
    case "fenced":
      return { kind: "fenced", holder: error.holder, lastHeardMs: error.lastHeardMs };
    case "in-progress":
    case "too-old":
      return { kind: error.kind };
    case "unreachable":
      return { kind: "unreachable", message, mayHaveArrived: mayHaveArrived(error) };
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
      // The role has moved to the other unit since it was last seen, and nothing was said to that one.
      if (roleMoved === null) return { kind: "refused", message };
      roleMoved();
      return { kind: "unreachable", message, mayHaveArrived: false };
    case "unauthorised":
    case "moved-on":
      return { kind: "refused", message };
  }
}
