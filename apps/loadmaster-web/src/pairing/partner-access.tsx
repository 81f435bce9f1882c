import { Button } from "@patternfly/react-core";
import { Problems } from "@tandem/web-components/form/problems";
import { ChecksList } from "./checks-list.tsx";
import { ConfirmKey } from "./confirm-key.tsx";
import { AccessFields } from "./partner-fields.tsx";
import type { usePartnerKey } from "./use-partner-key.ts";

type Props = { readonly of: ReturnType<typeof usePartnerKey>; readonly error: unknown };

/** The other unit's key, and once it is confirmed how this one signs in there. */
export function PartnerAccess({ of: { draft, change, keying, isConfirmed, setConfirmed }, error }: Props) {
  return (
    <>
      <Problems error={keying.error} />
      {keying.data?.fingerprint === "" && <ChecksList checks={keying.data.checks} />}
      {draft.partnerfingerprint === "" ? (
        <div>
          <Button
            variant="secondary"
            isLoading={keying.isPending}
            isDisabled={draft.partner.trim() === "" || keying.isPending}
            onClick={() => keying.mutate()}
          >
            Ask for its key
          </Button>
        </div>
      ) : (
        <>
          <ConfirmKey
            fingerprint={draft.partnerfingerprint}
            isConfirmed={isConfirmed}
            onConfirm={setConfirmed}
          />
          <AccessFields draft={draft} error={error} onChange={change} />
        </>
      )}
    </>
  );
}
