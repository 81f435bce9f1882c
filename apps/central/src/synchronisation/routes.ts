import { routes } from "@tandem/central-api/routes";
import type { HaSynchronisedChange, HaSynchronisedWritten } from "@tandem/central-api/synchronised";
import type { Table } from "@tandem/replica/schema";
import type { RouteRegistry } from "../api/route-registry.ts";
import type { FileTransfer } from "../files/file-transfer.ts";
import { Refusal, written } from "../refusal.ts";
import { centralVersion } from "../version.ts";
import type { OptionalRows } from "./optional-rows.ts";
import { type SwitchedTables, switchTitles, synchronisedOf } from "./synchronised.ts";
import { switchNames } from "./tables.ts";

export function registerSynchronisationRoutes(
  { route }: RouteRegistry,
  optional: OptionalRows,
  transfer: FileTransfer,
  tables: readonly Table[],
  switched: SwitchedTables,
): void {
  const list = () => synchronisedOf(tables, switched, (name) => optional.state(name), optional.tag);
  const turn = async (
    wanted: HaSynchronisedChange,
    tag: string | undefined,
    author: string,
  ): Promise<HaSynchronisedWritten> => {
    const unavailable = switchNames.filter((name) => wanted[name] && !optional.state(name).isAvailable);
    if (unavailable.length > 0)
      throw new Refusal(
        400,
        ...unavailable.map((name) => ({
          code: "switch-not-available",
          field: name,
          value: true,
          message: `${switchTitles[name]} cannot be synchronised by version ${centralVersion} yet`,
          remedy: "leave it off, and make the same entries on each unit",
        })),
      );
    const acknowledged = written(await optional.turn(wanted, tag, author));
    return { ...list(), acknowledged };
  };
  route(routes.haSynchronised, list);
  route(routes.changeSynchronised, ({ body, tag }, { caller }) => turn(body, tag, caller.author));
  route(routes.haFiles, () => transfer.status());
}
