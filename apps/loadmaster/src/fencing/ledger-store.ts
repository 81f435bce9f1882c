/**
 * `<stateDir>/actions.json`, mode 0600: the ledger of actions, replaced whole. One that cannot be read is put aside, and
 * the unit goes on without its memory: what was due before now is then refused, since it may have been performed already.
 */
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { firstFault } from "@tandem/base/check";
import type { WallMillis } from "@tandem/base/time";
import { emptyLedger, type Ledger, LedgerSchema } from "@tandem/fencing/ledger";
import { writeFileAtomically } from "@tandem/peer-link/atomic-file";

export type LoadedLedger = {
  readonly ledger: Ledger;
  /** Why what was on disk is not in it, and where it is now. */
  readonly lost?: { readonly reason: string; readonly file: string };
};

const lastRunId = "f".repeat(64);

/** Knows nothing up to a time, and says so. */
const forgetfulUntil = (dueAt: WallMillis): Ledger => ({
  ...emptyLedger,
  forgotten: { scheduled: { dueAt, runId: lastRunId }, operators: { dueAt, runId: lastRunId } },
});

export class LedgerStore {
  readonly #path: string;

  constructor(directory: string) {
    this.#path = join(directory, "actions.json");
  }

  async load(now: WallMillis): Promise<LoadedLedger> {
    let reason: string | undefined;
    try {
      const ledger: unknown = JSON.parse(await readFile(this.#path, "utf8"));
      reason = firstFault(LedgerSchema, ledger);
      if (reason === undefined) return { ledger: ledger as Ledger };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return { ledger: emptyLedger };
      reason = (error as Error).message;
    }
    const file = `${this.#path}.unreadable-${new Date(now).toISOString().replaceAll(":", "-")}`;
    await rename(this.#path, file).catch(() => {});
    return { ledger: forgetfulUntil(now), lost: { reason, file } };
  }

  /** On disk when it resolves. */
  save(ledger: Ledger): Promise<void> {
    return writeFileAtomically(this.#path, `${JSON.stringify(ledger)}\n`, 0o600);
  }
}
