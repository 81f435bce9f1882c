import { queryOptions } from "@tanstack/react-query";
import { command, whoAmI } from "./transport.ts";

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
