import { Alert, Button, Card, CardBody, Content, Flex } from "@patternfly/react-core";
import type { HaView } from "@tandem/loadmaster-api/ha-view";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useState } from "react";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { useLack } from "../session/use-lack.ts";

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
  const [isAsking, setAsking] = useState<"reboot" | "shutdown" | null>(null);
  const [ordered, setOrdered] = useState<"reboot" | "shutdown" | null>(null);
  const lacks = useLack("reboot");
  return (
    <PageFrame title="System Reboot">
      <Card>
        <CardBody>
          <Content component="p">
            Starts this unit{view === null ? "" : `, ${view.name},`} again. It also ends that a unit is
            pacified.
          </Content>
          {lacks !== null && <Content component="p">{lacks}</Content>}
          {ordered === "shutdown" && (
            <Alert
              variant="info"
              isInline
              isLiveRegion
              title="The unit shuts down. Somebody has to start it by hand."
            />
          )}
          {ordered === "reboot" && (
            <Alert
              variant="info"
              isInline
              isLiveRegion
              title="The unit starts again. The connection is lost meanwhile, and you may have to sign in anew."
            />
          )}
          <Flex>
            <Button
              variant="danger"
              isDisabled={view === null || lacks !== null}
              onClick={() => setAsking("reboot")}
            >
              Reboot
            </Button>
            <Button
              variant="secondary"
              isDanger
              isDisabled={view === null || lacks !== null}
              onClick={() => setAsking("shutdown")}
            >
              Shut down
            </Button>
          </Flex>
          {isAsking === "shutdown" && view !== null && (
            <FormDialogue
              title={`Shut ${view.name} down?`}
              action="Shut down"
              size="small"
              isDanger
              description={`${rebootMeans(view)} It stays down until somebody starts it.`}
              send={async () => {
                await command("shutdown");
                setOrdered("shutdown");
              }}
              onClose={() => setAsking(null)}
            />
          )}
          {isAsking === "reboot" && view !== null && (
            <FormDialogue
              title={`Reboot ${view.name}?`}
              action="Reboot"
              size="small"
              isDanger
              description={rebootMeans(view)}
              send={async () => {
                await command("reboot");
                setOrdered("reboot");
              }}
              onClose={() => setAsking(null)}
            />
          )}
        </CardBody>
      </Card>
    </PageFrame>
  );
}
