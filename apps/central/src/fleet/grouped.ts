/** Which devices form which group, by the shared rows alone, so that both Centrals of a pair say the same. Pure. */
import type { RowView } from "@tandem/replica/rows";
import type { SharedRows } from "./shared-rows.ts";
import { devices, haGroups } from "./tables.ts";

export type GroupRow = RowView<(typeof haGroups)["columns"]>;
type Rows = Pick<SharedRows, "rows">;
type Grouped = { readonly groups: readonly GroupRow[]; readonly byMember: ReadonlyMap<string, GroupRow> };

/** What units say of themselves goes before what an operator said, then the smaller id. */
export const groupOrder = (a: GroupRow, b: GroupRow): number =>
  a.values.origin === b.values.origin ? (a.key < b.key ? -1 : 1) : a.values.origin === "units" ? -1 : 1;

/** The list of rows is the same one until a group changes, and most questions come in between. */
const known = new WeakMap<readonly GroupRow[], Grouped>();

/**
 * A device is in one group at most. Two Centrals that were cut off from each other may have put it into two: of those
 * the first by {@link groupOrder} counts, the other as if it were not there.
 */
function grouped(shared: Rows): Grouped {
  const rows = shared.rows(haGroups);
  const before = known.get(rows);
  if (before) return before;
  const groups: GroupRow[] = [];
  const byMember = new Map<string, GroupRow>();
  for (const row of [...rows].sort(groupOrder)) {
    const { members } = row.values;
    if (members[0] === members[1] || members.some((member) => byMember.has(member))) continue;
    groups.push(row);
    for (const member of members) byMember.set(member, row);
  }
  const made = { groups, byMember };
  known.set(rows, made);
  return made;
}

export const groupRows = (shared: Rows): readonly GroupRow[] => grouped(shared).groups;

/** The group that a device is a member of. */
export const groupOf = (shared: Rows, device: string): GroupRow | undefined =>
  grouped(shared).byMember.get(device);

export const groupRow = (shared: Rows, id: string): GroupRow | undefined =>
  groupRows(shared).find(({ key }) => key === id);

/** The name of a device or of a group; undefined when there is neither. What can be called is one of these. */
export const calledName = (shared: Pick<SharedRows, "row">, id: string): string | undefined =>
  (shared.row(devices, id) ?? shared.row(haGroups, id))?.values.name;
