import { Button, Card, CardBody, CardHeader, CardTitle, Content, Stack } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { LicensingOverview, ShareMove } from "@tandem/central-api/licensing";
import { useState } from "react";
import { type Written, WrittenAlert } from "../ha/written-alert.tsx";
import { spareOfPeer, TakeOverShare } from "./take-over-share.tsx";

type Kind = ShareMove["kind"];
type Props = {
  readonly overview: LicensingOverview;
  /** Null: this unit has no peer. */
  readonly peerName: string | null;
};

const kindWords = { local: "Local licences", pool: "Pool (Mbit/s)" } as const satisfies Record<Kind, string>;

/** What the pair may license, how it is divided, and what of it is in use. */
export function SharesCard({ overview, peerName }: Props) {
  const [asked, setAsked] = useState<Kind | null>(null);
  const [written, setWritten] = useState<Written | null>(null);
  const share = asked === null ? null : overview[asked];
  return (
    <Card>
      <CardHeader>
        <CardTitle component="h2">Allowance</CardTitle>
      </CardHeader>
      <CardBody>
        <Stack hasGutter>
          <WrittenAlert written={written} onClose={() => setWritten(null)} />
          <SharesTable overview={overview} peerName={peerName} onTake={setAsked} />
          <Content component="p">{meteredWords(overview.metered)}</Content>
          <Content component="p">
            {`A LoadMaster that is licensed by ${overview.unitName} shows this fingerprint first: `}
            <code>{overview.fingerprint}</code>
          </Content>
        </Stack>
        {asked !== null && share !== null && peerName !== null && (
          <TakeOverShare
            kind={asked}
            share={share}
            peerName={peerName}
            onMoved={(what) => setWritten({ what, acknowledged: null })}
            onClose={() => setAsked(null)}
          />
        )}
      </CardBody>
    </Card>
  );
}

const meteredWords = (metered: LicensingOverview["metered"]): string =>
  metered === null
    ? "Metered licensing is not licensed."
    : `Metered licences: ${metered.issued} issued, without limit; tier ${metered.tierGbps} Gbit/s.`;

const kinds = ["local", "pool"] as const;

export function SharesTable({
  overview,
  peerName,
  onTake,
}: Props & { readonly onTake: (kind: Kind) => void }) {
  const hasPeer = peerName !== null;
  return (
    <Table aria-label="Allowance" variant="compact">
      <Thead>
        <Tr>
          <Th>What</Th>
          <Th>Allowed</Th>
          <Th>Issued</Th>
          <Th modifier="wrap">{`Share of ${overview.unitName}`}</Th>
          <Th modifier="wrap">{`Issued by ${overview.unitName}`}</Th>
          {hasPeer && <Th modifier="wrap">{`Share of ${peerName}`}</Th>}
          {hasPeer && <Th modifier="wrap">{`Issued by ${peerName}`}</Th>}
          {hasPeer && <Th screenReaderText="Actions" />}
        </Tr>
      </Thead>
      <Tbody>
        {kinds.map((kind) => {
          const share = overview[kind];
          return share === null ? (
            <Tr key={kind}>
              <Td dataLabel="What">{kindWords[kind]}</Td>
              <Td dataLabel="Allowed" colSpan={hasPeer ? 7 : 4}>
                not licensed
              </Td>
            </Tr>
          ) : (
            <Tr key={kind}>
              <Td dataLabel="What">{kindWords[kind]}</Td>
              <Td dataLabel="Allowed">{share.allowed}</Td>
              <Td dataLabel="Issued">{share.issued + share.peerIssued}</Td>
              <Td dataLabel={`Share of ${overview.unitName}`}>{share.share}</Td>
              <Td dataLabel={`Issued by ${overview.unitName}`}>{share.issued}</Td>
              {hasPeer && <Td dataLabel={`Share of ${peerName}`}>{share.peerShare}</Td>}
              {hasPeer && <Td dataLabel={`Issued by ${peerName}`}>{share.peerIssued}</Td>}
              {hasPeer && (
                <Td dataLabel="Do">
                  <Button
                    variant="secondary"
                    size="sm"
                    aria-label={`Take over share: ${kindWords[kind]}`}
                    isAriaDisabled={spareOfPeer(share) === 0}
                    title={spareOfPeer(share) === 0 ? `${peerName} has nothing of it that is free` : ""}
                    onClick={() => spareOfPeer(share) > 0 && onTake(kind)}
                  >
                    Take over share
                  </Button>
                </Td>
              )}
            </Tr>
          );
        })}
      </Tbody>
    </Table>
  );
}
