import { Alert, AlertActionCloseButton } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { haQuery } from "../api/queries.ts";

/** A change that was made, and which units hold it on disk (SPEC CH21). */
export type Written = {
  readonly what: string;
  /** Null: it is of this unit alone. */
  readonly acknowledged: "both" | "this unit only" | null;
};

/** Says that a change is made; a peer that has not confirmed it is said to be wanting. */
export function WrittenAlert({
  written,
  onClose,
}: {
  readonly written: Written | null;
  readonly onClose: () => void;
}) {
  const hasPeer = (useQuery(haQuery).data?.status.peerUnit ?? null) !== null;
  if (written === null) return null;
  const { what, acknowledged } = written;
  const isAlone = acknowledged === "this unit only" && hasPeer;
  const where =
    acknowledged === "both"
      ? ", on both units"
      : isAlone
        ? ", on this unit only: the other has not confirmed it yet"
        : "";
  return (
    <Alert
      variant={isAlone ? "warning" : "success"}
      isInline
      isLiveRegion
      title={`${what}${where}`}
      actionClose={<AlertActionCloseButton onClose={onClose} />}
    />
  );
}
