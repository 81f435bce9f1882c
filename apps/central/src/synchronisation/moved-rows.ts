/**
 * Rows of a switchable table on their way between a unit's own replica and the shared one (SPEC CH4). They arrive as
 * changes that knew nothing of what is there: equal rows meet in silence, and where two units' rows of one id say
 * different things the later edit wins and the other stands in Conflicts. Author, unit and time stay those of the edit.
 */
import type { Incarnation } from "@tandem/base/ids";
import type { Table } from "@tandem/replica/schema";
import { type Delta, emptyVector, incarnationFor, lifeField, type Version } from "@tandem/replica/version";

/** Where rows are: in a generation of the shared state, or 0, a unit's own. */
export type Home = number;
export const own: Home = 0;

export const keyIn = (home: Home, id: string): string => `${home}/${id}`;
/** The id in a key of `home`; undefined for a key of another. */
export const idIn = (home: Home, key: string): string | undefined =>
  key.startsWith(`${home}/`) ? key.slice(`${home}/`.length) : undefined;

export type VersionsOf = (table: string, key: string) => readonly Version[];

const lifeIn = (versions: readonly Version[]): number => Math.max(0, ...versions.map(({ life }) => life));

/**
 * The existing rows of `tables` in `from`, as they will be in `to`. `minted` is new, and of this move alone: a replica
 * that knows of an incarnation of it has taken the move, whole.
 */
export function movedRows(
  source: { readonly keys: (table: Table) => readonly string[]; readonly versionsOf: VersionsOf },
  from: Home,
  target: { readonly versionsOf: VersionsOf },
  to: Home,
  tables: readonly Table[],
  minted: Incarnation,
): Delta {
  const items: Version[] = [];
  const claim: { [incarnation: Incarnation]: number } = {};
  let clock = 0;
  for (const table of tables)
    for (const key of source.keys(table)) {
      const id = idIn(from, key);
      if (id === undefined) continue;
      const row = keyIn(to, id);
      const versions = source.versionsOf(table.name, key);
      const lifeThere = lifeIn(target.versionsOf(table.name, row));
      // A row that exists there is met as it is; one that was deleted begins another life.
      const life = lifeThere % 2 === 1 ? lifeThere : lifeThere + 1;
      const lifeHere = lifeIn(versions);
      for (const version of versions) {
        if (version.life !== lifeHere) continue;
        const value = version.field === "generation" ? to : version.value;
        const since = table.fields.get(version.field)?.since ?? table.since;
        const incarnation = incarnationFor(minted, since);
        const seq = (claim[incarnation] ?? 0) + 1;
        claim[incarnation] = seq;
        items.push({
          ...version,
          row,
          life,
          value: version.field === lifeField ? "exists" : value,
          incarnation,
          seq,
          context: emptyVector,
        });
        clock = Math.max(clock, version.clock);
      }
    }
  return { base: emptyVector, claim: Object.freeze(claim), clock, items };
}
