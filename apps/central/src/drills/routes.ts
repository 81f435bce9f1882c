/** Failover drills over the API. */
import type { Drill } from "@tandem/central-api/drills";
import { routes } from "@tandem/central-api/routes";
import type { RouteRegistry } from "../api/route-registry.ts";
import { Refusal } from "../refusal.ts";
import { type Drills, missingDrill } from "./drills.ts";
import type { DrillValues } from "./tables.ts";

const drillsListedDefault = 50;

export function registerDrillRoutes({ route }: RouteRegistry, drills: Drills): void {
  route(routes.startDrill, async ({ params, body }, { caller }) => {
    const { target, budgetMs, andBack = false } = body;
    const { values, acknowledged } = await drills.start(
      params.id,
      { target, budgetMs, andBack },
      caller.author,
    );
    return { ...shown(values), acknowledged };
  });
  route(routes.listDrills, ({ params, query }) => ({
    drills: drills
      .ofGroup(params.id)
      .slice(0, query?.limit === undefined ? drillsListedDefault : Number(query.limit))
      .map(({ values }) => shown(values)),
  }));
  route(routes.readDrill, ({ params }) => {
    const row = drills.drill(params.drill);
    if (row === undefined || row.values.group !== params.id)
      throw new Refusal(404, missingDrill(params.drill));
    return shown(row.values);
  });
}

const shown = ({ startedAt, endedAt, moves, ...same }: DrillValues): Drill => ({
  ...same,
  startedAt: new Date(startedAt).toISOString(),
  endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
  moves: [...moves],
});
