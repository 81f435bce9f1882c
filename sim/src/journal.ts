/** What happened in a run: for the story in sentences, and for the trace whose bytes a second run must repeat. */
import { createHash } from "node:crypto";
import { hour, minute, second } from "@tandem/base/time";

export type Line = { readonly at: number; readonly who: string; readonly text: string };

export class Journal {
  /** Kept only when somebody will read it. */
  readonly lines: Line[] | null;
  readonly #hash = createHash("sha256");
  readonly #isTraced: boolean;

  constructor(options: { readonly story: boolean; readonly trace: boolean }) {
    this.lines = options.story ? [] : null;
    this.#isTraced = options.trace;
  }

  get isTraced(): boolean {
    return this.#isTraced;
  }

  /** `who`: a unit's name, "operator", "fault" … */
  say(at: number, who: string, text: string): void {
    this.lines?.push({ at, who, text });
    if (this.#isTraced) this.#hash.update(`${at} ${who} ${text}\n`);
  }

  /** For the trace alone. */
  trace(at: number, who: string, text: string): void {
    if (this.#isTraced) this.#hash.update(`${at} ${who} ${text}\n`);
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}

const two = (value: number): string => String(value).padStart(2, "0");

/** `03:25:07.120`, from the beginning of the run. */
export const clockText = (at: number): string =>
  `${two(Math.floor(at / hour))}:${two(Math.floor((at % hour) / minute))}:${((at % minute) / second)
    .toFixed(3)
    .padStart(6, "0")}`;

export const durationText = (ms: number): string =>
  ms >= hour
    ? `${(ms / hour).toFixed(1)} h`
    : ms >= minute
      ? `${(ms / minute).toFixed(1)} min`
      : `${(ms / second).toFixed(1)} s`;
