/**
 * CH20, CH21: nothing that an operator changed is lost in silence. On every disk that knows of an edit, it is
 * current, was knowingly replaced, or stands in Conflicts; and some disk knows of it, unless the last one that
 * did was lost. What was acknowledged as on both units survives the loss of any one disk.
 */
import { isAlive } from "@tandem/replica/rows";
import {
  compareVersions,
  knows,
  lifeField,
  sameValue,
  type Version,
  type VersionId,
  versionId,
} from "@tandem/replica/version";
import type { Kept, Report } from "./violation.ts";

type Edit = { acknowledged: "both" | "this unit only" | null; readonly versions: Version[]; losses: number };

export class EditsKept {
  readonly #report: Report;
  /** By author: each edit has one of its own. */
  readonly #edits = new Map<string, Edit>();
  readonly #bySlot = new Map<string, Version[]>();
  readonly #byId = new Map<VersionId, Version>();
  readonly #lost = new Set<VersionId>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** Each version that comes onto a disk, as often as it likes. */
  stored(version: Version): void {
    const id = versionId(version);
    if (this.#byId.has(id)) return;
    this.#byId.set(id, version);
    const slot = `${version.table} ${version.row}`;
    const others = this.#bySlot.get(slot);
    if (others === undefined) this.#bySlot.set(slot, [version]);
    else others.push(version);
    if (version.table === "conflicts") return;
    const edit = this.#edits.get(version.author);
    if (edit !== undefined) edit.versions.push(version);
  }

  begun(author: string): void {
    this.#edits.set(author, { acknowledged: null, versions: [], losses: 0 });
  }

  /** `disks`: as they are now; null when one of them has just been lost. */
  acknowledged(author: string, how: "both" | "this unit only", disks: readonly Kept[] | null): void {
    const edit = this.#edits.get(author);
    if (edit === undefined) return;
    edit.acknowledged = how;
    if (how !== "both" || disks === null) return;
    for (const version of edit.versions) {
      const holders = disks.filter(({ vector }) => knows(vector, version));
      if (holders.length < 2)
        this.#report(
          `edit ${author} was acknowledged as on both units, and ${holders.map(({ name }) => name).join() || "nobody"} has it on disk`,
        );
    }
  }

  /** A disk went back to an earlier state, was lost, or was overwritten as somebody asked; `disks` are as they are now. */
  diskLost(known: Kept["vector"], disks: readonly Kept[], how: "fault" | "overwritten"): void {
    for (const [author, edit] of this.#edits) {
      for (const version of edit.versions) {
        if (!knows(known, version)) continue;
        const isElsewhere = disks.some(({ vector }) => knows(vector, version));
        if (isElsewhere) continue;
        const id = versionId(version);
        if (this.#lost.has(id)) continue;
        this.#lost.add(id);
        if (edit.acknowledged === "both" && edit.losses === 0 && how === "fault")
          this.#report(`edit ${author} was on both units, and the loss of one disk lost it`);
      }
    }
  }

  /** A disk that knows of an edit is about to be lost or set back: the next loss may take what this one left. */
  noteLoss(known: Kept["vector"], left: Kept["vector"]): void {
    for (const edit of this.#edits.values())
      if (edit.versions.some((version) => knows(known, version) && !knows(left, version))) edit.losses += 1;
  }

  check(disks: readonly Kept[]): void {
    for (const [author, edit] of this.#edits) {
      if (edit.acknowledged === null) continue;
      for (const version of edit.versions) {
        const holders = disks.filter(({ vector }) => knows(vector, version));
        if (holders.length === 0 && !this.#lost.has(versionId(version)))
          this.#report(
            `edit ${author} (${nameOf(version)}) is known to no disk, and no disk that had it was lost`,
          );
        for (const disk of holders)
          if (!this.#stands(version, disk, new Set()))
            this.#report(
              `edit ${author} (${nameOf(version)} = ${JSON.stringify(version.value)}) is on ${disk.name} neither current nor knowingly replaced nor in Conflicts`,
            );
      }
    }
  }

  #stands(version: Version, disk: Kept, seen: Set<VersionId>): boolean {
    const id = versionId(version);
    if (seen.has(id)) return false;
    seen.add(id);
    const current = disk.version(version.table, version.row, version.field);
    if (current !== undefined && versionId(current) === id) {
      const life = lifeIn(disk, version, this.#bySlot.get(`${version.table} ${version.row}`) ?? []);
      // A value of an earlier life stands in its slot, and nobody reads it any more.
      if (version.field === lifeField || version.life >= life) return true;
    } else if (current !== undefined && sameValue(current.value, version.value)) return true;
    if (disk.version("conflicts", id, "entry") !== undefined) return true;
    for (const other of this.#bySlot.get(`${version.table} ${version.row}`) ?? []) {
      const isSuccessor =
        (other.field === version.field || other.field === lifeField) && knows(other.context, version);
      // Two equal edits are one wish: what became of the one that won became of both.
      const isTwin =
        other.field === version.field &&
        sameValue(other.value, version.value) &&
        compareVersions(other, version) > 0;
      if ((isSuccessor || isTwin) && knows(disk.vector, other) && this.#stands(other, disk, seen))
        return true;
    }
    if (version.field === lifeField) {
      const life = lifeIn(disk, version, this.#bySlot.get(`${version.table} ${version.row}`) ?? []);
      return isAlive(life) === isAlive(version.life);
    }
    return false;
  }
}

const lifeIn = (disk: Kept, { table, row }: Version, written: readonly Version[]): number => {
  let life = 0;
  for (const field of new Set(written.map((version) => version.field)))
    life = Math.max(life, disk.version(table, row, field)?.life ?? 0);
  return life;
};

const nameOf = ({ table, row, field }: Version): string => `${table}/${row}/${field}`;
