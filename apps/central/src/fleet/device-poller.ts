/**
 * Contacts every device each minute (SPEC CE1), and at once when it is new or was changed, on whichever unit. Both
 * Centrals of a pair do: what they see stays with them.
 */
import type { WallMillis } from "@tandem/base/time";
import { minute } from "@tandem/base/time";
import type { DeviceStatus } from "@tandem/central-api/devices";
import type { ContactDevice, DeviceTarget } from "./device-contact.ts";
import { afterContact, type Contacted, neverContacted } from "./device-status.ts";

export const pollIntervalMsDefault = 1 * minute;
/** Devices contacted at the same time; the others wait for their turn. */
const concurrentMax = 8;

export type PolledDevice = { readonly id: string; readonly target: DeviceTarget };

type Polled = {
  target: DeviceTarget;
  /** Tells whether an answer is about the target as it is now. */
  targetText: string;
  status: DeviceStatus;
  timer: NodeJS.Timeout | undefined;
  isContacting: boolean;
  isWantedAgain: boolean;
};

export class DevicePoller {
  readonly #contact: ContactDevice;
  readonly #intervalMs: number;
  readonly #now: () => WallMillis;
  readonly #onStatus: (id: string, before: DeviceStatus, after: DeviceStatus) => void;
  readonly #devices = new Map<string, Polled>();
  readonly #queue: string[] = [];
  #running = 0;
  #stopped = false;

  constructor(options: {
    readonly contact: ContactDevice;
    readonly intervalMs?: number;
    readonly now?: () => WallMillis;
    /** After every attempt. */
    readonly onStatus?: (id: string, before: DeviceStatus, after: DeviceStatus) => void;
  }) {
    this.#contact = options.contact;
    this.#intervalMs = options.intervalMs ?? pollIntervalMsDefault;
    this.#now = options.now ?? Date.now;
    this.#onStatus = options.onStatus ?? (() => {});
  }

  /** The devices to be polled from now on. New and changed ones are contacted at once. */
  follow(devices: readonly PolledDevice[]): void {
    if (this.#stopped) return;
    const wanted = new Map(devices.map((device) => [device.id, device.target]));
    for (const [id, polled] of this.#devices) {
      if (wanted.has(id)) continue;
      clearTimeout(polled.timer);
      this.#devices.delete(id);
    }
    for (const [id, target] of wanted) {
      const targetText = JSON.stringify(target);
      const polled = this.#devices.get(id);
      if (polled?.targetText === targetText) continue;
      if (polled) Object.assign(polled, { target, targetText });
      else
        this.#devices.set(id, {
          target,
          targetText,
          status: neverContacted,
          timer: undefined,
          isContacting: false,
          isWantedAgain: false,
        });
      this.contactNow(id);
    }
  }

  /** Contacts a device ahead of its time. */
  contactNow(id: string): void {
    const polled = this.#devices.get(id);
    if (polled === undefined || this.#stopped) return;
    if (polled.isContacting) {
      polled.isWantedAgain = true;
      return;
    }
    if (!this.#queue.includes(id)) this.#queue.push(id);
    this.#next();
  }

  /** Somebody else has just contacted the device: counts like an attempt of the poller's own. */
  note(id: string, contacted: Contacted): void {
    const polled = this.#devices.get(id);
    if (polled) this.#take(id, polled, contacted);
  }

  status(id: string): DeviceStatus {
    return this.#devices.get(id)?.status ?? neverContacted;
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#devices.values()) clearTimeout(timer);
    this.#devices.clear();
    this.#queue.length = 0;
  }

  #next(): void {
    while (this.#running < concurrentMax) {
      const id = this.#queue.shift();
      if (id === undefined) return;
      const polled = this.#devices.get(id);
      if (polled && !polled.isContacting) void this.#attempt(id, polled);
    }
  }

  async #attempt(id: string, polled: Polled): Promise<void> {
    this.#running += 1;
    polled.isContacting = true;
    clearTimeout(polled.timer);
    const { target, targetText } = polled;
    const answer = await this.#contact(target);
    this.#running -= 1;
    polled.isContacting = false;
    if (!this.#stopped && this.#devices.get(id) === polled) {
      if (polled.targetText !== targetText || polled.isWantedAgain) {
        polled.isWantedAgain = false;
        this.#queue.push(id);
      }
      if (polled.targetText === targetText)
        this.#take(id, polled, answer.ok ? answer.value : { kind: "failed", error: answer.error.message });
    }
    this.#next();
  }

  #take(id: string, polled: Polled, contacted: Contacted): void {
    const before = polled.status;
    polled.status = afterContact(before, contacted, this.#now());
    clearTimeout(polled.timer);
    polled.timer = setTimeout(() => this.contactNow(id), this.#intervalMs);
    this.#onStatus(id, before, polled.status);
  }
}
