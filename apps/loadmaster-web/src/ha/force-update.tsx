import { Alert, Button, Card, CardBody, CardTitle, Content } from "@patternfly/react-core";
import { Problems } from "@tandem/web-components/form/problems";
import { useMutation } from "@tanstack/react-query";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";

/** Why the partner cannot be sent the configuration from here; null when it can. */
function faultOf(view: ReturnType<typeof useLive>["view"]): string | null {
  if (view === null) return "The unit's state is not known yet";
  if (view.setup !== "pair") return "This unit has no partner";
  return view.hastatus === "Active"
    ? null
    : `This unit is ${view.hastatus}: the active one sends the configuration`;
}

/** Sends the configuration whole, whatever the partner says that it has (SPEC LH11). */
export function ForceUpdateCard() {
  const { view } = useLive();
  const sending = useMutation({ mutationFn: () => command("forcepartnerupdate") });
  const fault = faultOf(view);
  return (
    <Card>
      <CardTitle component="h2">Force Partner Update</CardTitle>
      <CardBody>
        <Content component="p">
          The standby gets every change by itself, at once. This sends it the whole configuration again. What
          belongs to one unit is never overwritten.
        </Content>
        <Problems error={sending.error} />
        {sending.isSuccess && (
          <Alert variant="success" isInline isLiveRegion title="The partner has the present configuration." />
        )}
        {fault !== null && <Content component="small">{fault}</Content>}
        <Button
          variant="secondary"
          isDisabled={fault !== null || sending.isPending}
          isLoading={sending.isPending}
          onClick={() => sending.mutate()}
        >
          Force Partner Update
        </Button>
      </CardBody>
    </Card>
  );
}
