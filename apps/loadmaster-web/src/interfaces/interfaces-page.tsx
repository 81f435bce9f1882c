import { Card, CardBody } from "@patternfly/react-core";
import type { InterfaceView } from "@tandem/loadmaster-api/views";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { RowTable } from "@tandem/web-components/page/row-table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { interfacesQuery } from "../api/queries.ts";
import { AddressHint } from "../live/address-hint.tsx";
import { InterfaceForm } from "./interface-form.tsx";
import { RoutesCard } from "./routes-card.tsx";

/** The unit's interfaces with the addresses that HA needs (SPEC LH6, LH7). */
export function InterfacesPage() {
  const interfaces = useQuery(interfacesQuery);
  const [changed, setChanged] = useState<InterfaceView | null>(null);
  return (
    <PageFrame
      title="Interfaces"
      about="An interface's own address stands in the unit's configuration file. Here are the addresses of the pair on it, and whether the loss of its network counts in HA."
    >
      <AddressHint />
      <Card>
        <CardBody>
          <Loaded query={interfaces}>
            {(list) => (
              <RowTable
                label="Interfaces"
                rows={list}
                none="There is no interface."
                nameOf={({ Id }) => `interface ${Id}`}
                columns={[
                  ["Interface", ({ Id, DefaultInterface }) => (DefaultInterface ? `${Id} (default)` : Id)],
                  ["Own address", (each) => both(each.IPAddress, each.IPv6Address)],
                  ["Shared address", (each) => both(each.SharedIPAddress, each.SharedIPv6Address)],
                  ["Partner's address", ({ PartnerIPAddress }) => PartnerIPAddress ?? "none"],
                  ["HA check", checkInWords],
                ]}
                acts={(each) => [{ label: "Change", act: () => setChanged(each) }]}
              />
            )}
          </Loaded>
        </CardBody>
      </Card>
      <RoutesCard />
      {changed !== null && <InterfaceForm shown={changed} onClose={() => setChanged(null)} />}
    </PageFrame>
  );
}

/** Addresses of IPv4 and IPv6 in one cell. */
const both = (...addresses: readonly (string | undefined)[]): string =>
  addresses.filter((each) => each !== undefined).join(", ") || "none";

const checkInWords = ({ HACheck, HAGateway }: InterfaceView): string =>
  HACheck ? (HAGateway === undefined ? "carrier" : `carrier and gateway ${HAGateway}`) : "none";
