/** The file store without a disk, for tests and the simulator; it outlives the stores opened on it and can be made to fail. */
import { sha256Hex } from "@tandem/base/digest";
import { err, ok } from "@tandem/base/result";
import {
  digestWrong,
  diskFull,
  diskReserveBytes,
  type FileDigest,
  type FileStore,
  fileMaxBytes,
  fileTooLarge,
  outOfPlace,
  tooManyUploads,
  uploadsMax,
} from "./file-store.ts";

export type MemoryFileDisk = {
  readonly files: Map<FileDigest, Uint8Array>;
  readonly partials: Map<FileDigest, Uint8Array>;
  /** What the disk has left, the reserve included. */
  freeBytes: number;
};

export const emptyMemoryFileDisk = (): MemoryFileDisk => ({
  files: new Map(),
  partials: new Map(),
  freeBytes: Number.POSITIVE_INFINITY,
});

const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

export function openMemoryFileStore(disk: MemoryFileDisk): FileStore {
  const counters = { broken: 0, refused: 0 };
  let uploads = 0;
  const take = (bytes: number): boolean => {
    if (disk.freeBytes - bytes < diskReserveBytes) {
      counters.refused += 1;
      return false;
    }
    disk.freeBytes -= bytes;
    return true;
  };
  const full = () => err(diskFull("memory"));
  const keep = (digest: FileDigest, bytes: Uint8Array) => {
    if (disk.files.has(digest)) disk.freeBytes += bytes.length;
    else disk.files.set(digest, bytes);
    return ok({ digest, size: bytes.length });
  };
  const store: FileStore = {
    put(bytes) {
      if (bytes.length > fileMaxBytes) return err(fileTooLarge());
      return take(bytes.length) ? keep(sha256Hex(bytes), bytes.slice()) : full();
    },
    upload() {
      if (uploads >= uploadsMax) return err(tooManyUploads());
      uploads += 1;
      let parts: Uint8Array[] | null = [];
      let size = 0;
      const end = (): void => {
        if (parts !== null) uploads -= 1;
        parts = null;
      };
      const abandon = (): void => {
        if (parts !== null) disk.freeBytes += size;
        end();
      };
      return ok({
        write(bytes) {
          const tooLarge = size + bytes.length > fileMaxBytes;
          if (parts === null || tooLarge || !take(bytes.length)) {
            abandon();
            return tooLarge ? err(fileTooLarge()) : full();
          }
          parts.push(bytes.slice());
          size += bytes.length;
          return ok(undefined);
        },
        finish() {
          if (parts === null) return full();
          const bytes = joined(parts);
          end();
          return keep(sha256Hex(bytes), bytes);
        },
        abandon,
      });
    },
    has: (digest) => disk.files.has(digest),
    size: (digest) => disk.files.get(digest)?.length,
    read: (digest, offset, length) => disk.files.get(digest)?.slice(offset, offset + length),
    partial: (digest) => disk.partials.get(digest)?.length ?? 0,
    append(digest, offset, bytes) {
      const before = disk.partials.get(digest) ?? new Uint8Array();
      if (offset !== before.length) return err(outOfPlace(before.length, offset));
      if (offset + bytes.length > fileMaxBytes) {
        store.discard(digest);
        return err(fileTooLarge());
      }
      if (!take(bytes.length)) return full();
      disk.partials.set(digest, joined([before, bytes]));
      return ok(offset + bytes.length);
    },
    finish(digest) {
      const present = disk.files.get(digest);
      if (present !== undefined) {
        store.discard(digest);
        return ok({ digest, size: present.length });
      }
      const bytes = disk.partials.get(digest) ?? new Uint8Array();
      if (sha256Hex(bytes) !== digest) {
        store.discard(digest);
        counters.broken += 1;
        return err(digestWrong(digest));
      }
      disk.partials.delete(digest);
      return keep(digest, bytes);
    },
    discard(digest) {
      disk.freeBytes += store.partial(digest);
      disk.partials.delete(digest);
    },
    remove(digest) {
      store.discard(digest);
      disk.freeBytes += store.size(digest) ?? 0;
      disk.files.delete(digest);
    },
    files: () => [...disk.files].map(([digest, bytes]) => ({ digest, size: bytes.length })),
    partials: () => [...disk.partials.keys()],
    counters,
    close() {},
  };
  return store;
}
