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
  Stack,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { LicensedUnit } from "@tandem/central-api/licensing";
import { routes } from "@tandem/central-api/routes";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Loaded } from "@tandem/web-components/page/loaded";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { licensedUnitsQuery, licensingQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";
import { moment } from "../form/moment.ts";
import { type Written, WrittenAlert } from "../ha/written-alert.tsx";
import { licenceTypeWords } from "./licence-type.ts";

/** LoadMasters that either unit of the pair has licensed. */
export function LicensedUnitsCard() {
  const list = useQuery(licensedUnitsQuery);
  const client = useQueryClient();
  const [asked, setAsked] = useState<LicensedUnit | null>(null);
  const [written, setWritten] = useState<Written | null>(null);
  return (
    <Card>
      <CardHeader>
        <CardTitle component="h2">Licensed LoadMasters</CardTitle>
      </CardHeader>
      <CardBody>
        <Stack hasGutter>
          <WrittenAlert written={written} onClose={() => setWritten(null)} />
          <Loaded query={list}>
            {({ units }) => <LicensedUnitsTable units={units} onRecover={setAsked} />}
          </Loaded>
        </Stack>
        {asked !== null && (
          <FormDialogue
            title={`Recover the licence of ${asked.name || asked.address}`}
            action="Recover"
            size="small"
            isDanger
            description="Another LoadMaster can have it then. This one says at its next check that it is unlicensed, and goes on without a change of its traffic through its grace period."
            send={async () => {
              const { acknowledged } = await call(routes.recoverLicence, { params: { unit: asked.unit } });
              setWritten({
                what: `The licence of ${asked.name || asked.address} is recovered`,
                acknowledged,
              });
              await client.invalidateQueries({ queryKey: licensingQuery.queryKey });
            }}
            onClose={() => setAsked(null)}
          />
        )}
      </CardBody>
    </Card>
  );
}

/** ML3: a small number of the holder; in parentheses that of a holder that is the other unit. */
const deviceIdWords = ({ deviceId, isPeer }: Pick<LicensedUnit, "deviceId" | "isPeer">): string =>
  isPeer ? `(${deviceId})` : String(deviceId);

/** One that was recovered or given back has no holder, whoever wrote that down. */
const holderWords = ({ state, centralName, isPeer }: LicensedUnit): string =>
  state === "ended" ? "nobody" : `${centralName}${isPeer ? " (the other unit)" : ""}`;

const stateLooks = {
  held: { color: "blue", words: "licensed" },
  ended: { color: "grey", words: "ended" },
} as const satisfies Record<LicensedUnit["state"], unknown>;

type TableProps = {
  readonly units: readonly LicensedUnit[];
  readonly onRecover: (unit: LicensedUnit) => void;
};

export function LicensedUnitsTable({ units, onRecover }: TableProps) {
  if (units.length === 0)
    return (
      <EmptyState headingLevel="h3" titleText="No LoadMaster is licensed here">
        <EmptyStateBody>
          A LoadMaster asks for its licence on its own page Licence; give it this Central’s address there.
        </EmptyStateBody>
      </EmptyState>
    );
  return (
    <Table aria-label="Licensed LoadMasters" variant="compact">
      <Thead>
        <Tr>
          <Th modifier="nowrap" width={20}>
            Name
          </Th>
          <Th modifier="nowrap">Device ID</Th>
          <Th modifier="nowrap">Type</Th>
          <Th modifier="nowrap">Holder</Th>
          <Th modifier="nowrap">Address</Th>
          <Th modifier="nowrap">Granted</Th>
          <Th modifier="nowrap">Last check</Th>
          <Th modifier="nowrap">State</Th>
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      <Tbody>
        {units.map((unit) => (
          <Tr key={unit.unit}>
            <Td dataLabel="Name" modifier="breakWord">
              <NameOf unit={unit} />
            </Td>
            <Td dataLabel="Device ID">{deviceIdWords(unit)}</Td>
            <Td dataLabel="Type">{licenceTypeWords(unit.type)}</Td>
            <Td dataLabel="Holder">{holderWords(unit)}</Td>
            <Td dataLabel="Address">{`${unit.address}:${unit.port}`}</Td>
            <Td dataLabel="Granted">{moment(unit.grantedAt)}</Td>
            <Td dataLabel="Last check">{moment(unit.checkedAt)}</Td>
            <Td dataLabel="State" modifier="breakWord">
              <Label color={stateLooks[unit.state].color} isCompact>
                {stateLooks[unit.state].words}
              </Label>
              {unit.ended !== null && <Content component="small">{unit.ended}</Content>}
              {unit.alarm !== null && (
                <>
                  {" "}
                  <Label status="danger" isCompact>
                    alarm
                  </Label>
                  <Content component="small">{unit.alarm}</Content>
                </>
              )}
            </Td>
            <Td dataLabel="Do">
              {unit.state === "held" && (
                <Button
                  variant="link"
                  size="sm"
                  isDanger
                  aria-label={`Recover the licence of ${unit.name || unit.address}`}
                  onClick={() => onRecover(unit)}
                >
                  Recover
                </Button>
              )}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

/** Its page, where it is in the tree; below it what it is known by. */
const NameOf = ({ unit: { name, address, unit, device, partner } }: { readonly unit: LicensedUnit }) => (
  <>
    {device === null ? (
      name || address
    ) : (
      <Link to="/devices/$device" params={{ device }}>
        {name || address}
      </Link>
    )}
    <Content component="small">{partner === null ? unit : `${unit}, a pair with ${partner}`}</Content>
  </>
);
