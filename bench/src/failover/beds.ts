/** Several beds at a time, each in a process and a session of its own, that work through one list of blocks. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bedVariable } from "./bed.ts";
import type { Contender } from "./contenders.ts";
import type { FalseTakeovers } from "./false-takeovers.ts";
import type { Answer, Block, Order } from "./orders.ts";
import type { Round } from "./rounds.ts";

/** A contender whose blocks fail so often in a row is left alone. */
const failuresMax = 3;
const endMs = 15_000;
const hogs = 4;

/** One process with a bed. It carries out one order at a time. */
class Bed {
  readonly #child: ChildProcess;
  readonly #said: (line: string) => void;
  #take: (answer: Answer) => void = () => undefined;

  constructor(number: number, said: (line: string) => void) {
    this.#said = said;
    // A session of its own, whose priority is raised as a whole.
    this.#child = fork(fileURLToPath(new URL("./bed-process.ts", import.meta.url)), {
      detached: true,
      env: { ...process.env, [bedVariable]: String(number) },
    });
    this.#child.on("message", (answer: Answer) => this.#take(answer));
    this.#child.on("exit", () => this.#take({ answer: "failed", reason: "the bed's process has ended" }));
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What comes before "done" goes to `heard`. Rejects when the order fails. */
  do(order: Order | null, heard: (answer: Answer) => void = () => undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#take = (answer) => {
        if (answer.answer === "done") resolve();
        else if (answer.answer === "failed") reject(new Error(answer.reason));
        else heard(answer);
      };
      if (order !== null) this.tell(order);
    });
  }

  tell(order: Order): void {
    if (this.ended) this.#take({ answer: "failed", reason: "the bed's process has ended" });
    else this.#child.send(order);
  }

  async end(): Promise<void> {
    if (this.ended) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => {
      this.#said("a bed does not end in time, and is killed");
      this.#child.kill("SIGKILL");
    }, endMs);
    await gone;
    clearTimeout(timer);
  }
}

export class Beds {
  readonly #beds: readonly Bed[];
  readonly #said: (line: string) => void;
  #isOver = false;

  private constructor(beds: readonly Bed[], said: (line: string) => void) {
    this.#beds = beds;
    this.#said = said;
  }

  static async build(count: number, said: (line: string) => void): Promise<Beds> {
    const beds = Array.from({ length: count }, (_, index) => new Bed(index + 1, said));
    const built = new Beds(beds, said);
    try {
      await Promise.all(beds.map((bed) => bed.do(null)));
    } catch (error) {
      await built.end();
      throw error;
    }
    return built;
  }

  /** No block is begun any more. */
  stop(): void {
    this.#isOver = true;
  }

  end(): Promise<unknown> {
    return Promise.all(this.#beds.map((bed) => bed.end()));
  }

  async measure(blocks: readonly Block[], keep: (round: Round) => void): Promise<void> {
    const waiting = [...blocks];
    const failures = new Map<string, number>();
    const work = async (bed: Bed): Promise<void> => {
      while (!this.#isOver && !bed.ended) {
        const block = waiting.shift();
        if (block === undefined) return;
        const { contender } = block;
        if ((failures.get(contender) ?? 0) >= failuresMax) continue;
        const left = block.rounds.map(({ event, count }) => ({ event, count }));
        try {
          await bed.do({ order: "block", block }, (answer) => {
            if (answer.answer !== "round") return;
            keep(answer.round);
            const of = left.find(({ event }) => event === answer.round.event);
            if (of !== undefined) of.count -= 1;
          });
          failures.set(contender, 0);
        } catch (error) {
          const count = (failures.get(contender) ?? 0) + 1;
          failures.set(contender, count);
          const rest = left.filter((each) => each.count > 0);
          this.#said(`${contender}: ${(error as Error).message}`);
          if (count >= failuresMax) this.#said(`${contender} is left alone after ${count} failures in a row`);
          else if (rest.length > 0) waiting.push({ contender, rounds: rest });
        }
      }
    };
    await Promise.all(this.#beds.map(work));
  }

  /** How long the take-over of many addresses takes, milliseconds each. */
  async takeoverAction(rounds: number): Promise<readonly number[]> {
    let times: readonly number[] = [];
    await this.#beds[0]?.do({ order: "takeover action", rounds }, (answer) => {
      if (answer.answer === "action times") times = answer.times;
    });
    return times;
  }

  /** All contenders at the same time, one on each bed, beside the same hogs. As many beds as contenders are needed. */
  async falseTakeovers(
    contenders: readonly Contender[],
    seconds: number,
  ): Promise<readonly FalseTakeovers[]> {
    if (contenders.length > this.#beds.length) throw new Error("there are fewer beds than contenders");
    const found: FalseTakeovers[] = [];
    const waiting = new Set(contenders);
    const hogProcesses: ChildProcess[] = [];
    const stands: (() => void)[] = [];
    const begin = (): void => {
      if (waiting.size > 0) return;
      for (let hog = 0; hog < hogs; hog += 1)
        hogProcesses.push(spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
      for (const count of stands) count();
    };
    try {
      await Promise.all(
        contenders.map((contender, index) => {
          const bed = this.#beds[index] as Bed;
          const counted = bed.do(
            { order: "false take-overs", contender: contender.name, seconds },
            (answer) => {
              if (answer.answer === "counted") found.push(answer.counted);
              if (answer.answer !== "stands") return;
              stands.push(() => bed.tell({ order: "hogs run" }));
              waiting.delete(contender);
              begin();
            },
          );
          return counted.catch((error: Error) => {
            this.#said(`${contender.name} beside hogs: ${error.message}`);
            if (waiting.delete(contender)) begin();
          });
        }),
      );
    } finally {
      for (const hog of hogProcesses) hog.kill("SIGKILL");
    }
    return found;
  }
}
