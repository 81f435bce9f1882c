import { Alert, Button, Card, CardBody, CardHeader, CardTitle, Label, Stack } from "@patternfly/react-core";
import type { OwnLicence } from "@tandem/central-api/own-licence";
import { useState } from "react";
import { moment } from "../form/moment.ts";
import { WrittenAlert } from "../ha/written-alert.tsx";
import { Facts } from "./facts.tsx";
import { ImportLicence } from "./import-licence.tsx";
import { allowedWords, expiryNotice, stateWords } from "./own-licence-words.ts";

type Props = {
  readonly own: OwnLicence;
  /** Wall milliseconds. */
  readonly now: number;
};

const colours = {
  valid: "green",
  expired: "red",
  "not-yet": "orange",
  none: "grey",
  invalid: "red",
} as const satisfies Record<OwnLicence["state"], string>;

/** This unit's licence, what is wrong with it, and the import of another. */
export function OwnLicenceCard({ own, now }: Props) {
  const [isImporting, setImporting] = useState(false);
  const [imported, setImported] = useState(false);
  return (
    <Card>
      <CardHeader
        hasWrap
        actions={{
          actions: (
            <Button variant="secondary" onClick={() => setImporting(true)}>
              {own.licence === null ? "Import a licence" : "Replace the licence"}
            </Button>
          ),
          hasNoOffset: true,
        }}
      >
        <CardTitle component="h2">Licence of this Central</CardTitle>
      </CardHeader>
      <CardBody>
        <Stack hasGutter>
          <WrittenAlert
            written={imported ? { what: "The licence is imported on this unit", acknowledged: null } : null}
            onClose={() => setImported(false)}
          />
          <Faults own={own} now={now} />
          <OwnLicenceFacts own={own} />
        </Stack>
        {isImporting && (
          <ImportLicence
            hasLicence={own.licence !== null}
            onImported={() => setImported(true)}
            onClose={() => setImporting(false)}
          />
        )}
      </CardBody>
    </Card>
  );
}

function Faults({ own, now }: Props) {
  const notice = expiryNotice(own, now);
  return (
    <>
      {notice && (
        <Alert variant={notice.isOver ? "danger" : "warning"} isInline title={notice.title}>
          {notice.remedy}
        </Alert>
      )}
      {own.message !== null && own.state !== "expired" && (
        <Alert variant="danger" isInline title={own.message} />
      )}
      {own.alarm !== null && <Alert variant="danger" isInline title={own.alarm} />}
    </>
  );
}

function OwnLicenceFacts({ own }: { readonly own: OwnLicence }) {
  const { licence, signedBy, unit, licensingKey } = own;
  const state = (
    <Label key="state" color={colours[own.state]}>
      {stateWords[own.state]}
    </Label>
  );
  const ofUnit = [
    ["Id of this unit", unit],
    ["Key that signs what is granted", licensingKey],
  ] as const;
  if (licence === null)
    return <Facts label="Licence of this Central" facts={[["State", state], ...ofUnit]} />;
  const issuer = signedBy === null ? "not known" : `${signedBy.name} (${signedBy.id})`;
  return (
    <Facts
      label="Licence of this Central"
      facts={[
        ["State", state],
        ["Kind", licence.isTrial ? "trial" : "licensed"],
        ["Holder", licence.holder],
        ["Issuer", licence.isTrial ? "this unit" : issuer],
        ["Issued", moment(licence.issuedAt)],
        ["Holds from", moment(licence.notBefore)],
        ["Ends", moment(licence.expiresAt)],
        ["Allows", allowedWords(licence).map((words) => <div key={words}>{words}</div>)],
        [
          "Units, with their shares at first",
          licence.units.map((share) => (
            <div key={share.unit}>
              {share.unit}
              {share.unit === unit ? " (this unit)" : ""}
              {`: ${share.local} local${licence.pool === null ? "" : `, ${share.poolMbps} Mbit/s of the pool`}`}
            </div>
          )),
        ],
        ["Account", licence.account],
        ["Licence id", licence.id],
        ...ofUnit,
      ]}
    />
  );
}
