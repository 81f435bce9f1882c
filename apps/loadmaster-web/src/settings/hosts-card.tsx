import { useQuery } from "@tanstack/react-query";
import { hostsQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";
import { useLack } from "../session/use-lack.ts";
import { EntriesCard } from "./entries-card.tsx";

/** Names that this unit knows the addresses of by itself. */
export function HostsCard() {
  const { view } = useLive();
  const lacks = useLack("addhostsentry");
  return (
    <EntriesCard
      title="Hosts for Local Resolution"
      about="Syslog hosts, ping and traceroute go by these names; the machine's own files stay as they are."
      label="Hosts"
      none="There is no entry."
      query={useQuery(hostsQuery)}
      queryKey={hostsQuery.queryKey}
      entryOf={({ HostIPAddress, HostFQDN }) => ({
        texts: [HostIPAddress, HostFQDN],
        key: HostIPAddress,
        name: HostFQDN,
      })}
      fields={[
        { name: "hostip", label: "Address", help: "IPv4 or IPv6" },
        { name: "hostfqdn", label: "Name" },
      ]}
      reason={readOnlyReason(view, "unit") ?? lacks}
      addTitle="Add an entry"
      removeTitle={(hostip) => `Remove the entry of ${hostip}?`}
      add={([hostip, hostfqdn]) => command("addhostsentry", { hostip, hostfqdn })}
      remove={(hostip) => command("delhostsentry", { hostip })}
    />
  );
}
