/** Where LoadMasters reach this Central and its peer, and the keys that they sign with: what each says of itself. */
import type { World } from "@tandem/base/world";
import type { LicensingCentral } from "@tandem/licensing/wire";
import { createRow, updateRow } from "@tandem/replica/edits";
import type { RowOf } from "@tandem/replica/schema";
import type { LicensingPair } from "./ports.ts";
import { licensingCentrals } from "./tables.ts";

export type SelfAsCentral = RowOf<(typeof licensingCentrals)["columns"]>;

const writeDelayMs = 200;

export class Centrals {
  readonly #pair: LicensingPair;
  readonly #world: World;
  #self: SelfAsCentral;
  readonly #unfollow: () => void;
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor(pair: LicensingPair, world: World, self: SelfAsCentral) {
    this.#pair = pair;
    this.#world = world;
    this.#self = self;
    this.#unfollow = pair.onChange(() => this.#arm());
    this.#arm();
  }

  get self(): SelfAsCentral {
    return this.#self;
  }

  /** The port is known only once it is served on. */
  servesOn(port: number): void {
    this.#self = { ...this.#self, port };
    this.#arm();
  }

  /** This Central first, then its peer. */
  list(): readonly LicensingCentral[] {
    const { belonging } = this.#pair;
    if (belonging.kind !== "paired") return [this.#self];
    const peer = this.#pair.row(licensingCentrals, belonging.peer)?.values;
    return peer === undefined ? [this.#self] : [this.#self, peer];
  }

  nameOf(unit: string): string {
    if (unit === this.#self.unit) return this.#self.name;
    return this.#pair.row(licensingCentrals, unit)?.values.name ?? unit;
  }

  stop(): void {
    this.#stopped = true;
    this.#unfollow();
    this.#cancel?.();
  }

  #arm(): void {
    if (this.#isWritten()) return;
    this.#cancel ??= this.#world.after(writeDelayMs, () => {
      this.#cancel = null;
      if (this.#isWritten()) return;
      const there = this.#pair.row(licensingCentrals, this.#self.unit);
      const edit =
        there === undefined
          ? createRow(licensingCentrals, this.#self)
          : updateRow(licensingCentrals, this.#self.unit, this.#self);
      // What cannot be written now is tried again at the next change.
      this.#pair.write([edit], "licensing", "where LoadMasters reach this Central").catch(() => {});
    });
  }

  /** A Central that is in no pair has nobody to tell, and must stay blank if it is (SPEC CH13). */
  #isWritten(): boolean {
    if (this.#stopped || this.#pair.belonging.kind !== "paired") return true;
    const there = this.#pair.row(licensingCentrals, this.#self.unit)?.values;
    return (
      there !== undefined &&
      Object.entries(this.#self).every(([name, value]) => there[name as keyof SelfAsCentral] === value)
    );
  }
}
