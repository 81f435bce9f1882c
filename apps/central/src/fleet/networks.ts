/** Networks of the tree (SPEC CE1). */
import { formatCidr, parseIpv4, parseNetwork } from "@tandem/base/ip";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import type {
  Network,
  NetworkChange,
  NetworkNew,
  NetworkRemoved,
  NetworkWritten,
} from "@tandem/central-api/networks";
import { createRow, deleteRow, updateRow } from "@tandem/replica/edits";
import type { RowView } from "@tandem/replica/rows";
import { orRefuse, Refusal, written } from "../refusal.ts";
import { groupRows } from "./grouped.ts";
import { inTreeOrder, smallestAround } from "./network-tree.ts";
import type { SharedRows } from "./shared-rows.ts";
import { devices, networks } from "./tables.ts";

type NetworkRow = RowView<(typeof networks)["columns"]>;
const shown = ({ values, tag }: NetworkRow): Network => ({ ...values, tag });

/** In the order of the tree. */
export function listNetworks(shared: SharedRows): readonly Network[] {
  const rows = new Map(shared.rows(networks).map((row) => [row.key, row]));
  return inTreeOrder([...rows.keys()]).map((cidr) => shown(rows.get(cidr) as NetworkRow));
}

export async function addNetwork(
  shared: SharedRows,
  wanted: NetworkNew,
  author: string,
): Promise<NetworkWritten> {
  const cidr = formatCidr(orRefuse(parseNetwork("cidr", wanted.cidr)));
  const values = { cidr, name: wanted.name ?? "", description: wanted.description ?? "" };
  if (shared.row(networks, cidr))
    throw new Refusal(409, {
      code: "network-exists",
      field: "cidr",
      value: wanted.cidr,
      message: `the network ${cidr} is already in the tree`,
      remedy: "change the existing one, or give another network",
    });
  const acknowledged = written(
    await shared.write([createRow(networks, values)], author, `network ${cidr} added`),
  );
  return { ...values, tag: shared.row(networks, cidr)?.tag ?? "", acknowledged };
}

export async function changeNetwork(
  shared: SharedRows,
  cidr: string,
  change: NetworkChange,
  tag: string | undefined,
  author: string,
): Promise<NetworkWritten> {
  const before = knownNetwork(shared, cidr);
  const edit = updateRow(networks, cidr, change, tag);
  const acknowledged = written(await shared.write([edit], author, `network ${cidr} changed`));
  return { ...shown(shared.row(networks, cidr) ?? before), acknowledged };
}

/** Refused while something lies inside that no other network would hold: it would drop out of the tree. */
export async function removeNetwork(
  shared: SharedRows,
  cidr: string,
  tag: string | undefined,
  author: string,
): Promise<NetworkRemoved> {
  knownNetwork(shared, cidr);
  const others = shared
    .rows(networks)
    .map(({ key }) => key)
    .filter((key) => key !== cidr);
  const homeless = [
    ...shared.rows(devices).map(({ values }) => values),
    ...groupRows(shared).map(({ values }) => ({ ...values, address: values.sharedAddress })),
  ].filter(
    ({ address }) => smallestAround([cidr], address) !== null && smallestAround(others, address) === null,
  );
  if (homeless.length > 0)
    throw new Refusal(409, {
      code: "network-in-use",
      field: "cidr",
      value: cidr,
      message: `${homeless.map(({ name, address }) => `${name || "a device"} (${address})`).join(", ")} would be in no network any more`,
      remedy: "remove what lies inside first, or add a network that holds it",
    });
  const acknowledged = written(
    await shared.write([deleteRow(networks, cidr, tag)], author, `network ${cidr} removed`),
  );
  return { cidr, acknowledged };
}

function knownNetwork(shared: SharedRows, cidr: string): NetworkRow {
  const row = shared.row(networks, cidr);
  if (row) return row;
  throw new Refusal(404, {
    code: "network-unknown",
    field: "cidr",
    value: cidr,
    message: `there is no network ${cidr} in the tree`,
    remedy: "read the list of networks; it may have been removed",
  });
}

/** An IPv4 address that lies in a network of the tree, or what is wrong with it. */
export function placedAddress(shared: SharedRows, field: string, text: string): Result<string, FieldError> {
  if (parseIpv4(text) === undefined)
    return err({
      code: "address-malformed",
      field,
      value: text,
      message: `${field} "${text}" is not an IPv4 address`,
      remedy: "write it as four numbers from 0 to 255, for example 10.213.0.21",
    });
  const cidrs = shared.rows(networks).map(({ key }) => key);
  if (smallestAround(cidrs, text) !== null) return ok(text);
  return err({
    code: "address-outside-networks",
    field,
    value: text,
    message: `no network of the tree holds ${text}`,
    remedy: `first add the network it lies in, for example ${text.replace(/\.\d+$/, ".0")}/24`,
  });
}
