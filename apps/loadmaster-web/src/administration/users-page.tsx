import { ActionGroup, Alert, Button, Card, CardBody, CardTitle, Content, Form } from "@patternfly/react-core";
import { Problems } from "@tandem/web-components/form/problems";
import { TextField } from "@tandem/web-components/form/text-field";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { ownAddress, readOnlyReason } from "../live/read-only.ts";
import { useLack } from "../session/use-lack.ts";
import { ApiKeysCard } from "./api-keys-card.tsx";
import { UsersCard } from "./users-card.tsx";

const empty = { currpassword: "", password: "", again: "" };

/** Each unit has a password and users of its own (SPEC LH11). */
export function UsersPage() {
  const { view } = useLive();
  const [draft, setDraft] = useState(empty);
  const changing = useMutation({
    mutationFn: () =>
      command("usersetsyspassword", { currpassword: draft.currpassword, password: draft.password }),
    onSuccess: () => setDraft(empty),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    changing.mutate();
  };
  const lacks = useLack("usersetsyspassword");
  const reason = readOnlyReason(view, "unit") ?? lacks;
  const differs = draft.again !== "" && draft.again !== draft.password;
  const field = (name: keyof typeof empty) => ({
    id: name,
    type: "password" as const,
    value: draft[name],
    onChange: (value: string) => setDraft((now) => ({ ...now, [name]: value })),
    required: true,
    isReadOnly: reason !== null,
    error: errorOf(changing.error, name),
  });
  return (
    <PageFrame title="User Management">
      <Card>
        <CardTitle component="h2">Password of the user bal on this unit</CardTitle>
        <CardBody>
          <Content component="p">
            {reason ??
              `It belongs to this unit${view === null ? "" : `, ${ownAddress(view)},`} alone: the other unit of a pair keeps its own. Everybody signs in anew after a change.`}
          </Content>
          <Form onSubmit={submit} aria-label="Password">
            <Problems error={changing.error} fields={["currpassword", "password"]} />
            <TextField {...field("currpassword")} label="Current password" />
            <TextField {...field("password")} label="New password" help="8 to 127 printable characters" />
            <TextField
              {...field("again")}
              label="New password again"
              error={differs ? "This is not the same: write the new password once more" : undefined}
            />
            {changing.isSuccess && (
              <Alert variant="success" isInline isPlain isLiveRegion title="The password is changed." />
            )}
            <ActionGroup>
              <Button
                type="submit"
                isLoading={changing.isPending}
                isDisabled={
                  reason !== null ||
                  draft.currpassword === "" ||
                  draft.password === "" ||
                  draft.again !== draft.password ||
                  changing.isPending
                }
              >
                Set password
              </Button>
            </ActionGroup>
          </Form>
        </CardBody>
      </Card>
      <UsersCard />
      <ApiKeysCard />
    </PageFrame>
  );
}
