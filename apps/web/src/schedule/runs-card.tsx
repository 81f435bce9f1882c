import {
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  Content,
  EmptyState,
  EmptyStateBody,
  Flex,
  FormSelect,
  FormSelectOption,
  Stack,
} from "@patternfly/react-core";
import { ExpandableRowContent, Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { wireRequest } from "@tandem/central-api/call";
import { routes } from "@tandem/central-api/routes";
import { type Run, type RunState, runsListedMax } from "@tandem/central-api/schedule";
import type { Snapshot } from "@tandem/central-api/snapshots";
import { Loaded } from "@tandem/web-components/page/loaded";
import { useQuery } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import { haQuery, type RunFilter, runsQuery, scheduledActionsQuery, snapshotsQuery } from "../api/queries.ts";
import { moment } from "../form/moment.ts";
import type { Called } from "./called.ts";
import { RunStateLabel, runStateWords } from "./run-state-label.tsx";

const pageSize = 20;

/** What was executed, by whom, with which result and what proves it (SPEC CH9, CH22). */
export function RunsCard({ devices }: { readonly devices: readonly Called[] }) {
  const [filter, setFilter] = useState<RunFilter>({});
  const [limit, setLimit] = useState(pageSize);
  const runs = useQuery(runsQuery(filter, limit));
  const actions = useQuery(scheduledActionsQuery).data?.scheduledActions ?? [];
  const backups = runs.data?.runs.filter(({ kind, state }) => kind === "backup" && state === "proved") ?? [];
  const snapshots = useQuery(snapshotsQuery(backups[0]?.id)).data?.snapshots ?? [];
  const status = useQuery(haQuery).data?.status;
  const unitName = (id: string): string =>
    (id === status?.ourUnit ? status.ourName : id === status?.peerUnit ? status.peerName : null) ?? id;
  const select = (
    name: keyof RunFilter,
    label: string,
    all: string,
    choices: readonly (readonly [value: string, label: string])[],
  ) => (
    <FormSelect
      aria-label={label}
      value={filter[name] ?? ""}
      onChange={(_, value) => {
        const { [name]: _before, ...others } = filter;
        setFilter(value === "" ? others : { ...others, [name]: value as RunState });
        setLimit(pageSize);
      }}
    >
      <FormSelectOption value="" label={all} />
      {choices.map(([value, text]) => (
        <FormSelectOption key={value} value={value} label={text} />
      ))}
    </FormSelect>
  );
  return (
    <Card>
      <CardHeader>
        <CardTitle component="h2">Runs</CardTitle>
      </CardHeader>
      <CardBody>
        <Stack hasGutter>
          <Flex flexWrap={{ default: "wrap", md: "nowrap" }}>
            {select(
              "action",
              "Runs of action",
              "Every action",
              actions.map(({ id, name }) => [id, name]),
            )}
            {select(
              "device",
              "Runs on device",
              "Every device",
              devices.map(({ id, name, address }) => [id, name || address]),
            )}
            {select(
              "state",
              "Runs in state",
              "Every state",
              Object.entries(runStateWords).map(([state, words]) => [state, `${state}: ${words}`]),
            )}
          </Flex>
          <Loaded query={runs}>
            {({ runs: shown }) => (
              <>
                <RunsTable runs={shown} snapshots={snapshots} unitName={unitName} />
                {shown.length === limit && limit < runsListedMax && (
                  <Button
                    variant="link"
                    onClick={() => setLimit(Math.min(runsListedMax, limit + 4 * pageSize))}
                  >
                    Show earlier runs
                  </Button>
                )}
                {shown.length === runsListedMax && (
                  <Content component="small">{`The newest ${runsListedMax}; narrow them for earlier ones.`}</Content>
                )}
              </>
            )}
          </Loaded>
        </Stack>
      </CardBody>
    </Card>
  );
}

type TableProps = {
  readonly runs: readonly Run[];
  readonly snapshots: readonly Snapshot[];
  readonly unitName: (id: string) => string;
};

const columns = 6;

export function RunsTable({ runs, snapshots, unitName }: TableProps) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  if (runs.length === 0)
    return (
      <EmptyState headingLevel="h3" titleText="No runs">
        <EmptyStateBody>An action that is executed stands here, with its result.</EmptyStateBody>
      </EmptyState>
    );
  const toggle = (id: string): void => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  return (
    <Table aria-label="Runs" variant="compact">
      <Thead>
        <Tr>
          <Th screenReaderText="Details" />
          <Th>Due</Th>
          <Th>Action</Th>
          <Th>Device</Th>
          <Th>State</Th>
          <Th>Executed by</Th>
          <Th>Result</Th>
        </Tr>
      </Thead>
      <Tbody>
        {runs.map((run, index) => (
          <Fragment key={run.id}>
            <Tr>
              <Td
                expand={{
                  rowIndex: index,
                  isExpanded: open.has(run.id),
                  onToggle: () => toggle(run.id),
                  expandId: "run",
                }}
              />
              <Td dataLabel="Due">{moment(run.due)}</Td>
              <Td dataLabel="Action">{`${run.actionName} (${run.kind})`}</Td>
              <Td dataLabel="Device">{run.deviceName || run.device}</Td>
              <Td dataLabel="State">
                <RunStateLabel state={run.state} />
              </Td>
              <Td dataLabel="Executed by">
                {`${unitName(run.unit)}, ${run.trigger === "operator" ? "asked for" : "scheduled"} by ${run.author}`}
              </Td>
              <Td dataLabel="Result">
                <div>
                  {run.message || runStateWords[run.state]}{" "}
                  <BackupOf run={run} snapshot={snapshotOf(run, snapshots)} />
                </div>
              </Td>
            </Tr>
            {open.has(run.id) && (
              <Tr isExpanded>
                <Td />
                <Td colSpan={columns}>
                  <ExpandableRowContent>
                    <RunDetails run={run} unitName={unitName} />
                  </ExpandableRowContent>
                </Td>
              </Tr>
            )}
          </Fragment>
        ))}
      </Tbody>
    </Table>
  );
}

/** The one that can be downloaded here, if there are two: each of two Masters kept its own. */
const snapshotOf = ({ id }: Run, snapshots: readonly Snapshot[]): Snapshot | undefined => {
  const taken = snapshots.filter(({ runId }) => runId === id);
  return taken.find(({ here }) => here) ?? taken[0];
};

function BackupOf({ run, snapshot }: { readonly run: Run; readonly snapshot: Snapshot | undefined }) {
  if (snapshot === undefined) return null;
  if (!snapshot.here) return "The backup is on its way to this unit.";
  return (
    <Button
      component="a"
      variant="link"
      isInline
      href={wireRequest(routes.downloadSnapshot, { params: { id: snapshot.id } }).path}
      download={`${run.deviceName || run.device} ${run.due.replaceAll(":", "-")}.backup`}
    >
      {`Download the backup (${snapshot.size} bytes)`}
    </Button>
  );
}

/** Every attempt: more than one after a take-over or a cut. */
function RunDetails({ run, unitName }: { readonly run: Run; readonly unitName: TableProps["unitName"] }) {
  return (
    <>
      <Content component="p">{`Run ${run.id}`}</Content>
      <Table aria-label="Attempts" variant="compact" borders={false}>
        <Thead>
          <Tr>
            <Th>Unit</Th>
            <Th>Epoch</Th>
            <Th>State</Th>
            <Th>Claimed</Th>
            <Th>Started</Th>
            <Th>Ended</Th>
            <Th>Evidence</Th>
          </Tr>
        </Thead>
        <Tbody>
          {run.attempts.map((attempt) => (
            <Tr key={`${attempt.unit} ${attempt.epoch}`}>
              <Td dataLabel="Unit">{unitName(attempt.unit)}</Td>
              <Td dataLabel="Epoch">{attempt.epoch ?? "none: an operator's run"}</Td>
              <Td dataLabel="State">
                <RunStateLabel state={attempt.state} />
              </Td>
              <Td dataLabel="Claimed">{moment(attempt.claimedAt)}</Td>
              <Td dataLabel="Started">
                {attempt.startedAt === null
                  ? "never"
                  : `${moment(attempt.startedAt)}, known on ${attempt.startedOn === "both" ? "both units" : "one unit only"}`}
              </Td>
              <Td dataLabel="Ended">{moment(attempt.endedAt)}</Td>
              <Td dataLabel="Evidence" modifier="breakWord">
                {evidenceOf(attempt)}
              </Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </>
  );
}

function evidenceOf({ evidence, message }: Run["attempts"][number]): string {
  const { digest, size, answer } = evidence ?? {};
  const parts = [
    ...(digest === undefined ? [] : [`SHA-256 ${digest}`]),
    ...(size === undefined ? [] : [`${size} bytes`]),
    ...(answer === undefined ? [] : [`the device answered ${answer}`]),
    ...(message === "" ? [] : [message]),
  ];
  return parts.length === 0 ? "none" : parts.join("; ");
}
