/**
 * Refusals in the audit (SPEC ML7), with reason and count: the first of a kind at once, further ones of the same
 * LoadMaster and reason together, an hour after the last entry.
 */
import { hour, type Millis } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { LicensingEvent } from "./ports.ts";

const toldAgainMs = 1 * hour;
const kindsRememberedMax = 1_000;

type Kind = { readonly told: Millis; readonly untold: number; readonly message: string };

export class RefusalAudit {
  readonly #world: World;
  readonly #note: (event: LicensingEvent) => void;
  readonly #kinds = new Map<string, Kind>();
  #cancel: Cancel | null = null;

  constructor(world: World, note: (event: LicensingEvent) => void) {
    this.#world = world;
    this.#note = note;
  }

  /** `who` and `reason` name the kind; `message` says it in full. */
  refused(who: string, reason: string, message: string): void {
    const key = `${who} ${reason}`;
    const before = this.#kinds.get(key);
    const now = this.#world.now();
    if (before !== undefined) {
      this.#kinds.set(key, { ...before, untold: before.untold + 1, message });
      return;
    }
    const [oldest] = this.#kinds.keys();
    if (this.#kinds.size >= kindsRememberedMax && oldest !== undefined) this.#tell(oldest);
    this.#note({ severity: "warning", code: "licence-refused", message });
    this.#kinds.set(key, { told: now, untold: 0, message });
    this.#arm();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #arm(): void {
    this.#cancel ??= this.#world.after(toldAgainMs, () => {
      this.#cancel = null;
      const due = this.#world.now() - toldAgainMs;
      for (const [key, { told }] of [...this.#kinds]) if (told <= due) this.#tell(key);
      if (this.#kinds.size > 0) this.#arm();
    });
  }

  #tell(key: string): void {
    const kind = this.#kinds.get(key);
    this.#kinds.delete(key);
    if (kind === undefined || kind.untold === 0) return;
    this.#note({
      severity: "warning",
      code: "licence-refused",
      message: `${kind.message} (${kind.untold} more such refusals since)`,
    });
  }
}
