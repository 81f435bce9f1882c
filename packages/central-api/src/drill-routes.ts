/** The routes of failover drills; part of the one table in `routes.ts`. */
import { Drill, DrillList, DrillNew, DrillParams, DrillStarted, DrillsQuery } from "./drills.ts";
import { HaGroupParams } from "./ha-groups.ts";
import type { Route } from "./routes.ts";

export const drillRoutes = {
  startDrill: {
    method: "POST",
    path: "/ha-groups/:id/drills",
    access: "user",
    tags: ["fleet"],
    summary: "Move the role of an HA group under a prober, and measure the outage against a budget",
    status: 201,
    params: HaGroupParams,
    body: DrillNew,
    answer: DrillStarted,
  },
  listDrills: {
    method: "GET",
    path: "/ha-groups/:id/drills",
    access: "user",
    tags: ["fleet"],
    summary: "Drills of an HA group, newest first",
    status: 200,
    params: HaGroupParams,
    query: DrillsQuery,
    answer: DrillList,
  },
  readDrill: {
    method: "GET",
    path: "/ha-groups/:id/drills/:drill",
    access: "user",
    tags: ["fleet"],
    summary: "One drill: how far it is, or what it measured",
    status: 200,
    params: DrillParams,
    answer: Drill,
  },
} as const satisfies { readonly [name: string]: Route };
