/**
 * A machine with its clocks, and the process of Central on it. What happens to a process (a timer, a message)
 * waits while it stands still and is lost when it dies.
 */
import { second } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import type { Engine } from "./engine.ts";
import type { Random } from "./random.ts";

/** 2026-11-25T00:00:00Z; a run begins here. */
const wallAtStart = 1_795_564_800_000;
/** Timers never come early by a rounding. */
const timerSlackMs = 0.001;
/** A loop that lives looks at its clocks this often, and tolerates so much (`stall-watch.ts`). */
const stallLookMs = 0.5 * second;
const stallNoticedMs = 2.5 * second;

export class Machine {
  readonly name: string;
  readonly address: string;
  readonly engine: Engine;
  isOn = true;
  /** By how much its wall clock has been set. */
  wallOffset = 0;
  process: Process | null = null;
  #suspendedSince: number | null = null;
  /** The monotonic clock's reading at `#readAt`, from where it runs at `rate`. */
  #reading = 1_000;
  #readAt = 0;
  #rate = 1;
  readonly #asleep: { readonly remainingMs: number; readonly body: () => void }[] = [];

  constructor(name: string, address: string, engine: Engine) {
    this.name = name;
    this.address = address;
    this.engine = engine;
  }

  get isSuspended(): boolean {
    return this.#suspendedSince !== null;
  }

  /** Stands still in suspend. */
  monotonic(): number {
    return this.#reading + ((this.#suspendedSince ?? this.engine.now) - this.#readAt) * this.#rate;
  }

  wall(): number {
    return Math.floor(wallAtStart + this.engine.now + this.wallOffset);
  }

  get rate(): number {
    return this.#rate;
  }

  /** How fast its clocks run from now on. A timer that is under way keeps its time. */
  setRate(rate: number): void {
    if (this.isSuspended) return;
    this.#reading = this.monotonic();
    this.#readAt = this.engine.now;
    this.#rate = rate;
  }

  suspend(): void {
    this.#suspendedSince ??= this.engine.now;
  }

  resume(): void {
    if (this.#suspendedSince === null) return;
    const sleptMs = this.engine.now - this.#suspendedSince;
    this.#suspendedSince = null;
    this.#readAt += sleptMs;
    for (const { remainingMs, body } of this.#asleep.splice(0)) this.engine.after(remainingMs, body);
    this.process?.stoodStill(sleptMs);
    this.process?.goOn();
  }

  /** A timer that became due in suspend: it has so much left of its time afterwards. */
  sleepOver(body: () => void): void {
    this.#asleep.push({ remainingMs: this.engine.now - (this.#suspendedSince ?? this.engine.now), body });
  }

  jumpWall(byMs: number): void {
    this.wallOffset += byMs;
    if (byMs > 0) this.process?.stoodStill(byMs);
  }
}

export class Process {
  readonly machine: Machine;
  readonly world: World;
  isAlive = true;
  /** Each thing that it does takes up to so long. */
  slowMs = 0;
  readonly #random: Random;
  readonly #backlog: { readonly isTimer: boolean; readonly body: () => void }[] = [];
  #frozenSince: number | null = null;
  #busyUntil = 0;
  #onStall: (() => void) | null = null;
  #hasStoodStill = false;
  #waiting = 0;

  constructor(machine: Machine, random: Random) {
    this.machine = machine;
    this.#random = random;
    const { engine } = machine;
    this.world = {
      now: () => machine.monotonic(),
      wall: () => machine.wall(),
      randomHex: (bytes) => random.hex(bytes),
      after: (delayMs, body) => {
        if (!this.isAlive) return () => undefined;
        let isCancelled = false;
        const due = (): void => {
          if (isCancelled || !this.isAlive) return;
          if (machine.isSuspended) machine.sleepOver(due);
          else
            this.run(() => {
              if (!isCancelled) body();
            }, true);
        };
        const cancel = engine.after(Math.ceil(Math.max(0, delayMs)) / machine.rate + timerSlackMs, due);
        return () => {
          isCancelled = true;
          cancel();
        };
      },
    };
  }

  get isFrozen(): boolean {
    return this.#frozenSince !== null;
  }

  /** Until when it works off what it has not come to yet. */
  get busyUntil(): number {
    return this.#busyUntil;
  }

  /** Whether it is behind with what it has to do. */
  get isSlow(): boolean {
    return this.slowMs > 0 || this.#busyUntil > this.machine.engine.now;
  }

  /** Whether it would do something at this moment. */
  get isRunning(): boolean {
    return this.isAlive && this.#frozenSince === null && !this.machine.isSuspended && this.machine.isOn;
  }

  run(body: () => void, isTimer = false): void {
    if (!this.isAlive) return;
    const { engine } = this.machine;
    if (!this.isRunning) this.#backlog.push({ isTimer, body });
    else if (this.slowMs > 0 || this.#busyUntil > engine.now) {
      this.#busyUntil = Math.max(engine.now, this.#busyUntil) + this.#random.next() * this.slowMs;
      engine.at(this.#busyUntil, () => {
        if (this.isRunning) body();
        else if (this.isAlive) this.#backlog.push({ isTimer, body });
      });
    } else body();
  }

  freeze(): void {
    this.#frozenSince ??= this.machine.engine.now;
  }

  thaw(): void {
    if (this.#frozenSince === null) return;
    const frozenMs = this.machine.engine.now - this.#frozenSince;
    this.#frozenSince = null;
    this.stoodStill(frozenMs);
    this.goOn();
  }

  /** What came meanwhile is done now: overdue timers first, as an event loop does, or as it came. */
  goOn(): void {
    if (!this.isRunning) return;
    const backlog = this.#backlog.splice(0);
    if (this.#random.chance(0.7)) backlog.sort((a, b) => Number(b.isTimer) - Number(a.isTimer));
    for (const { isTimer, body } of backlog) this.run(body, isTimer);
    this.machine.engine.settled();
  }

  stoodStill(forMs: number): void {
    if (!this.isAlive || forMs < stallNoticedMs) return;
    this.#hasStoodStill = true;
    this.world.after(this.#random.between(0, stallLookMs), () => {
      if (this.checkStall()) this.#onStall?.();
    });
  }

  watchStalls(onStall: () => void): void {
    this.#onStall = onStall;
  }

  checkStall(): boolean {
    const has = this.#hasStoodStill;
    this.#hasStoodStill = false;
    return has;
  }

  /** Counts a promise of this process while it is pending; when the process dies nobody waits for it any more. */
  async follow<Value>(promise: Promise<Value>): Promise<Value> {
    const { engine } = this.machine;
    this.#waiting += 1;
    engine.waiting += 1;
    try {
      return await promise;
    } finally {
      if (this.isAlive) {
        this.#waiting -= 1;
        engine.waiting -= 1;
      }
    }
  }

  die(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.machine.engine.waiting -= this.#waiting;
    this.#backlog.length = 0;
    this.#onStall = null;
    if (this.machine.process === this) this.machine.process = null;
  }
}
