/**
 * Backups of the shared state that stay on this unit: what joining a pair overwrites is saved first (CH13), and an
 * operator saves when he likes. One JSON file, mode 0600; secret values stay sealed with this unit's own key. What goes
 * to another unit is a portable backup.
 */
import { randomBytes } from "node:crypto";
import { appendFileSync, createReadStream, mkdirSync, readdirSync, rmSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import type { UnitId } from "@tandem/base/ids";
import { err, type Result } from "@tandem/base/result";
import type { WallMillis } from "@tandem/base/time";
import type { BackedUpPair } from "@tandem/pair/replacing";
import { renameFlushedSync, writeFileAtomicallySync } from "@tandem/peer-link/atomic-file";
import { ListReader } from "@tandem/replica/list-reader";
import type { LoadFailure, Loading, Replica } from "@tandem/replica/replica";
import { type Delta, type Stored, type Vector, type Version, versionId } from "@tandem/replica/version";
import type { SecretBox } from "@tandem/storage/secret-box";
import type { IsSecret } from "@tandem/storage/store";
import { inTurns } from "../in-turns.ts";
import { orRefuse } from "../refusal.ts";
import { backupFormat, faultOfLoading } from "./backup-faults.ts";

const formatVersion = 1;
const ownBeginning = `{"format":"${backupFormat}",`;
const versionsPlace = { opening: '"versions":[', depth: 2 } as const;
const unfinished = ".new";
/** Text looked at in one turn. */
const pieceBytes = 128 * 1024;

/** Which unit wrote a backup, and the pair that it then belonged to. */
export type Writer = { readonly unit: UnitId; readonly name: string } & BackedUpPair;

export type SavedState = {
  readonly replica: Replica;
  readonly at: WallMillis;
  /** Null: written before backups said it. */
  readonly writer: Writer | null;
};

type SavedVersion = Omit<Version, "value"> & ({ readonly value: Json } | { readonly sealed: string });

const savedVersion = (version: Version, isSecret: IsSecret, box: SecretBox): SavedVersion => {
  const { value, ...rest } = version;
  return isSecret(version)
    ? { ...rest, sealed: box.seal(versionId(version), canonicalJson(value)) }
    : version;
};

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
  const isSecret: IsSecret = (version) => replica.isSecret(version);
  const versions = [...replica.versions()].map((version) => savedVersion(version, isSecret, box));
  const file = fileName(name, at);
  const { vector, clock } = replica;
  const content = { format: backupFormat, version: formatVersion, at, writer, vector, clock, versions };
  writeFileAtomicallySync(join(directory, file), `${JSON.stringify(content)}\n`, 0o600);
  return file;
}

/** A backup of which the greater part is on disk; it is none before its end. */
export type BegunBackup = {
  /** What is in it. */
  readonly base: Vector;
  /** Adds what came since, and returns the file's name, which is on disk then. Throws when it cannot be kept. */
  end(since: Delta, at: WallMillis, writer: Writer): string;
  /** Leaves nothing of one that was not ended. */
  drop(): Promise<void>;
};

/** Writes a state in turns, while it goes on changing. */
export async function beginBackup(
  {
    directory,
    box,
    isSecret,
  }: { readonly directory: string; readonly box: SecretBox; readonly isSecret: IsSecret },
  name: string,
  base: Delta,
): Promise<BegunBackup> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const beside = join(directory, `${name}.${randomBytes(6).toString("hex")}${unfinished}`);
  const textOf = (versions: readonly Version[]): string =>
    versions.map((version) => JSON.stringify(savedVersion(version, isSecret, box))).join(",");
  const begun: BegunBackup = {
    base: base.claim,
    end(since, at, writer) {
      const file = fileName(name, at);
      const more =
        since.items.length === 0 ? "" : `${base.items.length === 0 ? "" : ","}${textOf(since.items)}`;
      const rest = JSON.stringify({ at, writer, vector: since.claim, clock: since.clock }).slice(1);
      appendFileSync(beside, `${more}],${rest}\n`, { flush: true });
      renameFlushedSync(beside, join(directory, file));
      return file;
    },
    drop: () => rm(beside, { force: true }),
  };
  try {
    const file = await open(beside, "wx", 0o600);
    try {
      await file.write(`${ownBeginning}"version":${formatVersion},"versions":[`);
      let separator = "";
      for await (const versions of inTurns(base.items)) {
        await file.write(`${separator}${textOf(versions)}`);
        separator = ",";
      }
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await begun.drop();
    throw error;
  }
  return begun;
}

/** What a process that ended in the middle of it has left. */
export function dropUnfinishedBackups(directory: string): void {
  try {
    for (const name of readdirSync(directory))
      if (name.endsWith(unfinished)) rmSync(join(directory, name), { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

export const fileName = (name: string, at: WallMillis): string =>
  `${name}-${new Date(at).toISOString().replaceAll(":", "-")}.json`;

/** Whether a file is one that a unit keeps for itself. */
export async function isOwnBackup(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(ownBeginning.length),
      0,
      ownBeginning.length,
      0,
    );
    return buffer.toString("latin1", 0, bytesRead) === ownBeginning;
  } finally {
    await file.close();
  }
}

const loaded = <Value>(result: Result<Value, LoadFailure>): Value =>
  orRefuse(result.ok ? result : err(faultOfLoading(result.error)));

type Around = {
  readonly version: unknown;
  readonly at: WallMillis;
  readonly writer?: Writer;
} & Pick<Stored, "vector" | "clock">;

/**
 * What `saveBackup` or `beginBackup` wrote, into a replica that is being made of it. Throws when it is not that, or was
 * sealed with another unit's key.
 */
export async function readBackup(path: string, box: SecretBox, loading: Loading): Promise<SavedState> {
  const opened = (saved: SavedVersion): Version => {
    if ("value" in saved) return saved;
    const { sealed, ...rest } = saved;
    return { ...rest, value: JSON.parse(box.open(versionId(saved), sealed)) as Json };
  };
  let fault: Error | undefined;
  const tried = (body: () => void): boolean => {
    try {
      body();
      return true;
    } catch (error) {
      fault = error as Error;
      return false;
    }
  };
  let state: SavedState | undefined;
  const reader = new ListReader(versionsPlace, {
    begin: (around) =>
      tried(() => {
        if ((around as Around).version !== formatVersion)
          throw new Error(`it is no backup of this format (${backupFormat}, version ${formatVersion})`);
      }),
    take: (versions) => tried(() => void loaded(loading.take((versions as SavedVersion[]).map(opened)))),
    end: (around) =>
      tried(() => {
        const { at, writer = null } = around as Around;
        state = { replica: loaded(loading.end(around as Around)), at, writer };
      }),
  });
  const pieces = createReadStream(path, { encoding: "utf8", highWaterMark: pieceBytes });
  for await (const text of pieces) {
    if (!reader.push(text as string)) break;
    await setImmediate();
  }
  reader.end();
  if (state === undefined) throw fault ?? new Error("it is not whole");
  return state;
}
