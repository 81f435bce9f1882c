import { Button, Card, CardBody, CardTitle, Content, Stack } from "@patternfly/react-core";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { Loaded } from "@tandem/web-components/page/loaded";
import { RowTable } from "@tandem/web-components/page/row-table";
import { errorOf } from "@tandem/web-components/values/refusal";
import { type UseQueryResult, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

/** The two texts of an entry, by which of them it is removed, and what the button that removes it names. */
type Entry = {
  readonly texts: readonly [string, string];
  readonly key: string;
  readonly name: string;
};

type Field = {
  /** The command's parameter. */
  readonly name: string;
  /** Of the column as well. */
  readonly label: string;
  readonly help?: string;
};

type Props<Row> = {
  readonly title: string;
  /** What the entries are for. */
  readonly about: string;
  /** Of the table. */
  readonly label: string;
  readonly none: string;
  readonly query: UseQueryResult<readonly Row[]>;
  readonly queryKey: readonly unknown[];
  readonly entryOf: (row: Row) => Entry;
  readonly fields: readonly [Field, Field];
  /** Why nothing can be changed here; null when it can. */
  readonly reason: string | null;
  readonly addTitle: string;
  readonly removeTitle: (key: string) => string;
  readonly add: (values: readonly [string, string]) => Promise<unknown>;
  readonly remove: (key: string) => Promise<unknown>;
};

/** A list of pairs that this unit keeps for itself, which grows and shrinks by whole entries. */
export function EntriesCard<Row>(props: Props<Row>) {
  const { title, about, label, none, query, queryKey, entryOf, fields, reason } = props;
  const client = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const [forgotten, setForgotten] = useState<string | null>(null);
  const done = () => client.invalidateQueries({ queryKey });
  return (
    <Card>
      <CardTitle component="h2">{title}</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <Content component="p">{reason ?? about}</Content>
          <Loaded query={query}>
            {(list) => (
              <RowTable
                label={label}
                rows={list.map(entryOf)}
                none={none}
                nameOf={({ name }) => name}
                columns={[
                  [fields[0].label, ({ texts }) => texts[0]],
                  [fields[1].label, ({ texts }) => texts[1]],
                ]}
                isReadOnly={reason !== null}
                acts={({ key }) => [{ label: "Remove", act: () => setForgotten(key), isDanger: true }]}
              />
            )}
          </Loaded>
          <div>
            <Button variant="secondary" isDisabled={reason !== null} onClick={() => setAdding(true)}>
              {props.addTitle}
            </Button>
          </div>
        </Stack>
        {isAdding && (
          <AddEntry
            title={props.addTitle}
            fields={fields}
            send={async (values) => {
              await props.add(values);
              await done();
            }}
            onClose={() => setAdding(false)}
          />
        )}
        {forgotten !== null && (
          <FormDialogue
            title={props.removeTitle(forgotten)}
            action="Remove"
            size="small"
            isDanger
            send={async () => {
              await props.remove(forgotten);
              await done();
            }}
            onClose={() => setForgotten(null)}
          />
        )}
      </CardBody>
    </Card>
  );
}

type AddProps = {
  readonly title: string;
  readonly fields: readonly [Field, Field];
  readonly send: (values: readonly [string, string]) => Promise<unknown>;
  readonly onClose: () => void;
};

function AddEntry({ title, fields, send, onClose }: AddProps) {
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const inputs = [
    { field: fields[0], value: first, onChange: setFirst },
    { field: fields[1], value: second, onChange: setSecond },
  ];
  return (
    <FormDialogue
      title={title}
      action="Add"
      fields={fields.map(({ name }) => name)}
      isDisabled={first === "" || second === ""}
      send={() => send([first, second])}
      onClose={onClose}
    >
      {(error) =>
        inputs.map(({ field: { name, ...shown }, value, onChange }) => (
          <TextField
            key={name}
            id={name}
            {...shown}
            value={value}
            onChange={onChange}
            required
            error={errorOf(error, name)}
          />
        ))
      }
    </FormDialogue>
  );
}
