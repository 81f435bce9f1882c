import type { InterfaceView } from "@tandem/loadmaster-api/views";
import { CheckField } from "@tandem/web-components/form/check-field";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { interfacesQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";

type Draft = {
  readonly partner: string;
  readonly shared: string;
  readonly sharedv6: string;
  readonly hacheck: boolean;
  readonly hagateway: string;
};

const draftOf = (shown: InterfaceView): Draft => ({
  partner: shown.PartnerIPAddress ?? "",
  shared: shown.SharedIPAddress ?? "",
  sharedv6: shown.SharedIPv6Address ?? "",
  hacheck: shown.HACheck,
  hagateway: shown.HAGateway ?? "",
});

const fields = [
  "partner",
  "shared",
  "sharedv6",
  "hacheck",
  "hagateway",
] as const satisfies readonly (keyof Draft)[];

type Props = { readonly shown: InterfaceView; readonly onClose: () => void };

/** Changes one interface. The API takes one parameter in a call, so what was taken is not sent again. */
export function InterfaceForm({ shown, onClose }: Props) {
  const { view } = useLive();
  const [before, setBefore] = useState(() => draftOf(shown));
  const [draft, setDraft] = useState(before);
  const client = useQueryClient();
  const changes = fields.filter((name) => {
    // Without a check there is no gateway to look for.
    if (name === "hagateway" && !draft.hacheck) return false;
    return draft[name] !== before[name];
  });
  const send = async (): Promise<void> => {
    try {
      for (const name of changes) {
        const value = draft[name];
        await command("modiface", {
          interface: shown.Id,
          [name]: typeof value === "string" ? value.trim() : value,
        });
        setBefore((now) => ({ ...now, [name]: value }));
      }
    } finally {
      await client.invalidateQueries({ queryKey: interfacesQuery.queryKey });
    }
  };
  const ofPair = readOnlyReason(view, "shared");
  const ofUnit = readOnlyReason(view, "unit");
  const change = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }));
  return (
    <FormDialogue
      title={`Change interface ${shown.Id} (${shown.IPAddress})`}
      action="Change"
      isDisabled={changes.length === 0}
      fields={fields}
      send={send}
      onClose={onClose}
    >
      {(error) => (
        <>
          <TextField
            id="shared"
            label="Shared address"
            value={draft.shared}
            onChange={(shared) => change({ shared })}
            isReadOnly={ofPair !== null}
            help={ofPair ?? "Belongs to whichever unit is active; empty to remove it"}
            error={errorOf(error, "shared")}
          />
          <TextField
            id="sharedv6"
            label="Shared IPv6 address"
            value={draft.sharedv6}
            onChange={(sharedv6) => change({ sharedv6 })}
            isReadOnly={ofPair !== null}
            help={ofPair ?? "Beside the one of IPv4, which the pair needs; empty to remove it"}
            error={errorOf(error, "sharedv6")}
          />
          <TextField
            id="partner"
            label="Partner's address"
            value={draft.partner}
            onChange={(partner) => change({ partner })}
            isReadOnly={ofUnit !== null}
            help={ofUnit ?? "The other unit's own address on this network; empty to remove it"}
            error={errorOf(error, "partner")}
          />
          <CheckField
            id="hacheck"
            label="Use for HA checks"
            isChecked={draft.hacheck}
            onChange={(hacheck) => change({ hacheck })}
            isDisabled={ofPair !== null}
            help={
              ofPair ??
              "A unit that loses this network becomes standby, if the other is better off; one interface at least is checked"
            }
            error={errorOf(error, "hacheck")}
          />
          {draft.hacheck && (
            <TextField
              id="hagateway"
              label="Gateway that must answer"
              value={draft.hagateway}
              onChange={(hagateway) => change({ hagateway })}
              isReadOnly={ofPair !== null}
              help={ofPair ?? "It is asked by ARP; empty: the carrier alone counts"}
              error={errorOf(error, "hagateway")}
            />
          )}
        </>
      )}
    </FormDialogue>
  );
}
