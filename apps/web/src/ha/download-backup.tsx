import { ApiError } from "@tandem/central-api/call";
import { routes } from "@tandem/central-api/routes";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { aboutQuery } from "../api/queries.ts";
import { download } from "../api/transport.ts";

const notTheSame = {
  code: "not-the-same",
  field: "repeated",
  message: "this is not the pass phrase above",
  remedy: "type it again",
};

/** Hands a file to the browser, to be kept where it keeps downloads. */
function keep(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** The present state under a pass phrase (SPEC ML5), which travels in the body of the call and is kept nowhere. */
export function DownloadBackup({ onClose }: { readonly onClose: () => void }) {
  const [passPhrase, setPassPhrase] = useState("");
  const [repeated, setRepeated] = useState("");
  const unit = useQuery(aboutQuery).data?.name ?? "central";
  const send = async (): Promise<void> => {
    if (passPhrase !== repeated) throw new ApiError(400, [notTheSame]);
    keep(
      await download(routes.downloadBackup, { body: { passPhrase } }),
      `${unit}-${new Date().toISOString().slice(0, 10)}.backup`,
    );
  };
  return (
    <FormDialogue
      title="Download a backup"
      action="Download"
      description="Whoever has the file and the pass phrase has the passwords of all devices. Without the pass phrase nobody can open it."
      isDisabled={passPhrase === ""}
      fields={["passPhrase", "repeated"]}
      send={send}
      onClose={onClose}
    >
      {(error) => (
        <>
          <TextField
            id="backup-pass-phrase"
            label="Pass phrase"
            type="password"
            required
            value={passPhrase}
            onChange={setPassPhrase}
            help="At least 10 characters"
            error={errorOf(error, "passPhrase")}
          />
          <TextField
            id="backup-repeated"
            label="Pass phrase again"
            type="password"
            required
            value={repeated}
            onChange={setRepeated}
            error={errorOf(error, "repeated")}
          />
        </>
      )}
    </FormDialogue>
  );
}
