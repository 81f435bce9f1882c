import { queryOptions } from "@tanstack/react-query";
import { type History, withAnswer } from "../statistics/history.ts";
import { command, whoAmI } from "./transport.ts";

const procedureIntervalMs = 1_000;
const liveIntervalMs = 2_000;
const slowIntervalMs = 10_000;

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: whoAmI,
  retry: false,
  staleTime: Number.POSITIVE_INFINITY,
});

/** All parameters of the system but secrets. */
export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: () => command("getall"),
  refetchInterval: slowIntervalMs,
});

/** Whether there is a CARP password, never which. */
export const carpPasswordQuery = queryOptions({
  queryKey: ["system", "carppassword"],
  queryFn: async () => (await command("get", { param: "carppassword" })).carppassword !== "",
  refetchInterval: slowIntervalMs,
});

export const interfacesQuery = queryOptions({
  queryKey: ["interfaces"],
  queryFn: async () => (await command("showiface")).Interface,
  refetchInterval: slowIntervalMs,
});

export const servicesQuery = queryOptions({
  queryKey: ["services"],
  queryFn: async () => (await command("listvs")).VS ?? [],
  refetchInterval: slowIntervalMs,
});

export const serviceQuery = (index: string) =>
  queryOptions({
    queryKey: ["services", index],
    queryFn: () => command("showvs", { vs: index }),
    refetchInterval: slowIntervalMs,
  });

export const templatesQuery = queryOptions({
  queryKey: ["templates"],
  queryFn: async () => (await command("listtemplates")).template,
  refetchInterval: slowIntervalMs,
});

/** Content rules by type. */
export const rulesQuery = queryOptions({
  queryKey: ["rules"],
  queryFn: () => command("showrule"),
  refetchInterval: slowIntervalMs,
});

/** Of checks of all services that have no values of their own. */
export const checkParametersQuery = queryOptions({
  queryKey: ["check-parameters"],
  queryFn: () => command("showhealth"),
  refetchInterval: slowIntervalMs,
});

/** Of the schedule by the load of servers. */
export const adaptiveParametersQuery = queryOptions({
  queryKey: ["adaptive-parameters"],
  queryFn: () => command("showadaptive"),
  refetchInterval: slowIntervalMs,
});

/** What the unit says now, and what it said since the page was opened. */
export const statisticsQuery = queryOptions({
  queryKey: ["statistics"],
  queryFn: async ({ client, queryKey }) => {
    const counted = await command("stats");
    const before = client.getQueryData<{ readonly history: History }>(queryKey)?.history ?? [];
    return { counted, history: withAnswer(before, counted) };
  },
  refetchInterval: liveIntervalMs,
  // Comparing the whole history with the one before would cost more than drawing it.
  structuralSharing: false,
});

/** Of services, or those that complete the chains of others. */
export const certificatesQuery = (kind: "cert" | "intermediate") =>
  queryOptions({
    queryKey: ["certificates", kind],
    queryFn: async () =>
      (kind === "cert" ? await command("listcert") : await command("listintermediate")).cert,
    refetchInterval: slowIntervalMs,
  });

/** How far the procedure is that makes a pair or ends one. */
export const pairingQuery = queryOptions({
  queryKey: ["pairing"],
  queryFn: () => command("hapairstatus"),
  refetchInterval: ({ state }) => (state.data?.state === "running" ? procedureIntervalMs : slowIntervalMs),
});

/** This unit's licence. */
export const licenceQuery = queryOptions({
  queryKey: ["licence"],
  queryFn: () => command("licenseinfo"),
  refetchInterval: slowIntervalMs,
});

/** By their first characters. */
export const apiKeysQuery = queryOptions({
  queryKey: ["api-keys"],
  queryFn: async () => (await command("listapikeys")).apikeys,
  refetchInterval: slowIntervalMs,
});

/** Log files of this unit, and the last lines of one. */
export const logFilesQuery = queryOptions({
  queryKey: ["logs"],
  queryFn: async () => (await command("logging.listsyslogfiles")).File ?? [],
  refetchInterval: slowIntervalMs,
});

export const logLinesQuery = (file: string) =>
  queryOptions({
    queryKey: ["logs", file],
    queryFn: async () => (await command("logging.showlog", { fsel: file })).message,
    refetchInterval: liveIntervalMs,
  });

export const routesQuery = queryOptions({
  queryKey: ["routes"],
  queryFn: async () => (await command("showroute")).Route ?? [],
  refetchInterval: slowIntervalMs,
});

export const hostsQuery = queryOptions({
  queryKey: ["hosts"],
  queryFn: async () => (await command("gethosts")).HostsEntry ?? [],
  refetchInterval: slowIntervalMs,
});

/** `vs`: of one service, else of all. */
export const accessListQuery = (list: "allow" | "block", vs?: number) =>
  queryOptions({
    queryKey: ["access list", list, vs ?? "all"],
    queryFn: async () =>
      (await command("aclcontrol", vs === undefined ? { list } : { listvs: list, vs })).IP ?? [],
    refetchInterval: slowIntervalMs,
  });

export const accessSettingsQuery = queryOptions({
  queryKey: ["access settings"],
  queryFn: async () => ({
    isEnabled: (await command("aclcontrol", { isenabled: "" })).isenabled === true,
    isDrop: (await command("aclcontrol", { isdrop: "" })).isdrop === true,
  }),
  refetchInterval: slowIntervalMs,
});

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async () => (await command("userlist")).User ?? [],
  refetchInterval: slowIntervalMs,
});
