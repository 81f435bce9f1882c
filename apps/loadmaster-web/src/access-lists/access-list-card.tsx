import { Button, Card, CardBody, CardTitle, Stack } from "@patternfly/react-core";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { Loaded } from "@tandem/web-components/page/loaded";
import { RowTable } from "@tandem/web-components/page/row-table";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { accessListQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";

type ListName = "allow" | "block";

const titles = { allow: "Allowed addresses", block: "Blocked addresses" } as const;

type Props = {
  readonly list: ListName;
  /** The service whose list it is; absent: that of all services. */
  readonly vs?: number;
  readonly reason: string | null;
};

/** One list of who may connect, or may not. */
export function AccessListCard({ list, vs, reason }: Props) {
  const query = accessListQuery(list, vs);
  const entries = useQuery(query);
  const client = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const [addr, setAddr] = useState("");
  const [comment, setComment] = useState("");
  const [removed, setRemoved] = useState<string | null>(null);
  const change = async (act: "add" | "del", more: { readonly [name: string]: string }) => {
    await command(
      "aclcontrol",
      vs === undefined ? { [act]: list, ...more } : { [`${act}vs`]: list, vs, ...more },
    );
    await client.invalidateQueries({ queryKey: query.queryKey });
  };
  const title = titles[list];
  return (
    <Card>
      <CardTitle component="h2">{title}</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <Loaded query={entries}>
            {(rows) => (
              <RowTable
                label={title}
                rows={rows}
                none="There is no entry."
                nameOf={(each) => each.addr}
                columns={[
                  ["Network", (each) => each.addr],
                  ["Comment", (each) => each.comment],
                ]}
                isReadOnly={reason !== null}
                acts={(each) => [{ label: "Remove", act: () => setRemoved(each.addr), isDanger: true }]}
              />
            )}
          </Loaded>
          <div>
            <Button
              variant="secondary"
              isDisabled={reason !== null}
              aria-label={`Add to ${title.toLowerCase()}`}
              onClick={() => setAdding(true)}
            >
              Add an entry
            </Button>
          </div>
        </Stack>
        {isAdding && (
          <FormDialogue
            title={`Add to ${title.toLowerCase()}`}
            action="Add"
            fields={["addr", "comment"]}
            isDisabled={addr === ""}
            send={async () => {
              await change("add", { addr, comment });
              setAddr("");
              setComment("");
            }}
            onClose={() => setAdding(false)}
          >
            {(error) => (
              <>
                <TextField
                  id="addr"
                  label="Address or network"
                  value={addr}
                  onChange={setAddr}
                  required
                  help="IPv4 or IPv6, such as 192.0.2.7 or 2001:db8::/32"
                  error={errorOf(error, "addr")}
                />
                <TextField
                  id="comment"
                  label="Comment"
                  value={comment}
                  onChange={setComment}
                  error={errorOf(error, "comment")}
                />
              </>
            )}
          </FormDialogue>
        )}
        {removed !== null && (
          <FormDialogue
            title={`Remove ${removed} from ${title.toLowerCase()}?`}
            action="Remove"
            size="small"
            isDanger
            send={() => change("del", { addr: removed })}
            onClose={() => setRemoved(null)}
          />
        )}
      </CardBody>
    </Card>
  );
}
