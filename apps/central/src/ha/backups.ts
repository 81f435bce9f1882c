/** The backups of this unit: those that it saved, and portable ones that were uploaded to it (SPEC CH13, ML5). */
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Backup,
  type BackupDownload,
  type BackupUploaded,
  backupsUploadedMax,
  portableBackupMaxBytes,
} from "@tandem/central-api/ha-backups";
import { writeFileAtomically } from "@tandem/peer-link/atomic-file";
import { Replica } from "@tandem/replica/replica";
import type { Table } from "@tandem/replica/schema";
import { type Delta, emptyVector } from "@tandem/replica/version";
import type { SecretBox } from "@tandem/storage/secret-box";
import { orRefuse, Refusal } from "../refusal.ts";
import {
  type BegunBackup,
  beginBackup,
  fileName,
  isOwnBackup,
  readBackup,
  type SavedState,
  type Writer,
} from "./backup.ts";
import { aboutPortable, objectIn, openPortable, portableBackup } from "./portable-backup.ts";
import { isSecretIn } from "./shared-state.ts";
import type { HighAvailability } from "./shell.ts";

export type BackupPorts = {
  readonly pair: Pick<
    HighAvailability,
    "rows" | "write" | "status" | "present" | "faultOfReplacing" | "replaceBy"
  >;
  /** The shared tables. */
  readonly tables: readonly Table[];
  /** Where this unit's backups are. */
  readonly directory: string;
  readonly box: SecretBox;
};

const uploadedPrefix = "uploaded-of-";

const backupUnknown = (name: string): Refusal =>
  new Refusal(404, {
    code: "backup-unknown",
    field: "backup",
    value: name,
    message: name === "" ? "nothing of this unit was overwritten" : `this unit has no backup "${name}"`,
    remedy: "read the list of backups, and give one of their names",
  });

/** The newest first. */
export function listBackups({ directory, pair }: BackupPorts): Backup[] {
  const { overwrittenBackup } = pair.status();
  return namesIn(directory)
    .map((name) => {
      const { size, mtime } = statSync(join(directory, name));
      return { name, at: mtime.toISOString(), bytes: size, overwritten: name === overwrittenBackup };
    })
    .sort((a, b) => (a.at < b.at ? 1 : -1));
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith(".json"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Throws the refusal: no such backup, not readable, of a later version, a wrong pass phrase. */
export async function openBackup(
  { directory, tables, box }: BackupPorts,
  name: string,
  passPhrase: string | undefined,
): Promise<SavedState> {
  if (!namesIn(directory).includes(name)) throw backupUnknown(name);
  const path = join(directory, name);
  const loading = Replica.loading(tables, "");
  try {
    if (await isOwnBackup(path)) return await readBackup(path, box, loading);
    return orRefuse(await openPortable(orRefuse(objectIn(await readFile(path))), passPhrase, loading));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, {
      code: "backup-unreadable",
      field: "backup",
      value: name,
      message: `the backup "${name}" cannot be read: ${(error as Error).message}`,
      remedy:
        "choose another; a backup is read with the version and the secret.key of the unit that wrote it",
    });
  }
}

/** Saves the shared state as it is now; answers the backup's name. */
export async function saveByCommand(ports: BackupPorts): Promise<string> {
  const { at, writer, delta } = ports.pair.present();
  const begun = await beginSaving(ports, "by-command", delta);
  try {
    return begun.end({ ...delta, items: [] }, at, writer);
  } finally {
    await begun.drop();
  }
}

export const beginSaving = (
  { directory, box, tables }: BackupPorts,
  name: string,
  present: Delta,
): Promise<BegunBackup> => beginBackup({ directory, box, isSecret: isSecretIn(tables) }, name, present);

/** A backup of this unit's, or its present state, as a file that another unit can read. */
export async function downloadBackup(ports: BackupPorts, { backup, passPhrase }: BackupDownload) {
  if (backup === undefined) {
    const { writer, at, delta } = ports.pair.present();
    return portableBackup(writer, at, delta, passPhrase);
  }
  const { replica, at, writer } = await openBackup(ports, backup, passPhrase);
  return portableBackup(knownWriter(backup, writer), at, replica.deltaSince(emptyVector), passPhrase);
}

/** Whose it is decides whether it may be merged with what. */
export function knownWriter(backup: string, writer: Writer | null): Writer {
  if (writer !== null) return writer;
  throw new Refusal(400, {
    code: "backup-without-writer",
    field: "backup",
    value: backup,
    message: `the backup "${backup}" is of a version that did not note the unit and its pair`,
    remedy: 'save a new one; this one can be restored to "go back" on the unit that wrote it',
  });
}

/** Kept once it is known to be whole; its content is looked at when it is restored, with its pass phrase. */
export async function uploadBackup(
  { directory, pair }: BackupPorts,
  content: AsyncIterable<Uint8Array>,
): Promise<BackupUploaded> {
  const file = await collected(content);
  const about = orRefuse(aboutPortable(orRefuse(objectIn(file))));
  const name = fileName(`${uploadedPrefix}${about.unit}`, Date.now());
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await writeFileAtomically(join(directory, name), file, 0o600);
  dropOldUploads(directory);
  const ours = pair.present().writer.pairId;
  return {
    name,
    bytes: file.length,
    at: new Date(about.at).toISOString(),
    unit: about.unit,
    unitName: about.name,
    ofThisPair: about.pairId === null || ours === null ? null : about.pairId === ours,
  };
}

async function collected(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of content) {
    bytes += piece.length;
    if (bytes > portableBackupMaxBytes)
      throw new Refusal(413, {
        code: "backup-too-large",
        field: "backup",
        message: `the file has more than ${portableBackupMaxBytes} bytes`,
        remedy: "send the file that downloading a backup gave",
      });
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Uploads are copies of what somebody has; what this unit saved itself stays. */
function dropOldUploads(directory: string): void {
  const uploads = namesIn(directory)
    .filter((name) => name.startsWith(uploadedPrefix))
    .map((name) => ({ name, at: statSync(join(directory, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { name } of uploads.slice(backupsUploadedMax)) rmSync(join(directory, name), { force: true });
}
