/**
 * Backups of the shared state that stay on this unit: what joining a pair overwrites is saved first (CH13), and an
 * operator saves when he likes. One JSON file, mode 0600; secret values stay sealed with this unit's own key. What goes
 * to another unit is a portable backup.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import type { UnitId } from "@tandem/base/ids";
import type { WallMillis } from "@tandem/base/time";
import type { BackedUpPair } from "@tandem/pair/replacing";
import { writeFileAtomicallySync } from "@tandem/peer-link/atomic-file";
import type { Replica } from "@tandem/replica/replica";
import { type Stored, type Version, versionId } from "@tandem/replica/version";
import type { SecretBox } from "@tandem/storage/secret-box";

export const backupFormat = "tandem-central-backup";
const formatVersion = 1;

/** Which unit wrote a backup, and the pair that it then belonged to. */
export type Writer = { readonly unit: UnitId; readonly name: string } & BackedUpPair;

export type SavedState = {
  readonly stored: Stored;
  readonly at: WallMillis;
  /** Null: written before backups said it. */
  readonly writer: Writer | null;
};

type SavedVersion = Omit<Version, "value"> & ({ readonly value: Json } | { readonly sealed: string });

/** Writes the replica's whole state and returns the file's name within `directory`. */
export function saveBackup(
  directory: string,
  name: string,
  replica: Replica,
  box: SecretBox,
  at: WallMillis,
  writer: Writer,
): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const versions = [...replica.versions()].map((version): SavedVersion => {
    const { value, ...rest } = version;
    return replica.isSecret(version)
      ? { ...rest, sealed: box.seal(versionId(version), canonicalJson(value)) }
      : { ...rest, value };
  });
  const file = fileName(name, at);
  const content = {
    format: backupFormat,
    version: formatVersion,
    at,
    writer,
    vector: replica.vector,
    clock: replica.clock,
    versions,
  };
  writeFileAtomicallySync(join(directory, file), `${JSON.stringify(content)}\n`, 0o600);
  return file;
}

export const fileName = (name: string, at: WallMillis): string =>
  `${name}-${new Date(at).toISOString().replaceAll(":", "-")}.json`;

/** What `saveBackup` wrote, of its JSON. Throws when it is not that, or was sealed with another unit's key. */
export function readBackup(file: { readonly [member: string]: unknown }, box: SecretBox): SavedState {
  const content = file as {
    format: unknown;
    version: unknown;
    at: WallMillis;
    writer?: Writer;
    vector: Stored["vector"];
    clock: number;
    versions: SavedVersion[];
  };
  if (content.format !== backupFormat || content.version !== formatVersion)
    throw new Error(`it is no backup of this format (${backupFormat}, version ${formatVersion})`);
  const versions = content.versions.map((saved): Version => {
    if ("value" in saved) return saved;
    const { sealed, ...rest } = saved;
    return { ...rest, value: JSON.parse(box.open(versionId(saved), sealed)) as Json };
  });
  const { vector, clock, at, writer = null } = content;
  return { stored: { versions, vector, clock }, at, writer };
}
