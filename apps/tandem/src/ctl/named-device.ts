/** Operators name a device as they like. */
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
