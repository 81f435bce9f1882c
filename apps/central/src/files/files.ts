/** The files of one Central: which rows name them, their way to the peer, and their end. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { World } from "@tandem/base/world";
import type { Conflict } from "@tandem/replica/conflicts";
import type { FileDigest, FileStore } from "@tandem/storage/file-store";
import type { SharedRows } from "../fleet/shared-rows.ts";
import type { Channel, ChannelPorts } from "../ha/channels.ts";
import { repositoryFiles } from "../repository/tables.ts";
import type { OptionalRows } from "../synchronisation/optional-rows.ts";
import { FileGarbage } from "./file-garbage.ts";
import { FileTransfer, type FileTrouble } from "./file-transfer.ts";
import { snapshots } from "./tables.ts";

/** What files need of the pair. */
export type FilesPair = SharedRows & {
  channel(name: string, ports: ChannelPorts): Channel;
  conflicts(): readonly Conflict[];
};

export type FilesOptions = {
  readonly world: World;
  readonly store: FileStore;
  readonly pair: FilesPair;
  readonly optional: OptionalRows;
  /** The digests in whatever was saved of former configurations. */
  readonly saved: () => Promise<ReadonlySet<FileDigest>>;
  readonly onTrouble: (trouble: FileTrouble) => void;
};

export class Files {
  readonly store: FileStore;
  readonly transfer: FileTransfer;
  readonly #garbage: FileGarbage;
  readonly #unfollow: () => void;

  constructor({ world, store, pair, optional, saved, onTrouble }: FilesOptions) {
    this.store = store;
    const repository = (): (readonly [FileDigest, number])[] =>
      optional
        .rows(repositoryFiles)
        .flatMap(({ values: { digest, size } }) => (digest === null ? [] : [[digest, size ?? 0] as const]));
    const ofDevices = (): (readonly [FileDigest, number])[] =>
      pair.rows(snapshots).map(({ values: { digest, size } }) => [digest, size] as const);
    this.transfer = new FileTransfer({
      world,
      store,
      openChannel: (ports) => pair.channel("files", ports),
      named: () => new Map([...ofDevices(), ...(optional.isShared(repositoryFiles) ? repository() : [])]),
      observe: onTrouble,
    });
    this.#garbage = new FileGarbage({
      world,
      store,
      named: () => {
        const open = pair.conflicts().filter(({ resolution }) => resolution === null);
        const lost = open.flatMap(({ value }) => digestsIn(JSON.stringify(value)));
        return new Set([...[...ofDevices(), ...repository()].map(([digest]) => digest), ...lost]);
      },
      saved,
    });
    this.#unfollow = optional.onChange(() => this.transfer.follow());
  }

  stop(): void {
    this.#unfollow();
    this.transfer.stop();
    this.#garbage.stop();
    this.store.close();
  }
}

/** Whatever looks like a digest: naming too many files is harmless. */
const digestsIn = (text: string): FileDigest[] => text.match(/\b[0-9a-f]{64}\b/g) ?? [];

/** The digests that the files of a folder name; none when there is no such folder. */
export async function digestsInFolder(folder: string): Promise<ReadonlySet<FileDigest>> {
  const found = new Set<FileDigest>();
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return found;
    throw error;
  }
  for (const name of names)
    for (const digest of digestsIn(await readFile(join(folder, name), "utf8"))) found.add(digest);
  return found;
}
