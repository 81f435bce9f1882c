/** The device that a licensed LoadMaster is in the tree (SPEC CE1), with the network around it. */
import { formatCidr, parseIpv4, parseNetwork } from "@tandem/base/ip";
import type { LicenceRow } from "@tandem/licensing/activation";
import { createRow, type Edit, updateRow } from "@tandem/replica/edits";
import type { DeviceTarget } from "../fleet/device-contact.ts";
import { type DeviceRow, freeId } from "../fleet/devices.ts";
import { smallestAround } from "../fleet/network-tree.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { devices, networks } from "../fleet/tables.ts";

/** What Central calls the LoadMaster's API with. */
export type Management = { readonly user: string; readonly password: string };

/** The network that is made for a LoadMaster which no network of the tree holds. */
const networkPrefix = 24;

export type PlacedUnit = Pick<LicenceRow, "name" | "address" | "port" | "certificateFingerprint">;

export type Placement =
  /** `device`: "" when it is none of the tree. */
  | { readonly kind: "placed"; readonly device: string; readonly edits: readonly Edit[] }
  /**
   * It says that it is a device which somebody else brought into the tree. Whoever has a key can say so: the edits
   * are made only once the LoadMaster has answered at `target`.
   */
  | {
      readonly kind: "claimed";
      readonly device: string;
      readonly edits: readonly Edit[];
      readonly target: DeviceTarget;
    };

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
): Placement {
  const { address, port, certificateFingerprint } = unit;
  const endpoint = { address, port, certificateFingerprint };
  const known = before?.device ?? "";
  const unplaced: Placement = { kind: "placed", device: known, edits: [] };
  // The tree holds IPv4 addresses alone.
  if (parseIpv4(address) === undefined) return unplaced;
  const all = shared.rows(devices);
  const own = all.find(({ key }) => key === known);
  const ofEndpoint = all.find(({ values }) => values.address === address && values.port === port);
  if (own !== undefined) {
    const hasMoved = Object.entries(endpoint).some(
      ([name, value]) => before?.[name as keyof typeof endpoint] !== value,
    );
    const isTaken = ofEndpoint !== undefined && ofEndpoint !== own;
    const edits = changeOf(shared, own, { ...(hasMoved && !isTaken ? endpoint : {}), ...management });
    return { kind: "placed", device: own.key, edits };
  }
  if (management === null) return unplaced;
  const other =
    ofEndpoint ?? all.find(({ values }) => values.certificateFingerprint === certificateFingerprint);
  if (other !== undefined)
    return {
      kind: "claimed",
      device: other.key,
      edits: changeOf(shared, other, { ...endpoint, ...management }),
      target: { address, port, ...management, fingerprint: certificateFingerprint },
    };
  const device = freeId(shared, address, port, certificateFingerprint);
  const created = createRow(devices, {
    id: device,
    name: unit.name || address,
    ...endpoint,
    ...management,
  });
  return { kind: "placed", device, edits: [...networkEdits(shared, address), created] };
}

function changeOf(
  shared: SharedRows,
  device: DeviceRow,
  changes: Partial<PlacedUnit & Management>,
): readonly Edit[] {
  const isSame = Object.entries(changes).every(
    ([name, value]) => (device.values as Readonly<Record<string, unknown>>)[name] === value,
  );
  if (isSame) return [];
  const network = changes.address === undefined ? [] : networkEdits(shared, changes.address);
  return [...network, updateRow(devices, device.key, changes)];
}

function networkEdits(shared: SharedRows, address: string): readonly Edit[] {
  const cidrs = shared.rows(networks).map(({ key }) => key);
  if (smallestAround(cidrs, address) !== null) return [];
  const parsed = parseNetwork("address", `${address.replace(/\.\d+$/, ".0")}/${networkPrefix}`);
  if (!parsed.ok) return [];
  return [createRow(networks, { cidr: formatCidr(parsed.value), name: "", description: "" })];
}
