/** The list of what is and what is not synchronised (SPEC CH4), generated from the declarations of the tables. */
import type { HaSynchronised } from "@tandem/central-api/synchronised";
import { describeSynchronised, type Table } from "@tandem/replica/schema";
import type { SwitchState } from "./optional-rows.ts";
import { type SwitchName, switchNames } from "./tables.ts";

export type SwitchedTables = { readonly [name in SwitchName]: readonly Table[] };

export const switchTitles: { readonly [name in SwitchName]: string } = {
  repository: "Global Repository",
  profiles: "LoadMaster profiles",
  targetEnvironments: "Target environments",
  users: "Users, groups and API keys",
  notifications: "Notification settings",
};

/**
 * What is kept outside the declared tables, with the tables of SQLite that hold it; a test finds those that are missing
 * here.
 */
export const keptOtherwise: readonly {
  readonly what: string;
  readonly effect: string;
  readonly sqlite: readonly string[];
}[] = [
  {
    what: "versions of the declared tables' fields",
    effect: "as the declared tables say; what a unit keeps for itself is in a file of its own (unit.db)",
    sqlite: ["contexts", "versions", "vector", "hybrid_clock"],
  },
  {
    what: "files of device snapshots and of the repository",
    effect: "follow their rows to the unit that lacks them, verified by digest; others stay where they are",
    sqlite: [],
  },
  {
    what: "statistics of devices",
    effect: "polled by the Master, and sent to the Slave",
    sqlite: ["layouts", "samples", "days", "marked", "rollups"],
  },
  { what: "lines of syslog", effect: "each unit keeps what it received", sqlite: ["lines"] },
  {
    what: "timeline of events",
    effect: "each unit numbers its own entries; the other fetches them and keeps them beside its own",
    sqlite: ["events", "timeline", "foreign_logs"],
  },
  {
    what: "durable state of the pair, accounts, sessions and other documents of a unit",
    effect: "each unit keeps its own",
    sqlite: ["documents"],
  },
  {
    what: "identity, HA settings, encryption key and saved configurations",
    effect: "each unit keeps its own, outside the database",
    sqlite: [],
  },
];

type ListedTable = HaSynchronised["tables"][number];

/** What a table's declaration says about it, whatever the switches say. */
function effectOf(
  table: Table,
  switchName: SwitchName | null,
  on: boolean,
): Pick<ListedTable, "synchronised" | "effect"> {
  if (table.fields.size === 0) return { synchronised: false, effect: "each unit has its own" };
  if (switchName === null) return { synchronised: true, effect: "always on both units" };
  return on
    ? { synchronised: true, effect: "on both units, because its switch is on" }
    : { synchronised: false, effect: "each unit has its own, because its switch is off" };
}

export function synchronisedOf(
  tables: readonly Table[],
  switched: SwitchedTables,
  state: (name: SwitchName) => SwitchState,
  tag: string,
): HaSynchronised {
  const switchOf = new Map(
    switchNames.flatMap((name) => switched[name].map((table) => [table.name, name] as const)),
  );
  const columns = Map.groupBy(describeSynchronised(tables), ({ table }) => table);
  return {
    switches: switchNames.map((name) => {
      const { on, isAvailable, isMoving } = state(name);
      return { name, title: switchTitles[name], on, available: isAvailable, moving: isMoving };
    }),
    tables: [...tables]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((table) => {
        const switchName = switchOf.get(table.name) ?? null;
        return {
          table: table.name,
          switch: switchName,
          ...effectOf(table, switchName, switchName !== null && state(switchName).on),
          columns: (columns.get(table.name) ?? []).map(({ column, sync, secret }) => ({
            column,
            sync,
            secret,
          })),
        };
      }),
    otherwise: keptOtherwise.map(({ what, effect }) => ({ what, effect })),
    tag,
  };
}

/** The same as a document, with every switch off as it is by default. */
export function synchronisedDocument(tables: readonly Table[], switched: SwitchedTables): string {
  const list = synchronisedOf(
    tables,
    switched,
    (name) => ({ on: false, isAvailable: switched[name].length > 0, isMoving: false }),
    "",
  );
  const when = ({ switch: name, synchronised }: ListedTable): string =>
    name !== null ? `while the switch *${switchTitles[name]}* is on` : synchronised ? "always" : "never";
  const row = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    "# What is synchronised",
    "",
    "This page is generated from the declarations of the tables, and a test keeps it true: `UPDATE_TRANSCRIPTS=1` writes it anew. `GET /api/v1/ha/synchronised` and `tandem ctl ha synchronised` say the same of a running pair, with the switches as they stand.",
    "",
    "A *shared* column is on both units; a *local* one belongs to one unit; a *derived* one is computed or read anew on each. Values marked *secret* are encrypted on disk with each unit's own key.",
    "",
    "## Switches",
    "All are off by default. A switch is turned on either unit and takes effect on both. Turned on, the rows of both units are brought together, and none is lost: where both changed a row of one id, the later edit stands and the other is listed in Conflicts. Turned off, each unit keeps a copy of everything and goes on for itself; what was shared is removed once both units have their copies and have the same.",
    "",
    row("switch", "tables"),
    row("---", "---"),
    ...list.switches.map(({ name, title, available }) =>
      row(title, available ? switched[name].map((table) => table.name).join(", ") : "not available yet"),
    ),
    "",
    "## Tables",
    row("table", "synchronised", "columns"),
    row("---", "---", "---"),
    ...list.tables.map((table) =>
      row(
        table.table,
        when(table),
        table.columns
          .map(
            ({ column, sync, secret }) =>
              `${column}${sync === "shared" ? "" : ` (${sync})`}${secret ? " (secret)" : ""}`,
          )
          .join(", "),
      ),
    ),
    "",
    "Columns without a mark are shared.",
    "",
    "## Kept otherwise",
    row("what", "what becomes of it", "tables of SQLite"),
    row("---", "---", "---"),
    ...keptOtherwise.map(({ what, effect, sqlite }) => row(what, effect, sqlite.join(", "))),
    "",
  ].join("\n");
}
