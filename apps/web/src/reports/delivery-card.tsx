import { Alert, Button, Card, CardBody, CardHeader, CardTitle, Label, Stack } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type {
  DestinationKind,
  ReportDelivery,
  ReportDestination,
  ReportSent,
} from "@tandem/central-api/metering";
import { routes } from "@tandem/central-api/routes";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Problems } from "@tandem/web-components/form/problems";
import { RowButtons } from "@tandem/web-components/form/row-buttons";
import { Loaded } from "@tandem/web-components/page/loaded";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { reportDestinationsQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";
import { moment } from "../form/moment.ts";
import { type Written, WrittenAlert } from "../ha/written-alert.tsx";
import { DestinationForm, kindWords } from "./destination-form.tsx";

type Asked = { readonly what: "change" | "remove"; readonly kind: DestinationKind };

/** Where reports go to by themselves each month, what was sent, and a month's report that is sent now. */
export function DeliveryCard({ month }: { readonly month: string }) {
  const list = useQuery(reportDestinationsQuery);
  const client = useQueryClient();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [written, setWritten] = useState<Written | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: reportDestinationsQuery.queryKey });
  const took = (done: Written): void => {
    setWritten(done);
    void refresh();
  };
  const sending = useMutation({
    mutationFn: () => call(routes.sendReport, { body: { month } }),
    onSettled: refresh,
  });
  const destinations = list.data?.destinations ?? [];
  const has = destinations.length > 0;
  const close = () => setAsked(null);
  return (
    <Card>
      <CardHeader
        hasWrap
        actions={{
          actions: (
            <Button
              variant="secondary"
              isAriaDisabled={!has || sending.isPending}
              title={has ? "" : "No destination is set"}
              isLoading={sending.isPending}
              onClick={() => has && !sending.isPending && sending.mutate()}
            >
              {`Send the report of ${month} now`}
            </Button>
          ),
          hasNoOffset: true,
        }}
      >
        <CardTitle component="h2">Monthly delivery</CardTitle>
      </CardHeader>
      <CardBody>
        <Stack hasGutter>
          <WrittenAlert written={written} onClose={() => setWritten(null)} />
          <Problems error={sending.error} />
          {sending.data && <SentAlerts sent={sending.data} />}
          <Loaded query={list}>
            {(known) => (
              <>
                <DestinationsTable destinations={known.destinations} onAsk={setAsked} />
                <DeliveriesTable deliveries={known.deliveries} />
              </>
            )}
          </Loaded>
        </Stack>
        {asked?.what === "change" && (
          <DestinationForm
            kind={asked.kind}
            destination={destinations.find(({ kind }) => kind === asked.kind) ?? null}
            onWritten={took}
            onClose={close}
          />
        )}
        {asked?.what === "remove" && (
          <FormDialogue
            title={`Send no reports by ${kindWords[asked.kind].toLowerCase()} any more`}
            action="Remove"
            size="small"
            isDanger
            description="Its address and its secret are forgotten; reports can still be downloaded."
            send={async () => {
              const params = { kind: asked.kind };
              const { acknowledged } = await call(routes.removeReportDestination, { params });
              took({ what: `${kindWords[asked.kind]} of monthly reports is removed`, acknowledged });
            }}
            onClose={close}
          />
        )}
      </CardBody>
    </Card>
  );
}

export const SentAlerts = ({ sent }: { readonly sent: ReportSent }) =>
  sent.results.map(({ kind, delivered, error, remedy }) => (
    <Alert
      key={kind}
      variant={delivered ? "success" : "danger"}
      isInline
      isLiveRegion
      title={`${kindWords[kind]}: ${delivered ? "the report was delivered" : `not delivered: ${error ?? "the reason is not known"}`}`}
    >
      {remedy}
    </Alert>
  ));

const destinationKinds = ["email", "webhook"] as const;

type DestinationsProps = {
  readonly destinations: readonly ReportDestination[];
  readonly onAsk: (asked: Asked) => void;
};

export const DestinationsTable = ({ destinations, onAsk }: DestinationsProps) => (
  <Table aria-label="Destinations of reports" variant="compact">
    <Thead>
      <Tr>
        <Th>By</Th>
        <Th>Address</Th>
        <Th>State</Th>
        <Th screenReaderText="Actions" />
      </Tr>
    </Thead>
    <Tbody>
      {destinationKinds.map((kind) => {
        const destination = destinations.find((each) => each.kind === kind);
        const change = () => onAsk({ what: "change", kind });
        return (
          <Tr key={kind}>
            <Td dataLabel="By">{kindWords[kind]}</Td>
            <Td dataLabel="Address" modifier="breakWord">
              {destination && addressOf(destination)}
            </Td>
            <Td dataLabel="State">
              <Label color={destination?.enabled ? "green" : "grey"} isCompact>
                {destination === undefined ? "not set" : destination.enabled ? "each month" : "off"}
              </Label>
            </Td>
            <Td dataLabel="Do">
              {destination === undefined ? (
                <Button
                  variant="link"
                  size="sm"
                  aria-label={`Set up ${kindWords[kind].toLowerCase()}`}
                  onClick={change}
                >
                  Set up
                </Button>
              ) : (
                <RowButtons
                  name={kindWords[kind].toLowerCase()}
                  onChange={change}
                  onRemove={() => onAsk({ what: "remove", kind })}
                />
              )}
            </Td>
          </Tr>
        );
      })}
    </Tbody>
  </Table>
);

const addressOf = ({ kind, address, to }: ReportDestination): string =>
  kind === "email" ? `${to.join(", ")} by ${address}` : address;

const stateColours = { sending: "blue", sent: "green", failed: "red" } as const satisfies Record<
  ReportDelivery["state"],
  string
>;
const whatWords = { usage: "Usage of", "over-limit": "Above their licence on" } as const;

function DeliveriesTable({ deliveries }: { readonly deliveries: readonly ReportDelivery[] }) {
  if (deliveries.length === 0) return null;
  return (
    <Table aria-label="Reports that were sent" variant="compact">
      <Thead>
        <Tr>
          <Th>Report</Th>
          <Th>By</Th>
          <Th>State</Th>
          <Th>Begun</Th>
          <Th>Ended</Th>
          <Th>Tries</Th>
        </Tr>
      </Thead>
      <Tbody>
        {deliveries.map((delivery) => (
          <Tr key={`${delivery.what} ${delivery.period} ${delivery.kind} ${delivery.begunAt}`}>
            <Td dataLabel="Report">{`${whatWords[delivery.what]} ${delivery.period}`}</Td>
            <Td dataLabel="By">{kindWords[delivery.kind]}</Td>
            <Td dataLabel="State" modifier="breakWord">
              <div>
                <Label color={stateColours[delivery.state]} isCompact>
                  {delivery.state}
                </Label>{" "}
                {delivery.message}
              </div>
            </Td>
            <Td dataLabel="Begun">{moment(delivery.begunAt)}</Td>
            <Td dataLabel="Ended">{delivery.endedAt === null ? "" : moment(delivery.endedAt)}</Td>
            <Td dataLabel="Tries">{delivery.tries}</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
