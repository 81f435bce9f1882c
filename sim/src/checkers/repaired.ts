/** CH17, V8: a value that rotted on one disk was found; both disks hold the same again, and what had been written is not lost. */
import { canonicalJson } from "@tandem/base/canonical-json";
import { sameValue, type Version, versionId } from "@tandem/replica/version";
import type { Kept, Report } from "./violation.ts";

/** `written`: the version as it was before; its successor is what the repair has made of it. */
export function checkRepaired(written: Version, disks: readonly [Kept, Kept], report: Report): void {
  const { table, row, field, value } = written;
  const what = `${table}/${row}/${field}`;
  const [one, other] = disks.map((disk) => disk.version(table, row, field));
  if (one === undefined || other === undefined) {
    report(
      `${what} rotted on one disk, and is gone from ${one === undefined ? disks[0].name : disks[1].name}`,
    );
    return;
  }
  if (versionId(one) !== versionId(other) || !sameValue(one.value, other.value)) {
    report(
      `${what} rotted on one disk, and differs still: ${JSON.stringify(one.value)} and ${JSON.stringify(other.value)}`,
    );
    return;
  }
  if (versionId(one) === versionId(written)) report(`${what} rotted on one disk, and was not written anew`);
  if (sameValue(one.value, value)) return;
  for (const disk of disks) {
    const listed = disk.version("conflicts", versionId(written), "entry");
    if (listed === undefined || !canonicalJson(listed.value).includes(canonicalJson(value)))
      report(
        `${what} rotted on one disk, and ${JSON.stringify(value)}, which was written, is not among the conflicts of ${disk.name}`,
      );
  }
}
