import type { HaView } from "@tandem/loadmaster-api/ha-view";
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { sessionQuery } from "../api/queries.ts";
import { presentState } from "../api/transport.ts";
import { followStatus } from "./follow-status.ts";

export type Live = {
  /** The last that was heard; null before anything was. */
  readonly view: HaView | null;
  readonly connection: "opening" | "open" | "lost";
};

export const LiveContext = createContext<Live>({ view: null, connection: "opening" });

export const useLive = (): Live => useContext(LiveContext);

/** Gives the unit's present state to all that stands in it. */
export function LiveStatus({ children }: { readonly children: ReactNode }) {
  const [live, setLive] = useState<Live>({ view: null, connection: "opening" });
  const client = useQueryClient();
  useEffect(
    () =>
      followStatus({
        view: (view) => setLive({ view, connection: "open" }),
        lost: () => setLive(({ view }) => ({ view, connection: "lost" })),
        signedOut: () => void client.resetQueries({ queryKey: sessionQuery.queryKey }),
        ask: presentState,
      }),
    [client],
  );
  return <LiveContext value={live}>{children}</LiveContext>;
}
