import {
  Alert,
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  EmptyState,
  EmptyStateBody,
  Label,
  Stack,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { NotificationTarget } from "@tandem/central-api/notifications";
import { notificationTargetsMax } from "@tandem/central-api/notifications";
import { routes } from "@tandem/central-api/routes";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Problems } from "@tandem/web-components/form/problems";
import { RowButtons } from "@tandem/web-components/form/row-buttons";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { notificationsQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";
import { isPaired, PairNotice } from "../ha/pair-notice.tsx";
import { type Written, WrittenAlert } from "../ha/written-alert.tsx";
import { kindWords, severityWords, TargetForm } from "./target-form.tsx";

type Asked =
  | { readonly kind: "form"; readonly target: NotificationTarget | null }
  | { readonly kind: "remove"; readonly target: NotificationTarget };

/** Settings and Configuration > Notifications: whom changes of role, missed heartbeats and the rest are told (SPEC CH25). */
export function NotificationsPage() {
  const list = useQuery(notificationsQuery);
  const client = useQueryClient();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [written, setWritten] = useState<Written | null>(null);
  const isShared = list.data?.synchronised ?? false;
  const refresh = () => client.invalidateQueries({ queryKey: notificationsQuery.queryKey });
  const took = ({ what, acknowledged }: Written): void => {
    setWritten({ what, acknowledged: isShared ? acknowledged : null });
    void refresh();
  };
  const test = useMutation({
    mutationFn: ({ id }: NotificationTarget) => call(routes.testNotification, { params: { id } }),
    onSettled: refresh,
  });
  const isFull = (list.data?.targets.length ?? 0) >= notificationTargetsMax;
  const close = () => setAsked(null);
  return (
    <PageFrame
      title="Notifications"
      about="Whom changes of role, missed heartbeats, conflicts and failed checks are told."
    >
      <PairNotice
        text={(status) =>
          !isPaired(status)
            ? "What happens on it is told from here."
            : isShared
              ? "Both units have these targets, and each tells what happened on it."
              : "These targets are of this unit alone, and tell what happened on it; the switch for both units is under Synchronisation."
        }
      />
      <Card>
        <CardHeader
          hasWrap
          actions={{
            actions: (
              <Button isDisabled={isFull} onClick={() => setAsked({ kind: "form", target: null })}>
                Add a target
              </Button>
            ),
            hasNoOffset: true,
          }}
        >
          <CardTitle component="h2">
            {isFull ? `Targets (no more than ${notificationTargetsMax})` : "Targets"}
          </CardTitle>
        </CardHeader>
        <CardBody>
          <Stack hasGutter>
            <WrittenAlert written={written} onClose={() => setWritten(null)} />
            <Problems error={test.error} />
            {test.data && <TestAlert name={test.variables?.name ?? ""} tested={test.data} />}
            <Loaded query={list}>
              {({ targets }) => (
                <TargetsTable
                  targets={targets}
                  testing={test.isPending ? (test.variables?.id ?? null) : null}
                  onTest={(target) => test.mutate(target)}
                  onAsk={setAsked}
                />
              )}
            </Loaded>
          </Stack>
        </CardBody>
      </Card>
      {asked?.kind === "form" && <TargetForm target={asked.target} onWritten={took} onClose={close} />}
      {asked?.kind === "remove" && (
        <FormDialogue
          title={`Remove “${asked.target.name}”`}
          action="Remove"
          size="small"
          isDanger
          description="It is told nothing any more."
          send={async () => {
            const { id, tag, name } = asked.target;
            const { acknowledged } = await call(routes.removeNotification, { params: { id }, tag });
            took({ what: `“${name}” is removed`, acknowledged });
          }}
          onClose={close}
        />
      )}
    </PageFrame>
  );
}

type Tested = {
  readonly delivered: boolean;
  readonly error: string | null;
  readonly remedy: string | null;
};

const TestAlert = ({ name, tested }: { readonly name: string; readonly tested: Tested }) => (
  <Alert
    variant={tested.delivered ? "success" : "danger"}
    isInline
    isLiveRegion
    title={
      tested.delivered
        ? `The test to “${name}” was delivered`
        : `The test to “${name}” was not delivered: ${tested.error ?? "the reason is not known"}`
    }
  >
    {tested.remedy}
  </Alert>
);

type TableProps = {
  readonly targets: readonly NotificationTarget[];
  /** Id of the one that a test is on its way to. */
  readonly testing: string | null;
  readonly onTest: (target: NotificationTarget) => void;
  readonly onAsk: (asked: Asked) => void;
};

export function TargetsTable({ targets, testing, onTest, onAsk }: TableProps) {
  if (targets.length === 0)
    return (
      <EmptyState headingLevel="h3" titleText="Nobody is told">
        <EmptyStateBody>Add a webhook, a syslog server or an e-mail address.</EmptyStateBody>
      </EmptyState>
    );
  return (
    <Table aria-label="Notification targets" variant="compact">
      <Thead>
        <Tr>
          <Th modifier="nowrap">Name</Th>
          <Th modifier="nowrap">Kind</Th>
          <Th modifier="nowrap">Address</Th>
          <Th modifier="nowrap">Is told</Th>
          <Th modifier="nowrap">State</Th>
          <Th modifier="nowrap">Sent by this unit</Th>
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      <Tbody>
        {targets.map((target) => (
          <Tr key={target.id}>
            <Td dataLabel="Name">{target.name}</Td>
            <Td dataLabel="Kind">{kindWords[target.kind]}</Td>
            <Td dataLabel="Address" modifier="breakWord">
              {target.kind === "email" ? `${target.to.join(", ")} by ${target.address}` : target.address}
            </Td>
            <Td dataLabel="Is told">{severityWords[target.severity]}</Td>
            <Td dataLabel="State" modifier="breakWord">
              <div>
                <Label color={target.enabled ? "green" : "grey"} isCompact>
                  {target.enabled ? "enabled" : "disabled"}
                </Label>{" "}
                {target.note}
              </div>
            </Td>
            <Td dataLabel="Sent by this unit" modifier="breakWord">
              {sentOf(target)}
            </Td>
            <Td dataLabel="Do">
              <RowButtons
                name={target.name}
                onChange={() => onAsk({ kind: "form", target })}
                onRemove={() => onAsk({ kind: "remove", target })}
              >
                <Button
                  variant="secondary"
                  size="sm"
                  aria-label={`Test ${target.name}`}
                  isLoading={testing === target.id}
                  isDisabled={testing !== null}
                  onClick={() => onTest(target)}
                >
                  Test
                </Button>
              </RowButtons>
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

const sentOf = ({ sent, dropped, lastError }: NotificationTarget): string =>
  [
    `${sent} sent`,
    ...(dropped === 0 ? [] : [`${dropped} given up`]),
    ...(lastError === null ? [] : [`last error: ${lastError}`]),
  ].join("; ");
