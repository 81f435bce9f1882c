/** A deleted row stays deleted, unless it was created anew by somebody who had seen the deletion (V2, V3). */
import { isAlive } from "@tandem/replica/rows";
import {
  compareVersions,
  knows,
  lifeField,
  type Version,
  type VersionId,
  versionId,
} from "@tandem/replica/version";
import type { Kept, Report } from "./violation.ts";

export class DeletedRows {
  readonly #report: Report;
  readonly #registers = new Map<string, Map<VersionId, Version>>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** Each version that comes onto a disk. */
  stored(version: Version): void {
    if (version.field !== lifeField) return;
    const row = `${version.table} ${version.row}`;
    const versions = this.#registers.get(row) ?? new Map();
    this.#registers.set(row, versions.set(versionId(version), version));
  }

  check(disk: Kept): void {
    for (const versions of this.#registers.values()) {
      const known = [...versions.values()].filter((version) => knows(disk.vector, version));
      const [any] = known;
      if (any === undefined) continue;
      const now = disk.version(any.table, any.row, lifeField);
      if (now === undefined || !isAlive(now.life)) continue;
      for (const deletion of known) {
        if (isAlive(deletion.life)) continue;
        // Who had seen an equal deletion that won had seen this one: two equal edits are one wish.
        const isTwin = (other: Version): boolean =>
          other.life === deletion.life && compareVersions(other, deletion) >= 0;
        const twins = [...versions.values()].filter(isTwin);
        const isSeen = known.some(
          ({ life, context }) => isAlive(life) && twins.some((twin) => knows(context, twin)),
        );
        const isListed = disk.version("conflicts", versionId(deletion), "entry") !== undefined;
        if (now.life <= deletion.life || !(isSeen || isListed))
          this.#report(
            `${any.table}/${any.row} was deleted by ${deletion.author} and lives on ${disk.name}, created by ${now.author}, who had not seen that`,
          );
      }
    }
  }
}
