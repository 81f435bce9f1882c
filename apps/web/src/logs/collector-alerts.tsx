import { Alert, Content } from "@patternfly/react-core";
import type { LogStatus } from "@tandem/central-api/logs";

const reasons: { readonly [reason in keyof LogStatus["dropped"]]: string } = {
  kernelBufferFull: "the kernel's buffer was full",
  waitingLinesFull: "too many waited to be written",
  unknownSenders: "there were too many unknown senders",
  tooManyConnections: "there were too many connections",
  empty: "they were empty",
};

/** Whether what is searched is all that was sent, and where devices send to. */
export function CollectorAlerts({ status }: { readonly status: LogStatus }) {
  const { state, error, listeners, dropped, writeError, retentionDays, linesPerSecond } = status;
  const lost = (Object.keys(reasons) as (keyof typeof reasons)[]).filter(
    (reason) => reason !== "empty" && dropped[reason] > 0,
  );
  const listening = listeners.filter((listener) => listener.error === null);
  const places = listening.map(
    ({ protocol, address, port }) => `${address}:${port} (${protocol.toUpperCase()})`,
  );
  return (
    <>
      {state !== "running" && (
        <Alert
          variant="warning"
          isInline
          title={`The collector of syslog is ${state}${error === null ? "" : `: ${error}`}`}
        />
      )}
      {listeners.map(
        ({ protocol, address, port, error: fault }) =>
          fault !== null && (
            <Alert
              key={protocol}
              variant="danger"
              isInline
              title={`Nothing is received at ${address}:${port} (${protocol.toUpperCase()}): ${fault}`}
            />
          ),
      )}
      {writeError !== null && (
        <Alert variant="danger" isInline title={`Lines cannot be written: ${writeError}`} />
      )}
      {lost.map((reason) => (
        <Alert
          key={reason}
          variant="warning"
          isInline
          title={`${dropped[reason]} lines were lost since the collector started: ${reasons[reason]}`}
        />
      ))}
      <Content component="small">
        {`Listens at ${places.join(" and ") || "no address"}; ${linesPerSecond.toFixed(1)} lines per second; kept for ${retentionDays} days.`}
      </Content>
    </>
  );
}
