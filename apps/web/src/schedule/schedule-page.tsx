import type { HaStatus } from "@tandem/central-api/ha";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { treeQuery } from "../api/queries.ts";
import { isPaired, PairNotice } from "../ha/pair-notice.tsx";
import { ActionsCard } from "./actions-card.tsx";
import { calledIn } from "./called.ts";
import { RunsCard } from "./runs-card.tsx";

/** Who executes, from where the reader stands (SPEC CH9). */
export function whoExecutes({ ourState, acting }: Pick<HaStatus, "ourState" | "acting">): string {
  if (ourState === "Slave") return "The Master executes the actions; what you change here reaches it.";
  if (!acting) return "It executes no scheduled actions now.";
  return isPaired({ ourState })
    ? "It executes the actions; the other unit takes over when it is gone."
    : "It executes the actions itself, and no other unit takes over.";
}

export function SchedulePage() {
  const tree = useQuery(treeQuery);
  return (
    <PageFrame title="Scheduled Actions" about="Backups and reboots of devices, once or again and again.">
      <PairNotice text={whoExecutes} />
      <Loaded query={tree}>
        {(known) => (
          <>
            <ActionsCard devices={calledIn(known)} />
            <RunsCard devices={calledIn(known)} />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}
