/** Which runs are due by the scheduled actions as they stand now. What has been looked up is kept until it changes. */
import type { WallMillis } from "@tandem/base/time";
import { runIdOf } from "@tandem/fencing/run-id";
import { missedCountedMax } from "@tandem/schedule/constants";
import { type Due, dueNow } from "@tandem/schedule/due";
import { type Occurrences, occurrencesOf } from "@tandem/schedule/when";
import { calledName } from "../fleet/grouped.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import type { RunLedger } from "./run-ledger.ts";
import { type ActionRow, scheduledActions } from "./tables.ts";

export type DueRun = Due & {
  readonly run: string;
  readonly action: ActionRow;
  readonly device: string;
};

type Known = {
  readonly action: ActionRow;
  readonly occurrences: Occurrences;
  /** Everything up to there has been handed out; before `next` there is nothing. */
  seenUpTo: WallMillis;
  next: WallMillis | null;
};

export class DueActions {
  readonly #shared: Pick<SharedRows, "rows" | "row">;
  readonly #ledger: RunLedger;
  #known = new Map<string, Known>();

  constructor(shared: Pick<SharedRows, "rows" | "row">, ledger: RunLedger) {
    this.#shared = shared;
    this.#ledger = ledger;
  }

  /** The role has changed, or what was handed out could not be written: everything is looked up anew. */
  forget(): void {
    this.#known.clear();
  }

  /** At most `max`, the oldest first within an action; `isAll` is false when there are more. */
  due(now: WallMillis, max: number): { readonly due: readonly DueRun[]; readonly isAll: boolean } {
    this.#follow();
    const found: DueRun[] = [];
    for (const known of this.#known.values()) {
      const isNew = known.seenUpTo === 0 || now < known.seenUpTo;
      if (!isNew && (known.next === null || known.next > now)) continue;
      const due = this.#dueOf(known, now);
      if (found.length + due.length > max && found.length > 0) return { due: found, isAll: false };
      found.push(...due);
      known.seenUpTo = now;
      known.next = known.occurrences.next(now);
    }
    return { due: found, isAll: true };
  }

  /** When the next of them is due; null when none is. */
  nextLook(now: WallMillis): WallMillis | null {
    let first: WallMillis | null = null;
    for (const { next } of this.#known.values())
      if (next !== null && next > now && (first === null || next < first)) first = next;
    return first;
  }

  next(action: ActionRow, now: WallMillis): WallMillis | null {
    return action.values.enabled ? occurrencesOf(action.values.when).next(now) : null;
  }

  #follow(): void {
    const rows = this.#shared.rows(scheduledActions);
    const known = new Map<string, Known>();
    for (const action of rows) {
      if (!action.values.enabled) continue;
      const before = this.#known.get(action.key);
      known.set(
        action.key,
        before?.action === action
          ? before
          : { action, occurrences: occurrencesOf(action.values.when), seenUpTo: 0, next: null },
      );
    }
    this.#known = known;
  }

  #dueOf({ action, occurrences }: Known, now: WallMillis): DueRun[] {
    const { whenSince, enabledSince, missedRule } = action.values;
    const floors = action.values.devices
      .filter(({ id }) => calledName(this.#shared, id) !== undefined)
      .map(({ id, since }) => ({
        device: id,
        floor: Math.max(whenSince, enabledSince, since, this.#ledger.newestDue(action.key, id, now)),
      }));
    // Counting those that were missed costs a hundred look-ups, and is hardly ever called for.
    const [newest, before] = occurrences.latest(now, 2);
    const someMissedMore = before !== undefined && floors.some(({ floor }) => before > floor);
    const passed = someMissedMore
      ? occurrences.latest(now, missedCountedMax + 1)
      : newest === undefined
        ? []
        : [newest];
    return floors.flatMap(({ device, floor }) => {
      const due = dueNow(passed, floor, now, missedRule);
      if (due === null) return [];
      const run = runIdOf({ action: action.key, device, dueAt: due.due });
      return this.#ledger.run(run) === undefined ? [{ ...due, run, action, device }] : [];
    });
  }
}
