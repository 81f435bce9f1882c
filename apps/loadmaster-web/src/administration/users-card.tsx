import { Button, Card, CardBody, CardTitle, Content, Stack } from "@patternfly/react-core";
import { type Permission, permissions, permissionWords } from "@tandem/loadmaster-api/permissions";
import { CheckField } from "@tandem/web-components/form/check-field";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { Loaded } from "@tandem/web-components/page/loaded";
import { RowTable } from "@tandem/web-components/page/row-table";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { systemQuery, usersQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";
import { useLack } from "../session/use-lack.ts";
import type { SettingField } from "../settings/field.ts";
import { SettingsForm } from "../settings/settings-form.tsx";

export const userFields: readonly SettingField[] = [
  {
    name: "apicalllimit",
    label: "API Calls in 3 Seconds",
    kind: "number",
    help: "Of all clients together; one more is dropped without an answer. 30 as on LoadMasters; 0 is no limit. These pages do not count",
  },
  { name: "minpassword", label: "Minimum Password Length", kind: "number", help: "Of local users; 8 to 16" },
  {
    name: "extendedperms",
    label: "Enable Extended Permissions",
    kind: "switch",
    help: "Adding and removing virtual services then takes the permission addvs",
  },
];

type Open =
  | { readonly what: "add" }
  | { readonly what: "password" | "permissions" | "remove"; readonly user: string };

/** Local users beside bal, of this unit. */
export function UsersCard() {
  const { view } = useLive();
  const users = useQuery(usersQuery);
  const system = useQuery(systemQuery);
  const client = useQueryClient();
  const [open, setOpen] = useState<Open | null>(null);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [held, setHeld] = useState<readonly Permission[]>([]);
  const lacks = useLack("useraddlocal");
  const reason = readOnlyReason(view, "unit") ?? lacks;
  const show = (next: Open, permits = ""): void => {
    setName("");
    setPassword("");
    setHeld(permissions.filter((each) => permits.split(",").includes(each)));
    setOpen(next);
  };
  const done = () => client.invalidateQueries({ queryKey: usersQuery.queryKey });
  const passwordField = (error: unknown) => (
    <TextField
      id="local-password"
      label="Password"
      type="password"
      value={password}
      onChange={setPassword}
      required
      help="8 to 127 printable characters"
      error={errorOf(error, "password")}
    />
  );
  return (
    <Card>
      <CardTitle component="h2">Local users</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <Content component="p">
            {reason ??
              "Everybody who is signed in may read; permissions say what a user may change. Users belong to this unit alone: the other unit of a pair has its own."}
          </Content>
          <Loaded query={users}>
            {(list) => (
              <RowTable
                label="Local users"
                rows={list}
                none="There is no user but bal."
                nameOf={({ Name }) => Name}
                columns={[
                  ["Name", ({ Name }) => Name],
                  ["Permissions", ({ Perms }) => (Perms === "" ? "none: reads" : Perms)],
                ]}
                isReadOnly={reason !== null}
                acts={({ Name, Perms }) =>
                  (["permissions", "password", "remove"] as const).map((what) => ({
                    label: actionWords[what],
                    inWords: `${actionWords[what]}${what === "remove" ? "" : " of"} ${Name}`,
                    act: () => show({ what, user: Name }, Perms),
                    isDanger: what === "remove",
                  }))
                }
              />
            )}
          </Loaded>
          <div>
            <Button variant="secondary" isDisabled={reason !== null} onClick={() => show({ what: "add" })}>
              Add a user
            </Button>
          </div>
          <Loaded query={system}>
            {(values) => <SettingsForm title="Users" fields={userFields} values={values} />}
          </Loaded>
        </Stack>
        {open?.what === "add" && (
          <FormDialogue
            title="Add a user"
            action="Add"
            fields={["user", "password"]}
            isDisabled={name === "" || password === ""}
            description="The user may read; give permissions afterwards."
            send={async () => {
              await command("useraddlocal", { user: name, password });
              await done();
            }}
            onClose={() => setOpen(null)}
          >
            {(error) => (
              <>
                <TextField
                  id="local-user"
                  label="Name"
                  value={name}
                  onChange={setName}
                  required
                  help="Letters, digits and _ . @ -"
                  error={errorOf(error, "user")}
                />
                {passwordField(error)}
              </>
            )}
          </FormDialogue>
        )}
        {open?.what === "password" && (
          <FormDialogue
            title={`Password of ${open.user}`}
            action="Set password"
            fields={["password"]}
            isDisabled={password === ""}
            description="Whoever is signed in as this user signs in anew."
            send={() => command("userchangelocpass", { user: open.user, password })}
            onClose={() => setOpen(null)}
          >
            {passwordField}
          </FormDialogue>
        )}
        {open?.what === "permissions" && (
          <FormDialogue
            title={`Permissions of ${open.user}`}
            action="Set permissions"
            send={async () => {
              await command("usersetperms", { user: open.user, perms: held.join(",") });
              await done();
            }}
            onClose={() => setOpen(null)}
          >
            {() =>
              permissions.map((each) => (
                <CheckField
                  key={each}
                  id={`permission-${each}`}
                  label={permissionWords[each]}
                  isChecked={held.includes(each)}
                  onChange={(isChecked) =>
                    setHeld((now) => permissions.filter((of) => (of === each ? isChecked : now.includes(of))))
                  }
                />
              ))
            }
          </FormDialogue>
        )}
        {open?.what === "remove" && (
          <FormDialogue
            title={`Remove the user ${open.user}?`}
            action="Remove"
            size="small"
            isDanger
            description="The user's API keys and sessions end with it."
            send={async () => {
              await command("userdellocal", { user: open.user });
              await done();
            }}
            onClose={() => setOpen(null)}
          />
        )}
      </CardBody>
    </Card>
  );
}

const actionWords = { permissions: "Permissions", password: "Password", remove: "Remove" };
