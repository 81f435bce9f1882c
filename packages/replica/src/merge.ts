/**
 * How a version that arrives meets what is there.
 *
 * | what arrives | what stands | the field becomes | who may be in conflict |
 * | --- | --- | --- | --- |
 * | a field | nothing | it | it, when the row's life has moved on and the change of life did not know it |
 * | a field | another version | the greater of the two | the lesser, when the greater did not know it and the values differ; and as above |
 * | a row's life | a lesser life | it | every field of an earlier life that it did not know; the lesser, when it did not know it and one says "exists", the other "deleted" |
 * | a row's life | a greater life | unchanged | it, likewise |
 * | a conflict | another of the same key | the greater of the two | none |
 */
import { conflictsTable } from "./conflicts.ts";
import type { RowStore } from "./rows.ts";
import { isAlive, lifeOf, standingValue } from "./rows.ts";
import {
  compareVersions,
  knows,
  lifeField,
  sameValue,
  type Version,
  type VersionId,
  versionId,
} from "./version.ts";

/** The greater version stays: commutative, associative, idempotent. */
export const winnerOf = (a: Version, b: Version): Version => (compareVersions(a, b) >= 0 ? a : b);

/** Merges one version into the store and adds to `losers` what may be in conflict thereby. */
export function mergeVersion(store: RowStore, version: Version, losers: Map<VersionId, Version>): void {
  const slots = store.slots(version.table, version.row);
  const current = slots?.fields.get(version.field);
  if (current && versionId(current) === versionId(version)) return;
  const winner = current ? winnerOf(version, current) : version;
  const lose = (loser: Version): unknown => losers.set(versionId(loser), loser);

  if (version.table !== conflictsTable.name) {
    if (current) {
      const loser = winner === version ? current : version;
      if (!knows(winner.context, loser) && !sameValue(winner.value, loser.value)) lose(loser);
    }
    if (version.field === lifeField) {
      if (slots && winner === version)
        for (const field of slots.fields.values())
          if (field.field !== lifeField && field.life < version.life && !knows(version.context, field))
            lose(field);
    } else {
      const register = slots?.fields.get(lifeField);
      if (register && version.life < register.life && !knows(register.context, version)) lose(version);
    }
  }
  if (winner === version) store.set(version);
}

/** True when the loser's value is what readers find anyway: nothing was lost, and no conflict is listed. */
export function standsAnyway(store: RowStore, loser: Version): boolean {
  const slots = store.slots(loser.table, loser.row);
  if (!slots) return false;
  const life = lifeOf(slots);
  if (loser.field === lifeField) return sameValue(loser.value, lifeValue(life));
  const field = slots.table.fields.get(loser.field);
  return isAlive(life) && field !== undefined && sameValue(loser.value, standingValue(slots, field, life));
}

/** What the life register says at a life. */
export const lifeValue = (life: number): "exists" | "deleted" => (isAlive(life) ? "exists" : "deleted");
