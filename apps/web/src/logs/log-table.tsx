import { Label } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { LogLine } from "@tandem/central-api/logs";
import { moment } from "../form/moment.ts";

type Severity = NonNullable<LogLine["severity"]>;

const colours: { readonly [severity in Severity]: "red" | "orange" | "blue" | "grey" } = {
  emergency: "red",
  alert: "red",
  critical: "red",
  error: "red",
  warning: "orange",
  notice: "blue",
  info: "grey",
  debug: "grey",
};
export const severityWords = Object.keys(colours) as readonly Severity[];

/** What devices send may hold anything: control characters are written out. */
const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

const tagOf = ({ app, procid }: LogLine): string =>
  app === null ? "" : printable(procid === null ? app : `${app}[${procid}]`);

/** Lines of syslog, the newest first. */
export function LogTable({ lines }: { readonly lines: readonly LogLine[] }) {
  return (
    <Table aria-label="Lines of syslog" variant="compact">
      <Thead>
        <Tr>
          <Th width={15}>Received</Th>
          <Th width={15}>From</Th>
          <Th width={10}>Severity</Th>
          <Th width={15}>Application</Th>
          <Th>Message</Th>
        </Tr>
      </Thead>
      <Tbody>
        {lines.map((line) => (
          <Tr key={line.id}>
            <Td dataLabel="Received">{moment(line.receivedAt)}</Td>
            <Td dataLabel="From">
              {line.deviceName === null ? `${line.source} (unknown)` : line.deviceName || line.source}
            </Td>
            <Td dataLabel="Severity">
              {line.severity === null ? (
                "not said"
              ) : (
                <Label color={colours[line.severity]} isCompact>
                  {line.severity}
                </Label>
              )}
            </Td>
            <Td dataLabel="Application" modifier="breakWord">
              {tagOf(line)}
            </Td>
            <Td dataLabel="Message" modifier="breakWord">
              {printable(
                line.structuredData === null ? line.message : `${line.structuredData} ${line.message}`,
              )}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
