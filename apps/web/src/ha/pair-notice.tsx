import { Alert } from "@patternfly/react-core";
import type { HaStatus } from "@tandem/central-api/ha";
import { useQuery } from "@tanstack/react-query";
import { haQuery } from "../api/queries.ts";

/** Whether this unit is one of a pair now; otherwise it is Standalone, Starting or Disabled. */
export const isPaired = ({ ourState }: Pick<HaStatus, "ourState">): boolean =>
  ourState === "Master" || ourState === "Slave";

/** Which unit of the pair this is, and what follows from it for the page it stands on. */
export function PairNotice({ text }: { readonly text: (status: HaStatus) => string }) {
  const status = useQuery(haQuery).data?.status;
  return status === undefined ? null : <PairSentence status={status} text={text(status)} />;
}

function PairSentence({ status, text }: { readonly status: HaStatus; readonly text: string }) {
  const { ourState, peerState, peerName, ourReason } = status;
  const peer = isPaired(status) && peerName !== null ? `; ${peerName} is ${peerState}` : "";
  const isOut = !isPaired(status) && !status.acting;
  const why = isOut && ourReason !== "" ? ` (${ourReason})` : "";
  return (
    <Alert
      variant={isOut ? "warning" : "info"}
      isInline
      isPlain
      title={`This unit is ${ourState}${why}${peer}. ${text}`}
    />
  );
}
