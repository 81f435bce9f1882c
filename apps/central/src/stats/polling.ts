/**
 * Polls every device once in each slot, on the unit that acts and on no other (SPEC CH8). Devices wait in a queue, a
 * few are asked at a time, and each has its time limit, so that a slow one keeps no other waiting for long.
 */
import type { Epoch } from "@tandem/base/epoch";
import type { Result } from "@tandem/base/result";
import { second, type WallMillis } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { CallError } from "@tandem/loadmaster-api/client";
import type { Sample } from "@tandem/storage/statistics-store";
import { type DeviceStatistics, sampleOf } from "./core.ts";

/** Devices asked at the same time. */
const concurrentMax = 8;
/** For one device. */
export const pollTimeoutMsDefault = 10 * second;

/** `term` is that of who asks, so that a device hears of it. */
export type FetchStatistics<Target> = (
  target: Target,
  term: Epoch,
) => Promise<Result<DeviceStatistics, CallError>>;
export type PolledDevice<Target> = { readonly id: string; readonly target: Target };

export type Round = {
  readonly slot: number;
  readonly at: WallMillis;
  readonly devices: number;
  readonly answered: number;
  readonly failed: number;
  /** Devices whose turn had not come when the next slot began, or this unit stopped acting. */
  readonly left: number;
  /** Null while it is under way. */
  readonly tookMs: number | null;
};

export type PollingPorts<Target> = {
  readonly world: World;
  readonly slotMs: number;
  readonly timeoutMs: number;
  /** The term under which this unit acts; null when it does not. */
  readonly term: () => Epoch | null;
  readonly devices: () => readonly PolledDevice<Target>[];
  readonly fetch: FetchStatistics<Target>;
  readonly hasSample: (device: string, slot: number) => boolean;
  readonly took: (sample: Sample) => void;
  /** Nothing of the round is on its way any more. */
  readonly ended: () => void;
  /** At the beginning of each slot, on either unit. */
  readonly slotBegan: (slot: number) => void;
};

export class Polling<Target> {
  readonly #ports: PollingPorts<Target>;
  readonly #running = new Map<string, Cancel>();
  /** Those that did not answer last time are asked last. */
  readonly #failedLast = new Set<string>();
  #queue: PolledDevice<Target>[] = [];
  #round: Round | null = null;
  #begunAt = 0;
  #cancelTick: Cancel = () => {};
  #lastSlot = -1;
  #wasActing = false;
  #stopped = false;

  constructor(ports: PollingPorts<Target>) {
    this.#ports = ports;
  }

  get lastRound(): Round | null {
    return this.#round;
  }

  start(): void {
    this.roleMayHaveChanged();
    this.#arm();
  }

  /** A unit that begins to act polls at once what nobody has polled in this slot. */
  roleMayHaveChanged(): void {
    if (this.#stopped) return;
    const isActing = this.#ports.term() !== null;
    if (isActing && !this.#wasActing) {
      const slot = this.#slotNow();
      this.#lastSlot = slot;
      this.#begin(
        slot,
        this.#ports.devices().filter(({ id }) => !this.#ports.hasSample(id, slot)),
      );
    }
    this.#wasActing = isActing;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTick();
    this.#queue = [];
    for (const cancel of this.#running.values()) cancel();
    this.#running.clear();
  }

  #slotNow(): number {
    return Math.floor(this.#ports.world.wall() / this.#ports.slotMs);
  }

  #arm(): void {
    const { world, slotMs } = this.#ports;
    const wall = world.wall();
    const delayMs = slotMs - (((wall % slotMs) + slotMs) % slotMs);
    this.#cancelTick = world.after(delayMs, () => this.#tick());
  }

  #tick(): void {
    if (this.#stopped) return;
    const slot = this.#slotNow();
    // A timer may be early by a little, and a clock may go back: then this slot has had its turn.
    if (slot !== this.#lastSlot) {
      this.#lastSlot = slot;
      this.#ports.slotBegan(slot);
      if (this.#ports.term() !== null) this.#begin(slot, this.#ports.devices());
    }
    this.#arm();
  }

  #begin(slot: number, devices: readonly PolledDevice<Target>[]): void {
    const { world } = this.#ports;
    const willing = devices.filter(({ id }) => !this.#failedLast.has(id));
    const doubtful = devices.filter(({ id }) => this.#failedLast.has(id));
    // Where there is no time for all, it is not always the same ones that are left out.
    const turn = willing.length === 0 || this.#queue.length === 0 ? 0 : slot % willing.length;
    this.#queue = [...willing.slice(turn), ...willing.slice(0, turn), ...doubtful];
    this.#begunAt = world.now();
    this.#round = {
      slot,
      at: world.wall(),
      devices: devices.length,
      answered: 0,
      failed: 0,
      left: this.#queue.length,
      tookMs: null,
    };
    this.#next();
  }

  #next(): void {
    while (this.#running.size < concurrentMax) {
      const device = this.#queue[0];
      const term = device === undefined ? null : this.#ports.term();
      if (device === undefined || term === null) {
        this.#queue = [];
        break;
      }
      this.#queue.shift();
      // One that is still being asked for the slot before has its answer counted there.
      if (!this.#running.has(device.id)) this.#poll(device, term);
    }
    if (this.#queue.length === 0 && this.#running.size === 0) this.#end();
  }

  #end(): void {
    if (this.#round?.tookMs !== null) return;
    const left = this.#round.devices - this.#round.answered - this.#round.failed;
    this.#round = {
      ...this.#round,
      left: Math.max(0, left),
      tookMs: Math.round(this.#ports.world.now() - this.#begunAt),
    };
    this.#ports.ended();
  }

  #poll({ id, target }: PolledDevice<Target>, epoch: Epoch): void {
    const { world, slotMs, timeoutMs, fetch } = this.#ports;
    const slot = this.#lastSlot;
    const begunAt = world.now();
    const finish = (answered: DeviceStatistics | null): void => {
      if (this.#stopped || this.#running.get(id) !== cancel) return;
      cancel();
      this.#running.delete(id);
      // A process that stood still finds answers that were given long ago.
      const isTimely = world.now() - begunAt <= timeoutMs;
      if (answered !== null && isTimely) {
        this.#failedLast.delete(id);
        this.#count(slot, "answered");
        const offsetMs = Math.min(Math.max(0, world.wall() - slot * slotMs), 2 * slotMs);
        this.#ports.took(sampleOf(answered, { device: id, slot, epoch, offsetMs }));
      } else {
        this.#failedLast.add(id);
        this.#count(slot, "failed");
      }
      this.#next();
    };
    const cancel = world.after(timeoutMs, () => finish(null));
    this.#running.set(id, cancel);
    fetch(target, epoch).then(
      (result) => finish(result.ok ? result.value : null),
      () => finish(null),
    );
  }

  #count(slot: number, what: "answered" | "failed"): void {
    if (this.#round?.slot !== slot) return;
    this.#round = { ...this.#round, [what]: this.#round[what] + 1 };
  }
}
