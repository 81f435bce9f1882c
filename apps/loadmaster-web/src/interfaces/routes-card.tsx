import { useQuery } from "@tanstack/react-query";
import { routesQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";
import { useLack } from "../session/use-lack.ts";
import { EntriesCard } from "../settings/entries-card.tsx";

/** Static routes of this unit; the default route is that of the machine. */
export function RoutesCard() {
  const { view } = useLive();
  const lacks = useLack("addroute");
  return (
    <EntriesCard
      title="Additional Routes"
      about="Networks beyond a router of this unit's own networks. The default route is that of the machine."
      label="Routes"
      none="There is no route."
      query={useQuery(routesQuery)}
      queryKey={routesQuery.queryKey}
      entryOf={({ Destination, Gateway }) => ({
        texts: [Destination, Gateway],
        key: Destination,
        name: Destination,
      })}
      fields={[
        { name: "dest", label: "Destination", help: "An IPv4 network such as 10.9.0.0/16, or an address" },
        { name: "gateway", label: "Gateway" },
      ]}
      reason={readOnlyReason(view, "unit") ?? lacks}
      addTitle="Add a route"
      removeTitle={(dest) => `Remove the route to ${dest}?`}
      add={([dest, gateway]) => command("addroute", { dest, gateway })}
      remove={(dest) => command("delroute", { dest })}
    />
  );
}
