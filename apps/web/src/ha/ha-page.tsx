import { Alert, Bullseye, Button, Grid, GridItem, PageSection, Spinner, Title } from "@patternfly/react-core";
import { routes } from "@tandem/central-api/routes";
import { errorsElsewhere } from "@tandem/web-components/values/refusal";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { haQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";
import { SwitchesHint } from "../synchronisation/switches-hint.tsx";
import { ActButton } from "./act-button.tsx";
import { BackupsCard } from "./backups-card.tsx";
import { ConflictsCard } from "./conflicts-card.tsx";
import { DifferencesAlert } from "./differences-alert.tsx";
import { HaForm } from "./ha-form.tsx";
import { HaStatusCard } from "./ha-status-card.tsx";
import { HaTimeline } from "./ha-timeline.tsx";
import { HandoverButton } from "./handover-button.tsx";
import { RemoveFromPair } from "./remove-from-pair.tsx";
import { RestoreOverwritten } from "./restore-overwritten.tsx";

/** Settings and Configuration > HA Configuration, with HA Status (SPEC CH14, CH15). */
export function HaPage() {
  const ha = useQuery(haQuery);
  const client = useQueryClient();
  const [dialogue, setDialogue] = useState<"restore" | "remove" | null>(null);
  const close = () => setDialogue(null);
  const refresh = useMutation({
    mutationFn: () => call(routes.refreshHa, {}),
    onSuccess: (answer) => client.setQueryData(haQuery.queryKey, answer),
  });
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">HA Configuration</Title>
      </PageSection>
      <PageSection>
        {errorsElsewhere(ha.error ?? refresh.error, []).map((problem) => (
          <Alert key={problem} variant="danger" isInline title={problem} />
        ))}
        {ha.data ? (
          <Grid hasGutter>
            <GridItem>
              <SwitchesHint />
            </GridItem>
            <GridItem xl={6}>
              <HaForm configuration={ha.data.configuration} />
            </GridItem>
            <GridItem xl={6}>
              <HaStatusCard
                status={ha.data.status}
                onRefresh={() => refresh.mutate()}
                refreshing={refresh.isPending}
                onRestore={() => setDialogue("restore")}
                actions={
                  ha.data.status.peerUnit !== null && (
                    <>
                      <HandoverButton status={ha.data.status} />
                      <ActButton status={ha.data.status} />
                      <Button variant="secondary" isDanger onClick={() => setDialogue("remove")}>
                        Remove from pair
                      </Button>
                    </>
                  )
                }
              >
                <DifferencesAlert />
              </HaStatusCard>
              {dialogue === "restore" && <RestoreOverwritten onClose={close} />}
              {dialogue === "remove" && <RemoveFromPair status={ha.data.status} onClose={close} />}
            </GridItem>
            <GridItem>
              <BackupsCard />
            </GridItem>
            <GridItem>
              <ConflictsCard />
            </GridItem>
            <GridItem>
              <HaTimeline />
            </GridItem>
          </Grid>
        ) : (
          ha.isPending && (
            <Bullseye>
              <Spinner aria-label="Loading" />
            </Bullseye>
          )
        )}
      </PageSection>
    </>
  );
}
