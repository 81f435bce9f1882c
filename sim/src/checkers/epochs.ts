/** E1, E2: a unit claims only above everything that its disk has seen, in its own name, and no term twice. */
import { compareEpochs, type Epoch } from "@tandem/base/epoch";
import type { UnitId } from "@tandem/base/ids";
import type { Report } from "./violation.ts";

const text = ({ n, unit }: Epoch): string => `${n} of ${unit.slice(0, 4)}`;

export class Epochs {
  readonly #report: Report;
  readonly #held = new Map<UnitId, Epoch>();
  readonly #seen = new Map<UnitId, Epoch>();
  /** The numbers under which each unit has led, as its disk knows. */
  readonly #terms = new Map<UnitId, Set<number>>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** The pair's durable state came onto a disk. */
  stored(unit: UnitId, epoch: Epoch, seen: Epoch): void {
    const seenBefore = this.#seen.get(unit);
    const heldBefore = this.#held.get(unit);
    if (seenBefore !== undefined && compareEpochs(seen, seenBefore) < 0)
      this.#report(
        `unit ${unit.slice(0, 4)} had seen epoch ${text(seenBefore)} and forgets it for ${text(seen)}`,
      );
    if (compareEpochs(epoch, seen) > 0)
      this.#report(
        `unit ${unit.slice(0, 4)} holds epoch ${text(epoch)} above the greatest it has seen, ${text(seen)}`,
      );
    const isOwnTerm =
      epoch.unit === unit && (heldBefore === undefined || compareEpochs(epoch, heldBefore) !== 0);
    // What was offered in a handover has been seen by its taker before it takes it; nothing is taken twice.
    const isStale = seenBefore !== undefined && compareEpochs(epoch, seenBefore) < 0;
    const terms = this.#terms.get(unit) ?? new Set();
    this.#terms.set(unit, terms);
    if (isOwnTerm && (isStale || terms.has(epoch.n)))
      this.#report(
        `unit ${unit.slice(0, 4)} claims epoch ${text(epoch)}, and had seen ${text(seenBefore ?? epoch)}`,
      );
    if (isOwnTerm) terms.add(epoch.n);
    this.#held.set(unit, epoch);
    this.#seen.set(unit, seen);
  }

  /** The unit says that it is Master. */
  isMaster(unit: UnitId, epoch: Epoch): void {
    if (epoch.unit !== unit)
      this.#report(`unit ${unit.slice(0, 4)} is Master under epoch ${text(epoch)}, which is not its own`);
  }

  /** Its disk is another than before: what it had seen is gone with it. */
  diskLost(unit: UnitId, kept: { readonly epoch: Epoch; readonly seen: Epoch } | undefined): void {
    this.#terms.delete(unit);
    if (kept === undefined) {
      this.#held.delete(unit);
      this.#seen.delete(unit);
    } else {
      this.#held.set(unit, kept.epoch);
      this.#seen.set(unit, kept.seen);
    }
  }
}
