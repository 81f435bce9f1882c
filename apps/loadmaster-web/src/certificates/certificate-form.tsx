import { FormGroup } from "@patternfly/react-core";
import { CheckField } from "@tandem/web-components/form/check-field";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextAreaField } from "@tandem/web-components/form/text-area-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useState } from "react";
import { base64Of } from "../api/read-file.ts";
import { command } from "../api/transport.ts";
import type { Kind } from "./certificates-page.tsx";

type Props = {
  readonly kind: Kind;
  readonly onAdded: (message: string) => Promise<unknown>;
  readonly onClose: () => void;
};

const base64OfText = (text: string): string =>
  btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));

/** What begins a file in PEM; anything else is sent as it is, and the unit says what it is. */
const isText = (text: string): boolean => !text.includes("\uFFFD") && !text.includes("\0");

/** A file in PEM, chosen or pasted, or one in PKCS#12. */
export function CertificateForm({ kind, onAdded, onClose }: Props) {
  const [cert, setCert] = useState("");
  const [pem, setPem] = useState("");
  const [binary, setBinary] = useState<File | null>(null);
  const [password, setPassword] = useState("");
  const [replace, setReplace] = useState(false);
  const isOfService = kind === "cert";
  const choose = async (chosen: File | undefined): Promise<void> => {
    const text = (await chosen?.text()) ?? "";
    setBinary(chosen === undefined || isText(text) ? null : chosen);
    setPem(isText(text) ? text : "");
  };
  const send = async (): Promise<void> => {
    const data = binary === null ? base64OfText(pem) : await base64Of(binary);
    const file = { cert: cert.trim(), data };
    const { message } = isOfService
      ? await command("addcert", { ...file, replace, ...(password === "" ? {} : { password }) })
      : await command("addintermediate", file);
    await onAdded(message);
  };
  return (
    <FormDialogue
      title={isOfService ? "Import a certificate" : "Add intermediate certificates"}
      action={isOfService ? "Import" : "Add"}
      isDisabled={cert.trim() === "" || (pem.trim() === "" && binary === null)}
      fields={["cert", "data", "password", "replace"]}
      send={send}
      onClose={onClose}
    >
      {(error) => (
        <>
          <TextField
            id={`${kind}-name`}
            label="Name on this unit"
            value={cert}
            onChange={setCert}
            required
            help="A letter or digit first, then letters, digits, dots, hyphens and underscores"
            error={errorOf(error, "cert")}
          />
          <FormGroup label="File" fieldId={`${kind}-file`}>
            <input
              id={`${kind}-file`}
              type="file"
              accept=".pem,.crt,.cer,.key,.txt,.pfx,.p12"
              onChange={({ currentTarget: { files } }) => choose(files?.[0])}
            />
          </FormGroup>
          <TextAreaField
            id={`${kind}-pem`}
            label="PEM"
            value={pem}
            onChange={(text) => {
              setPem(text);
              setBinary(null);
            }}
            help={
              binary !== null
                ? `${binary.name} is sent as it is`
                : isOfService
                  ? "The certificate, its private key and the certificates above it, in any order"
                  : "One certificate or several"
            }
            error={errorOf(error, "data")}
          />
          {isOfService && (
            <>
              <TextField
                id="cert-password"
                label="Passphrase of the private key"
                type="password"
                value={password}
                onChange={setPassword}
                help="Only if the key, or a file in PKCS#12, is encrypted; it is kept nowhere"
                error={errorOf(error, "password")}
              />
              <CheckField
                id="cert-replace"
                label="Replace the certificate of this name"
                isChecked={replace}
                onChange={setReplace}
                error={errorOf(error, "replace")}
              />
            </>
          )}
        </>
      )}
    </FormDialogue>
  );
}
