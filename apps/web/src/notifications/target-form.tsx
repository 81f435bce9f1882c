import { Checkbox } from "@patternfly/react-core";
import type { NotificationTarget } from "@tandem/central-api/notifications";
import { routes } from "@tandem/central-api/routes";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextAreaField } from "@tandem/web-components/form/text-area-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { notificationsQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";
import { changedOf } from "../form/changed.ts";
import { useRowTag } from "../form/use-row-tag.ts";
import type { Written } from "../ha/written-alert.tsx";
import { changeOf, draftOf, newTargetOf, type TargetDraft } from "./target-draft.ts";

type Props = {
  /** The one to change; null for a new one. */
  readonly target: NotificationTarget | null;
  readonly onWritten: (written: Written) => void;
  readonly onClose: () => void;
};

export const kindWords = { webhook: "Webhook", syslog: "Syslog", email: "E-mail" } as const;
export const severityWords = {
  info: "everything, also changes of role",
  warning: "warnings and errors",
  error: "errors",
} as const;

const addressHelp = {
  webhook: "An https URL",
  syslog: "HOST or HOST:PORT; UDP, port 514 unless you say another",
  email: "HOST or HOST:PORT of the SMTP server; port 587, with TLS 465, without either 25",
} as const;

const fields = ["name", "address", "secret", "user", "from", "to", "certificateAuthority"];

const optionsOf = <Word extends string>(words: { readonly [word in Word]: string }) =>
  Object.entries(words) as [Word, string][];

/** Adds or changes whom to notify (SPEC CH25). */
export function TargetForm({ target, onWritten, onClose }: Props) {
  const [draft, setDraft] = useState(() => draftOf(target));
  const { kind, name } = draft;
  const client = useQueryClient();
  const withTag = useRowTag(target?.tag, async () => {
    const { targets } = await client.fetchQuery({ ...notificationsQuery, staleTime: 0 });
    return targets.find(({ id }) => id === target?.id)?.tag;
  });
  const send = async (): Promise<void> => {
    if (target === null) {
      const { acknowledged } = await call(routes.addNotification, { body: newTargetOf(draft) });
      onWritten({ what: `“${name}” is added`, acknowledged });
      return;
    }
    const params = { id: target.id };
    const { acknowledged } = await withTag((tag) =>
      call(routes.changeNotification, {
        params,
        body: changedOf(changeOf(draftOf(target)), changeOf(draft)),
        ...(tag === undefined ? {} : { tag }),
      }),
    );
    onWritten({ what: `“${name}” is changed`, acknowledged });
  };
  return (
    <FormDialogue
      title={target === null ? "Add a notification target" : `Change “${target.name}”`}
      action={target === null ? "Add" : "Change"}
      isDisabled={name.trim() === "" || draft.address.trim() === ""}
      fields={fields}
      send={send}
      onClose={onClose}
    >
      {(error) => {
        const field = <Name extends keyof TargetDraft>(at: Name) => ({
          id: `target-${at}`,
          value: draft[at],
          onChange: (value: TargetDraft[Name]) => setDraft((now) => ({ ...now, [at]: value })),
          error: errorOf(error, at),
        });
        return (
          <>
            <TextField {...field("name")} label="Name" required />
            <SelectField
              {...field("kind")}
              label="Kind"
              options={optionsOf(kindWords)}
              isDisabled={target !== null}
            />
            <TextField {...field("address")} label="Address" help={addressHelp[kind]} required />
            <SelectField {...field("severity")} label="What is told" options={optionsOf(severityWords)} />
            {kind === "email" && (
              <>
                <SelectField
                  {...field("security")}
                  label="Security"
                  options={[
                    ["starttls", "STARTTLS"],
                    ["tls", "TLS"],
                    ["none", "None: a password is sent as it is"],
                  ]}
                />
                <TextField {...field("from")} label="From" required />
                <TextAreaField {...field("to")} label="To" help="Addresses separated by commas, 20 at most" />
                <TextField {...field("user")} label="User" help="Empty: no password is used" />
              </>
            )}
            {kind !== "syslog" && (
              <>
                <TextField
                  {...field("secret")}
                  label={kind === "email" ? "Password" : "Secret"}
                  type="password"
                  help={`${kind === "email" ? "" : "Signs what is sent, in X-Tandem-Signature; 16 characters or more. "}${
                    target?.hasSecret ? "One is kept; empty leaves it." : "It is never shown again."
                  }`}
                />
                <TextAreaField
                  {...field("certificateAuthority")}
                  label="Certificate authority"
                  help="PEM, if the receiver's certificate is by none that the system knows"
                />
              </>
            )}
            <Checkbox
              id="target-enabled"
              label="Enabled"
              isChecked={draft.enabled}
              onChange={(_, enabled) => setDraft((now) => ({ ...now, enabled }))}
            />
          </>
        );
      }}
    </FormDialogue>
  );
}
