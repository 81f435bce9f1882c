/** CH17: equal vectors, equal states; version for version. */
import { equalVectors, versionId } from "@tandem/replica/version";
import type { Kept, Report } from "./violation.ts";

export function checkEqualStates(a: Kept, b: Kept, report: Report): void {
  if (!equalVectors(a.vector, b.vector)) return;
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const)
    for (const version of one.versions()) {
      const there = other.version(version.table, version.row, version.field);
      if (there === undefined || versionId(there) !== versionId(version)) {
        report(
          `${a.name} and ${b.name} know the same changes, and ${version.table}/${version.row}/${version.field} differs: ${versionId(version)} on ${one.name}, ${there === undefined ? "nothing" : versionId(there)} on ${other.name}`,
        );
        return;
      }
    }
}
