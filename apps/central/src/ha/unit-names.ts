/** What the units of this pair were called when last heard: old entries name units that are gone by now. */
import type { Json } from "@tandem/base/canonical-json";
import type { UnitId } from "@tandem/base/ids";
import type { Store } from "@tandem/storage/store";

const namesDocument = "unitNames";
/** The one that was met longest ago is forgotten. */
const unitsKnownMax = 16;

export class UnitNames {
  readonly #store: Store;
  #names: ReadonlyMap<UnitId, string>;

  constructor(store: Store) {
    this.#store = store;
    this.#names = new Map((store.document(namesDocument) ?? []) as unknown as [UnitId, string][]);
  }

  heard(unit: UnitId, name: string): void {
    if (this.#names.get(unit) === name) return;
    const names = [...this.#names].filter(([known]) => known !== unit);
    const kept = [...names, [unit, name] as const].slice(-unitsKnownMax);
    this.#store.commit([{ kind: "document", name: namesDocument, value: kept as unknown as Json }]);
    this.#names = new Map(kept);
  }

  of(unit: UnitId): string {
    return this.#names.get(unit) ?? unit;
  }
}
