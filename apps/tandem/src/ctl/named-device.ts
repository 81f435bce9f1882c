/** Operators name a device, or an HA group, as they like. */
import { routes } from "@tandem/central-api/routes";
import type { CommandContext } from "./command.ts";

/** The id of a device named by its id, name or address. */
export async function deviceId({ client }: CommandContext, text: string): Promise<string> {
  const { devices } = await client.call(routes.listDevices);
  const found = devices.filter(({ id, name, address, port }) =>
    [id, name, address, `${address}:${port}`].includes(text),
  );
  const [device] = found;
  if (found.length > 1) throw new Error(`"${text}" names ${found.length} devices; give an id`);
  // What is not known here goes to the server, which says so in its own words.
  return device?.id ?? text;
}

/** The id of a group named by its id, name or shared address. */
export async function groupId({ client }: CommandContext, text: string): Promise<string> {
  const { haGroups } = await client.call(routes.listHaGroups);
  const found = haGroups.filter(({ id, name, sharedAddress }) => [id, name, sharedAddress].includes(text));
  if (found.length > 1) throw new Error(`"${text}" names ${found.length} HA groups; give an id`);
  return found[0]?.id ?? text;
}

/** The id of a device, or of a group, for what both can be asked. */
export async function deviceOrGroupId(context: CommandContext, text: string): Promise<string> {
  const [device, group] = [await deviceId(context, text), await groupId(context, text)];
  if (device !== text && group !== text && device !== group)
    throw new Error(`"${text}" names a device and an HA group; give an id`);
  return group === text ? device : group;
}
