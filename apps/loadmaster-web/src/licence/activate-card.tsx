import {
  ActionGroup,
  Alert,
  Button,
  Card,
  CardBody,
  CardTitle,
  Content,
  Form,
  Stack,
} from "@patternfly/react-core";
import {
  centralPortDefault,
  type LicenceView,
  type OfferedLicences,
} from "@tandem/loadmaster-api/licence-commands";
import { Problems } from "@tandem/web-components/form/problems";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { licenceQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { inGroups } from "../pairing/setup-draft.ts";

type Props = { readonly licence: LicenceView; readonly isReadOnly: boolean };

const accessFields = ["aslhost", "aslport", "aslfingerprint"];

/** First which Central, and what it offers; then which of it. */
export function ActivateCard({ licence, isReadOnly }: Props) {
  const client = useQueryClient();
  const holder = licence.centrals.find((each) => each.isHolder);
  const [host, setHost] = useState(holder?.host ?? licence.unanswered?.host ?? "");
  const [port, setPort] = useState(String(holder?.port ?? centralPortDefault));
  const [fingerprint, setFingerprint] = useState("");
  const [type, setType] = useState("");
  const isLicensed = licence.state !== "unlicensed";
  const asking = useMutation({
    mutationFn: async (): Promise<OfferedLicences> => {
      const { offered } = await command("aslgetlicensetypes", {
        aslhost: host.trim(),
        aslport: port,
        ...(fingerprint === "" ? {} : { aslfingerprint: fingerprint.replace(/\s/g, "") }),
      });
      return offered;
    },
    onSuccess: ({ types }) =>
      setType(types.find(({ available }) => available !== 0)?.id ?? types[0]?.id ?? ""),
  });
  const activating = useMutation({
    mutationFn: (offered: OfferedLicences) =>
      command("aslactivate", {
        lic_type_id: type,
        aslhost: offered.host,
        aslport: offered.port,
        aslfingerprint: offered.fingerprint,
      }),
    onSettled: () => client.invalidateQueries({ queryKey: licenceQuery.queryKey }),
  });
  const offered = asking.data;
  const typed = (set: (value: string) => void) => (value: string) => {
    set(value);
    asking.reset();
    activating.reset();
  };
  return (
    <Card isFullHeight>
      <CardTitle component="h2">{isLicensed ? "License this unit again" : "License this unit"}</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <Form
            aria-label="Central"
            onSubmit={(event: FormEvent) => {
              event.preventDefault();
              activating.reset();
              asking.mutate();
            }}
          >
            <Problems error={asking.error} fields={accessFields} />
            <TextField
              id="asl-host"
              label="Central's address"
              value={host}
              onChange={typed(setHost)}
              required
              isReadOnly={isReadOnly}
              help="A host name or an address; of a pair of Centrals either one"
              error={errorOf(asking.error, "aslhost")}
            />
            <TextField
              id="asl-port"
              label="Port"
              type="number"
              value={port}
              onChange={typed(setPort)}
              isReadOnly={isReadOnly}
              error={errorOf(asking.error, "aslport")}
            />
            <TextField
              id="asl-fingerprint"
              label="Fingerprint of its key"
              value={fingerprint}
              onChange={typed(setFingerprint)}
              isReadOnly={isReadOnly}
              help="64 hexadecimal digits. Without it the key that the Central shows now is trusted, and only that one afterwards"
              error={errorOf(asking.error, "aslfingerprint")}
            />
            <ActionGroup>
              <Button
                type="submit"
                variant="secondary"
                isLoading={asking.isPending}
                isDisabled={isReadOnly || host.trim() === "" || asking.isPending}
              >
                Show types of licence
              </Button>
            </ActionGroup>
          </Form>
          {offered !== undefined && (
            <Form
              aria-label="What is licensed"
              onSubmit={(event: FormEvent) => {
                event.preventDefault();
                activating.mutate(offered);
              }}
            >
              <Alert
                variant="info"
                isInline
                title={`Is it the right Central? It calls itself ${offered.name}`}
              >
                The first 16 digits of its key's fingerprint are its id, which its HA Status shows. Compare
                them before you go on: it will be able to manage this unit.
                <Content component="p">
                  <code>{inGroups(offered.fingerprint)}</code>
                </Content>
              </Alert>
              <Problems error={activating.error} fields={["lic_type_id"]} />
              <SelectField
                id="asl-type"
                label="Type of licence"
                value={type}
                options={offered.types.map(({ id, name, available }) => [
                  id,
                  available === null ? name : `${name} (${available} left)`,
                ])}
                onChange={setType}
                error={errorOf(activating.error, "lic_type_id")}
              />
              {activating.isSuccess && (
                <Alert variant="success" isInline isPlain isLiveRegion title="This unit is licensed." />
              )}
              <ActionGroup>
                <Button
                  type="submit"
                  isLoading={activating.isPending}
                  isDisabled={isReadOnly || type === "" || activating.isPending}
                >
                  {isLicensed ? "Re-license" : "Activate"}
                </Button>
              </ActionGroup>
            </Form>
          )}
        </Stack>
      </CardBody>
    </Card>
  );
}
