import type { LicenceShare, ShareMove } from "@tandem/central-api/licensing";
import { routes } from "@tandem/central-api/routes";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { licensingQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";

/** Of the peer's share, what it has not granted. */
export const spareOfPeer = ({ peerShare, peerIssued }: LicenceShare): number =>
  Math.max(0, peerShare - peerIssued);

type Props = {
  readonly kind: ShareMove["kind"];
  readonly share: LicenceShare;
  readonly peerName: string;
  readonly onMoved: (what: string) => void;
  readonly onClose: () => void;
};

/** Moves a part of the peer's share here; the peer gives what it has not granted. */
export function TakeOverShare({ kind, share, peerName, onMoved, onClose }: Props) {
  const [amount, setAmount] = useState("1");
  const client = useQueryClient();
  const spare = spareOfPeer(share);
  const unit = kind === "local" ? "local licences" : "Mbit/s of the pool";
  return (
    <FormDialogue
      title={`Take over a part of the share of ${peerName}`}
      action="Take over"
      description={`${peerName} has ${share.peerShare} ${unit}, ${spare} of them free. The units also move shares by themselves as they need them.`}
      fields={["amount"]}
      isDisabled={!/^[1-9][0-9]{0,8}$/.test(amount.trim())}
      send={async () => {
        const { moved, share: now } = await call(routes.moveLicenceShare, {
          body: { kind, amount: Number(amount) },
        });
        await client.invalidateQueries({ queryKey: licensingQuery.queryKey });
        onMoved(
          moved === 0
            ? `${peerName} gave nothing: what it has is granted`
            : `${moved} ${unit} were taken over; this unit's share is ${now}`,
        );
      }}
      onClose={onClose}
    >
      {(error) => (
        <TextField
          id="share-amount"
          label="Amount"
          type="number"
          value={amount}
          onChange={setAmount}
          required
          help={`In ${unit}`}
          error={errorOf(error, "amount")}
        />
      )}
    </FormDialogue>
  );
}
