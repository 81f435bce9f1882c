/**
 * CH13, I1–I5: a unit that has data is overwritten only if it belongs to no pair and an operator's Apply there
 * asked for it; or if an operator replaces it by a backup of its own pair (ML5). What is overwritten is first saved,
 * byte for byte.
 */
import type { UnitId } from "@tandem/base/ids";
import type { PairDurable } from "@tandem/pair/state";
import type { Report } from "./violation.ts";

export class Overwriting {
  readonly #report: Report;
  /** How many Applies are under way. */
  readonly #applying = new Map<UnitId, number>();
  /** An operator replaces it by a backup at this moment. */
  #replacing: UnitId | null = null;
  readonly #saved = new Map<UnitId, string>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** An operator presses Apply on this unit; call what it returns when it is answered. */
  applying(unit: UnitId): () => void {
    this.#applying.set(unit, (this.#applying.get(unit) ?? 0) + 1);
    return () => this.#applying.set(unit, (this.#applying.get(unit) ?? 1) - 1);
  }

  /** ML5: what `body` does to this unit, an operator ordered. */
  replacing(unit: UnitId, body: () => void): void {
    this.#replacing = unit;
    try {
      body();
    } finally {
      this.#replacing = null;
    }
  }

  /** The pair's durable state came onto a disk. `isBlank`: nothing was ever written there. */
  stored(unit: UnitId, before: PairDurable | undefined, after: PairDurable, isBlank: boolean): void {
    if (after.armedFor === null || after.armedFor === before?.armedFor) return;
    if (!isBlank && (this.#applying.get(unit) ?? 0) === 0)
      this.#report(
        `unit ${unit.slice(0, 4)} has data and was armed to be overwritten without an operator's Apply`,
      );
  }

  /** A backup was made: its content, and that of the disk at this moment. */
  backedUp(unit: UnitId, backup: string, disk: string): void {
    if (backup !== disk) this.#report(`the backup of unit ${unit.slice(0, 4)} is not what is on its disk`);
    this.#saved.set(unit, backup);
  }

  /** A disk's shared state is about to be replaced: as it is before. */
  replaced(unit: UnitId, before: PairDurable | undefined, disk: string, isBlank: boolean): void {
    const isOrdered = this.#replacing === unit;
    if ((before?.pairId ?? null) !== null && !isOrdered)
      this.#report(`unit ${unit.slice(0, 4)} belongs to a pair and was overwritten`);
    if (isBlank) return;
    if ((before?.armedFor ?? null) === null && !isOrdered)
      this.#report(`unit ${unit.slice(0, 4)} has data, was not armed, and was overwritten`);
    if (this.#saved.get(unit) !== disk)
      this.#report(`unit ${unit.slice(0, 4)} was overwritten, and the backup does not equal what was`);
  }
}
