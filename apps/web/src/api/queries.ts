import type { LogPage } from "@tandem/central-api/logs";
import { routes } from "@tandem/central-api/routes";
import type { RunsQuery } from "@tandem/central-api/schedule";
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type LogChoice, logQueryOf } from "../logs/log-choice.ts";
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

const logPageLines = 100;
/** A search for what is rare is answered with empty pages on its way; so many are asked for in one go. */
const logPagesInOneGo = 10;

async function readLogPage(choice: LogChoice, before: string | undefined): Promise<LogPage> {
  let next = before;
  for (let asked = 1; ; asked += 1) {
    const page: LogPage = await call(routes.searchLogs, {
      query: {
        ...logQueryOf(choice),
        limit: String(logPageLines),
        ...(next === undefined ? {} : { before: next }),
      },
    });
    if (page.lines.length > 0 || page.next === null || asked === logPagesInOneGo) return page;
    next = page.next;
  }
}

/** What is found stays as it was found until it is searched anew. */
export const logsQuery = (choice: LogChoice) =>
  infiniteQueryOptions({
    queryKey: ["logs", choice],
    queryFn: ({ pageParam }) => readLogPage(choice, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });

/** The newest lines, as they come. */
export const logTailQuery = (choice: LogChoice) =>
  queryOptions({
    queryKey: ["logs", "tail", choice],
    queryFn: () => readLogPage(choice, undefined),
    refetchInterval: liveIntervalMs,
    gcTime: 0,
  });

export const logStatusQuery = queryOptions({
  queryKey: ["logs", "status"],
  queryFn: () => call(routes.logStatus, {}),
  refetchInterval: slowIntervalMs,
});

export const notificationsQuery = queryOptions({
  queryKey: ["notifications"],
  queryFn: () => call(routes.listNotifications, {}),
  refetchInterval: slowIntervalMs / 2,
});

export const synchronisedQuery = queryOptions({
  queryKey: ["synchronised"],
  queryFn: () => call(routes.haSynchronised, {}),
  refetchInterval: slowIntervalMs / 2,
});

export const filesQuery = queryOptions({
  queryKey: ["ha", "files"],
  queryFn: () => call(routes.haFiles, {}),
  refetchInterval: slowIntervalMs / 2,
});

/** Asked of the device itself, which answers so many calls in a while: seldom, and when an operator wants it. */
export const deviceServicesQuery = (id: string) =>
  queryOptions({
    queryKey: ["devices", id, "services"],
    queryFn: () => call(routes.listDeviceServices, { params: { id } }),
    refetchInterval: 3 * slowIntervalMs,
  });

/** Of one HA group, the newest first; how far the one under way is. */
export const drillsQuery = (group: string) =>
  queryOptions({
    queryKey: ["ha-groups", group, "drills"],
    queryFn: () => call(routes.listDrills, { params: { id: group } }),
    refetchInterval: liveIntervalMs / 2,
  });

export const ownLicenceQuery = queryOptions({
  queryKey: ["own-licence"],
  queryFn: () => call(routes.ownLicence, {}),
  refetchInterval: slowIntervalMs / 2,
});

export const licenceIssuersQuery = queryOptions({
  queryKey: ["own-licence", "issuers"],
  queryFn: () => call(routes.listLicenceIssuers, {}),
  refetchInterval: slowIntervalMs,
});

export const licensingQuery = queryOptions({
  queryKey: ["licensing"],
  queryFn: () => call(routes.licensingOverview, {}),
  refetchInterval: slowIntervalMs / 2,
});

export const licensingRulesQuery = queryOptions({
  queryKey: ["licensing", "rules"],
  queryFn: () => call(routes.licensingRules, {}),
});

export const licensedUnitsQuery = queryOptions({
  queryKey: ["licensing", "units"],
  queryFn: () => call(routes.listLicensedUnits, {}),
  refetchInterval: slowIntervalMs / 2,
});

export const meteringMonthsQuery = queryOptions({
  queryKey: ["metering", "months"],
  queryFn: () => call(routes.meteringMonths, {}),
  refetchInterval: 6 * slowIntervalMs,
});

/** Read out of all samples of a month: seldom. */
export const monthUsageQuery = (month: string) =>
  queryOptions({
    queryKey: ["metering", "months", month],
    queryFn: () => call(routes.monthUsage, { params: { month } }),
    refetchInterval: 6 * slowIntervalMs,
    placeholderData: keepPreviousData,
  });

export const reportDestinationsQuery = queryOptions({
  queryKey: ["metering", "destinations"],
  queryFn: () => call(routes.listReportDestinations, {}),
  refetchInterval: slowIntervalMs / 2,
});
