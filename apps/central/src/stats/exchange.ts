/**
 * Keeps the samples of both units the same (SPEC CH8, ML6), each kind over its own channel: ships what was just polled, and fetches from the peer what
 * this unit lacks, one question at a time.
 */
import { unreachable } from "@tandem/base/assert";
import type { Json } from "@tandem/base/canonical-json";
import { minute, second, type WallMillis } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import {
  addDigest,
  beats,
  type DayDigest,
  type Sample,
  type StatisticsStore,
} from "@tandem/storage/statistics-store";
import type { Channel, ChannelPorts } from "../ha/channels.ts";
import {
  type Answer,
  type Ask,
  askForSamples,
  bodyOf,
  daysPerAnswerMax,
  devicesPerAnswerMax,
  headsIn,
  readMessage,
  readSamples,
} from "./messages.ts";

/** Both compare everything this often, and when their channel opens. */
export const reconcileIntervalMs = 10 * minute;
/** A question that was not answered within this is given up, and with it the round; another begins soon. */
const answerTimeoutMs = 10 * second;
/** Questions in one round; what is left is fetched in the next, which then follows soon. */
const asksPerRoundMax = 2_000;
const nextRoundMs = 5 * second;
/** Questions about one day of one device in one round: a peer that never runs out of answers is at fault. */
const asksPerDayMax = 64;
/** Samples shipped and not acknowledged; beyond, the oldest are left to the next comparison. */
const unacknowledgedMax = 50_000;

export type ExchangePorts = {
  readonly world: World;
  readonly store: StatisticsStore;
  readonly slotMs: number;
  readonly channel: (ports: ChannelPorts) => Channel;
  /** Keeps samples; null when it could not. */
  readonly keep: (samples: readonly Sample[]) => readonly Sample[] | null;
  /** The store failed to answer. */
  readonly failed: (error: Error) => void;
};

export type ExchangeStatus = {
  readonly isOpen: boolean;
  readonly shipped: number;
  readonly acknowledged: number;
  readonly unacknowledged: number;
  /** The oldest slot that the peer has not acknowledged. */
  readonly oldestUnacknowledged: number | null;
  readonly fetched: number;
  /** When a round of comparing last came to its end. */
  readonly lastCompared: WallMillis | null;
  readonly isComparing: boolean;
  readonly refused: number;
};

type Shipment = { readonly slot: number; readonly part: number; readonly samples: readonly Sample[] };
type Task =
  | { readonly kind: "days" }
  | { readonly kind: "devices"; readonly day: number; readonly after: string }
  | { readonly kind: "samples"; readonly device: string; readonly day: number; readonly asked: number };
type Asked = { readonly task: Task; readonly id: number; readonly cancel: Cancel };

export class Exchange {
  readonly #ports: ExchangePorts;
  readonly #channel: Channel;
  readonly #shipments = new Map<string, Shipment>();
  #nextPart = 0;
  #nextId = 0;
  #tasks: Task[] = [];
  #asked: Asked | null = null;
  #asksInRound = 0;
  #fetchedInRound = 0;
  #cancelRound: Cancel = () => {};
  /** Asked for while a round was under way, which may have passed by what came since. */
  #compareAgain = false;
  #shipped = 0;
  #acknowledged = 0;
  #fetched = 0;
  #refused = 0;
  #lastCompared: WallMillis | null = null;
  #stopped = false;

  constructor(ports: ExchangePorts) {
    this.#ports = ports;
    this.#channel = ports.channel({
      received: (body) => this.#guarded(() => this.#received(body)),
      opened: () => this.#guarded(() => this.#opened()),
      closed: () => this.#closed(),
    });
    this.#armRound(reconcileIntervalMs);
  }

  get isOpen(): boolean {
    return this.#channel.isOpen;
  }

  get status(): ExchangeStatus {
    const shipments = [...this.#shipments.values()];
    return {
      isOpen: this.#channel.isOpen,
      shipped: this.#shipped,
      acknowledged: this.#acknowledged,
      unacknowledged: shipments.reduce((sum, { samples }) => sum + samples.length, 0),
      oldestUnacknowledged: shipments.length === 0 ? null : Math.min(...shipments.map(({ slot }) => slot)),
      fetched: this.#fetched,
      lastCompared: this.#lastCompared,
      isComparing: this.#asked !== null,
      refused: this.#refused,
    };
  }

  /** New samples of one slot. What the peer has not acknowledged of earlier slots goes with them once more. */
  ship(slot: number, samples: readonly Sample[]): void {
    if (!this.#channel.isOpen) return;
    for (const shipment of this.#shipments.values()) if (shipment.slot < slot) this.#send(shipment);
    let rest = samples;
    while (rest.length > 0) {
      const { taken } = bodyOf(rest);
      const shipment = { slot, part: this.#nextPart, samples: rest.slice(0, taken) };
      this.#nextPart += 1;
      this.#shipments.set(`${slot} ${shipment.part}`, shipment);
      this.#send(shipment);
      this.#shipped += taken;
      rest = rest.slice(taken);
    }
    let waiting = this.status.unacknowledged;
    for (const [key, shipment] of this.#shipments) {
      if (waiting <= unacknowledgedMax) break;
      this.#shipments.delete(key);
      waiting -= shipment.samples.length;
    }
  }

  /** Compares with the peer; when that is under way, once more after it. */
  compare(): void {
    if (this.#stopped || !this.#channel.isOpen) return;
    this.#compareAgain = this.#asked !== null;
    if (this.#compareAgain) return;
    this.#tasks = [{ kind: "days" }];
    this.#asksInRound = 0;
    this.#fetchedInRound = 0;
    this.#next();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRound();
    this.#closed();
  }

  #opened(): void {
    // What was on its way when the channel closed is found by comparing.
    this.#shipments.clear();
    this.compare();
  }

  #closed(): void {
    this.#shipments.clear();
    this.#asked?.cancel();
    this.#asked = null;
    this.#tasks = [];
  }

  #armRound(delayMs: number): void {
    this.#cancelRound();
    if (this.#stopped) return;
    this.#cancelRound = this.#ports.world.after(delayMs, () => {
      this.#armRound(reconcileIntervalMs);
      this.#guarded(() => this.compare());
    });
  }

  #guarded(body: () => void): void {
    if (this.#stopped) return;
    try {
      body();
    } catch (error) {
      this.#ports.failed(error as Error);
      // The round cannot go on; the next one begins anew.
      this.#asked?.cancel();
      this.#asked = null;
      this.#tasks = [];
    }
  }

  #send({ slot, part, samples }: Shipment): void {
    const { layouts, samples: written } = bodyOf(samples);
    this.#say({ type: "ship", slot, part, layouts, samples: written });
  }

  #say(message: object): void {
    this.#channel.send(message as Json);
  }

  #received(body: Json): void {
    const message = readMessage(body);
    if (message === undefined) {
      this.#refused += 1;
      return;
    }
    switch (message.type) {
      case "ship": {
        const samples = readSamples(message);
        if (samples === undefined) this.#refused += 1;
        else if (this.#ports.keep(samples) !== null)
          this.#say({ type: "have", slot: message.slot, part: message.part });
        break;
      }
      case "have": {
        const key = `${message.slot} ${message.part}`;
        this.#acknowledged += this.#shipments.get(key)?.samples.length ?? 0;
        this.#shipments.delete(key);
        break;
      }
      case "ask-days":
      case "ask-devices":
      case "ask-samples":
        this.#say(this.#answer(message));
        break;
      case "days":
      case "devices":
      case "samples":
        this.#answered(message);
        break;
      default:
        unreachable(message);
    }
  }

  // What the peer asks.

  #answer(ask: Ask): Answer {
    const { store } = this.#ports;
    const { id } = ask;
    switch (ask.type) {
      case "ask-days":
        return { type: "days", id, days: [...sumByDay(store.days(ask.fromDay))] };
      case "ask-devices": {
        const rest = store.days(ask.day, ask.day).filter(({ device }) => device > ask.after);
        const devices = rest
          .slice(0, devicesPerAnswerMax)
          .map(({ device, samples, digest }): [string, number, number] => [device, samples, digest]);
        return { type: "devices", id, devices, more: rest.length > devices.length };
      }
      case "ask-samples": {
        const { slotsPerDay } = store.keeping;
        const first = ask.day * slotsPerDay;
        const theirs = headsIn(ask, first);
        const wanted = new Set<number>();
        for (const head of store.heads(ask.device, first, first + slotsPerDay)) {
          const there = theirs.get(head.slot);
          if (there === undefined || beats(head, there)) wanted.add(head.slot);
        }
        const samples = store
          .samples(ask.device, first, first + slotsPerDay)
          .filter(({ slot }) => wanted.has(slot));
        const { taken, ...body } = bodyOf(samples);
        return { type: "samples", id, more: taken < samples.length, ...body };
      }
    }
  }

  // What this unit asks.

  #next(): void {
    const task = this.#tasks.shift();
    if (task === undefined || this.#asksInRound >= asksPerRoundMax) {
      this.#tasks = [];
      this.#lastCompared = this.#ports.world.wall();
      if (this.#compareAgain) this.compare();
      // There was too much for one round: the next one need not wait for its time.
      else if (task !== undefined && this.#fetchedInRound > 0) this.#armRound(nextRoundMs);
      return;
    }
    this.#asksInRound += 1;
    const id = this.#nextId;
    this.#nextId += 1;
    const cancel = this.#ports.world.after(answerTimeoutMs, () => {
      if (this.#asked?.id !== id) return;
      this.#asked = null;
      this.#tasks = [];
      this.#armRound(nextRoundMs);
    });
    this.#asked = { task, id, cancel };
    this.#say(this.#ask(task, id));
  }

  #ask(task: Task, id: number): Ask {
    switch (task.kind) {
      case "days":
        return { type: "ask-days", id, fromDay: this.#firstDay };
      case "devices":
        return { type: "ask-devices", id, day: task.day, after: task.after };
      case "samples": {
        const { keeping, heads } = this.#ports.store;
        const first = task.day * keeping.slotsPerDay;
        const own = heads(task.device, first, first + keeping.slotsPerDay);
        return askForSamples(id, task.device, task.day, first, own);
      }
    }
  }

  /** The first day that is compared: one later than what is kept, as the clocks of two units differ. */
  get #firstDay(): number {
    const { slotsPerDay, rawKeptDays } = this.#ports.store.keeping;
    const today = Math.floor(this.#ports.world.wall() / this.#ports.slotMs / slotsPerDay);
    return Math.max(0, today - rawKeptDays + 2);
  }

  #answered(answer: Answer): void {
    const asked = this.#asked;
    if (asked === null || asked.id !== answer.id) return;
    asked.cancel();
    this.#asked = null;
    const { task } = asked;
    const { store } = this.#ports;
    if (answer.type === "days" && task.kind === "days") {
      const ours = new Map(sumByDay(store.days(this.#firstDay)).map((day) => [day[0], day]));
      for (const [day, samples, digest] of answer.days) {
        if (day < this.#firstDay) continue;
        const own = ours.get(day);
        if (own?.[1] !== samples || own[2] !== digest) this.#tasks.push({ kind: "devices", day, after: "" });
      }
      // The newest first: that is what people look at.
      this.#tasks.reverse();
    } else if (answer.type === "devices" && task.kind === "devices") {
      const ours = new Map(store.days(task.day, task.day).map((day) => [day.device, day]));
      const differing = answer.devices.filter(([device, samples, digest]) => {
        const own = ours.get(device);
        return own?.samples !== samples || own.digest !== digest;
      });
      const after = answer.more ? answer.devices.at(-1)?.[0] : undefined;
      this.#tasks.unshift(
        ...differing.map(([device]) => ({ kind: "samples", device, day: task.day, asked: 1 }) as const),
        ...(after === undefined ? [] : [{ kind: "devices", day: task.day, after } as const]),
      );
    } else if (answer.type === "samples" && task.kind === "samples") {
      const samples = readSamples(answer);
      const taken = samples === undefined ? null : this.#ports.keep(samples);
      if (samples === undefined) this.#refused += 1;
      const count = taken?.length ?? 0;
      this.#fetched += count;
      this.#fetchedInRound += count;
      if (answer.more && count > 0 && task.asked < asksPerDayMax)
        this.#tasks.unshift({ ...task, asked: task.asked + 1 });
    } else this.#refused += 1;
    this.#next();
  }
}

function sumByDay(days: readonly DayDigest[]): readonly [day: number, samples: number, digest: number][] {
  const sums = new Map<number, [number, number, number]>();
  for (const { day, samples, digest } of days) {
    const known = sums.get(day) ?? [day, 0, 0];
    sums.set(day, [day, known[1] + samples, addDigest(known[2], digest)]);
  }
  return [...sums.values()].sort((a, b) => a[0] - b[0]).slice(-daysPerAnswerMax);
}
