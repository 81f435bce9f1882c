import { Card, CardBody, CardTitle } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { useQuery } from "@tanstack/react-query";
import { haEventsQuery } from "../api/queries.ts";
import { moment } from "../form/moment.ts";

/** What happened, newest first: changes of state, missed heartbeats, synchronisation (SPEC CH25). */
export function HaTimeline() {
  const events = useQuery(haEventsQuery).data?.events ?? [];
  return (
    <Card>
      <CardTitle component="h2">Events</CardTitle>
      <CardBody>
        <Table aria-label="HA events" variant="compact">
          <Thead>
            <Tr>
              <Th width={20}>When</Th>
              <Th width={15}>Unit</Th>
              <Th width={10}>Severity</Th>
              <Th>What</Th>
            </Tr>
          </Thead>
          <Tbody>
            {events.map((event) => (
              <Tr key={`${event.at}:${event.unit}:${event.code}:${event.text}`}>
                <Td dataLabel="When">{moment(event.at)}</Td>
                <Td dataLabel="Unit">{event.unit}</Td>
                <Td dataLabel="Severity">{event.severity}</Td>
                <Td dataLabel="What">{event.text}</Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      </CardBody>
    </Card>
  );
}
