import {
  Alert,
  Button,
  Card,
  CardBody,
  CardTitle,
  ClipboardCopy,
  Content,
  ContentVariants,
  Stack,
} from "@patternfly/react-core";
import type { HaView } from "@tandem/loadmaster-api/ha-view";
import type { HandOverView, VirtualServiceView } from "@tandem/loadmaster-api/views";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { servicesQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { pagesAt } from "../live/read-only.ts";

/** So many services are offered to be asked; the command for any other is the same. */
const offeredMax = 8;
const httpsPort = "443";
const httpPort = "80";

type Probed = Pick<VirtualServiceView, "VSPort" | "VStype"> & {
  readonly VSAddress: string;
  /** TLS of clients ends at the service. */
  readonly SSLAcceleration?: boolean;
};

/** The command that measures how long a service is away, as its clients see it. */
export function probeCommand({ VSAddress, VSPort, VStype, SSLAcceleration }: Probed): string {
  const host = VSAddress.includes(":") ? `[${VSAddress}]` : VSAddress;
  const isOverTls = SSLAcceleration === true || (VStype !== "http" && VSPort === httpsPort);
  if (!isOverTls && VStype !== "http") return `tandem probe ${host}:${VSPort}`;
  const usualPort = isOverTls ? httpsPort : httpPort;
  return `tandem probe ${isOverTls ? "https" : "http"}://${host}${VSPort === usualPort ? "" : `:${VSPort}`}/`;
}

/** Moves the role; what that costs is measured from elsewhere (SPEC LH13). */
export function DrillPage() {
  const { view } = useLive();
  const services = useQuery(servicesQuery);
  return (
    <PageFrame
      title="HA Drill"
      about="Give the active role to the standby on purpose, while somebody watches the services."
    >
      <Card>
        <CardTitle component="h2">First: measure from elsewhere</CardTitle>
        <CardBody>
          <Stack hasGutter>
            <Content component={ContentVariants.p}>
              No unit of a pair can tell how long its clients went without an answer: the one that gives the
              role up does not see them any more, and the other did not see them yet. Start this on a host of
              its own, such as Central's or a client's, then hand over, then end it with Ctrl-C: it reports
              each outage.
            </Content>
            <Loaded query={services}>{(list) => <ProbeCommands services={list} view={view} />}</Loaded>
          </Stack>
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">Then: hand over</CardTitle>
        <CardBody>
          <HandOver view={view} />
        </CardBody>
      </Card>
    </PageFrame>
  );
}

type CommandsProps = { readonly services: readonly VirtualServiceView[]; readonly view: HaView | null };

function ProbeCommands({ services, view }: CommandsProps) {
  const commands = services
    .flatMap(({ VSAddress, ...each }) =>
      // The probe speaks TCP, to one port.
      VSAddress === undefined || each.Protocol === "udp" || each.VSPort === "*"
        ? []
        : [
            {
              label: each.NickName ?? `Virtual service ${each.Index}`,
              text: probeCommand({ ...each, VSAddress }),
            },
          ],
    )
    .slice(0, offeredMax);
  const shared = view?.sharedAddress ?? null;
  if (commands.length === 0 && shared !== null)
    commands.push({ label: "The unit's own pages", text: `tandem probe ${pagesAt(shared)}` });
  if (commands.length === 0)
    return (
      <Content component={ContentVariants.p}>There is neither a service nor a shared address yet.</Content>
    );
  return commands.map(({ label, text }) => (
    <div key={text}>
      <Content component={ContentVariants.small}>{label}</Content>
      <ClipboardCopy isReadOnly hoverTip="Copy" clickTip="Copied" textAriaLabel={`Command for ${label}`}>
        {text}
      </ClipboardCopy>
    </div>
  ));
}

/** Why the role cannot be handed over here; null when it can be asked for. */
function faultOf(view: HaView | null): string | null {
  if (view === null) return "The unit's state is not known yet";
  if (view.setup !== "pair") return "This unit has no partner to hand over to";
  if (view.hastatus !== "Active")
    return `This unit is ${view.hastatus} and has no role to hand over; the active one answers at ${view.sharedAddress ?? "the shared address"}`;
  const other = view.squares?.find((each) => !each.self);
  return other !== undefined && other.state !== "standby, ready"
    ? `${other.unit} is ${other.state}${other.reasons.length > 0 ? `: ${other.reasons.join("; ")}` : ""}`
    : null;
}

function HandOver({ view }: { readonly view: HaView | null }) {
  const [isAsking, setAsking] = useState(false);
  const [handed, setHanded] = useState<HandOverView | null>(null);
  const fault = faultOf(view);
  const active = view?.squares?.find((each) => each.letter === "A");
  return (
    <Stack hasGutter>
      <Content component={ContentVariants.p}>
        {active === undefined
          ? "No unit is known to be active."
          : `${active.unit} ${active.name} is active now.`}{" "}
        The standby takes the role at once; nothing is stopped, and the role stays where it went, except with
        a preferred host.
      </Content>
      {fault !== null && <Content component={ContentVariants.small}>{fault}</Content>}
      <div>
        <Button isDisabled={fault !== null} onClick={() => setAsking(true)}>
          Hand over
        </Button>
      </div>
      {handed !== null && (
        <Alert
          variant={handed.warning === undefined ? "success" : "warning"}
          isInline
          isLiveRegion
          title={`${handed.from} to ${handed.to}: ${handed.message}`}
        >
          {handed.at !== undefined && `The role was given up at ${new Date(handed.at).toISOString()}. `}
          {handed.warning}
        </Alert>
      )}
      {isAsking && (
        <FormDialogue
          title="Hand the active role over"
          action="Hand over"
          size="small"
          description={
            view?.here === "shared address"
              ? "The address of this page moves with the role: you will be asked to sign in to the other unit."
              : "The standby becomes active."
          }
          send={async () => setHanded(await command("hahandover"))}
          onClose={() => setAsking(false)}
        />
      )}
    </Stack>
  );
}
