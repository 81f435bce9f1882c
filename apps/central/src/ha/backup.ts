/**
 * The configuration that joining a pair overwrites is saved first (CH13). One JSON file, mode 0600; secret
 * values stay sealed with this unit's own key.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import type { WallMillis } from "@tandem/base/time";
import { writeFileAtomicallySync } from "@tandem/peer-link/atomic-file";
import type { Replica } from "@tandem/replica/replica";
import { type Stored, type Version, versionId } from "@tandem/replica/version";
import type { SecretBox } from "@tandem/storage/secret-box";

const format = "tandem-central-backup";
const formatVersion = 1;

type SavedVersion = Omit<Version, "value"> & ({ readonly value: Json } | { readonly sealed: string });

/** Writes the replica's whole state and returns the file's name within `directory`. */
export function saveBackup(
  directory: string,
  name: string,
  replica: Replica,
  box: SecretBox,
  at: WallMillis,
): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const versions = [...replica.versions()].map((version): SavedVersion => {
    const { value, ...rest } = version;
    return replica.isSecret(version)
      ? { ...rest, sealed: box.seal(versionId(version), canonicalJson(value)) }
      : { ...rest, value };
  });
  const file = `${name}-${new Date(at).toISOString().replaceAll(":", "-")}.json`;
  const content = {
    format,
    version: formatVersion,
    at,
    vector: replica.vector,
    clock: replica.clock,
    versions,
  };
  writeFileAtomicallySync(join(directory, file), `${JSON.stringify(content)}\n`, 0o600);
  return file;
}

/** What `saveBackup` wrote. Throws when it is not that, or was sealed with another unit's key. */
export function readBackup(path: string, box: SecretBox): Stored {
  const content = JSON.parse(readFileSync(path, "utf8")) as {
    format: unknown;
    version: unknown;
    vector: Stored["vector"];
    clock: number;
    versions: SavedVersion[];
  };
  if (content.format !== format || content.version !== formatVersion)
    throw new Error(`${path} is no backup of this format (${format}, version ${formatVersion})`);
  const versions = content.versions.map((saved): Version => {
    if ("value" in saved) return saved;
    const { sealed, ...rest } = saved;
    return { ...rest, value: JSON.parse(box.open(versionId(saved), sealed)) as Json };
  });
  return { versions, vector: content.vector, clock: content.clock };
}
