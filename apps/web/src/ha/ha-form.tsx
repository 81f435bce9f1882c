import {
  ActionGroup,
  Alert,
  Button,
  Card,
  CardBody,
  CardTitle,
  Checkbox,
  ClipboardCopy,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
} from "@patternfly/react-core";
import type { HaApply, HaConfiguration } from "@tandem/central-api/ha";
import { routes } from "@tandem/central-api/routes";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf, errorsElsewhere } from "@tandem/web-components/values/refusal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { haQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";

type Settings = Omit<HaConfiguration, "haKeyForThisPeer">;

const fields = [
  "haKeyForTheOtherPeer",
  "ipAddressForTheOtherPeer",
  "peerPort",
  "preferredMaster",
  "disable",
  "heartbeatSeconds",
  "holdDownSeconds",
] as const satisfies readonly (keyof Settings)[];

/** What the operator changed, over what stands: fields nobody touched follow the unit while it changes. */
type Draft = Partial<Record<keyof Settings, string | boolean>>;

/** The request that Apply sends: changed fields alone, numbers as numbers. */
export function applyOf(draft: Draft): HaApply {
  const numeric = new Set<string>(["peerPort", "heartbeatSeconds", "holdDownSeconds"]);
  return Object.fromEntries(
    Object.entries(draft).map(([field, value]) => [
      field,
      numeric.has(field) ? Number(value) : typeof value === "string" ? value.trim() : value,
    ]),
  );
}

export function HaForm({ configuration }: { readonly configuration: HaConfiguration }) {
  const [draft, setDraft] = useState<Draft>({});
  const client = useQueryClient();
  const apply = useMutation({
    mutationFn: () => call(routes.applyHa, { body: applyOf(draft) }),
    onSuccess: (answer) => {
      client.setQueryData(haQuery.queryKey, answer);
      setDraft({});
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    apply.mutate();
  };
  const change = (field: keyof Settings) => (value: string | boolean) =>
    setDraft((now) => ({ ...now, [field]: value }));
  const text = (
    field:
      | "haKeyForTheOtherPeer"
      | "ipAddressForTheOtherPeer"
      | "peerPort"
      | "heartbeatSeconds"
      | "holdDownSeconds",
  ) => ({
    id: field,
    value: String(draft[field] ?? configuration[field]),
    onChange: change(field),
    error: errorOf(apply.error, field),
  });
  const box = (field: "preferredMaster" | "disable") => ({
    id: field,
    isChecked: Boolean(draft[field] ?? configuration[field]),
    onChange: (_: unknown, value: boolean) => change(field)(value),
  });
  const untouched = Object.keys(draft).length === 0;
  return (
    <Card isFullHeight>
      <CardTitle component="h2">HA Configuration</CardTitle>
      <CardBody>
        <Form onSubmit={submit} aria-label="HA Configuration">
          {errorsElsewhere(apply.error, fields).map((problem) => (
            <Alert key={problem} variant="danger" isInline title={problem} />
          ))}
          <FormGroup label="HA Key for this Peer" fieldId="haKeyForThisPeer">
            <ClipboardCopy isReadOnly hoverTip="Copy" clickTip="Copied" textAriaLabel="HA Key for this Peer">
              {configuration.haKeyForThisPeer}
            </ClipboardCopy>
            <FormHelperText>
              <HelperText>
                <HelperTextItem>
                  Copy it to the other unit. It is public: it proves who this unit is and opens nothing.
                </HelperTextItem>
              </HelperText>
            </FormHelperText>
          </FormGroup>
          <TextField
            {...text("haKeyForTheOtherPeer")}
            label="HA Key for the Other Peer"
            help="Copied from the page of the other unit"
          />
          <FormGroup fieldId="preferredMaster">
            <Checkbox
              {...box("preferredMaster")}
              label="Preferred Master"
              description="This unit is Master whenever it is available. Set it on one of the two."
            />
          </FormGroup>
          <TextField
            {...text("ipAddressForTheOtherPeer")}
            label="IP Address for the Other Peer"
            help="The address of the other unit, not of this one"
          />
          <TextField {...text("peerPort")} label="Port of the Other Peer" type="number" />
          <TextField
            {...text("heartbeatSeconds")}
            label="Heartbeat interval (seconds)"
            type="number"
            help="1 to 60; 30 unless you change it. A unit that vanishes silently is replaced one interval and 3 seconds later."
          />
          <TextField
            {...text("holdDownSeconds")}
            label="Hold-down (seconds)"
            type="number"
            help="How long a returning Preferred Master is in step before it takes the role back"
          />
          <FormGroup fieldId="disable">
            <Checkbox
              {...box("disable")}
              label="Disable"
              description="Take this unit out of HA without forgetting the settings."
            />
          </FormGroup>
          <ActionGroup>
            <Button type="submit" isLoading={apply.isPending} isDisabled={untouched || apply.isPending}>
              Apply
            </Button>
            <Button variant="link" isDisabled={untouched || apply.isPending} onClick={() => setDraft({})}>
              Discard changes
            </Button>
          </ActionGroup>
          {apply.isSuccess && untouched && (
            <Alert variant="success" isInline isPlain title="Applied. Watch Our State in HA Status." />
          )}
        </Form>
      </CardBody>
    </Card>
  );
}
