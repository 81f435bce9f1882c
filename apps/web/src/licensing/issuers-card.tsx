import {
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  EmptyState,
  EmptyStateBody,
  Stack,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { LicenceIssuer } from "@tandem/central-api/own-licence";
import { routes } from "@tandem/central-api/routes";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { Loaded } from "@tandem/web-components/page/loaded";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { licenceIssuersQuery, ownLicenceQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";
import { moment } from "../form/moment.ts";
import { type Written, WrittenAlert } from "../ha/written-alert.tsx";

type Asked = { readonly kind: "trust" } | { readonly kind: "distrust"; readonly issuer: LicenceIssuer };

/** Whose licences this unit takes. */
export function IssuersCard() {
  const issuers = useQuery(licenceIssuersQuery);
  const client = useQueryClient();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [written, setWritten] = useState<Written | null>(null);
  const done = (what: string): void => {
    setWritten({ what, acknowledged: null });
    // Its queries are also those of the issuers: whether the licence holds depends on them.
    void client.invalidateQueries({ queryKey: ownLicenceQuery.queryKey });
  };
  const close = () => setAsked(null);
  return (
    <Card>
      <CardHeader
        hasWrap
        actions={{
          actions: (
            <Button variant="secondary" onClick={() => setAsked({ kind: "trust" })}>
              Trust an issuer
            </Button>
          ),
          hasNoOffset: true,
        }}
      >
        <CardTitle component="h2">Trusted issuers</CardTitle>
      </CardHeader>
      <CardBody>
        <Stack hasGutter>
          <WrittenAlert written={written} onClose={() => setWritten(null)} />
          <Loaded query={issuers}>
            {(known) => (
              <IssuersTable
                issuers={known.issuers}
                onRemove={(issuer) => setAsked({ kind: "distrust", issuer })}
              />
            )}
          </Loaded>
        </Stack>
        {asked?.kind === "trust" && <TrustIssuer onTrusted={done} onClose={close} />}
        {asked?.kind === "distrust" && (
          <FormDialogue
            title={`Trust “${asked.issuer.name}” no more`}
            action="Remove"
            size="small"
            isDanger
            description="Its licences hold no more on this unit, the present one included, until it is trusted again."
            send={async () => {
              const { id, name } = asked.issuer;
              await call(routes.distrustLicenceIssuer, { params: { id } });
              done(`“${name}” is trusted no more on this unit`);
            }}
            onClose={close}
          />
        )}
      </CardBody>
    </Card>
  );
}

type TableProps = {
  readonly issuers: readonly LicenceIssuer[];
  readonly onRemove: (issuer: LicenceIssuer) => void;
};

function IssuersTable({ issuers, onRemove }: TableProps) {
  if (issuers.length === 0)
    return (
      <EmptyState headingLevel="h3" titleText="No issuer is trusted">
        <EmptyStateBody>
          Give the public key that <code>tandem license keygen</code> printed; licences that it signs can then
          be imported.
        </EmptyStateBody>
      </EmptyState>
    );
  return (
    <Table aria-label="Trusted issuers" variant="compact">
      <Thead>
        <Tr>
          <Th>Name</Th>
          <Th>Id</Th>
          <Th>Public key</Th>
          <Th>Trusted since</Th>
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      <Tbody>
        {issuers.map((issuer) => (
          <Tr key={issuer.id}>
            <Td dataLabel="Name">{issuer.name}</Td>
            <Td dataLabel="Id">{issuer.id}</Td>
            <Td dataLabel="Public key" modifier="breakWord">
              {issuer.key}
            </Td>
            <Td dataLabel="Trusted since">{moment(issuer.trustedAt)}</Td>
            <Td dataLabel="Do">
              <Button
                variant="link"
                size="sm"
                isDanger
                aria-label={`Remove ${issuer.name}`}
                onClick={() => onRemove(issuer)}
              >
                Remove
              </Button>
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

type TrustProps = { readonly onTrusted: (what: string) => void; readonly onClose: () => void };

export function TrustIssuer({ onTrusted, onClose }: TrustProps) {
  const [key, setKey] = useState("");
  const [name, setName] = useState("");
  return (
    <FormDialogue
      title="Trust an issuer"
      action="Trust"
      fields={["key", "name"]}
      isDisabled={key.trim() === "" || name.trim() === ""}
      send={async () => {
        await call(routes.trustLicenceIssuer, { body: { key: key.trim(), name: name.trim() } });
        onTrusted(`“${name.trim()}” is trusted on this unit`);
      }}
      onClose={onClose}
    >
      {(error) => (
        <>
          <TextField
            id="issuer-name"
            label="Name"
            value={name}
            onChange={setName}
            required
            help="As this unit is to call it"
            error={errorOf(error, "name")}
          />
          <TextField
            id="issuer-key"
            label="Public key"
            value={key}
            onChange={setKey}
            required
            help="The 43 characters that tandem license keygen printed"
            error={errorOf(error, "key")}
          />
        </>
      )}
    </FormDialogue>
  );
}
