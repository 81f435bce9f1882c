import { Button, Card, CardBody, CardTitle, Content, Flex } from "@patternfly/react-core";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { carpPasswordQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";

type Asked = "partner secret" | "CARP password" | "no CARP password";

/** By what the units know each other. Neither is ever shown. */
export function SecretsCard() {
  const { view } = useLive();
  const [asked, setAsked] = useState<Asked | null>(null);
  const carpPassword = useQuery(carpPasswordQuery);
  const reason = readOnlyReason(view, "unit");
  return (
    <Card>
      <CardTitle component="h2">Passwords of the pair</CardTitle>
      <CardBody>
        <Content component="p">
          The partner secret is the same on both units. HA Set-up makes one, so that it is set by hand only
          where the units were not paired by it. A CARP password is for a partner that is not one of ours;{" "}
          {carpPassword.data === undefined
            ? "whether there is one is being read"
            : carpPassword.data
              ? "there is one"
              : "there is none"}
          .
        </Content>
        {reason !== null && <Content component="small">{reason}</Content>}
        <Flex>
          <Button variant="secondary" isDisabled={reason !== null} onClick={() => setAsked("partner secret")}>
            Set the partner secret
          </Button>
          <Button variant="secondary" isDisabled={reason !== null} onClick={() => setAsked("CARP password")}>
            Set a CARP password
          </Button>
          {carpPassword.data === true && (
            <Button
              variant="secondary"
              isDanger
              isDisabled={reason !== null}
              onClick={() => setAsked("no CARP password")}
            >
              Remove the CARP password
            </Button>
          )}
        </Flex>
        {asked !== null && <SecretDialogue asked={asked} onClose={() => setAsked(null)} />}
      </CardBody>
    </Card>
  );
}

function SecretDialogue({ asked, onClose }: { readonly asked: Asked; readonly onClose: () => void }) {
  const [secret, setSecret] = useState("");
  const client = useQueryClient();
  const isPartnerSecret = asked === "partner secret";
  const removes = asked === "no CARP password";
  // The unit names the parameter that it takes the text for.
  const field = isPartnerSecret ? "secret" : "carppassword";
  const send = async (): Promise<void> => {
    if (isPartnerSecret) await command("setpartnersecret", { secret });
    else await command("set", { param: "carppassword", value: secret });
    await client.invalidateQueries({ queryKey: carpPasswordQuery.queryKey });
  };
  return (
    <FormDialogue
      title={removes ? "Remove the CARP password" : `Set the ${asked}`}
      action={removes ? "Remove" : "Set"}
      size="small"
      isDanger={removes}
      isDisabled={!removes && secret === ""}
      fields={removes ? [] : [field]}
      description={
        isPartnerSecret
          ? "Until the other unit has the same one, the two do not hear each other, and both may become active."
          : "Both units need the same, or none."
      }
      send={send}
      onClose={onClose}
    >
      {(error) =>
        !removes && (
          <TextField
            id="secret"
            label={isPartnerSecret ? "Partner secret" : "CARP password"}
            type="password"
            value={secret}
            onChange={setSecret}
            help={
              isPartnerSecret
                ? "8 to 127 printable characters, none of them a single quote"
                : "1 to 19 printable ASCII characters"
            }
            error={errorOf(error, field)}
          />
        )
      }
    </FormDialogue>
  );
}
