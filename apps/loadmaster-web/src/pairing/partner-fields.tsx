import { CheckField } from "@tandem/web-components/form/check-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import type { SetupDraft } from "./setup-draft.ts";

export type FieldsProps = {
  readonly draft: SetupDraft;
  readonly error: unknown;
  readonly onChange: (part: Partial<SetupDraft>) => void;
};

/** Where the other unit is. */
export const PlaceFields = ({ draft, error, onChange }: FieldsProps) => (
  <>
    <TextField
      id="partner"
      label="Own address of the other unit"
      value={draft.partner}
      onChange={(partner) => onChange({ partner })}
      required
      error={errorOf(error, "partner")}
    />
    <TextField
      id="partnerport"
      label="Port of its pages and API"
      type="number"
      value={draft.partnerport}
      onChange={(partnerport) => onChange({ partnerport })}
      error={errorOf(error, "partnerport")}
    />
  </>
);

/** How this unit signs in there. */
export const AccessFields = ({ draft, error, onChange }: FieldsProps) => (
  <>
    <TextField
      id="partneruser"
      label="User of the other unit"
      value={draft.partneruser}
      onChange={(partneruser) => onChange({ partneruser })}
      required
      error={errorOf(error, "partneruser")}
    />
    <TextField
      id="partnerpassword"
      label="Password of the other unit"
      type="password"
      value={draft.partnerpassword}
      onChange={(partnerpassword) => onChange({ partnerpassword })}
      required
      help="Used for this procedure, and kept nowhere"
      error={errorOf(error, "partnerpassword")}
    />
  </>
);

export const OverwriteField = ({ draft, error, onChange }: FieldsProps) => (
  <CheckField
    id="overwrite"
    label="Virtual services that the other unit has may go"
    isChecked={draft.overwrite}
    onChange={(overwrite) => onChange({ overwrite })}
    help="A backup of them stays on its disk"
    error={errorOf(error, "overwrite")}
  />
);
