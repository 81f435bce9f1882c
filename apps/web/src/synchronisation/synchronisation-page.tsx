import { Alert, Card, CardBody, CardTitle, Content, Stack, Switch } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { routes } from "@tandem/central-api/routes";
import type { HaFiles, HaSynchronised } from "@tandem/central-api/synchronised";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Problems } from "@tandem/web-components/form/problems";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { filesQuery, synchronisedQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";
import { isPaired, PairNotice } from "../ha/pair-notice.tsx";
import { type Written, WrittenAlert } from "../ha/written-alert.tsx";

type Switched = HaSynchronised["switches"][number];

/** Settings and Configuration > Synchronisation: what both units have, and the switches of what they may (SPEC CH4). */
export function SynchronisationPage() {
  const list = useQuery(synchronisedQuery);
  const files = useQuery(filesQuery);
  return (
    <PageFrame
      title="Synchronisation"
      about="What both units of the pair have, and what each has for itself."
    >
      <PairNotice
        text={(status) =>
          isPaired(status)
            ? "A switch takes effect on both units."
            : "What is switched here takes effect once there is a pair."
        }
      />
      <Loaded query={list}>
        {(synchronised) => (
          <>
            <SwitchesCard synchronised={synchronised} />
            <Problems error={files.error} />
            {files.data && <FilesAlert files={files.data} />}
            <TablesCard synchronised={synchronised} />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

function SwitchesCard({ synchronised }: { readonly synchronised: HaSynchronised }) {
  const client = useQueryClient();
  const [asked, setAsked] = useState<Switched | null>(null);
  const [written, setWritten] = useState<Written | null>(null);
  const turn = useMutation({
    mutationFn: ({ name, on }: Switched) =>
      call(routes.changeSynchronised, { body: { [name]: !on }, tag: synchronised.tag }),
    onSuccess: ({ acknowledged }, { title, on }) =>
      setWritten({ what: `${title}: synchronisation is ${on ? "off" : "on"}`, acknowledged }),
    onSettled: () => client.invalidateQueries({ queryKey: synchronisedQuery.queryKey }),
  });
  return (
    <Card>
      <CardTitle component="h2">Synchronised on demand</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <WrittenAlert written={written} onClose={() => setWritten(null)} />
          <SwitchList switches={synchronised.switches} onAsk={setAsked} />
        </Stack>
        {asked && (
          <FormDialogue
            title={`${asked.title}: turn synchronisation ${asked.on ? "off" : "on"}`}
            action={asked.on ? "Turn off" : "Turn on"}
            size="small"
            description={
              asked.on
                ? "Each unit keeps a copy of everything, and goes on for itself."
                : "What both units have is brought together, and nothing is lost: where both changed the same, the later change stands and the other is listed in Conflicts."
            }
            send={() => turn.mutateAsync(asked)}
            onClose={() => setAsked(null)}
          />
        )}
      </CardBody>
    </Card>
  );
}

export function SwitchList({
  switches,
  onAsk,
}: {
  readonly switches: readonly Switched[];
  readonly onAsk: (one: Switched) => void;
}) {
  return (
    <Stack hasGutter>
      {switches.map((one) => (
        <div key={one.name}>
          <Switch
            id={`switch-${one.name}`}
            label={one.title}
            isChecked={one.on}
            isDisabled={!one.available && !one.on}
            onChange={() => onAsk(one)}
          />
          <Content component="small">{stateOf(one)}</Content>
        </div>
      ))}
    </Stack>
  );
}

function stateOf({ on, available, moving }: Switched): string {
  if (!available) return "This version cannot synchronise them yet: make the same entries on each unit.";
  const state = on ? "On: both units have the same." : "Off: each unit has its own.";
  return moving ? `${state} Rows are on their way.` : state;
}

/** Files that rows name and that are not on this unit (SPEC CH5); nothing while none is missing. */
export function FilesAlert({ files }: { readonly files: HaFiles }) {
  const { missing, missingBytes, notOnPeer, error } = files;
  if (missing === 0 && error === null) return null;
  const gone = notOnPeer === 0 ? "" : `; ${notOnPeer} of them are not on the other unit either`;
  return (
    <Alert
      variant={error === null && notOnPeer === 0 ? "info" : "warning"}
      isInline
      title={`${missing} files (${missingBytes} bytes) are on their way to this unit${gone}`}
    >
      {error}
    </Alert>
  );
}

function TablesCard({ synchronised }: { readonly synchronised: HaSynchronised }) {
  return (
    <Card>
      <CardTitle component="h2">What is and what is not synchronised</CardTitle>
      <CardBody>
        <Table aria-label="What is and what is not synchronised" variant="compact">
          <Thead>
            <Tr>
              <Th modifier="nowrap">What</Th>
              <Th modifier="nowrap">On both units</Th>
              <Th modifier="nowrap">How</Th>
              <Th modifier="nowrap">Not synchronised of it</Th>
            </Tr>
          </Thead>
          <Tbody>
            {synchronised.tables.map(({ table, synchronised: isShared, effect, columns }) => (
              <Tr key={table}>
                <Td dataLabel="What">{table}</Td>
                <Td dataLabel="On both units">{isShared ? "yes" : "no"}</Td>
                <Td dataLabel="How">{effect}</Td>
                <Td dataLabel="Not synchronised of it" modifier="breakWord">
                  {isShared
                    ? columns
                        .filter(({ sync }) => sync !== "shared")
                        .map(({ column }) => column)
                        .join(", ") || "nothing"
                    : "all of it"}
                </Td>
              </Tr>
            ))}
            {synchronised.otherwise.map(({ what, effect }) => (
              <Tr key={what}>
                <Td dataLabel="What">{what}</Td>
                <Td dataLabel="On both units" />
                <Td dataLabel="How" colSpan={2}>
                  {effect}
                </Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      </CardBody>
    </Card>
  );
}
