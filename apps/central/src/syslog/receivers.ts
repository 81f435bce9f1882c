/** What the two Centrals are called where a device is: the addresses it is to send its syslog to (SPEC CH2). */
import type { UnitId } from "@tandem/base/ids";
import { err, ok, type Result } from "@tandem/base/result";
import type { HaSettings } from "@tandem/pair/state";
import { createRow, deleteRow, updateRow } from "@tandem/replica/edits";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { localAddressTowards } from "./local-address.ts";
import { syslogAddresses } from "./tables.ts";

/** The part of the pair that is needed here. */
export type ReceiversPair = SharedRows & {
  readonly identity: { readonly unit: UnitId };
  readonly settings: HaSettings;
};

const isAny = (address: string): boolean => address === "0.0.0.0" || address === "::";
const announced = (
  pair: ReceiversPair,
): { readonly own: string | undefined; readonly peer: string | undefined } => {
  const { unit } = pair.identity;
  const rows = pair.rows(syslogAddresses);
  return {
    own: rows.find(({ key }) => key === unit)?.values.address,
    peer: pair.settings.peer === null ? undefined : rows.find(({ key }) => key !== unit)?.values.address,
  };
};

/**
 * Each unit's announced address where it has one; else this unit's own as the device sees it, and the peer's as it was
 * given on the HA page.
 */
export async function receiversFor(
  pair: ReceiversPair,
  listenAddress: string,
  deviceAddress: string,
): Promise<Result<readonly string[], string>> {
  const { own, peer } = announced(pair);
  const here = own ?? (isAny(listenAddress) ? await localAddressTowards(deviceAddress) : listenAddress);
  if (here === null) return err(`there is no way from this Central to ${deviceAddress}`);
  const there = peer ?? pair.settings.peer?.address;
  return ok([...new Set(there === undefined ? [here] : [here, there])]);
}

/** Changes when what {@link receiversFor} says may have changed. */
export const receiversBasis = (pair: ReceiversPair): string =>
  JSON.stringify([announced(pair), pair.settings.peer?.address ?? null]);

/** Makes the address of the configuration file known to both units. Nothing is written that is known already. */
export async function announce(pair: ReceiversPair, address: string | null): Promise<void> {
  const { unit } = pair.identity;
  const row = pair.row(syslogAddresses, unit);
  if ((row?.values.address ?? null) === address) return;
  const edit =
    address === null
      ? deleteRow(syslogAddresses, unit)
      : row === undefined
        ? createRow(syslogAddresses, { unit, address })
        : updateRow(syslogAddresses, unit, { address });
  await pair.write([edit], "central", "where devices send their syslog");
}
