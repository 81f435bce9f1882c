/** Which device a line is from: the one that has the address it came from (SPEC CH2, CH19). Pure. */
import { isIP } from "node:net";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { groupRows } from "../fleet/grouped.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { devices } from "../fleet/tables.ts";
import type { Senders } from "./collector-messages.ts";

type Rows = Pick<SharedRows, "rows">;

/**
 * Members of an HA group send from addresses of their own; what comes from their shared address is the group's. Of
 * devices behind one address the first by id gets the lines.
 */
export function sendersOf(shared: Rows): Senders {
  const senders = new Map<string, string>();
  const byId = [...shared.rows(devices)].sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { key, values } of byId) if (!senders.has(values.address)) senders.set(values.address, key);
  for (const { key, values } of groupRows(shared))
    if (!senders.has(values.sharedAddress)) senders.set(values.sharedAddress, key);
  return senders;
}

export function nameOf(shared: Rows, id: string | null): string | null {
  if (id === null) return null;
  const named = [...shared.rows(devices), ...groupRows(shared)].find(({ key }) => key === id);
  return named?.values.name ?? null;
}

/**
 * What lines are marked with that are wanted as those of `text`, an id or an address: also those which came from a
 * device's address before it was in the tree.
 */
export function originsOf(shared: Rows, text: string): Result<readonly string[], FieldError> {
  const all = shared.rows(devices);
  const group = groupRows(shared).find(({ key, values }) => key === text || values.sharedAddress === text);
  const wanted = all.filter(
    ({ key, values }) => key === text || values.address === text || group?.values.members.includes(key),
  );
  const origins = new Set(wanted.flatMap(({ key, values }) => [key, values.address]));
  if (group) for (const origin of [group.key, group.values.sharedAddress]) origins.add(origin);
  // Lines outlive the device that sent them.
  if (isIP(text) !== 0 || /^[0-9a-f]{16}$/.test(text)) origins.add(text);
  if (origins.size > 0) return ok([...origins]);
  return err({
    code: "device-unknown",
    field: "device",
    value: text,
    message: `"${text}" is neither the id nor the address of a device`,
    remedy: "give the id or the address of a device, or the address of an unknown sender",
  });
}
