import {
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  EmptyState,
  EmptyStateBody,
  FormSelect,
  FormSelectOption,
  Grid,
  GridItem,
  ToggleGroup,
  ToggleGroupItem,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from "@patternfly/react-core";
import type { StatisticsSeries } from "@tandem/central-api/statistics";
import type { Tree } from "@tandem/central-api/tree";
import { amount, Chart, lineColours } from "@tandem/web-components/page/chart";
import { useMemo } from "react";
import { type Choice, rangeNames, ranges } from "./choice.ts";

const { first: blue, second: orange } = lineColours;

/** The graphs of a device, a service, a server, a network or the fleet, and what chooses among them (SPEC CH8, CE3). */
export function StatisticsView({
  tree,
  choice,
  series,
  onChoose,
}: {
  readonly tree: Tree;
  readonly choice: Choice;
  /** Undefined while it is loaded. */
  readonly series: StatisticsSeries | undefined;
  readonly onChoose: (choice: Choice) => void;
}) {
  return (
    <>
      <Choices tree={tree} choice={choice} series={series} onChoose={onChoose} />
      {series && <Graphs series={series} />}
    </>
  );
}

function Choices({ tree, choice, series, onChoose }: Parameters<typeof StatisticsView>[0]) {
  const { range = "1h", device, network, service, server } = choice;
  const servers = series?.services.find((one) => one.service === service)?.servers ?? [];
  const whose = device ? `device ${device}` : network ? `network ${network}` : "";
  const chooseWhose = (value: string): void => {
    const [kind, name = ""] = value.split(" ");
    onChoose({
      range,
      ...(kind === "device" ? { device: name } : kind === "network" ? { network: name } : {}),
    });
  };
  return (
    <Toolbar>
      <ToolbarContent>
        <ToolbarItem>
          <FormSelect aria-label="Whose statistics" value={whose} onChange={(_, value) => chooseWhose(value)}>
            <FormSelectOption value="" label="The whole fleet" />
            {tree.networks.map(({ cidr, name }) => (
              <FormSelectOption
                key={cidr}
                value={`network ${cidr}`}
                label={name ? `${cidr} (${name})` : cidr}
              />
            ))}
            {tree.haGroups.map(({ id, name, sharedAddress }) => (
              <FormSelectOption
                key={id}
                value={`device ${id}`}
                label={`HA group ${name} at ${sharedAddress}`}
              />
            ))}
            {tree.devices.map(({ id, name, address }) => (
              <FormSelectOption key={id} value={`device ${id}`} label={`${name || id} at ${address}`} />
            ))}
          </FormSelect>
        </ToolbarItem>
        {device && (
          <Named
            label="Virtual service"
            all="All services"
            value={service}
            names={series?.services.map((one) => one.service) ?? []}
            onChoose={(name) => onChoose({ range, device, ...(name && { service: name }) })}
          />
        )}
        {device && service && (
          <Named
            label="Real server"
            all="The service itself"
            value={server}
            names={servers}
            onChoose={(name) => onChoose({ range, device, service, ...(name && { server: name }) })}
          />
        )}
        <ToolbarItem>
          <ToggleGroup aria-label="Range">
            {rangeNames.map((name) => (
              <ToggleGroupItem
                key={name}
                text={ranges[name].title}
                buttonId={`range-${name}`}
                isSelected={name === range}
                onChange={() => onChoose({ ...choice, range: name })}
              />
            ))}
          </ToggleGroup>
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
}

function Named({
  label,
  all,
  value,
  names,
  onChoose,
}: {
  readonly label: string;
  readonly all: string;
  readonly value: string | undefined;
  readonly names: readonly string[];
  readonly onChoose: (name: string) => void;
}) {
  // One that was chosen earlier may have nothing in this range.
  const shown = value === undefined || names.includes(value) ? names : [value, ...names];
  return (
    <ToolbarItem>
      <FormSelect aria-label={label} value={value ?? ""} onChange={(_, name) => onChoose(name)}>
        <FormSelectOption value="" label={all} />
        {shown.map((name) => (
          <FormSelectOption key={name} value={name} label={name} />
        ))}
      </FormSelect>
    </ToolbarItem>
  );
}

function Graphs({ series }: { readonly series: StatisticsSeries }) {
  const graphs = useMemo(
    () => [
      {
        title: "Active connections",
        lines: [{ label: "active", colour: blue, values: series.activeConnections }],
      },
      {
        title: "Connections and requests per second",
        lines: [
          { label: "connections", colour: blue, values: series.connectionsPerSecond },
          { label: "requests", colour: orange, values: series.requestsPerSecond },
        ],
      },
      {
        title: "Bytes per second",
        lines: [
          { label: "in", colour: blue, values: series.bytesInPerSecond },
          { label: "out", colour: orange, values: series.bytesOutPerSecond },
        ],
      },
    ],
    [series],
  );
  if (series.activeConnections.every((value) => value === null))
    return (
      <EmptyState headingLevel="h2" titleText="Nothing was measured in this range">
        <EmptyStateBody>The Master asks every device each minute; choose a longer range.</EmptyStateBody>
      </EmptyState>
    );
  const { connections, requests, bytesIn, bytesOut } = series.totals;
  const totals = { Connections: connections, Requests: requests, "Bytes in": bytesIn, "Bytes out": bytesOut };
  return (
    <Grid hasGutter>
      <GridItem>
        <DescriptionList isHorizontal isCompact columnModifier={{ default: "1Col", lg: "2Col" }}>
          {Object.entries(totals).map(([name, value]) => (
            <DescriptionListGroup key={name}>
              <DescriptionListTerm>{`${name}, in all`}</DescriptionListTerm>
              <DescriptionListDescription>{amount(value)}</DescriptionListDescription>
            </DescriptionListGroup>
          ))}
        </DescriptionList>
      </GridItem>
      {graphs.map(({ title, lines }) => (
        <GridItem key={title} xl={6}>
          <Chart title={title} at={series.atUnixSeconds} lines={lines} />
        </GridItem>
      ))}
    </Grid>
  );
}
