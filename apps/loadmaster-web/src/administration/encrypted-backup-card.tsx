import { Alert, Button, Card, CardBody, CardTitle, Content, Form } from "@patternfly/react-core";
import { Problems } from "@tandem/web-components/form/problems";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { keepFile } from "../api/keep-file.ts";
import { bytesOf } from "../api/read-file.ts";
import { command } from "../api/transport.ts";

/** A backup from which everything comes back, so that it has to be read by nobody else. */
export function EncryptedBackupCard() {
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const differs = again !== "" && again !== password;
  const saving = useMutation({
    mutationFn: () => command("backup", { password }),
    onSuccess: ({ filename, data }) => {
      keepFile(`${filename}_encrypted`, bytesOf(data));
      setPassword("");
      setAgain("");
    },
  });
  return (
    <Card>
      <CardTitle component="h2">Encrypted backup</CardTitle>
      <CardBody>
        <Form
          aria-label="Encrypted backup"
          onSubmit={(event) => {
            event.preventDefault();
            saving.mutate();
          }}
        >
          <Content component="p">
            With a pass phrase the file holds the private keys of certificates as well, and nobody can read it
            without the phrase, which is kept nowhere.
          </Content>
          <Problems error={saving.error} fields={["password"]} />
          <TextField
            id="backup-password"
            label="Pass phrase"
            type="password"
            value={password}
            onChange={setPassword}
            help="7 to 64 characters"
            error={errorOf(saving.error, "password")}
          />
          <TextField
            id="backup-again"
            label="Pass phrase again"
            type="password"
            value={again}
            onChange={setAgain}
            error={differs ? "This is not the same" : undefined}
          />
          <div>
            <Button
              type="submit"
              variant="secondary"
              isLoading={saving.isPending}
              isDisabled={password === "" || again !== password || saving.isPending}
            >
              Save an encrypted backup
            </Button>
          </div>
          {saving.isSuccess && (
            <Alert
              variant="success"
              isInline
              isPlain
              isLiveRegion
              title="The encrypted backup is handed to your browser."
            />
          )}
        </Form>
      </CardBody>
    </Card>
  );
}
