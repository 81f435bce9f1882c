import { Alert, ExpandableSection } from "@patternfly/react-core";
import type { HaView } from "@tandem/loadmaster-api/ha-view";
import type { PairingView } from "@tandem/loadmaster-api/pairing";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { Waiting } from "@tandem/web-components/page/waiting";
import { useQuery } from "@tanstack/react-query";
import { pairingQuery } from "../api/queries.ts";
import { useLive } from "../live/live.tsx";
import { pagesAt } from "../live/read-only.ts";
import { PairWizard } from "./pair-wizard.tsx";
import { ReplaceCard } from "./replace-card.tsx";
import { StepsCard } from "./steps-card.tsx";
import { UnpairCard } from "./unpair-card.tsx";

/** From one unit to two, and back (SPEC LH10). */
export function SetupPage() {
  const { view } = useLive();
  const pairing = useQuery(pairingQuery);
  return (
    <PageFrame title="HA Set-up">
      {view === null ? (
        <Waiting />
      ) : (
        <Loaded query={pairing}>
          {(procedure) => (
            <>
              <StepsCard view={procedure} />
              {procedure.state !== "running" && <WhatCanBeDone view={view} procedure={procedure} />}
            </>
          )}
        </Loaded>
      )}
    </PageFrame>
  );
}

type Props = { readonly view: HaView; readonly procedure: PairingView };

function WhatCanBeDone({ view, procedure }: Props) {
  if (view.setup !== "pair") return <PairWizard />;
  const shared = view.sharedAddress ?? "";
  if (view.status !== "Active")
    return (
      <Alert variant="info" isInline title={`This unit is ${view.status}`}>
        The pair is changed on the active unit, which answers at <a href={pagesAt(shared)}>{shared}</a>. For
        this unit to be the one that stays, hand over to it first.
      </Alert>
    );
  const partner = view.squares?.find((each) => !each.self)?.address ?? "";
  const isBroken = procedure.kind === "pair" && procedure.state === "failed";
  return (
    <>
      {isBroken && <PairWizard />}
      <ExpandableSection toggleText="End this pair" isIndented displaySize="lg">
        <UnpairCard partner={partner} sharedAddress={shared} />
      </ExpandableSection>
      <ExpandableSection toggleText="Replace a dead partner" isIndented displaySize="lg">
        <ReplaceCard sharedAddress={shared} />
      </ExpandableSection>
    </>
  );
}
