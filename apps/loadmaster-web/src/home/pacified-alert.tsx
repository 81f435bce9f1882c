import { Alert, AlertActionLink } from "@patternfly/react-core";
import type { HaView } from "@tandem/loadmaster-api/ha-view";
import { Problems } from "@tandem/web-components/form/problems";
import { useMutation } from "@tanstack/react-query";
import { command } from "../api/transport.ts";

/** A unit whose carpd ended too often takes no part in HA until somebody says so (SPEC LH9). */
export function PacifiedAlert({ view }: { readonly view: HaView }) {
  const resuming = useMutation({ mutationFn: () => command("haresume") });
  const { pacified } = view;
  if (pacified === null) return null;
  return (
    <>
      <Problems error={resuming.error} />
      <Alert
        variant="danger"
        isInline
        title="This unit is pacified: it takes no part in HA"
        actionLinks={
          <AlertActionLink
            isDisabled={resuming.isPending || resuming.isSuccess}
            onClick={() => resuming.mutate()}
          >
            Resume
          </AlertActionLink>
        }
      >
        Since {new Date(pacified.since).toLocaleString()}, after {pacified.starts} starts of carpd:{" "}
        {pacified.reason}. Look into the unit's log first; then let it take part again.
      </Alert>
    </>
  );
}
