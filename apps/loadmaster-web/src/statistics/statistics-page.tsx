import {
  Card,
  CardBody,
  CardTitle,
  Content,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { placeText } from "@tandem/loadmaster-api/place";
import type { StatisticsView } from "@tandem/loadmaster-api/views";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { statisticsQuery } from "../api/queries.ts";
import { LiveGraphs } from "./live-graphs.tsx";
import { serviceTitle } from "./service-title.ts";

const number = (value: number): string => value.toLocaleString();

/** What the unit has counted since it began to count, and its rates now. */
export function StatisticsPage() {
  const statistics = useQuery(statisticsQuery);
  return (
    <PageFrame
      title="Real Time Statistics"
      about="Of this unit. A standby of the pair serves nothing, and so counts nothing."
    >
      <Loaded query={statistics}>
        {({ counted, history }) => (
          <>
            <TotalsCard counted={counted} />
            <LiveGraphs history={history} services={counted.Vs} />
            <ServicesCard counted={counted} />
            <ServersCard counted={counted} />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

type Props = { readonly counted: StatisticsView };

function TotalsCard({ counted: { VStotals, Counters } }: Props) {
  const facts: readonly (readonly [string, string])[] = [
    ["Connections per second", number(VStotals.ConnsPerSec)],
    ["Bits per second", number(VStotals.BitsPerSec)],
    ["Packets per second, layer 4", number(VStotals.PktsPerSec)],
    ["Connections", number(VStotals.TotalConns)],
    ["Requests", number(VStotals.Requests)],
    ["Bytes from clients", number(VStotals.BytesRead)],
    ["Bytes to clients", number(VStotals.BytesWritten)],
    ["Counted since", new Date(Counters.Since).toLocaleString()],
  ];
  return (
    <Card>
      <CardTitle component="h2">All services</CardTitle>
      <CardBody>
        <DescriptionList isCompact columnModifier={{ default: "1Col", md: "2Col", xl: "3Col" }}>
          {facts.map(([term, value]) => (
            <DescriptionListGroup key={term}>
              <DescriptionListTerm>{term}</DescriptionListTerm>
              <DescriptionListDescription>{value}</DescriptionListDescription>
            </DescriptionListGroup>
          ))}
        </DescriptionList>
      </CardBody>
    </Card>
  );
}

const ServicesCard = ({ counted: { Vs } }: Props) => (
  <CountersCard
    title="Virtual services"
    none="There is no virtual service yet."
    columns={["Virtual address", "Status", "Conns/s", "Open", "Connections", "Bytes in", "Bytes out"]}
    rows={Vs.map((each) => ({
      key: each.Index,
      cells: [
        serviceTitle(each),
        each.Status,
        number(each.ConnsPerSec),
        number(each.ActiveConns),
        number(each.TotalConns),
        number(each.BytesRead),
        number(each.BytesWritten),
      ],
    }))}
  />
);

function ServersCard({ counted: { Rs, Vs } }: Props) {
  const serviceOf = (index: number): string => {
    const found = Vs.find((each) => each.Index === index);
    return found === undefined ? String(index) : serviceTitle(found);
  };
  return (
    <CountersCard
      title="Real servers"
      none="There is no real server yet."
      columns={["Server", "Of", "Status", "Conns/s", "Open", "Connections", "Bytes"]}
      rows={Rs.map((each) => ({
        key: each.RSIndex,
        cells: [
          placeText({ address: each.Addr, port: each.Port }),
          serviceOf(each.VSIndex),
          each.Status,
          number(each.ConnsPerSec),
          number(each.ActivConns),
          number(each.Conns),
          number(each.Bytes),
        ],
      }))}
    />
  );
}

type CountersProps = {
  readonly title: string;
  readonly none: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly key: number; readonly cells: readonly string[] }[];
};

const CountersCard = ({ title, none, columns, rows }: CountersProps) => (
  <Card>
    <CardTitle component="h2">{title}</CardTitle>
    <CardBody>
      {rows.length === 0 ? (
        <Content component="p">{none}</Content>
      ) : (
        <Table aria-label={title} variant="compact">
          <Thead>
            <Tr>
              {columns.map((column) => (
                <Th key={column} modifier="wrap">
                  {column}
                </Th>
              ))}
            </Tr>
          </Thead>
          <Tbody>
            {rows.map(({ key, cells }) => (
              <Tr key={key}>
                {columns.map((column, index) => (
                  <Td key={column} dataLabel={column}>
                    {cells[index]}
                  </Td>
                ))}
              </Tr>
            ))}
          </Tbody>
        </Table>
      )}
    </CardBody>
  </Card>
);
