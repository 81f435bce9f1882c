/** A LoadMaster as far as scheduled actions go: the production ledger, and a count of what took effect. */

import { hour } from "@tandem/base/time";
import type { Fence } from "@tandem/fencing/fence";
import { admit, begin, emptyLedger, finish, type Ledger } from "@tandem/fencing/ledger";
import type { Performed } from "@tandem/schedule/call";
import type { Process } from "./machine.ts";
import type { Random } from "./random.ts";

const unreachable = { kind: "unreachable", message: "no answer within 10 s" } as const;
const answerTimeoutMs = 10_000;
const wallAtStart = 1_795_564_800_000;

export class LoadMaster {
  readonly id: string;
  readonly #random: Random;
  readonly #tookEffect: (run: string, times: number, fence: Fence) => void;
  #ledger: Ledger = emptyLedger;
  readonly #effects = new Map<string, number>();

  constructor(id: string, random: Random, tookEffect: (run: string, times: number, fence: Fence) => void) {
    this.id = id;
    this.#random = random;
    this.#tookEffect = tookEffect;
  }

  effects(run: string): number {
    return this.#effects.get(run) ?? 0;
  }

  /** Called by a process of Central; now and then the call or its answer is lost on the way. */
  perform(process: Process, command: string, fence: Fence): Promise<Performed> {
    const { engine } = process.machine;
    const done = (of: string): Performed => ({
      kind: "done",
      answer: { status: "ok" },
      ...(of === "backup" && { bytes: configurationAt(engine.now) }),
    });
    const isDeaf = this.#random.chance(0.04);
    const isMute = this.#random.chance(0.04);
    const takesMs = this.#random.chance(0.5)
      ? this.#random.between(5, 200)
      : this.#random.between(200, 20_000);
    return new Promise((resolve) => {
      const answer = (afterMs: number, performed: Performed): void => {
        engine.after(afterMs, () =>
          process.run(() => {
            resolve(performed);
            engine.settled();
          }),
        );
      };
      if (isDeaf) {
        answer(answerTimeoutMs, { ...unreachable, mayHaveArrived: false });
        return;
      }
      engine.after(this.#random.between(1, 30), () => {
        if (!process.machine.isOn) return;
        const verdict = admit(this.#ledger, fence, {
          command,
          unit: this.id,
          wall: Math.floor(wallAtStart + engine.now),
        });
        this.#ledger = verdict.ledger;
        switch (verdict.verdict) {
          case "fenced":
            answer(1, { kind: "fenced", holder: verdict.holder, lastHeardMs: verdict.lastHeardMs });
            return;
          case "too-old":
          case "in-progress":
            answer(1, { kind: verdict.verdict });
            return;
          case "answer":
            answer(1, done(command));
            return;
          case "perform": {
            this.#ledger = begin(verdict.ledger, fence.runId, this.id) ?? verdict.ledger;
            const times = this.effects(fence.runId) + 1;
            this.#effects.set(fence.runId, times);
            this.#tookEffect(fence.runId, times, fence);
            engine.after(takesMs, () => {
              this.#ledger = finish(this.#ledger, fence.runId, {
                ok: true,
                known: true,
                message: "",
                answer: {},
              });
              answer(
                isMute ? answerTimeoutMs : 1,
                isMute ? { ...unreachable, mayHaveArrived: true } : done(command),
              );
            });
            return;
          }
        }
      });
    });
  }
}

/** Somebody changes it every few hours; it does not fit into one message of a transfer. */
const configurationAt = (now: number): Uint8Array =>
  Buffer.from(`configuration ${Math.floor(now / (3 * hour))}\n`.repeat(6_000));
