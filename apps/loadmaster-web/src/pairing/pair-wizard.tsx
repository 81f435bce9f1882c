import {
  ActionGroup,
  Button,
  Card,
  CardBody,
  CardTitle,
  Content,
  ExpandableSection,
  Form,
  ProgressStep,
  ProgressStepper,
  Stack,
} from "@patternfly/react-core";
import type { PairingCheckView } from "@tandem/loadmaster-api/pairing";
import { Problems } from "@tandem/web-components/form/problems";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf, isRefusal } from "@tandem/web-components/values/refusal";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { interfacesQuery, pairingQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { ChecksList } from "./checks-list.tsx";
import { ConfirmKey } from "./confirm-key.tsx";
import { AccessFields, type FieldsProps, OverwriteField, PlaceFields } from "./partner-fields.tsx";
import { SaveBackup } from "./save-backup.tsx";
import { emptyDraft, keyParameters, pairParameters, type SetupDraft } from "./setup-draft.ts";

const stepTitles = ["The other unit", "Its key", "Checks", "Backups"] as const;
type Step = 0 | 1 | 2 | 3;

/** Where each field stands, so that a late refusal leads back to it. */
const stepOfField: { readonly [field: string]: Step } = {
  partner: 0,
  partnerport: 0,
  shared: 0,
  interface: 0,
  vhid: 0,
  timeout: 0,
  fast: 0,
  mode: 0,
  partneruser: 1,
  partnerpassword: 1,
  partnerfingerprint: 1,
  overwrite: 1,
};
const fields = Object.keys(stepOfField);

/** From a single unit to a pair: its key, the checks, the backups, then the unit does the rest (SPEC LH10). */
export function PairWizard() {
  const [step, setStep] = useState<Step>(0);
  const [draft, setDraft] = useState(emptyDraft);
  const [isConfirmed, setConfirmed] = useState(false);
  const [backupDigest, setBackupDigest] = useState("");
  const client = useQueryClient();
  const change = (part: Partial<SetupDraft>) => setDraft((now) => ({ ...now, ...part }));

  const leadBack = (error: unknown): void => {
    if (!isRefusal(error)) return;
    const found = error.errors.map(({ field }) => stepOfField[field]).filter((each) => each !== undefined);
    if (found.length > 0) setStep(Math.min(...found) as Step);
  };
  const keying = useMutation({
    mutationFn: () => command("hapaircheck", keyParameters(draft)),
    onSuccess: ({ fingerprint }) => {
      if (fingerprint === "") return;
      setConfirmed(draft.partnerfingerprint === fingerprint && isConfirmed);
      change({ partnerfingerprint: fingerprint });
      setStep(1);
    },
  });
  const checking = useMutation({
    mutationFn: () => command("hapaircheck", pairParameters(draft)),
    onSuccess: () => setStep(2),
    onError: leadBack,
  });
  const pairing = useMutation({
    mutationFn: () => command("hapair", { ...pairParameters(draft), backupdigest: backupDigest }),
    onSuccess: (started) => client.setQueryData(pairingQuery.queryKey, started),
    onError: (error) => {
      leadBack(error);
      // The configuration has changed since: it is saved anew.
      if (errorOf(error, "backupdigest") !== undefined) setBackupDigest("");
    },
  });
  const all = [keying, checking, pairing];
  const error = all.map((each) => each.error).find((each) => each !== null) ?? null;
  const isBusy = all.some(({ isPending }) => isPending);
  const forget = () => {
    for (const each of [checking, pairing]) each.reset();
  };
  const next: { readonly [At in Step]: { title: string; isDisabled: boolean; go: () => void } } = {
    0: {
      title: "Ask for its key",
      isDisabled: draft.partner.trim() === "" || draft.shared.trim() === "",
      go: () => keying.mutate(),
    },
    1: {
      title: "Check both units",
      isDisabled: !isConfirmed || draft.partneruser === "" || draft.partnerpassword === "",
      go: () => checking.mutate(),
    },
    2: { title: "Go on to the backups", isDisabled: checking.data?.ready !== true, go: () => setStep(3) },
    3: { title: "Make the pair", isDisabled: backupDigest === "", go: () => pairing.mutate() },
  };
  const { title, isDisabled, go } = next[step];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    forget();
    go();
  };
  const fieldsProps: FieldsProps = { draft, error, onChange: change };
  return (
    <Card>
      <CardTitle component="h2">Make this unit one of a pair</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <Content component="p">
            This unit goes on serving throughout and stays active; the other unit becomes its standby and gets
            the whole configuration. Nothing is changed before the last step, and what fails is undone.
          </Content>
          <ProgressStepper aria-label="Steps of this page">
            {stepTitles.map((name, index) => (
              <ProgressStep
                key={name}
                id={`page-step-${index}`}
                titleId={`page-step-${index}-title`}
                variant={index < step ? "success" : index === step ? "info" : "pending"}
                isCurrent={index === step}
                aria-label={name}
              >
                {name}
              </ProgressStep>
            ))}
          </ProgressStepper>
          <Form onSubmit={submit} aria-label={stepTitles[step]}>
            <Problems error={error} fields={fields} />
            {step === 0 && (
              <>
                {keying.data?.fingerprint === "" && <ChecksList checks={keying.data.checks} />}
                <PlaceFields {...fieldsProps} />
                <ShapeFields {...fieldsProps} />
              </>
            )}
            {step === 1 && (
              <>
                <ConfirmKey
                  fingerprint={draft.partnerfingerprint}
                  isConfirmed={isConfirmed}
                  onConfirm={setConfirmed}
                />
                <AccessFields {...fieldsProps} />
                <OverwriteField {...fieldsProps} />
              </>
            )}
            {step === 2 && checking.data !== undefined && <Found found={checking.data} />}
            {step === 3 && (
              <SaveBackup
                partner={draft.partner.trim()}
                isSaved={backupDigest !== ""}
                onSaved={setBackupDigest}
              />
            )}
            <ActionGroup>
              <Button type="submit" isLoading={isBusy} isDisabled={isDisabled || isBusy}>
                {title}
              </Button>
              {step > 0 && (
                <Button
                  variant="link"
                  isDisabled={isBusy}
                  onClick={() => {
                    pairing.reset();
                    setStep((step - 1) as Step);
                  }}
                >
                  Back
                </Button>
              )}
            </ActionGroup>
          </Form>
        </Stack>
      </CardBody>
    </Card>
  );
}

const Found = ({ found }: { readonly found: PairingCheckView }) => (
  <>
    <Content component="p">
      {found.ready
        ? "Every check is well: the two can become a pair."
        : "Not every check is well. Mend what is named, then go back and check again; nothing was changed."}
    </Content>
    <ChecksList checks={found.checks} />
  </>
);

const asSet = ["", "As it is set"] as const;

function ShapeFields({ draft, error, onChange }: FieldsProps) {
  const interfaces = useQuery(interfacesQuery);
  const faulty = ["interface", "vhid", "timeout", "fast", "mode"].some((name) => errorOf(error, name));
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <TextField
        id="shared"
        label="Shared address"
        value={draft.shared}
        onChange={(shared) => onChange({ shared })}
        required
        help="A third address of the same network: whichever unit is active will have it. A service's address may become it."
        error={errorOf(error, "shared")}
      />
      <ExpandableSection
        toggleText="More settings"
        isExpanded={isOpen || faulty}
        onToggle={(_, next) => setOpen(next)}
      >
        <Stack hasGutter>
          <SelectField
            id="mode"
            label="This unit becomes"
            value={draft.mode}
            options={[
              ["1", "HA1 (first)"],
              ["2", "HA2 (second)"],
            ]}
            onChange={(mode) => onChange({ mode })}
            help="It stays the active one either way"
            error={errorOf(error, "mode")}
          />
          <SelectField
            id="interface"
            label="Interface on which both meet"
            value={draft.interface}
            options={[
              ["", "The one in whose network the other unit lies"],
              ...(interfaces.data ?? []).map(
                ({ Id, IPAddress }) => [String(Id), `Interface ${Id}: ${IPAddress}`] as const,
              ),
            ]}
            onChange={(next) => onChange({ interface: next })}
            error={errorOf(error, "interface")}
          />
          <TextField
            id="vhid"
            label="HA Virtual ID"
            type="number"
            value={draft.vhid}
            onChange={(vhid) => onChange({ vhid })}
            help="1 to 255; as it is set when left empty"
            error={errorOf(error, "vhid")}
          />
          <SelectField
            id="timeout"
            label="HA Timeout"
            value={draft.timeout}
            options={[
              asSet,
              ["1", "3 Seconds"],
              ["2", "6 Seconds"],
              ["3", "9 Seconds"],
              ["4", "12 Seconds"],
              ["5", "15 Seconds"],
            ]}
            onChange={(timeout) => onChange({ timeout })}
            error={errorOf(error, "timeout")}
          />
          <SelectField
            id="fast"
            label="Fast mode"
            value={draft.fast}
            options={[asSet, ["1", "On"], ["0", "Off"]]}
            onChange={(fast) => onChange({ fast })}
            error={errorOf(error, "fast")}
          />
        </Stack>
      </ExpandableSection>
    </>
  );
}
