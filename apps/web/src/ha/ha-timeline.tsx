import {
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  Flex,
  FormSelect,
  FormSelectOption,
  Label,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { HaEvent } from "@tandem/central-api/ha";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type EventFilter, haEventsQuery } from "../api/queries.ts";
import { moment } from "../form/moment.ts";

const pageSize = 20;
const shownMax = 1_000;

const colours: { readonly [severity in HaEvent["severity"]]: "grey" | "orange" | "red" } = {
  info: "grey",
  warning: "orange",
  error: "red",
};

/** What happened on both units, newest first: changes of state, missed heartbeats, synchronisation (SPEC CH25). */
export function HaTimeline() {
  const [filter, setFilter] = useState<EventFilter>({});
  const [limit, setLimit] = useState(pageSize);
  const { data } = useQuery(haEventsQuery(filter, limit));
  const select = <Name extends keyof EventFilter>(
    name: Name,
    label: string,
    choices: readonly (readonly [value: EventFilter[Name] | "", label: string])[],
  ) => (
    <FormSelect
      aria-label={label}
      value={filter[name] ?? ""}
      onChange={(_, value) => {
        const { [name]: _before, ...others } = filter;
        setFilter(value === "" ? others : { ...others, [name]: value });
      }}
    >
      {choices.map(([value, text]) => (
        <FormSelectOption key={text} value={value} label={text} />
      ))}
    </FormSelect>
  );
  const filters = (
    <Flex flexWrap={{ default: "nowrap" }}>
      {select("unit", "Unit", [
        ["", "Both units"],
        ["this", "This unit"],
        ["other", "Other unit"],
      ])}
      {select("severity", "Severity", [
        ["", "Every severity"],
        ["warning", "Warnings and errors"],
        ["error", "Errors"],
      ])}
    </Flex>
  );
  return (
    <Card>
      <CardHeader actions={{ actions: filters, hasNoOffset: true }}>
        <CardTitle component="h2">Events</CardTitle>
      </CardHeader>
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
            {(data?.events ?? []).map((event) => (
              <Tr key={event.id}>
                <Td dataLabel="When">{moment(event.at)}</Td>
                <Td dataLabel="Unit">{event.unit}</Td>
                <Td dataLabel="Severity">
                  <Label color={colours[event.severity]} isCompact>
                    {event.severity}
                  </Label>
                </Td>
                <Td dataLabel="What">{event.text}</Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
        {data?.next != null && limit < shownMax && (
          <Button variant="link" onClick={() => setLimit(limit + pageSize)}>
            Show earlier events
          </Button>
        )}
      </CardBody>
    </Card>
  );
}
