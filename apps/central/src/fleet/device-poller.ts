/**
 * Contacts every device each minute (SPEC CE1), and at once when it is new or was changed, on whichever unit. Both
 * Centrals of a pair do: what they see stays with them.
 */
import { type Millis, minute, second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { DeviceStatus } from "@tandem/central-api/devices";
import { realWorld } from "../real-world.ts";
import type { ContactDevice, DeviceTarget } from "./device-contact.ts";
import { afterContact, type Contacted, neverContacted } from "./device-status.ts";

export const pollIntervalMsDefault = 1 * minute;
/** Devices contacted at the same time; the others wait for their turn. */
const concurrentMax = 8;
/**
 * Contacts begun in a second. A large fleet is met little by little after a start or a synchronisation, when a unit has
 * more to do than this; a fleet of 15,000 still has its turn within a minute.
 */
const contactsPerSecondMax = 250;
/** Of these so many may begin at once after a pause. */
const contactsAtOnceMax = 10;
const contactGapMs = second / contactsPerSecondMax;

export type PolledDevice = { readonly id: string; readonly target: DeviceTarget };

type Polled = {
  target: DeviceTarget;
  /** Tells whether an answer is about the target as it is now. */
  targetText: string;
  status: DeviceStatus;
  cancelTimer: Cancel;
  isContacting: boolean;
  isWantedAgain: boolean;
};

export class DevicePoller {
  readonly #contact: ContactDevice;
  readonly #intervalMs: (id: string) => number;
  readonly #world: World;
  readonly #onStatus: (id: string, before: DeviceStatus, after: DeviceStatus) => void;
  readonly #devices = new Map<string, Polled>();
  /** Who waits for a turn, in order; those that somebody asked for come before those whose time it is. */
  readonly #asked = new Set<string>();
  readonly #due = new Set<string>();
  #running = 0;
  /** When the next contact may begin. */
  #nextAt: Millis = 0;
  #cancelNext: Cancel | null = null;
  #stopped = false;

  constructor(options: {
    readonly contact: ContactDevice;
    /** From one contact of a device to the next. */
    readonly intervalMs?: number | ((id: string) => number);
    readonly world?: World;
    /** After every attempt. */
    readonly onStatus?: (id: string, before: DeviceStatus, after: DeviceStatus) => void;
  }) {
    this.#contact = options.contact;
    const { intervalMs = pollIntervalMsDefault } = options;
    this.#intervalMs = typeof intervalMs === "number" ? () => intervalMs : intervalMs;
    this.#world = options.world ?? realWorld;
    this.#onStatus = options.onStatus ?? (() => {});
  }

  /** The devices to be polled from now on. New and changed ones are contacted at once. */
  follow(devices: readonly PolledDevice[]): void {
    if (this.#stopped) return;
    const wanted = new Map(devices.map((device) => [device.id, device.target]));
    for (const [id, polled] of this.#devices) {
      if (wanted.has(id)) continue;
      polled.cancelTimer();
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
          cancelTimer: () => {},
          isContacting: false,
          isWantedAgain: false,
        });
      this.#enqueue(id, this.#due);
    }
  }

  /** Contacts a device ahead of its time, and of others that wait for theirs. */
  contactNow(id: string): void {
    this.#enqueue(id, this.#asked);
  }

  #enqueue(id: string, queue: Set<string>): void {
    const polled = this.#devices.get(id);
    if (polled === undefined || this.#stopped) return;
    if (polled.isContacting) {
      polled.isWantedAgain = true;
      return;
    }
    queue.add(id);
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
    this.#cancelNext?.();
    for (const { cancelTimer } of this.#devices.values()) cancelTimer();
    this.#devices.clear();
    this.#asked.clear();
    this.#due.clear();
  }

  #next(): void {
    while (this.#running < concurrentMax) {
      const [id] = this.#asked.size > 0 ? this.#asked : this.#due;
      if (id === undefined) return;
      const now = this.#world.now();
      if (now < this.#nextAt) {
        this.#cancelNext ??= this.#world.after(this.#nextAt - now, () => {
          this.#cancelNext = null;
          this.#next();
        });
        return;
      }
      this.#asked.delete(id);
      this.#due.delete(id);
      const polled = this.#devices.get(id);
      if (!polled || polled.isContacting) continue;
      this.#nextAt = Math.max(this.#nextAt, now - contactsAtOnceMax * contactGapMs) + contactGapMs;
      void this.#attempt(id, polled);
    }
  }

  async #attempt(id: string, polled: Polled): Promise<void> {
    this.#running += 1;
    polled.isContacting = true;
    polled.cancelTimer();
    const { target, targetText } = polled;
    const answer = await this.#contact(target);
    this.#running -= 1;
    polled.isContacting = false;
    if (!this.#stopped && this.#devices.get(id) === polled) {
      if (polled.targetText !== targetText || polled.isWantedAgain) {
        polled.isWantedAgain = false;
        this.#asked.add(id);
      }
      if (polled.targetText === targetText)
        this.#take(id, polled, answer.ok ? answer.value : { kind: "failed", error: answer.error.message });
    }
    this.#next();
  }

  #take(id: string, polled: Polled, contacted: Contacted): void {
    const before = polled.status;
    polled.status = afterContact(before, contacted, this.#world.wall());
    polled.cancelTimer();
    polled.cancelTimer = this.#world.after(this.#intervalMs(id), () => this.#enqueue(id, this.#due));
    this.#onStatus(id, before, polled.status);
  }
}
