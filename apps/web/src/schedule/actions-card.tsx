import {
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  EmptyState,
  EmptyStateBody,
  Stack,
  Switch,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { routes } from "@tandem/central-api/routes";
import type { ScheduledAction } from "@tandem/central-api/schedule";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Problems } from "@tandem/web-components/form/problems";
import { RowButtons } from "@tandem/web-components/form/row-buttons";
import { Loaded } from "@tandem/web-components/page/loaded";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { scheduledActionsQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";
import { moment } from "../form/moment.ts";
import { type Written, WrittenAlert } from "../ha/written-alert.tsx";
import { ActionForm } from "./action-form.tsx";
import type { Called } from "./called.ts";
import { RunStateLabel } from "./run-state-label.tsx";
import { whenInWords } from "./timing.ts";

type Asked =
  | { readonly kind: "form"; readonly action: ScheduledAction | null }
  | { readonly kind: "run" | "remove"; readonly action: ScheduledAction };

/** What is to happen and when, with what an operator can do about it (SPEC CH9). */
export function ActionsCard({ devices }: { readonly devices: readonly Called[] }) {
  const list = useQuery(scheduledActionsQuery);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [written, setWritten] = useState<Written | null>(null);
  const client = useQueryClient();
  const took = (what: Written): void => {
    setWritten(what);
    void client.invalidateQueries({ queryKey: ["schedule"] });
  };
  const turn = useMutation({
    mutationFn: ({ id, tag, enabled }: ScheduledAction) =>
      call(routes.changeScheduledAction, { params: { id }, body: { enabled: !enabled }, tag }),
    onSuccess: ({ name, enabled, acknowledged }) =>
      took({ what: `“${name}” is ${enabled ? "enabled" : "disabled"}`, acknowledged }),
    onError: () => client.invalidateQueries({ queryKey: ["schedule"] }),
  });
  const close = () => setAsked(null);
  return (
    <Card>
      <CardHeader
        hasWrap
        actions={{
          actions: (
            <Button onClick={() => setAsked({ kind: "form", action: null })}>Schedule an action</Button>
          ),
          hasNoOffset: true,
        }}
      >
        <CardTitle component="h2">Scheduled actions</CardTitle>
      </CardHeader>
      <CardBody>
        <Stack hasGutter>
          <WrittenAlert written={written} onClose={() => setWritten(null)} />
          <Problems error={turn.error} />
          <Loaded query={list}>
            {({ scheduledActions }) => (
              <ActionsTable
                actions={scheduledActions}
                devices={devices}
                isBusy={turn.isPending}
                onTurn={(action) => turn.mutate(action)}
                onAsk={setAsked}
              />
            )}
          </Loaded>
        </Stack>
        {asked?.kind === "form" && (
          <ActionForm action={asked.action} devices={devices} onWritten={took} onClose={close} />
        )}
        {asked?.kind === "run" && (
          <FormDialogue
            title={`Run “${asked.action.name}” now`}
            action="Run now"
            size="small"
            isDanger={asked.action.kind === "reboot"}
            description={`${asked.action.kind === "reboot" ? "A reboot" : "A backup"} of ${namesOf(asked.action, devices)}, begun by this unit.`}
            send={async () => {
              const { runs, acknowledged } = await call(routes.runScheduledAction, {
                params: { id: asked.action.id },
              });
              took({
                what: `${runs.length} ${runs.length === 1 ? "run has" : "runs have"} begun`,
                acknowledged,
              });
            }}
            onClose={close}
          />
        )}
        {asked?.kind === "remove" && (
          <FormDialogue
            title={`Remove “${asked.action.name}”`}
            action="Remove"
            size="small"
            isDanger
            description="It is not executed any more; its past runs stay."
            send={async () => {
              const { id, tag, name } = asked.action;
              const { acknowledged } = await call(routes.removeScheduledAction, { params: { id }, tag });
              took({ what: `“${name}” is removed`, acknowledged });
            }}
            onClose={close}
          />
        )}
      </CardBody>
    </Card>
  );
}

const nextOf = ({ enabled, nextDue }: ScheduledAction): string =>
  !enabled ? "disabled" : nextDue === null ? "not any more" : moment(nextDue);

/** Devices that one cell names. */
const namedMax = 3;

function namesOf({ devices: ids }: ScheduledAction, devices: readonly Called[]): string {
  const names = ids.slice(0, namedMax).map((id) => devices.find((device) => device.id === id)?.name || id);
  return names.join(", ") + (ids.length > namedMax ? ` and ${ids.length - namedMax} more` : "");
}

type TableProps = {
  readonly actions: readonly ScheduledAction[];
  readonly devices: readonly Called[];
  readonly isBusy: boolean;
  readonly onTurn: (action: ScheduledAction) => void;
  readonly onAsk: (asked: Asked) => void;
};

export function ActionsTable({ actions, devices, isBusy, onTurn, onAsk }: TableProps) {
  if (actions.length === 0)
    return (
      <EmptyState headingLevel="h3" titleText="Nothing is scheduled">
        <EmptyStateBody>Schedule a backup or a reboot of devices, once or again and again.</EmptyStateBody>
      </EmptyState>
    );
  return (
    <Table aria-label="Scheduled actions" variant="compact">
      <Thead>
        <Tr>
          <Th modifier="nowrap">Name</Th>
          <Th modifier="nowrap">Action</Th>
          <Th modifier="nowrap">Devices</Th>
          <Th modifier="nowrap">When</Th>
          <Th modifier="nowrap">Next</Th>
          <Th modifier="nowrap">Last run</Th>
          <Th modifier="nowrap">Made by</Th>
          <Th modifier="nowrap">Enabled</Th>
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      <Tbody>
        {actions.map((action) => (
          <Tr key={action.id}>
            <Td dataLabel="Name">{action.name}</Td>
            <Td dataLabel="Action">{action.kind}</Td>
            <Td dataLabel="Devices">{namesOf(action, devices)}</Td>
            <Td dataLabel="When">{whenInWords(action.when)}</Td>
            <Td dataLabel="Next">{nextOf(action)}</Td>
            <Td dataLabel="Last run">
              {action.lastRun === null ? (
                "none"
              ) : (
                <span>
                  <RunStateLabel state={action.lastRun.state} /> {moment(action.lastRun.due)}
                </span>
              )}
            </Td>
            <Td dataLabel="Made by">{action.author}</Td>
            <Td dataLabel="Enabled">
              <Switch
                id={`enabled-${action.id}`}
                aria-label={`${action.name} is enabled`}
                isChecked={action.enabled}
                isDisabled={isBusy}
                onChange={() => onTurn(action)}
              />
            </Td>
            <Td dataLabel="Do">
              <RowButtons
                name={action.name}
                onChange={() => onAsk({ kind: "form", action })}
                onRemove={() => onAsk({ kind: "remove", action })}
              >
                <Button
                  variant="secondary"
                  size="sm"
                  aria-label={`Run ${action.name} now`}
                  onClick={() => onAsk({ kind: "run", action })}
                >
                  Run now
                </Button>
              </RowButtons>
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
