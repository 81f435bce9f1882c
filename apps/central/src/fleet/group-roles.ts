/** Which member of a group is active, and the changes of that, each told once (SPEC CH19). Pure. */
import type { RoleChange } from "@tandem/central-api/ha-groups";
import { roleChangesMax } from "@tandem/central-api/ha-groups";

export type KnownRole = {
  /** Device id. */
  readonly active: string;
  /** When that member says that it became active, else when it was seen. */
  readonly since: string;
  /** The latest first. */
  readonly changes: readonly RoleChange[];
};

/** A unit tells whole seconds; two moments this near are one. */
const sameMomentMs = 2_000;

/**
 * What is known after a member was seen active; null when that is nothing new. The first sight is no change. A member
 * that became active anew since it was last seen has been something else in between: a change as well.
 */
export function afterActiveSeen(
  before: KnownRole | undefined,
  seen: { readonly active: string; readonly since: string | null; readonly at: string },
): { readonly after: KnownRole; readonly change: RoleChange | null } | null {
  const { active } = seen;
  const at = seen.since ?? seen.at;
  if (before === undefined) return { after: { active, since: at, changes: [] }, change: null };
  // What this unit saw before the change that the other one has told already is no news.
  if (Date.parse(seen.at) < Date.parse(before.since)) return null;
  const isAnew =
    before.active === active &&
    seen.since !== null &&
    Date.parse(seen.since) - Date.parse(before.since) >= sameMomentMs;
  if (before.active === active && !isAnew) return null;
  const change = { at, from: before.active, to: active };
  return {
    after: { active, since: at, changes: [change, ...before.changes].slice(0, roleChangesMax) },
    change,
  };
}
