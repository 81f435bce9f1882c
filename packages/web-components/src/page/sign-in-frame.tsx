import { ActionGroup, Alert, Button, Form, FormGroup, LoginPage, TextInput } from "@patternfly/react-core";
import { type FormEvent, useState } from "react";
import { FieldHelp } from "../form/field-help.tsx";

type Props = {
  readonly title: string;
  readonly about: string;
  /** The user that most sign in as. */
  readonly usualUser: string;
  /** Where the first password is found. */
  readonly passwordHelp: string;
  readonly problems: readonly string[];
  readonly isPending: boolean;
  readonly onSignIn: (user: string, password: string) => void;
};

/** The page that everybody sees who is not signed in. */
export function SignInFrame({ title, about, usualUser, passwordHelp, problems, isPending, onSignIn }: Props) {
  const [user, setUser] = useState(usualUser);
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSignIn(user, password);
  };
  return (
    <LoginPage loginTitle={title} textContent={about}>
      <Form onSubmit={submit}>
        {problems.map((problem) => (
          <Alert key={problem} variant="danger" isInline isLiveRegion title={problem} />
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
            aria-describedby="password-help"
          />
          <FieldHelp id="password" help={passwordHelp} />
        </FormGroup>
        <ActionGroup>
          <Button type="submit" isBlock isLoading={isPending} isDisabled={!user || !password || isPending}>
            Sign in
          </Button>
        </ActionGroup>
      </Form>
    </LoginPage>
  );
}
