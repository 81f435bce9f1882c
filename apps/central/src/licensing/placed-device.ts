/** The device that a licensed LoadMaster is in the tree (SPEC CE1), with the network around it. */
import { formatCidr, parseIpv4, parseNetwork } from "@tandem/base/ip";
import type { LicenceRow } from "@tandem/licensing/activation";
import { createRow, type Edit, updateRow } from "@tandem/replica/edits";
import { freeId } from "../fleet/devices.ts";
import { smallestAround } from "../fleet/network-tree.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { devices, networks } from "../fleet/tables.ts";

/** What Central calls the LoadMaster's API with. */
export type Management = { readonly user: string; readonly password: string };

/** The network that is made for a LoadMaster which no network of the tree holds. */
const networkPrefix = 24;

export type Placed = { readonly device: string; readonly edits: readonly Edit[] };

/**
 * The device that this LoadMaster is already (the one it was licensed as, else of its address and port, else of its
 * certificate), brought up to date; else a new one. `known`: the device it was licensed as before, or "".
 */
export function placedDevice(
  shared: SharedRows,
  row: Pick<LicenceRow, "name" | "address" | "port" | "certificateFingerprint">,
  management: Management,
  known: string,
): Placed {
  const { address, port, certificateFingerprint } = row;
  // The tree holds IPv4 addresses alone.
  if (parseIpv4(address) === undefined) return { device: "", edits: [] };
  const reached = { address, port, ...management, certificateFingerprint };
  const all = shared.rows(devices);
  const there =
    all.find(({ key }) => key === known) ??
    all.find(({ values }) => values.address === address && values.port === port) ??
    all.find(({ values }) => values.certificateFingerprint === certificateFingerprint);
  const network = networkEdits(shared, address);
  if (there === undefined) {
    const device = freeId(shared, address, port, certificateFingerprint);
    const values = { id: device, name: row.name || address, ...reached };
    return { device, edits: [...network, createRow(devices, values)] };
  }
  const isSame = Object.entries(reached).every(
    ([name, value]) => there.values[name as keyof typeof reached] === value,
  );
  return {
    device: there.key,
    edits: isSame ? network : [...network, updateRow(devices, there.key, reached)],
  };
}

function networkEdits(shared: SharedRows, address: string): readonly Edit[] {
  const cidrs = shared.rows(networks).map(({ key }) => key);
  if (smallestAround(cidrs, address) !== null) return [];
  const parsed = parseNetwork("address", `${address.replace(/\.\d+$/, ".0")}/${networkPrefix}`);
  if (!parsed.ok) return [];
  return [createRow(networks, { cidr: formatCidr(parsed.value), name: "", description: "" })];
}
