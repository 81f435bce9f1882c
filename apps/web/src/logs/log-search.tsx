import { ActionGroup, Button, Form, Grid, GridItem } from "@patternfly/react-core";
import type { Tree } from "@tandem/central-api/tree";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { type FormEvent, useState } from "react";
import { choiceFields, type LogChoice, readLogChoice } from "./log-choice.ts";
import { severityWords } from "./log-table.tsx";

type Props = {
  readonly choice: LogChoice;
  readonly tree: Tree;
  /** Addresses that send and belong to no device. */
  readonly unknownSenders: readonly string[];
  /** What was wrong with the search that stands. */
  readonly error: unknown;
  readonly onSearch: (choice: LogChoice) => void;
};

/** What to search for; it is searched for when it is sent. */
export function LogSearch({ choice, tree, unknownSenders, error, onSearch }: Props) {
  const [draft, setDraft] = useState<LogChoice>(choice);
  const field = (name: keyof LogChoice) => ({
    id: `logs-${name}`,
    value: draft[name] ?? "",
    onChange: (value: string) => setDraft((now) => ({ ...now, [name]: value })),
    error: errorOf(error, name),
  });
  const origins = [
    ...tree.haGroups.map(({ id, name, sharedAddress }) => [id, `${name} at ${sharedAddress}`] as const),
    ...tree.devices.map(({ id, name, address }) => [id, `${name || id} at ${address}`] as const),
    ...unknownSenders.map((address) => [address, `${address}, an unknown sender`] as const),
  ];
  const isListed = choice.device === undefined || origins.some(([id]) => id === choice.device);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSearch(readLogChoice(draft));
  };
  return (
    <Form onSubmit={submit} aria-label="Search syslog">
      <Grid hasGutter md={6} xl={4}>
        <GridItem>
          <SelectField
            {...field("device")}
            label="Device"
            options={[
              ["", "Every device"],
              ...origins,
              ...(isListed ? [] : [[choice.device ?? "", choice.device ?? ""] as const]),
            ]}
          />
        </GridItem>
        <GridItem>
          <SelectField
            {...field("severity")}
            label="Severity"
            options={[
              ["", "Every severity"],
              ...severityWords.map(
                (word, index) => [word, index === 0 ? word : `${word} and worse`] as const,
              ),
            ]}
          />
        </GridItem>
        <GridItem>
          <TextField {...field("text")} label="Text" />
        </GridItem>
        <GridItem>
          <TextField {...field("from")} label="Received from" type="datetime-local" />
        </GridItem>
        <GridItem>
          <TextField {...field("to")} label="Received before" type="datetime-local" />
        </GridItem>
      </Grid>
      <ActionGroup>
        <Button type="submit">Search</Button>
        <Button
          variant="link"
          isDisabled={choiceFields.every((name) => !draft[name])}
          onClick={() => {
            setDraft({});
            onSearch({});
          }}
        >
          Clear
        </Button>
      </ActionGroup>
    </Form>
  );
}
