import { Alert, Button, Card, CardBody, Content } from "@patternfly/react-core";
import type { HaView } from "@tandem/loadmaster-api/ha-view";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useState } from "react";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";

/** What a reboot means for those who are served now. */
export function rebootMeans(view: HaView): string {
  if (view.setup !== "pair") return "Everything that this unit serves is away until it has started again.";
  if (view.hastatus !== "Active") return "It is not the active one: what the pair serves goes on.";
  const other = view.squares?.find((each) => !each.self);
  return other?.state === "standby, ready"
    ? "It is the active one: it hands over to the standby as it stops."
    : "It is the active one, and its partner is not ready: everything that the pair serves is away until it has started again.";
}

export function RebootPage() {
  const { view } = useLive();
  const [isAsking, setAsking] = useState(false);
  const [isOrdered, setOrdered] = useState(false);
  return (
    <PageFrame title="System Reboot">
      <Card>
        <CardBody>
          <Content component="p">
            Starts this unit{view === null ? "" : `, ${view.name},`} again. It also ends that a unit is
            pacified.
          </Content>
          {isOrdered && (
            <Alert
              variant="info"
              isInline
              isLiveRegion
              title="The unit starts again. The connection is lost meanwhile, and you may have to sign in anew."
            />
          )}
          <Button variant="danger" isDisabled={view === null} onClick={() => setAsking(true)}>
            Reboot
          </Button>
          {isAsking && view !== null && (
            <FormDialogue
              title={`Reboot ${view.name}?`}
              action="Reboot"
              size="small"
              isDanger
              description={rebootMeans(view)}
              send={async () => {
                await command("reboot");
                setOrdered(true);
              }}
              onClose={() => setAsking(false)}
            />
          )}
        </CardBody>
      </Card>
    </PageFrame>
  );
}
