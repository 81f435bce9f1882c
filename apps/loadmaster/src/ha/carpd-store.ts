/** `<stateDir>/carpd.json`, mode 0600: what carpd starts from without the unit, and what may have to be cleaned up. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { writeFileAtomically } from "@tandem/peer-link/atomic-file";
import {
  type CarpdConfiguration,
  CarpdConfigurationSchema,
  parseCarpdConfiguration,
} from "./carpd-configuration.ts";
import { carriedBy, type DeviceAddresses } from "./carpd-group.ts";

const DeviceAddressesSchema = Type.Object({ device: Type.String(), addresses: Type.Array(Type.String()) });

const RecordSchema = Type.Object({
  configuration: CarpdConfigurationSchema,
  /**
   * Addresses of the configuration before, written together with the new one and dropped once the kernel no longer
   * has them: whenever the process dies, the file names every address that could be left behind.
   */
  retired: Type.Array(DeviceAddressesSchema),
});
export type CarpdRecord = Static<typeof RecordSchema>;

const recordPath = (stateDir: string): string => join(stateDir, "carpd.json");
export const socketPath = (stateDir: string): string => join(stateDir, "carpd.sock");
export const lockPath = (stateDir: string): string => join(stateDir, "carpd.lock");

/** The record; null when none was ever written; in words why it cannot be used. */
export function readRecord(stateDir: string): Result<CarpdRecord | null, string> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(recordPath(stateDir), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return ok(null);
    return err(`${recordPath(stateDir)} cannot be read: ${(error as Error).message}`);
  }
  const [fault] = schemaFaults(RecordSchema, value, { whole: "it", secret: new Set(["password"]) });
  if (fault !== undefined) return err(`${recordPath(stateDir)}: ${fault.message}`);
  const record = value as CarpdRecord;
  const checked = parseCarpdConfiguration(record.configuration);
  if (!checked.ok) return err(`${recordPath(stateDir)}: ${checked.error.map((e) => e.message).join("; ")}`);
  return ok(record);
}

/** On disk when the promise resolves; rejects with the system's error. */
export const writeRecord = (stateDir: string, record: CarpdRecord): Promise<void> =>
  writeFileAtomically(recordPath(stateDir), `${JSON.stringify(record, null, 2)}\n`, 0o600);

/** For addresses that are the unit's own now: nobody is to clean them up any more. */
export const removeRecord = (stateDir: string): void => rmSync(recordPath(stateDir), { force: true });

/** Every address that may be on a device because of this record. */
export const recordedAddresses = (record: CarpdRecord): DeviceAddresses[] => [
  ...carriedBy(record.configuration),
  ...record.retired,
];

/** What a change of configuration leaves to be removed: the addresses of the old that the new one does not carry. */
export function retiredAddresses(old: CarpdRecord | null, next: CarpdConfiguration): DeviceAddresses[] {
  if (!old) return [];
  const kept = new Map(carriedBy(next).map(({ device, addresses }) => [device, addresses]));
  return recordedAddresses(old)
    .map(({ device, addresses }) => ({
      device,
      addresses: addresses.filter((address) => !kept.get(device)?.includes(address)),
    }))
    .filter(({ addresses }) => addresses.length > 0);
}
