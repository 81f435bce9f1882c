import {
  ActionGroup,
  Alert,
  Button,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  LoginPage,
  TextInput,
} from "@patternfly/react-core";
import { routes } from "@tandem/central-api/routes";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { sessionQuery } from "../api/queries.ts";
import { call, errorsElsewhere, rememberCsrf } from "../api/transport.ts";

export function SignInPage({ unreachable }: { readonly unreachable: boolean }) {
  const [user, setUser] = useState("admin");
  const [password, setPassword] = useState("");
  const client = useQueryClient();
  const signIn = useMutation({
    mutationFn: () => call(routes.signIn, { body: { user, password } }),
    onSuccess: (session) => {
      rememberCsrf(session.csrf);
      client.setQueryData(sessionQuery.queryKey, session);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  const problems = signIn.isError
    ? errorsElsewhere(signIn.error, [])
    : unreachable
      ? errorsElsewhere(new Error(), [])
      : [];
  return (
    <LoginPage loginTitle="Sign in to Tandem Central" textContent="The fleet manager that is itself a pair.">
      <Form onSubmit={submit}>
        {problems.map((problem) => (
          <Alert key={problem} variant="danger" isInline title={problem} />
        ))}
        <FormGroup label="User" fieldId="user" isRequired>
          <TextInput id="user" autoComplete="username" value={user} onChange={(_, value) => setUser(value)} />
        </FormGroup>
        <FormGroup label="Password" fieldId="password" isRequired>
          <TextInput
            id="password"
            type="password"
            autoComplete="current-password"
            autoFocus
            value={password}
            onChange={(_, value) => setPassword(value)}
          />
          <FormHelperText>
            <HelperText>
              <HelperTextItem>
                At first start the password stands in the file first-password of this Central's state folder.
              </HelperTextItem>
            </HelperText>
          </FormHelperText>
        </FormGroup>
        <ActionGroup>
          <Button
            type="submit"
            isBlock
            isLoading={signIn.isPending}
            isDisabled={!user || !password || signIn.isPending}
          >
            Sign in
          </Button>
        </ActionGroup>
      </Form>
    </LoginPage>
  );
}
