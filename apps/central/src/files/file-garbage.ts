/**
 * Files that no row names any more are removed, a day after that was first noticed: a row may be on its way, or be put
 * back. The day is one of this process's clock, so that no jump of the wall clock shortens it; a restart begins it anew.
 * What a saved configuration names is kept as well: restoring it must find its files.
 */
import { hour } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { FileDigest, FileStore } from "@tandem/storage/file-store";

export const graceMs = 24 * hour;
const roundEveryMs = 1 * hour;
/** Files removed in one round: removing a large one takes the disk a while. */
export const removedPerRoundMax = 100;

export type FileGarbagePorts = {
  readonly world: World;
  readonly store: FileStore;
  /** What any row of this unit names, shared or its own, current or in an open conflict. */
  readonly named: () => ReadonlySet<FileDigest>;
  /** What saved configurations name; asked only when something is about to be removed. */
  readonly saved: () => Promise<ReadonlySet<FileDigest>>;
};

export class FileGarbage {
  readonly #ports: FileGarbagePorts;
  /** Digest → when it was first seen without a row. */
  readonly #unnamedSince = new Map<FileDigest, number>();
  #next: Cancel;

  constructor(ports: FileGarbagePorts) {
    this.#ports = ports;
    this.#next = ports.world.after(0, () => void this.#round());
  }

  stop(): void {
    this.#next();
    this.#next = () => {};
  }

  async #round(): Promise<void> {
    const { world, store, saved } = this.#ports;
    this.#next = world.after(roundEveryMs, () => void this.#round());
    const isDue = (digest: FileDigest): boolean =>
      world.now() - (this.#unnamedSince.get(digest) ?? world.now()) >= graceMs;
    this.#note();
    if (![...this.#unnamedSince.keys()].some(isDue)) return;
    const kept = await saved().catch(() => null);
    // What cannot be read may name anything.
    if (kept === null) return;
    // Rows may have come meanwhile.
    this.#note();
    const due = [...this.#unnamedSince.keys()].filter((digest) => isDue(digest) && !kept.has(digest));
    for (const digest of due.slice(0, removedPerRoundMax)) {
      store.remove(digest);
      this.#unnamedSince.delete(digest);
    }
  }

  #note(): void {
    const { world, store, named } = this.#ports;
    const names = named();
    const unnamed = new Set(
      [...[...store.files()].map(({ digest }) => digest), ...store.partials()].filter(
        (digest) => !names.has(digest),
      ),
    );
    for (const digest of this.#unnamedSince.keys())
      if (!unnamed.has(digest)) this.#unnamedSince.delete(digest);
    for (const digest of unnamed)
      if (!this.#unnamedSince.has(digest)) this.#unnamedSince.set(digest, world.now());
  }
}
