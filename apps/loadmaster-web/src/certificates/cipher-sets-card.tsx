import { Alert, Button, Card, CardBody, CardTitle, Content, Flex, Form, Stack } from "@patternfly/react-core";
import { isSystemCipherSet, systemCipherSets } from "@tandem/loadmaster-api/cipher-sets";
import { Problems } from "@tandem/web-components/form/problems";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextAreaField } from "@tandem/web-components/form/text-area-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { command } from "../api/transport.ts";

/** What stands in the list for a set whose name is written. */
const another = "";
const choices = [
  ...Object.keys(systemCipherSets).map((name) => [name, name] as const),
  [another, "one that was made here, or a new one"] as const,
];

/** One set at a time: the unit's own are shown, others are made, changed and removed. */
export function CipherSetsCard({ reason }: { readonly reason: string | null }) {
  const [choice, setChoice] = useState<string>("BestPractices");
  const [written, setWritten] = useState("");
  const [ciphers, setCiphers] = useState("");
  const name = choice === another ? written.trim() : choice;
  const isOwn = isSystemCipherSet(name);
  const reading = useMutation({
    mutationFn: () => command("getcipherset", { name }),
    onSuccess: ({ cipherset }) => setCiphers(cipherset.split(":").join("\n")),
  });
  const changing = useMutation({
    mutationFn: async (what: "change" | "remove") => {
      if (what === "remove") {
        await command("delcipherset", { name });
        return `${name} is removed.`;
      }
      const value = ciphers
        .split(/[\s:]+/)
        .filter(Boolean)
        .join(":");
      await command("modifycipherset", { name, value });
      return `${name} is saved.`;
    },
    onMutate: () => reading.reset(),
  });
  const choose = (set: (text: string) => void) => (text: string) => {
    set(text);
    reading.reset();
    changing.reset();
  };
  const error = changing.error ?? reading.error;
  return (
    <Card>
      <CardTitle component="h2">Cipher Sets</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <Content component="p">
            Ciphers of TLS 1.2 and older that a service may speak, by the name that its Cipher Set holds.
          </Content>
          <Form
            aria-label="Cipher Sets"
            onSubmit={(event) => {
              event.preventDefault();
              reading.mutate();
            }}
          >
            <Problems error={error} fields={["name", "value"]} />
            {changing.isSuccess && <Alert variant="success" isInline isLiveRegion title={changing.data} />}
            <SelectField
              id="cipher-set"
              label="Cipher Set"
              value={choice}
              options={choices}
              onChange={choose(setChoice)}
            />
            {choice === another && (
              <TextField
                id="cipher-set-name"
                label="Name of the set"
                value={written}
                onChange={choose(setWritten)}
                error={errorOf(error, "name")}
              />
            )}
            <TextAreaField
              id="cipher-set-ciphers"
              label="Ciphers"
              value={ciphers}
              onChange={setCiphers}
              help={
                isOwn
                  ? "A set that every unit has: it is not changed, but it can be copied under another name"
                  : "As OpenSSL names them, the preferred one first, one a line or separated by colons"
              }
              error={errorOf(error, "value")}
            />
            <Flex>
              <Button type="submit" variant="secondary" isDisabled={name === "" || reading.isPending}>
                Show the set
              </Button>
              <Button
                variant="secondary"
                isDisabled={reason !== null || name === "" || isOwn || changing.isPending}
                onClick={() => changing.mutate("change")}
              >
                Save the set
              </Button>
              <Button
                variant="secondary"
                isDanger
                isDisabled={reason !== null || name === "" || isOwn || changing.isPending}
                onClick={() => changing.mutate("remove")}
              >
                Remove the set
              </Button>
            </Flex>
          </Form>
        </Stack>
      </CardBody>
    </Card>
  );
}
