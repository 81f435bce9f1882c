/** The routes of statistics; part of the one table in `routes.ts`. */
import type { Route } from "./routes.ts";
import { StatisticsQuery, StatisticsSeries, StatisticsStatus } from "./statistics.ts";

export const statisticsRoutes = {
  statistics: {
    method: "GET",
    path: "/statistics",
    access: "user",
    tags: ["statistics"],
    summary:
      "Connections, bytes and requests over time, of a device, one of its services or servers, or a network",
    status: 200,
    query: StatisticsQuery,
    answer: StatisticsSeries,
  },
  statisticsStatus: {
    method: "GET",
    path: "/statistics/status",
    access: "user",
    tags: ["statistics"],
    summary: "Polling, keeping and shipping of statistics on this unit",
    status: 200,
    answer: StatisticsStatus,
  },
} as const satisfies { readonly [name: string]: Route };
