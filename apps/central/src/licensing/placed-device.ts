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

export type PlacedUnit = Pick<LicenceRow, "name" | "address" | "port" | "certificateFingerprint">;

/**
 * The device that this LoadMaster is already (the one it was licensed as, else of its address and port, else of its
 * certificate), brought up to date; else, with an account to manage it by, a new one. `before`: what was known of it;
 * where a LoadMaster is reached is changed only when it has moved, since an operator may know a better way to it.
 */
export function placedDevice(
  shared: SharedRows,
  unit: PlacedUnit,
  management: Management | null,
  before: (PlacedUnit & { readonly device: string }) | undefined,
): Placed {
  const { address, port, certificateFingerprint } = unit;
  const known = before?.device ?? "";
  // The tree holds IPv4 addresses alone.
  if (parseIpv4(address) === undefined) return { device: known, edits: [] };
  const all = shared.rows(devices);
  const ofEndpoint = all.find(({ values }) => values.address === address && values.port === port);
  const there =
    all.find(({ key }) => key === known) ??
    ofEndpoint ??
    all.find(({ values }) => values.certificateFingerprint === certificateFingerprint);
  if (there === undefined) {
    if (management === null) return { device: known, edits: [] };
    const device = freeId(shared, address, port, certificateFingerprint);
    const values = { id: device, name: unit.name || address, address, port, certificateFingerprint };
    return {
      device,
      edits: [...networkEdits(shared, address), createRow(devices, { ...values, ...management })],
    };
  }
  const hasMoved =
    there.key !== known ||
    before?.address !== address ||
    before.port !== port ||
    before.certificateFingerprint !== certificateFingerprint;
  const isTaken = ofEndpoint !== undefined && ofEndpoint !== there;
  const changes = {
    ...(hasMoved && !isTaken ? { address, port, certificateFingerprint } : {}),
    ...management,
  };
  const isSame = Object.entries(changes).every(
    ([name, value]) => there.values[name as keyof typeof changes] === value,
  );
  if (isSame) return { device: there.key, edits: [] };
  return {
    device: there.key,
    edits: [...networkEdits(shared, address), updateRow(devices, there.key, changes)],
  };
}

function networkEdits(shared: SharedRows, address: string): readonly Edit[] {
  const cidrs = shared.rows(networks).map(({ key }) => key);
  if (smallestAround(cidrs, address) !== null) return [];
  const parsed = parseNetwork("address", `${address.replace(/\.\d+$/, ".0")}/${networkPrefix}`);
  if (!parsed.ok) return [];
  return [createRow(networks, { cidr: formatCidr(parsed.value), name: "", description: "" })];
}
