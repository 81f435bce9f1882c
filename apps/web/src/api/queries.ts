import { routes } from "@tandem/central-api/routes";
import { queryOptions } from "@tanstack/react-query";
import { type Choice, queryOf } from "../statistics/choice.ts";
import { call, rememberCsrf } from "./transport.ts";

const liveIntervalMs = 2_000;
const slowIntervalMs = 10_000;

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async () => {
    const session = await call(routes.whoAmI, {});
    rememberCsrf(session.csrf);
    return session;
  },
  retry: false,
  staleTime: Number.POSITIVE_INFINITY,
});

export const aboutQuery = queryOptions({
  queryKey: ["about"],
  queryFn: () => call(routes.about, {}),
  staleTime: slowIntervalMs,
});

export const treeQuery = queryOptions({
  queryKey: ["tree"],
  queryFn: () => call(routes.tree, {}),
  refetchInterval: slowIntervalMs / 2,
});

export const haQuery = queryOptions({
  queryKey: ["ha"],
  queryFn: () => call(routes.ha, {}),
  refetchInterval: liveIntervalMs,
});

export const haEventsQuery = queryOptions({
  queryKey: ["ha", "events"],
  queryFn: () => call(routes.haEvents, { query: { limit: "20" } }),
  refetchInterval: liveIntervalMs,
});

export const statisticsQuery = (choice: Choice) =>
  queryOptions({
    queryKey: ["statistics", choice],
    queryFn: () => call(routes.statistics, { query: queryOf(choice, Date.now()) }),
    refetchInterval: 3 * slowIntervalMs,
  });
