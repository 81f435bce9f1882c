import {
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  Content,
  EmptyState,
  EmptyStateBody,
  Stack,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { DeviceService, DeviceServiceList } from "@tandem/central-api/device-services";
import { routes } from "@tandem/central-api/routes";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { RowButtons } from "@tandem/web-components/form/row-buttons";
import { Loaded } from "@tandem/web-components/page/loaded";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { deviceServicesQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";
import { type Written, WrittenAlert } from "../ha/written-alert.tsx";
import { MovedOnAlert, movedOnIn } from "./moved-on.tsx";
import { ServiceForm } from "./service-form.tsx";

/** What was read when the operator began: a change is based on that, not on what was read since. */
type Asked = {
  readonly kind: "form" | "remove";
  readonly service: DeviceService | null;
  readonly revision: string | null;
};

/** The virtual services of a device as it has them now; changed on either unit at all times (SPEC CE2, CH2). */
export function ServicesCard({ device }: { readonly device: string }) {
  const query = deviceServicesQuery(device);
  const list = useQuery(query);
  const client = useQueryClient();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [written, setWritten] = useState<Written | null>(null);
  const took = (what: Written): void => {
    setWritten(what);
    void client.invalidateQueries({ queryKey: query.queryKey });
  };
  const close = () => setAsked(null);
  return (
    <Card>
      <CardHeader
        hasWrap
        actions={{
          actions: (
            <>
              <Button variant="secondary" isLoading={list.isFetching} onClick={() => void list.refetch()}>
                Refresh
              </Button>
              <Button
                isDisabled={list.data === undefined}
                onClick={() =>
                  setAsked({ kind: "form", service: null, revision: list.data?.revision ?? null })
                }
              >
                Add a virtual service
              </Button>
            </>
          ),
          hasNoOffset: true,
        }}
      >
        <CardTitle component="h2">Virtual services</CardTitle>
      </CardHeader>
      <CardBody>
        <Stack hasGutter>
          <WrittenAlert written={written} onClose={() => setWritten(null)} />
          <Loaded query={list}>
            {(shown) => (
              <ServicesTable
                list={shown}
                onAsk={(kind, service) => setAsked({ kind, service, revision: shown.revision })}
              />
            )}
          </Loaded>
        </Stack>
        {asked?.kind === "form" && (
          <ServiceForm
            device={device}
            service={asked.service}
            revision={asked.revision}
            readAnew={async () => (await list.refetch()).data}
            onWritten={took}
            onClose={close}
          />
        )}
        {asked?.kind === "remove" && asked.service && (
          <FormDialogue
            title={`Remove ${placeOf(asked.service)}`}
            action="Remove"
            size="small"
            isDanger
            description="The device stops serving it at once."
            fields={["basedOn"]}
            send={async () => {
              const { service = "" } = asked.service ?? {};
              const { acknowledged } = await call(routes.removeDeviceService, {
                params: { id: device, service },
                query: asked.revision === null ? {} : { basedOn: asked.revision },
              }).finally(() => client.invalidateQueries({ queryKey: query.queryKey }));
              took({
                what: `Virtual service ${asked.service ? placeOf(asked.service) : service} is removed`,
                acknowledged,
              });
            }}
            onClose={close}
          >
            {(error) => {
              const movedOn = movedOnIn(error);
              return movedOn && <MovedOnAlert movedOn={movedOn} />;
            }}
          </FormDialogue>
        )}
      </CardBody>
    </Card>
  );
}

/** Services that one page shows. */
const servicesShownMax = 500;
/** Real servers that one row names. */
const serversNamedMax = 8;

type TableProps = {
  readonly list: DeviceServiceList;
  readonly onAsk: (kind: Asked["kind"], service: DeviceService) => void;
};

export function ServicesTable({ list, onAsk }: TableProps) {
  const { services, revision } = list;
  if (services.length === 0)
    return (
      <EmptyState headingLevel="h3" titleText="No virtual services">
        <EmptyStateBody>The device serves nothing yet.</EmptyStateBody>
      </EmptyState>
    );
  return (
    <>
      <Table aria-label="Virtual services" variant="compact">
        <Thead>
          <Tr>
            <Th modifier="nowrap">Address</Th>
            <Th modifier="nowrap">Name</Th>
            <Th modifier="nowrap">Status</Th>
            <Th modifier="nowrap">Real servers</Th>
            <Th modifier="nowrap">Last changed</Th>
            <Th screenReaderText="Actions" />
          </Tr>
        </Thead>
        <Tbody>
          {services.slice(0, servicesShownMax).map((service) => {
            const place = placeOf(service);
            return (
              <Tr key={service.service}>
                <Td dataLabel="Address">{place}</Td>
                <Td dataLabel="Name">{service.name}</Td>
                <Td dataLabel="Status">{service.status}</Td>
                <Td dataLabel="Real servers">{serversOf(service)}</Td>
                <Td dataLabel="Last changed">{service.managed ? "through Central" : "on the device"}</Td>
                <Td dataLabel="Do">
                  <RowButtons
                    name={place}
                    // A service on every port is changed on the device itself.
                    {...(service.port === everyPort ? {} : { onChange: () => onAsk("form", service) })}
                    onRemove={() => onAsk("remove", service)}
                  />
                </Td>
              </Tr>
            );
          })}
        </Tbody>
      </Table>
      {services.length > servicesShownMax && (
        <Content component="small">{`and ${services.length - servicesShownMax} more`}</Content>
      )}
      <Content component="small">
        {revision === null
          ? "This device has no revision: a change is not compared with what others did meanwhile."
          : `As of revision ${revision} of the device's configuration.`}
      </Content>
    </>
  );
}

const everyPort = 0;
const socketOf = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  `${address}:${port === everyPort ? "*" : port}`;
/** A service over TCP and one over UDP may have the same address and port. */
const placeOf = (service: DeviceService): string => `${socketOf(service)}/${service.protocol}`;

function serversOf({ servers }: DeviceService): string {
  const named = servers.slice(0, serversNamedMax).map((server) => `${socketOf(server)} ${server.status}`);
  const more = servers.length - named.length;
  return servers.length === 0 ? "none" : named.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
