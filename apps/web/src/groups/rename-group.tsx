import { Button } from "@patternfly/react-core";
import type { HaGroup } from "@tandem/central-api/ha-groups";
import { routes } from "@tandem/central-api/routes";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { treeQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";

/** The name is Central's own; everything else of a group is what its units are. */
export function RenameGroup({ group }: { readonly group: HaGroup }) {
  const [name, setName] = useState<string | null>(null);
  const client = useQueryClient();
  return (
    <>
      <Button variant="secondary" onClick={() => setName(group.name)}>
        Rename
      </Button>
      {name !== null && (
        <FormDialogue
          title={`Rename ${group.name}`}
          action="Rename"
          size="small"
          fields={["name"]}
          isDisabled={name === ""}
          send={async () => {
            await call(routes.changeHaGroup, { params: { id: group.id }, body: { name } });
            await client.invalidateQueries({ queryKey: treeQuery.queryKey });
          }}
          onClose={() => setName(null)}
        >
          {(error) => (
            <TextField
              id="group-name"
              label="Name"
              value={name}
              onChange={setName}
              error={errorOf(error, "name")}
              required
            />
          )}
        </FormDialogue>
      )}
    </>
  );
}
