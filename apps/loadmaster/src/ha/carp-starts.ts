/**
 * `<stateDir>/carp-starts.json`, mode 0600: how often carpd was started, on disk before each start, so that a unit or a
 * machine that crashes along with it counts as well. The rule is in `pacified.ts`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { firstFault } from "@tandem/base/check";
import { isRunning, type ProcessIdentity } from "@tandem/linux/process";
import type { Pacified } from "@tandem/loadmaster-api/ha-view";
import { writeFileAtomicallySync } from "@tandem/peer-link/atomic-file";
import { noStarts, type Starts, StartsSchema, withLongRun, withOrderlyEnd, withStart } from "./pacified.ts";

const startsPath = (stateDir: string): string => join(stateDir, "carp-starts.json");

type Complain = (event: string, details: object) => void;

/** What is on disk; nothing when it cannot be read, which is told. */
function readStarts(stateDir: string, complain: Complain): Starts {
  let reason: string | undefined;
  try {
    const found: unknown = JSON.parse(readFileSync(startsPath(stateDir), "utf8"));
    reason = firstFault(StartsSchema, found);
    if (reason === undefined) return found as Starts;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return noStarts;
    reason = (error as Error).message;
  }
  complain("carp-starts-unreadable", { file: startsPath(stateDir), reason });
  return noStarts;
}

/** For carpd itself, which may be started by others than the unit. */
export const pacifiedOnDisk = (stateDir: string, complain: Complain): Pacified | null =>
  readStarts(stateDir, complain).pacified;

export class CarpStarts {
  readonly #stateDir: string;
  readonly #complain: Complain;
  #starts: Starts;

  constructor(stateDir: string, complain: Complain) {
    this.#stateDir = stateDir;
    this.#complain = complain;
    this.#starts = readStarts(stateDir, complain);
  }

  get pacified(): Pacified | null {
    return this.#starts.pacified;
  }

  /** Counts a start that is about to be made, or that another has made; false: it must not be. */
  count(made?: ProcessIdentity): boolean {
    if (this.pacified !== null) return false;
    this.#keep(withStart(this.#starts, Date.now()));
    if (made !== undefined) this.made(made);
    return this.pacified === null;
  }

  /** Which process came of the start that was counted. */
  made(carpd: ProcessIdentity): void {
    this.#keep({ ...this.#starts, counted: carpd });
  }

  hasCounted(carpd: ProcessIdentity): boolean {
    const { counted } = this.#starts;
    return counted !== undefined && counted.pid === carpd.pid && isRunning(counted);
  }

  ranLong(): void {
    if (this.#starts.starts.length > 0) this.#keep(withLongRun(this.#starts));
  }

  /** carpd was told to end. Being pacified outlasts that. */
  endedInOrder(): void {
    if (!this.#starts.endedInOrder && this.pacified === null) this.#keep(withOrderlyEnd(this.#starts));
  }

  /** The operator wants carpd to be started again, or to be started no more. */
  forget(): void {
    if (this.pacified !== null || this.#starts.starts.length > 0) this.#keep(noStarts);
  }

  /** The operator wants the unit that comes after this one to start carpd again. */
  forgetAtNextStart(): void {
    if (this.pacified !== null) this.#write(noStarts);
  }

  #keep(starts: Starts): void {
    this.#starts = starts;
    this.#write(starts);
  }

  /** A disk that cannot be written keeps no carpd from starting: it counts on in memory. */
  #write(starts: Starts): void {
    try {
      writeFileAtomicallySync(startsPath(this.#stateDir), `${JSON.stringify(starts)}\n`, 0o600);
    } catch (error) {
      this.#complain("carp-starts-not-kept", {
        file: startsPath(this.#stateDir),
        reason: (error as Error).message,
      });
    }
  }
}
