import { Alert, ExpandableSection } from "@patternfly/react-core";
import type { HaView } from "@tandem/loadmaster-api/ha-view";
import type { PairingView } from "@tandem/loadmaster-api/pairing";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { Waiting } from "@tandem/web-components/page/waiting";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
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
  if (view.hastatus !== "Active")
    return (
      <Alert variant="info" isInline title={`This unit is ${view.hastatus}`}>
        The pair is changed on the active unit, which answers at <a href={pagesAt(shared)}>{shared}</a>. For
        this unit to be the one that stays, hand over to it first.
      </Alert>
    );
  const partner = view.squares?.find((each) => !each.self)?.address ?? "";
  const isBroken = procedure.kind === "pair" && procedure.state === "failed";
  return (
    <OneOf
      first={isBroken ? "Go on with the pair" : null}
      choices={[
        ...(isBroken ? [["Go on with the pair", <PairWizard key="pair" />] as const] : []),
        ["End this pair", <UnpairCard key="unpair" partner={partner} sharedAddress={shared} />],
        ["Replace a dead partner", <ReplaceCard key="replace" sharedAddress={shared} />],
      ]}
    />
  );
}

type OneOfProps = {
  readonly first: string | null;
  readonly choices: readonly (readonly [title: string, content: ReactNode])[];
};

/** One procedure at a time: what was typed for another is gone, secrets with it. */
function OneOf({ first, choices }: OneOfProps) {
  const [chosen, setChosen] = useState(first);
  return choices.map(([title, content]) => (
    <ExpandableSection
      key={title}
      toggleText={title}
      isIndented
      displaySize="lg"
      isExpanded={chosen === title}
      onToggle={(_, isOpen) => setChosen(isOpen ? title : null)}
    >
      {chosen === title && content}
    </ExpandableSection>
  ));
}
