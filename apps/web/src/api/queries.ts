import { routes } from "@tandem/central-api/routes";
import type { RunsQuery } from "@tandem/central-api/schedule";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
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

/** Which events: of both units and of every severity when left out. */
export type EventFilter = {
  readonly unit?: "this" | "other";
  readonly severity?: "info" | "warning" | "error";
};

/** The newest first, so many. */
export const haEventsQuery = (filter: EventFilter, limit: number) =>
  queryOptions({
    queryKey: ["ha", "events", filter, limit],
    queryFn: () => call(routes.haEvents, { query: { ...filter, limit: String(limit) } }),
    refetchInterval: liveIntervalMs,
    placeholderData: keepPreviousData,
  });

export const haDifferencesQuery = queryOptions({
  queryKey: ["ha", "differences"],
  queryFn: () => call(routes.haDifferences, {}),
  refetchInterval: slowIntervalMs,
});

export const conflictsQuery = (state: "open" | "all") =>
  queryOptions({
    queryKey: ["conflicts", state],
    queryFn: () => call(routes.listConflicts, { query: { state } }),
    refetchInterval: liveIntervalMs,
    placeholderData: keepPreviousData,
  });

export const statisticsQuery = (choice: Choice) =>
  queryOptions({
    queryKey: ["statistics", choice],
    queryFn: () => call(routes.statistics, { query: queryOf(choice, Date.now()) }),
    refetchInterval: 3 * slowIntervalMs,
  });

export const scheduledActionsQuery = queryOptions({
  queryKey: ["schedule", "actions"],
  queryFn: () => call(routes.listScheduledActions, {}),
  refetchInterval: slowIntervalMs / 2,
});

/** Which runs: of every action, device and state when left out. */
export type RunFilter = Pick<RunsQuery, "action" | "device" | "state">;

/** The newest first, so many. */
export const runsQuery = (filter: RunFilter, limit: number) =>
  queryOptions({
    queryKey: ["schedule", "runs", filter, limit],
    queryFn: () => call(routes.listRuns, { query: { ...filter, limit: String(limit) } }),
    refetchInterval: liveIntervalMs,
    placeholderData: keepPreviousData,
  });

/** `newest`: the newest run that took one, so that its backup is asked for as soon as the run is known. */
export const snapshotsQuery = (newest: string | undefined) =>
  queryOptions({
    queryKey: ["schedule", "snapshots", newest],
    queryFn: () => call(routes.listSnapshots, { query: {} }),
    refetchInterval: slowIntervalMs,
    placeholderData: keepPreviousData,
  });
