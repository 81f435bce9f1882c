import {
  Alert,
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  Content,
  Flex,
  Label,
  Switch,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { Conflict } from "@tandem/central-api/ha-conflicts";
import { routes } from "@tandem/central-api/routes";
import { errorsElsewhere } from "@tandem/web-components/values/refusal";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { conflictsQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";
import { moment } from "../form/moment.ts";
import { life, shownValue } from "./shown-value.ts";

/** Changes that lost to concurrent ones on the other unit, to be restored or dismissed with one action (SPEC CH20). */
export function ConflictsCard() {
  const [withResolved, setWithResolved] = useState(false);
  const list = useQuery(conflictsQuery(withResolved ? "all" : "open"));
  const client = useQueryClient();
  const resolve = useMutation({
    mutationFn: ({ conflict, how }: { readonly conflict: Conflict; readonly how: Resolve }) =>
      call(how === "restore" ? routes.restoreConflict : routes.dismissConflict, {
        params: { id: conflict.id },
        tag: conflict.tag,
      }),
    // Also after a refusal: what stands has moved on since it was read.
    onSettled: () => client.invalidateQueries({ queryKey: ["conflicts"] }),
  });
  const open = list.data?.open ?? 0;
  return (
    <Card>
      <CardHeader
        actions={{
          actions: (
            <Switch
              id="with-resolved"
              label="Show resolved"
              isChecked={withResolved}
              onChange={(_, isChecked) => setWithResolved(isChecked)}
            />
          ),
          hasNoOffset: true,
        }}
      >
        <CardTitle component="h2">
          Conflicts {open > 0 && <Label color="orange">{`${open} open`}</Label>}
        </CardTitle>
      </CardHeader>
      <CardBody>
        {errorsElsewhere(resolve.error ?? list.error, []).map((problem) => (
          <Alert key={problem} variant="danger" isInline title={problem} />
        ))}
        <ConflictsTable
          conflicts={list.data?.conflicts ?? []}
          isBusy={resolve.isPending}
          onResolve={(conflict, how) => resolve.mutate({ conflict, how })}
        />
      </CardBody>
    </Card>
  );
}

type Resolve = "restore" | "dismiss";

type TableProps = {
  readonly conflicts: readonly Conflict[];
  readonly isBusy: boolean;
  readonly onResolve: (conflict: Conflict, how: Resolve) => void;
};

export function ConflictsTable({ conflicts, isBusy, onResolve }: TableProps) {
  if (conflicts.length === 0)
    return <Content>None: every change either stands or was knowingly replaced.</Content>;
  return (
    <Table aria-label="Conflicts" variant="compact">
      <Thead>
        <Tr>
          <Th>What</Th>
          <Th>Value that lost</Th>
          <Th>Value that stands</Th>
          <Th>Changed by</Th>
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      <Tbody>
        {conflicts.map((conflict) => (
          <Tr key={conflict.id}>
            <Td dataLabel="What">{subjectOf(conflict)}</Td>
            <Td dataLabel="Value that lost">{shownValue(conflict, conflict.lost)}</Td>
            <Td dataLabel="Value that stands">
              {conflict.rowExists || conflict.field === life
                ? shownValue(conflict, conflict.stands)
                : "removed"}
            </Td>
            <Td dataLabel="Changed by">{`${conflict.author} on ${conflict.unit}, ${moment(conflict.at)}`}</Td>
            <Td dataLabel="Do">
              {conflict.resolution === null ? (
                <Flex flexWrap={{ default: "nowrap" }}>
                  <Button
                    variant="secondary"
                    size="sm"
                    isDisabled={isBusy}
                    onClick={() => onResolve(conflict, "restore")}
                  >
                    Restore
                  </Button>
                  <Button
                    variant="link"
                    size="sm"
                    isDisabled={isBusy}
                    onClick={() => onResolve(conflict, "dismiss")}
                  >
                    Dismiss
                  </Button>
                </Flex>
              ) : (
                `${conflict.resolution.how} by ${conflict.resolution.author} on ${conflict.resolution.unit}`
              )}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

const subjectOf = ({ table, row, field }: Conflict): string =>
  field === life ? `${table} ${row}` : `${field} of ${table} ${row}`;
