import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { command } from "../api/transport.ts";
import { emptyDraft, keyParameters, type SetupDraft } from "./setup-draft.ts";

/** The draft of a procedure with the other unit, whose key is shown and confirmed before anything secret is sent. */
export function usePartnerKey(first: Partial<SetupDraft>) {
  const [draft, setDraft] = useState<SetupDraft>({ ...emptyDraft, ...first });
  const [isConfirmed, setConfirmed] = useState(false);
  const change = (part: Partial<SetupDraft>) => {
    setDraft((now) => ({ ...now, ...part }));
    // Another place has another key.
    if (part.partner !== undefined || part.partnerport !== undefined) {
      setDraft((now) => ({ ...now, partnerfingerprint: "" }));
      setConfirmed(false);
      keying.reset();
    }
  };
  const keying = useMutation({
    mutationFn: () => command("hapaircheck", keyParameters(draft)),
    onSuccess: ({ fingerprint }) => {
      setDraft((now) => ({ ...now, partnerfingerprint: fingerprint }));
      setConfirmed(false);
    },
  });
  const mayBegin = isConfirmed && draft.partneruser !== "" && draft.partnerpassword !== "";
  return { draft, change, keying, isConfirmed, setConfirmed, mayBegin };
}
