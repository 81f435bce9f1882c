import type { DestinationKind, ReportDestination } from "@tandem/central-api/metering";
import { routes } from "@tandem/central-api/routes";
import { CheckField } from "@tandem/web-components/form/check-field";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextAreaField } from "@tandem/web-components/form/text-area-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useState } from "react";
import { call } from "../api/transport.ts";
import type { Written } from "../ha/written-alert.tsx";
import { type DestinationDraft, draftOf, putOf } from "./destination-draft.ts";

type Props = {
  readonly kind: DestinationKind;
  /** What is there now; null: nothing. */
  readonly destination: ReportDestination | null;
  readonly onWritten: (written: Written) => void;
  readonly onClose: () => void;
};

export const kindWords = { email: "E-mail", webhook: "Webhook" } as const satisfies Record<
  DestinationKind,
  string
>;

const fields = ["address", "secret", "user", "from", "to", "security", "certificateAuthority", "enabled"];

/** Whom the monthly report is sent to by e-mail, or where it is posted to. */
export function DestinationForm({ kind, destination, onWritten, onClose }: Props) {
  const [draft, setDraft] = useState(() => draftOf(destination));
  const isEmail = kind === "email";
  return (
    <FormDialogue
      title={`Monthly reports: ${kindWords[kind]}`}
      action="Apply"
      isDisabled={draft.address.trim() === ""}
      fields={fields}
      send={async () => {
        const { acknowledged } = await call(routes.putReportDestination, {
          params: { kind },
          body: putOf(kind, draft),
        });
        onWritten({ what: `${kindWords[kind]} of monthly reports is kept`, acknowledged });
      }}
      onClose={onClose}
    >
      {(error) => {
        const field = <Name extends keyof DestinationDraft>(at: Name) => ({
          id: `destination-${at}`,
          value: draft[at],
          onChange: (value: DestinationDraft[Name]) => setDraft((now) => ({ ...now, [at]: value })),
          error: errorOf(error, at),
        });
        return (
          <>
            <TextField
              {...field("address")}
              label="Address"
              required
              help={
                isEmail ? "HOST or HOST:PORT of the SMTP server" : "An https URL that reports are posted to"
              }
            />
            {isEmail && (
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
            <TextField
              {...field("secret")}
              label={isEmail ? "Password" : "Secret"}
              type="password"
              help={`${isEmail ? "" : "Signs what is posted, in X-Tandem-Signature; 16 characters or more. "}${
                destination?.hasSecret ? "One is kept; empty leaves it." : "It is never shown again."
              }`}
            />
            <TextAreaField
              {...field("certificateAuthority")}
              label="Certificate authority"
              help="PEM, if the receiver's certificate is by none that the system knows"
            />
            <CheckField
              id="destination-enabled"
              label="Send each month's report"
              isChecked={draft.enabled}
              onChange={(enabled) => setDraft((now) => ({ ...now, enabled }))}
              error={errorOf(error, "enabled")}
            />
          </>
        );
      }}
    </FormDialogue>
  );
}
