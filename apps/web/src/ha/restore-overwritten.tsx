import {
  Alert,
  Bullseye,
  Button,
  Content,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  Spinner,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { RestoreDifference } from "@tandem/central-api/ha-backups";
import { routes } from "@tandem/central-api/routes";
import { errorsElsewhere } from "@tandem/web-components/values/refusal";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { call } from "../api/transport.ts";
import { shownValue } from "./shown-value.ts";

/** What joining the pair overwrote (SPEC CH13): first what would change, then, on a click, the change. */
export function RestoreOverwritten({ onClose }: { readonly onClose: () => void }) {
  const client = useQueryClient();
  const preview = useQuery({
    queryKey: ["ha", "restore-overwritten"],
    queryFn: () => call(routes.restoreOverwritten, { body: { apply: false } }),
    gcTime: 0,
  });
  const restore = useMutation({
    mutationFn: () => call(routes.restoreOverwritten, { body: { apply: true } }),
    onSuccess: async () => {
      await client.invalidateQueries();
      onClose();
    },
  });
  const total = preview.data?.total ?? 0;
  const listed = preview.data?.differences ?? [];
  return (
    <Modal isOpen variant="large" onClose={onClose} aria-label="Restore what was overwritten">
      <ModalHeader
        title="Restore what was overwritten"
        description={
          preview.data && `From ${preview.data.backup}. Every difference becomes a new change, on both units.`
        }
      />
      <ModalBody>
        {errorsElsewhere(restore.error ?? preview.error, []).map((problem) => (
          <Alert key={problem} variant="danger" isInline title={problem} />
        ))}
        {preview.isPending && (
          <Bullseye>
            <Spinner aria-label="Comparing" />
          </Bullseye>
        )}
        {preview.data && total === 0 && <Content>Nothing differs: all of it is here.</Content>}
        {total > 0 && <RestoreDifferences differences={listed} total={total} />}
      </ModalBody>
      <ModalFooter>
        <Button
          variant="warning"
          isDisabled={total === 0 || restore.isPending}
          isLoading={restore.isPending}
          onClick={() => restore.mutate()}
        >
          {`Restore ${total} differences`}
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}

type Props = { readonly differences: readonly RestoreDifference[]; readonly total: number };

export function RestoreDifferences({ differences, total }: Props) {
  return (
    <>
      <Table aria-label="Differences" variant="compact">
        <Thead>
          <Tr>
            <Th>Where</Th>
            <Th>What happens</Th>
            <Th>Now</Th>
            <Th>Then</Th>
          </Tr>
        </Thead>
        <Tbody>
          {differences.map(({ table, row, column, what, secret, now, saved }) => (
            <Tr key={`${table} ${row} ${column}`}>
              <Td dataLabel="Where">
                {column === null ? `${table} ${row}` : `${column} of ${table} ${row}`}
              </Td>
              <Td dataLabel="What happens">{what}</Td>
              <Td dataLabel="Now">{shownValue({ secret, field: column }, now)}</Td>
              <Td dataLabel="Then">{shownValue({ secret, field: column }, saved)}</Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
      {total > differences.length && <Content>{`and ${total - differences.length} more`}</Content>}
    </>
  );
}
