/**
 * Drives `@tandem/pair`: takes one input at a time; steps; persists and waits; sends; applies; observes; arms the
 * next wake-up. All of it is synchronous, so no two steps ever interleave; what a step causes at once (a link
 * that closes because the peer was changed) waits its turn.
 */
import { assert } from "@tandem/base/assert";
import type { Json } from "@tandem/base/canonical-json";
import type { Cancel, World } from "@tandem/base/world";
import type { PairEvent } from "@tandem/pair/events";
import {
  type HaSettings,
  newDurable,
  type PairCommand,
  type PairDurable,
  type PairInput,
  type PairOutputs,
  type PairState,
  type PairStep,
  type StartInput,
} from "@tandem/pair/state";
import { startPair, step } from "@tandem/pair/step";
import type { PairMessage } from "@tandem/pair/wire";
import type { Store } from "@tandem/storage/store";
import type { Stalls } from "./seams.ts";
import type { TimelineEntry } from "./timeline.ts";

type WithoutNow<Input> = Input extends unknown ? Omit<Input, "now"> : never;
/** What happened; the time is added when its turn comes. */
export type Happening = WithoutNow<PairInput>;

export type PairShellPorts = {
  readonly world: World;
  readonly store: Store;
  saveSettings(settings: HaSettings): void;
  watchStalls(onStall: () => void): Stalls;
  entry(event: PairEvent, state: PairState): TimelineEntry;
  send(message: PairMessage): void;
  obey(command: PairCommand): void;
  /** After each step. */
  stepped(before: PairState | null, entries: readonly TimelineEntry[]): void;
  /** Runs what a timer caused; failures in it end the unit. */
  inTurn(body: () => void): void;
};

const pairDocument = "pair";

/** The durable state of the pair in a store; also what goes there with a snapshot. */
export const storedDurable = (store: Store): PairDurable => ({
  ...newDurable,
  ...(store.document(pairDocument) as unknown as Partial<PairDurable> | undefined),
});
export const durableChange = (durable: PairDurable) =>
  ({ kind: "document", name: pairDocument, value: durable as unknown as Json }) as const;

export class PairShell {
  readonly #ports: PairShellPorts;
  readonly #stalls: Stalls;
  readonly #happenings: Happening[] = [];
  #state: PairState | undefined;
  #isStepping = false;
  #cancelWake: Cancel | undefined;

  constructor(ports: PairShellPorts) {
    this.#ports = ports;
    this.#stalls = ports.watchStalls(() => ports.inTurn(() => this.dispatch({ type: "stalled" })));
  }

  get state(): PairState {
    assert(this.#state !== undefined, "the pair has not been started");
    return this.#state;
  }

  start(input: Omit<StartInput, "now">): void {
    this.#carryOut(null, startPair({ ...input, now: this.#ports.world.now() }));
    this.#drain();
  }

  /** Handled when this returns, unless called from within a step: then right after it. */
  dispatch(happening: Happening): void {
    this.#happenings.push(happening);
    if (!this.#isStepping) this.#drain();
  }

  /** For what wants an answer, hence never from within a step. */
  dispatchNow(happening: Happening): PairOutputs {
    assert(!this.#isStepping && this.#happenings.length === 0, "an answer was wanted from within a step");
    const outputs = this.#take(happening);
    this.#drain();
    return outputs;
  }

  stop(): void {
    this.#cancelWake?.();
    this.#stalls.stop();
  }

  #drain(): void {
    for (let next = this.#happenings.shift(); next !== undefined; next = this.#happenings.shift())
      this.#take(next);
  }

  #take(happening: Happening): PairOutputs {
    // A process that was stopped wakes up to overdue timers: they are judged only after the doubt was noted.
    if (this.#stalls.check() && happening.type !== "stalled") this.#take({ type: "stalled" });
    const stepped = step(this.state, { ...happening, now: this.#ports.world.now() } as PairInput);
    this.#carryOut(this.state, stepped);
    return stepped.outputs;
  }

  #carryOut(before: PairState | null, { state, outputs }: PairStep): void {
    this.#isStepping = true;
    this.#state = state;
    try {
      if (outputs.settings !== null) this.#ports.saveSettings(outputs.settings);
      const entries = outputs.observe.map((event) => this.#ports.entry(event, state));
      const changes = [
        ...(outputs.persist === null ? [] : [durableChange(outputs.persist)]),
        ...entries.map((entry) => ({ kind: "event", event: entry as unknown as Json }) as const),
      ];
      if (changes.length > 0) this.#ports.store.commit(changes);
      for (const message of outputs.send) this.#ports.send(message);
      for (const command of outputs.apply) this.#ports.obey(command);
      this.#arm(outputs.wakeAt);
      this.#ports.stepped(before, entries);
    } finally {
      this.#isStepping = false;
    }
  }

  #arm(wakeAt: number): void {
    this.#cancelWake?.();
    if (wakeAt === Number.POSITIVE_INFINITY) return;
    this.#cancelWake = this.#ports.world.after(wakeAt - this.#ports.world.now(), () =>
      this.#ports.inTurn(() => this.dispatch({ type: "tick" })),
    );
  }
}
