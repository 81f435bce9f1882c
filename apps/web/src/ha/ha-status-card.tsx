import {
  Alert,
  AlertActionLink,
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Stack,
} from "@patternfly/react-core";
import type { HaStatus } from "@tandem/central-api/ha";
import type { ReactNode } from "react";
import { moment } from "../form/moment.ts";
import { SettingChecks } from "./setting-checks.tsx";
import { StateLabel } from "./state-label.tsx";

type Props = {
  readonly status: HaStatus;
  readonly onRefresh: () => void;
  readonly refreshing: boolean;
  /** The operator wants back what joining the pair overwrote. */
  readonly onRestore?: () => void;
  /** What else an operator can do with the pair. */
  readonly actions?: ReactNode;
  /** What else has to be said above the table. */
  readonly children?: ReactNode;
};

/** Whether the pair is set up: one Master, one Slave, heartbeats (SPEC CH15). */
function isComplete({ ourState, peerState, heartbeats }: HaStatus): boolean {
  const states = [ourState, peerState].sort().join();
  return states === "Master,Slave" && heartbeats.flowing;
}

/** Whether both units hold the same, in words. */
function stepOf({ inStep, digestEqual }: HaStatus): string {
  if (inStep === null) return "not known: no heartbeat from the other unit";
  if (!inStep) return "catching up: one unit knows of changes that the other does not";
  if (digestEqual === null) return "in step; the digests are compared with the next heartbeat";
  if (!digestEqual) return "NOT EQUAL: same versions, different content";
  return "in step, and the digests of the shared state are equal";
}

export function HaStatusCard({ status, onRefresh, refreshing, onRestore, actions, children }: Props) {
  const { heartbeats } = status;
  const buttons = (
    <>
      <Button variant="secondary" onClick={onRefresh} isLoading={refreshing} isDisabled={refreshing}>
        Refresh
      </Button>
      {actions}
    </>
  );
  return (
    <Card isFullHeight>
      <CardHeader actions={{ actions: buttons }}>
        <CardTitle component="h2">HA Status</CardTitle>
      </CardHeader>
      <CardBody>
        <Stack hasGutter>
          {isComplete(status) && (
            <Alert
              variant="success"
              isInline
              title="Set-up is complete: Master, Slave, and heartbeats flow."
            />
          )}
          {status.configurationErrors.map((error) => (
            <Alert key={error.code} variant="danger" isInline title={error.message}>
              {error.remedy}
            </Alert>
          ))}
          {status.waitingFor.map(({ unit, what }) => (
            <Alert key={`${unit}:${what}`} variant="info" isInline title={`Waiting for ${unit}: ${what}`} />
          ))}
          {status.overwrittenBackup !== null && (
            <Alert
              variant="info"
              isInline
              title={`The configuration that was here before is kept as ${status.overwrittenBackup}`}
              actionLinks={<AlertActionLink onClick={onRestore}>Compare and restore</AlertActionLink>}
            />
          )}
          {status.unacknowledged > 0 && (
            <Alert
              variant="warning"
              isInline
              title={`${status.unacknowledged} changes are on this unit's disk only`}
            >
              {status.onlyHere.map(({ at, author, summary }) => (
                <div key={`${at} ${summary}`}>{`${moment(at)}, ${author}: ${summary}`}</div>
              ))}
            </Alert>
          )}
          {status.withheld.length > 0 && (
            <Alert
              variant="warning"
              isInline
              title={`The other unit runs an earlier version, which cannot hold: ${status.withheld.join(", ")}`}
            >
              It stays on this unit alone until the other one is upgraded.
            </Alert>
          )}
          {children}
          {status.handover !== null && (
            <Alert
              variant={status.handover.phase === "given-up" ? "warning" : "info"}
              isInline
              title={
                status.handover.phase === "given-up"
                  ? `The handover came to nothing: ${status.handover.waitsFor}`
                  : `Handover since ${moment(status.handover.since)}: waits for ${status.handover.waitsFor}`
              }
            />
          )}
          <DescriptionList isHorizontal isCompact aria-label="HA Status">
            <Row term="Our State">
              <StateLabel state={status.ourState} /> {status.ourReason}
            </Row>
            <Row term="Peer State">
              <StateLabel state={status.peerState} /> {status.peerReason}
            </Row>
            <Row term="Heartbeats">{heartbeats.flowing ? "exchanged" : "not exchanged"}</Row>
            <Row term="Last sent">{moment(heartbeats.lastSent)}</Row>
            <Row term="Last received">{moment(heartbeats.lastReceived)}</Row>
            <Row term="Missed">
              {heartbeats.missed}
              {heartbeats.error === null ? "" : `: ${heartbeats.error}`}
            </Row>
            <Row term="Our sequence number">{status.ourSequence}</Row>
            <Row term="Peer's sequence number">{status.peerSequence ?? "not known"}</Row>
            <Row term="Shared state">{stepOf(status)}</Row>
            <Row term="Epoch">
              {status.epoch ? `${status.epoch.number}, held by unit ${status.epoch.unit}` : "none"}
            </Row>
            <Row term="Acts">
              {status.acting
                ? "polls and executes scheduled actions"
                : "leaves polling and actions to the Master"}
            </Row>
            <Row term="Clocks">
              {status.clockDifferenceMs === null
                ? "not known"
                : `the other unit's is ${Math.abs(status.clockDifferenceMs) / 1_000} s ${status.clockDifferenceMs < 0 ? "behind" : "ahead"}`}
            </Row>
            <Row term="This unit">{`${status.ourName} (${status.ourUnit})`}</Row>
            <Row term="Other unit">
              {status.peerUnit === null ? "none" : `${status.peerName ?? ""} (${status.peerUnit})`}
            </Row>
          </DescriptionList>
          <SettingChecks checks={status.checks} />
        </Stack>
      </CardBody>
    </Card>
  );
}

function Row({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}
