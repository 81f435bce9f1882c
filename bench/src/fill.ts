/** Fills a Central's state folder, while no process has it open, with a fleet of a size that nobody types in by hand. */
import { join } from "node:path";
import { devices, fleetTables, networks, services } from "@tandem/central/fleet/tables";
import { seamsOnDisk } from "@tandem/central/ha/seams";
import { HighAvailability } from "@tandem/central/ha/shell";
import { loadOrCreateIdentity } from "@tandem/peer-link/identity";
import { createRow, type Edit } from "@tandem/replica/edits";
import type { Table } from "@tandem/replica/schema";

export type FleetSize = { readonly networks: number; readonly devices: number; readonly services: number };

const editsPerWrite = 2_000;

/** Writes the rows through the pair's own shell, so that they are what a Central would have written. */
export async function fillState(stateDir: string, size: FleetSize): Promise<void> {
  const identity = await loadOrCreateIdentity(join(stateDir, "identity"), {
    commonName: "filled",
    addresses: ["127.0.0.11"],
  });
  const listen = { address: "127.0.0.1", port: 0 };
  const ha = await HighAvailability.start({
    seams: seamsOnDisk({ stateDir, identity, listen, tables: fleetTables }),
    name: "filled",
    identity,
    centralVersion: "0.1.0",
    tables: fleetTables,
    networks: networks as unknown as Table,
    onFatal: (error) => {
      throw error;
    },
  });
  let edits: Edit[] = [];
  const flush = async (): Promise<void> => {
    const written = await ha.write(edits, "bench", "fill");
    if (!written.ok) throw new Error(JSON.stringify(written.error));
    edits = [];
  };
  for (const edit of fleetOf(size)) {
    edits.push(edit);
    if (edits.length >= editsPerWrite) await flush();
  }
  await flush();
  await ha.stop();
}

function* fleetOf(size: FleetSize): Generator<Edit> {
  for (let index = 0; index < size.networks; index += 1)
    yield createRow(networks, { cidr: `10.${index >> 8}.${index & 255}.0/24`, name: `network ${index}` });
  const idOf = (index: number): string => index.toString(16).padStart(16, "0");
  for (let index = 0; index < size.devices; index += 1) {
    const network = index % size.networks;
    yield createRow(devices, {
      id: idOf(index),
      name: `device ${index}`,
      // Nothing listens on this loopback address: a poll is refused at once and burdens nobody else.
      address: "127.255.255.254",
      port: 1 + (index % 60_000),
      user: "bal",
      password: `password of ${index} in ${network}`,
      certificateFingerprint: idOf(index).repeat(4),
    });
  }
  for (let index = 0; index < size.services; index += 1) {
    const device = index % size.devices;
    yield createRow(services, {
      device: idOf(device),
      address: `192.0.2.${1 + (index % 250)}`,
      port: 1 + Math.floor(index / size.devices),
      protocol: "tcp",
      parameters: { nickname: `service ${index}`, schedule: "wlc", persist: "src" },
      servers: [
        { address: "198.51.100.1", port: 80, parameters: { weight: "1000" } },
        { address: "198.51.100.2", port: 80, parameters: { weight: "1000" } },
      ],
    });
  }
}
