import { Alert, Button, Flex, Stack } from "@patternfly/react-core";
import type { LicenceCentral, LicenceView } from "@tandem/loadmaster-api/licence-commands";
import { CheckField } from "@tandem/web-components/form/check-field";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Problems } from "@tandem/web-components/form/problems";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { licenceQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { type Fact, FactsCard } from "../settings/facts-card.tsx";

type Props = { readonly licence: LicenceView; readonly isReadOnly: boolean };

const momentOf = (milliseconds: number | null): string =>
  milliseconds === null ? "never" : new Date(milliseconds).toLocaleString();

const centralOf = ({ name, host, port, isHolder }: LicenceCentral) => (
  <div key={name}>
    {name}, {host === null ? "its address is not known" : `${host}:${port}`}
    {isHolder ? " (has granted it)" : ""}
  </div>
);

function factsOf(licence: LicenceView): Fact[] {
  const own: Fact = ["Known to Centrals as", licence.uuid];
  if (licence.state === "unlicensed") return [["State", licence.LicenseStatus], own];
  return [
    ["State", licence.LicenseStatus],
    ...(licence.graceUntil === null
      ? []
      : [
          [
            licence.state === "over" ? "Services can be added until" : "Grace until",
            momentOf(licence.graceUntil),
          ] as const,
        ]),
    ["Type", licence.LicenseType],
    ["Holder", licence.holder === "" ? "not named" : licence.holder],
    ["Central", licence.centrals.map(centralOf)],
    ["Since", momentOf(licence.grantedAt)],
    ["Request number", licence.number],
    ["Last confirmed", momentOf(licence.heldAt)],
    ["Next check", momentOf(licence.nextCheckAt)],
    own,
  ];
}

export function LicenceCard({ licence, isReadOnly }: Props) {
  const client = useQueryClient();
  const [isReleasing, setReleasing] = useState(false);
  const [force, setForce] = useState(false);
  const done = () => client.invalidateQueries({ queryKey: licenceQuery.queryKey });
  const checking = useMutation({ mutationFn: () => command("licensecheck"), onSettled: done });
  return (
    <FactsCard title="Licence of this unit" facts={factsOf(licence)}>
      {licence.state !== "unlicensed" && (
        <Stack hasGutter>
          {/* Why it is not confirmed stands above the cards. */}
          {licence.state === "licensed" && <Problems error={checking.error} />}
          {checking.isSuccess && (
            <Alert variant="success" isInline isPlain isLiveRegion title="The licence holds." />
          )}
          <Flex>
            <Button
              variant="secondary"
              isDisabled={isReadOnly || checking.isPending}
              isLoading={checking.isPending}
              onClick={() => checking.mutate()}
            >
              Check now
            </Button>
            <Button
              variant="secondary"
              isDanger
              isDisabled={isReadOnly}
              onClick={() => {
                setForce(false);
                setReleasing(true);
              }}
            >
              Release
            </Button>
          </Flex>
        </Stack>
      )}
      {isReleasing && (
        <FormDialogue
          title="Give this unit's licence back?"
          action="Release"
          size="small"
          isDanger
          description="The Central can grant it to another unit then, and cannot manage this one any more. Traffic goes on."
          send={async () => {
            await command("killaslinstance", force ? { force: true } : {});
            await done();
          }}
          onClose={() => setReleasing(false)}
        >
          {() => (
            <CheckField
              id="release-force"
              label="Also when the Central does not answer"
              isChecked={force}
              onChange={setForce}
              help="The Central goes on counting it until somebody recovers it there"
            />
          )}
        </FormDialogue>
      )}
    </FactsCard>
  );
}
