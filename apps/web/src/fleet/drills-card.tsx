import {
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  Content,
  EmptyState,
  EmptyStateBody,
  Label,
  Progress,
  ProgressStep,
  ProgressStepper,
  Stack,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { Drill } from "@tandem/central-api/drills";
import type { HaStatus } from "@tandem/central-api/ha";
import type { HaGroup } from "@tandem/central-api/ha-groups";
import { Loaded } from "@tandem/web-components/page/loaded";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { deviceServicesQuery, drillsQuery } from "../api/queries.ts";
import { moment } from "../form/moment.ts";
import { useOurState } from "../ha/use-our-state.ts";
import { probedServices } from "./drill-draft.ts";
import { StartDrill } from "./start-drill.tsx";

type Readiness = {
  readonly group: Pick<HaGroup, "state">;
  readonly ourState: HaStatus["ourState"] | undefined;
  readonly drills: readonly Drill[];
  /** Undefined: not read yet. */
  readonly services: readonly string[] | undefined;
};

/** Why no drill can begin now, or null when one can. */
export function drillFault({ group, ourState, drills, services }: Readiness): string | null {
  if (ourState === "Slave") return "Drills run on the Master, and this unit is Slave";
  if (drills.some(({ state }) => state === "running")) return "A drill is under way";
  if (group.state !== "ready") return `The group is not ready: ${group.state}`;
  if (services === undefined) return "The virtual services of the pair are not known yet";
  return services.length === 0 ? "The pair has no virtual service that could be measured" : null;
}

/** Failover drills of a LoadMaster pair: begin one, see how far it is, and what earlier ones measured (SPEC LH13). */
export function DrillsCard({ group }: { readonly group: HaGroup }) {
  const query = drillsQuery(group.id);
  const list = useQuery(query);
  const client = useQueryClient();
  const ourState = useOurState();
  const read = useQuery(deviceServicesQuery(group.id)).data;
  const services = read && probedServices(read.services);
  const [isAsking, setAsking] = useState(false);
  const drills = list.data?.drills ?? [];
  const fault = drillFault({ group, ourState, drills, services });
  return (
    <Card>
      <CardHeader
        hasWrap
        actions={{
          actions: (
            <Button
              variant="secondary"
              isAriaDisabled={fault !== null}
              title={fault ?? ""}
              onClick={() => fault === null && setAsking(true)}
            >
              Begin a drill
            </Button>
          ),
          hasNoOffset: true,
        }}
      >
        <CardTitle component="h2">Failover drills</CardTitle>
      </CardHeader>
      <CardBody>
        <Loaded query={list}>{(known) => <DrillHistory drills={known.drills} />}</Loaded>
        {isAsking && (
          <StartDrill
            group={group}
            services={services ?? []}
            onStarted={() => void client.invalidateQueries({ queryKey: query.queryKey })}
            onClose={() => setAsking(false)}
          />
        )}
      </CardBody>
    </Card>
  );
}

const steps = ["probing before", "handing over", "probing after"] as const;
const stepsBack = ["moving back", "probing after the way back"] as const;

/** How far a drill is that is under way. */
function DrillProgress({ drill }: { readonly drill: Drill }) {
  const isBack = drill.andBack || (stepsBack as readonly string[]).includes(drill.step);
  const all: readonly string[] = isBack ? [...steps, ...stepsBack] : steps;
  const at = all.indexOf(drill.step);
  return (
    <ProgressStepper isCenterAligned aria-label={`Drill from ${drill.fromName} to ${drill.toName}`}>
      {all.map((step, index) => (
        <ProgressStep
          key={step}
          id={`drill-step-${index}`}
          titleId={`drill-step-title-${index}`}
          variant={index < at ? "success" : index === at ? "info" : "pending"}
          isCurrent={index === at}
          aria-label={`${step}: ${index < at ? "done" : index === at ? "now" : "to come"}`}
        >
          {step}
        </ProgressStep>
      ))}
    </ProgressStepper>
  );
}

const colours = {
  running: "blue",
  passed: "green",
  "over budget": "orange",
  failed: "red",
  interrupted: "grey",
} as const satisfies Record<Drill["state"], string>;

/** Drills with their outage against the budget, the newest first. */
export function DrillHistory({ drills }: { readonly drills: readonly Drill[] }) {
  const running = drills.find(({ state }) => state === "running");
  if (drills.length === 0)
    return (
      <EmptyState headingLevel="h3" titleText="No drill yet">
        <EmptyStateBody>
          A drill moves the role to the other unit, and measures what clients notice of it.
        </EmptyStateBody>
      </EmptyState>
    );
  return (
    <Stack hasGutter>
      {running && <DrillProgress drill={running} />}
      <Table aria-label="Failover drills" variant="compact">
        <Thead>
          <Tr>
            <Th modifier="nowrap">Begun</Th>
            <Th modifier="nowrap">Role</Th>
            <Th modifier="nowrap">Result</Th>
            <Th modifier="nowrap" width={25}>
              Outage against budget
            </Th>
            <Th modifier="nowrap">Requests failed</Th>
            <Th modifier="nowrap">Measured at</Th>
            <Th modifier="nowrap">By</Th>
          </Tr>
        </Thead>
        <Tbody>
          {drills.map((drill) => (
            <Tr key={drill.id}>
              <Td dataLabel="Begun">{moment(drill.startedAt)}</Td>
              <Td dataLabel="Role">{roleOf(drill)}</Td>
              <Td dataLabel="Result">
                <Label color={colours[drill.state]}>{drill.state}</Label>
                {(drill.state === "failed" || drill.state === "interrupted") && (
                  <Content component="small">{drill.message}</Content>
                )}
              </Td>
              <Td dataLabel="Outage against budget">
                <Outage drill={drill} />
              </Td>
              <Td dataLabel="Requests failed">{failedOf(drill)}</Td>
              <Td dataLabel="Measured at">{drill.target}</Td>
              <Td dataLabel="By">{drill.author}</Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </Stack>
  );
}

const roleOf = ({ fromName, toName, moves }: Drill): string =>
  `${fromName} to ${toName}${moves.length > 1 ? " and back" : ""}`;

const failedOf = ({ measured }: Drill): string =>
  measured === null
    ? ""
    : `${measured.failed} of ${measured.requests}${measured.resets > 0 ? `, ${measured.resets} reset` : ""}`;

function Outage({ drill: { measured, budgetMs, startedAt } }: { readonly drill: Drill }) {
  if (measured === null) return null;
  const { outageMs, lateMaxMs } = measured;
  return (
    <>
      <Progress
        aria-label={`Outage of the drill of ${moment(startedAt)} against its budget`}
        value={Math.min(100, (100 * outageMs) / budgetMs)}
        size="sm"
        measureLocation="none"
        variant={outageMs > budgetMs ? "danger" : "success"}
      />
      <Content component="small">{`${outageMs} of ${budgetMs} ms; the prober was late by ${lateMaxMs} ms at most`}</Content>
    </>
  );
}
