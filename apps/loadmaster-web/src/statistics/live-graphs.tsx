import {
  FormSelect,
  FormSelectOption,
  Grid,
  GridItem,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from "@patternfly/react-core";
import type { VirtualServiceStatistics } from "@tandem/loadmaster-api/views";
import { Chart, type Line, lineColours } from "@tandem/web-components/page/chart";
import { useMemo, useState } from "react";
import { type History, historySeconds, seriesOf } from "./history.ts";
import { serviceTitle } from "./service-title.ts";

const { first, second } = lineColours;

/** What all services, or one of them, and the machine did since the page was opened (SPEC LM3). */
export function LiveGraphs({
  history,
  services,
}: {
  readonly history: History;
  readonly services: readonly VirtualServiceStatistics[];
}) {
  const [chosen, choose] = useState("");
  const known = services.some(({ Index }) => String(Index) === chosen);
  const graphs = useMemo(
    () => graphsOf(history, known ? Number(chosen) : undefined),
    [history, chosen, known],
  );
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem>
            <FormSelect
              aria-label="Whose graphs"
              value={known ? chosen : ""}
              onChange={(_, value) => choose(value)}
            >
              <FormSelectOption value="" label="All services" />
              {services.map((each) => (
                <FormSelectOption key={each.Index} value={String(each.Index)} label={serviceTitle(each)} />
              ))}
            </FormSelect>
          </ToolbarItem>
          <ToolbarItem alignSelf="center">{`The last ${historySeconds / 60} minutes, from when this page was opened.`}</ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      <Grid hasGutter md={6}>
        {graphs.map(({ title, at, lines }) => (
          <GridItem key={title}>
            <Chart title={title} at={at} lines={lines} />
          </GridItem>
        ))}
      </Grid>
    </>
  );
}

function graphsOf(
  history: History,
  service: number | undefined,
): { readonly title: string; readonly at: readonly number[]; readonly lines: readonly Line[] }[] {
  const series = seriesOf(history, service);
  const { at } = series;
  return [
    {
      title: "Connections",
      at,
      lines: [
        { label: "new per second", colour: first, values: series.connectionsPerSecond },
        { label: "open", colour: second, values: series.open },
      ],
    },
    {
      title: "Requests per second",
      at,
      lines: [{ label: "requests", colour: first, values: series.requestsPerSecond }],
    },
    {
      title: "Bytes per second",
      at,
      lines: [
        { label: "from clients", colour: first, values: series.bytesInPerSecond },
        { label: "to clients", colour: second, values: series.bytesOutPerSecond },
      ],
    },
    {
      title: "Machine, per cent",
      at,
      lines: [
        { label: "processors", colour: first, values: series.processor },
        { label: "memory", colour: second, values: series.memory },
      ],
    },
  ];
}
