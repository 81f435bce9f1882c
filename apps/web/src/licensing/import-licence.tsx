import { FormGroup } from "@patternfly/react-core";
import { routes } from "@tandem/central-api/routes";
import { CheckField } from "@tandem/web-components/form/check-field";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextAreaField } from "@tandem/web-components/form/text-area-field";
import { errorsElsewhere, isRefusal } from "@tandem/web-components/values/refusal";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { licensingQuery, ownLicenceQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";

type Props = {
  readonly hasLicence: boolean;
  readonly onImported: () => void;
  readonly onClose: () => void;
};

/** What is wrong with a licence names a claim of it (`units`, `expiresAt`, …); all of it stands beside the text. */
const fieldsOf = (error: unknown): readonly string[] =>
  isRefusal(error) ? error.errors.map(({ field }) => field) : [];

/** Imports a licence from a file or from what was pasted; what is refused changes nothing. */
export function ImportLicence({ hasLicence, onImported, onClose }: Props) {
  const [text, setText] = useState("");
  const [replaceNewer, setReplaceNewer] = useState(false);
  const [refused, setRefused] = useState<readonly string[]>([]);
  const client = useQueryClient();
  const send = async (): Promise<void> => {
    try {
      const body = { licence: text.trim(), ...(replaceNewer ? { replaceNewer } : {}) };
      client.setQueryData(ownLicenceQuery.queryKey, await call(routes.importLicence, { body }));
    } catch (error) {
      setRefused(fieldsOf(error));
      throw error;
    }
    await client.invalidateQueries({ queryKey: licensingQuery.queryKey });
    onImported();
  };
  return (
    <FormDialogue
      title={hasLicence ? "Replace the licence" : "Import a licence"}
      action="Import"
      description="As tandem license issue printed it. The former licence is kept beside it."
      isDisabled={text.trim() === ""}
      fields={refused}
      send={send}
      onClose={onClose}
    >
      {(error) => (
        <>
          <FormGroup label="File" fieldId="licence-file">
            <input
              id="licence-file"
              type="file"
              accept=".jws,.jwt,.txt"
              onChange={async ({ currentTarget: { files } }) => setText((await files?.[0]?.text()) ?? "")}
            />
          </FormGroup>
          <TextAreaField
            id="licence-text"
            label="Licence"
            value={text}
            onChange={setText}
            help="Three parts of letters and digits with a dot between them; choose the file, or paste it"
            error={isRefusal(error) ? errorsElsewhere(error, []).join("; ") : undefined}
          />
          <CheckField
            id="licence-replace-newer"
            label="Also in the place of one that was issued later"
            isChecked={replaceNewer}
            onChange={setReplaceNewer}
          />
        </>
      )}
    </FormDialogue>
  );
}
