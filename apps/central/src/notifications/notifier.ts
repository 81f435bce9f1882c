/**
 * Tells the outside what happened (SPEC CH25). The unit on which it happened tells; of what both units notice, only the one
 * that executes. Each target has a queue and its own pace: one that does not answer keeps no other waiting.
 */
import { minute, second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { NotedEvent, TimelineEntry } from "../ha/timeline.ts";
import { batchMaxEntries, type Deliver } from "./deliver.ts";
import { type DeliveryFault, faultOf, whereOf } from "./delivery-fault.ts";
import type { Target } from "./target.ts";
import { toldOf } from "./told-targets.ts";

/** Of each target, and of what waits for the start. Beyond it the oldest is dropped, of a target counted. */
export const queueMaxEntries = 200;
/** After these the next try; after the last the notification is dropped and counted. */
const retryDelaysMs = [1 * second, 5 * second, 30 * second, 2 * minute] as const;
/** A target that comes and goes is an event so often at most: what it is told about itself must not keep it going. */
export const failureNoteIntervalMs = 10 * minute;
/** Noticed by both units. */
const sharedCodes: ReadonlySet<string> = new Set(["clocks-differ", "clocks-agree", "targets-too-many"]);
/** Told by `conflict-watch.ts`, which knows whether the other unit tells it. */
const conflictsFound = "conflicts-found";

export type NotifierPorts = {
  readonly world: World;
  readonly deliver: Deliver;
  targets(): readonly Target[];
  isActing(): boolean;
  /** For the timeline: a target that cannot be told, and that it is told again. */
  note(event: NotedEvent): void;
};

export type DeliveryState = {
  readonly sent: number;
  readonly dropped: number;
  readonly lastError: string | null;
};

type Queue = {
  readonly waiting: TimelineEntry[];
  tries: number;
  /** How many of the first are being delivered; 0: none. */
  underWay: number;
  cancel: Cancel;
  sent: number;
  dropped: number;
  lastError: string | null;
  /** When it was noted last that it cannot be told. */
  failureNotedAt: number;
  /** Whether that still holds. */
  isFailing: boolean;
};

export class Notifier {
  readonly #ports: NotifierPorts;
  readonly #queues = new Map<string, Queue>();
  /** What happened before `start`; null from then on. */
  #early: TimelineEntry[] | null = [];
  #isStopped = false;

  constructor(ports: NotifierPorts) {
    this.#ports = ports;
  }

  /** The targets are known from now on; what happened before is told. */
  start(): void {
    const early = this.#early ?? [];
    this.#early = null;
    for (const entry of early) this.tell(entry);
  }

  /** An entry of this unit's own timeline. */
  happened(entry: TimelineEntry): void {
    if (entry.code === conflictsFound) return;
    if (sharedCodes.has(entry.code) && !this.#ports.isActing()) return;
    this.tell(entry);
  }

  /** To every receiver whose threshold it reaches. */
  tell(entry: TimelineEntry): void {
    if (this.#isStopped) return;
    if (this.#early !== null) {
      this.#early.push(entry);
      if (this.#early.length > queueMaxEntries) this.#early.shift();
      return;
    }
    for (const target of toldOf(this.#ports.targets(), entry.severity)) {
      const queue = this.#queueOf(target.id);
      queue.waiting.push(entry);
      if (queue.waiting.length > queueMaxEntries) {
        queue.waiting.splice(queue.underWay, 1);
        queue.dropped += 1;
      }
      if (queue.tries === 0) this.#next(target.id);
    }
  }

  state(id: string): DeliveryState {
    const { sent, dropped, lastError } = this.#queueOf(id);
    return { sent, dropped, lastError };
  }

  /** What was waiting for it is forgotten. */
  removed(id: string): void {
    this.#queues.get(id)?.cancel();
    this.#queues.delete(id);
  }

  stop(): void {
    this.#isStopped = true;
    for (const { cancel } of this.#queues.values()) cancel();
  }

  #queueOf(id: string): Queue {
    let queue = this.#queues.get(id);
    if (queue === undefined) {
      queue = {
        waiting: [],
        tries: 0,
        underWay: 0,
        cancel: () => {},
        sent: 0,
        dropped: 0,
        lastError: null,
        failureNotedAt: Number.NEGATIVE_INFINITY,
        isFailing: false,
      };
      this.#queues.set(id, queue);
    }
    return queue;
  }

  #next(id: string): void {
    const queue = this.#queues.get(id);
    const target = this.#ports.targets().find((each) => each.id === id);
    if (this.#isStopped || !queue || !target || queue.underWay > 0) return;
    // Turned off meanwhile, here or on the peer: what waits would be old when it is turned on again.
    if (!target.enabled) {
      queue.dropped += queue.waiting.length;
      queue.waiting.length = 0;
      queue.tries = 0;
    }
    const [entry, ...more] = queue.waiting;
    if (!entry) return;
    const batch = [entry, ...more.slice(0, batchMaxEntries[target.kind] - 1)] as const;
    queue.underWay = batch.length;
    this.#ports.deliver(target, batch).then(
      () => {
        queue.sent += batch.length;
        queue.lastError = null;
        this.#noteSuccess(target, queue);
        this.#done(id, queue);
      },
      (error: Error) => {
        const fault = faultOf(target, error);
        queue.lastError = `${fault.message}; ${fault.remedy}`;
        const delay = retryDelaysMs[queue.tries];
        if (fault.isLasting || delay === undefined) this.#noteFailure(target, queue, fault);
        if (delay === undefined) {
          queue.dropped += batch.length;
          this.#done(id, queue);
          return;
        }
        queue.underWay = 0;
        queue.tries += 1;
        if (!this.#isStopped) queue.cancel = this.#ports.world.after(delay, () => this.#next(id));
      },
    );
  }

  #noteFailure({ name, kind, address }: Target, queue: Queue, { message, remedy }: DeliveryFault): void {
    const now = this.#ports.world.now();
    if (queue.isFailing || now - queue.failureNotedAt < failureNoteIntervalMs) return;
    queue.isFailing = true;
    queue.failureNotedAt = now;
    this.#ports.note({
      severity: "warning",
      code: "notification-failed",
      message: `${kind} "${name}" (${whereOf({ kind, address })}) is not told what happens: ${message}; ${remedy}`,
    });
  }

  #noteSuccess({ name, kind }: Target, queue: Queue): void {
    if (!queue.isFailing) return;
    queue.isFailing = false;
    this.#ports.note({
      severity: "info",
      code: "notification-works",
      message: `${kind} "${name}" is told again; ${queue.dropped} notification(s) for it were dropped since this unit started`,
    });
  }

  #done(id: string, queue: Queue): void {
    queue.waiting.splice(0, queue.underWay);
    queue.underWay = 0;
    queue.tries = 0;
    this.#next(id);
  }
}
