/** The rows of runs, put in order for looking things up; made anew when any of them has changed. */
import type { WallMillis } from "@tandem/base/time";
import { isOpen, standingOf } from "@tandem/schedule/ledger";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { type AttemptRow, runs } from "./tables.ts";

export type Run = {
  readonly id: string;
  /** The attempt that speaks for it. */
  readonly standing: AttemptRow;
  readonly attempts: readonly AttemptRow[];
};

export class RunLedger {
  readonly #shared: Pick<SharedRows, "rows">;
  #rows: readonly AttemptRow[] = [];
  #runs = new Map<string, Run>();
  #open: readonly Run[] = [];
  #dues = new Map<string, WallMillis[]>();

  constructor(shared: Pick<SharedRows, "rows">) {
    this.#shared = shared;
  }

  run(id: string): Run | undefined {
    return this.#current().#runs.get(id);
  }

  runs(): Iterable<Run> {
    return this.#current().#runs.values();
  }

  /** Those that stand open, the oldest first. */
  open(): readonly Run[] {
    return this.#current().#open;
  }

  get attempts(): number {
    return this.#current().#rows.length;
  }

  /**
   * When the newest scheduled run of an action on a device was due, of those not after `now`: one that lies in the
   * future was made while a clock was wrong, and must not keep the action from running until then.
   */
  newestDue(action: string, device: string, now: WallMillis): WallMillis {
    const dues = this.#current().#dues.get(`${action} ${device}`) ?? [];
    return dues.reduce((newest, due) => (due <= now && due > newest ? due : newest), 0);
  }

  #current(): this {
    // The list is the same object until a row changes.
    const rows = this.#shared.rows(runs);
    if (rows === this.#rows) return this;
    this.#rows = rows;
    const byRun = Map.groupBy(rows, ({ values }) => values.run);
    this.#runs = new Map();
    this.#dues = new Map();
    for (const [id, attempts] of byRun) {
      const standing = standingRow(attempts);
      this.#runs.set(id, { id, standing, attempts });
      const { action, device, due, trigger } = standing.values;
      if (trigger === "operator") continue;
      const key = `${action} ${device}`;
      const dues = this.#dues.get(key);
      if (dues) dues.push(due);
      else this.#dues.set(key, [due]);
    }
    this.#open = [...this.#runs.values()]
      .filter(({ standing }) => isOpen(standing.values))
      .sort((a, b) => a.standing.values.due - b.standing.values.due || (a.id < b.id ? -1 : 1));
    return this;
  }
}

function standingRow(rows: readonly AttemptRow[]): AttemptRow {
  const standing = standingOf(rows.map(({ values }) => values));
  return rows.find(({ values }) => values === standing) as AttemptRow;
}
