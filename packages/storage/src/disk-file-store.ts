/**
 * The file store in a directory, all of it mode 0600: `<digest>` is present, `<digest>.part` a transfer, `new-<n>` an
 * upload. A file gets its name by rename, after its bytes were flushed; the directory is flushed before it counts.
 * The directory belongs to one process, which holds its state directory through the databases beside it.
 */
import { createHash, type Hash } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import {
  digestWrong,
  diskFull,
  diskReserveBytes,
  type FileDigest,
  type FileStore,
  type FileUpload,
  fileMaxBytes,
  fileTooLarge,
  isFileDigest,
  outOfPlace,
  type StoredFile,
  tooManyUploads,
  uploadsMax,
} from "./file-store.ts";

/** So often a growing file is flushed, so that no single flush keeps the process from its peer for long. */
const flushEveryBytes = 4 * 1_024 * 1_024;
/** Of a partial transfer that is read again after a restart. */
const readAgainBytes = 1_024 * 1_024;
const partSuffix = ".part";
const uploadPrefix = "new-";

/** A file that is being written: its running digest spares reading it again at the end. */
type Growing = { readonly descriptor: number; readonly hash: Hash; size: number; flushedSize: number };

export type DiskFileStoreOptions = {
  /** For tests: what the disk has left. */
  readonly freeBytes?: () => number;
};

/** Opens the directory, and makes it when it is not there. Throws when it cannot be used. */
export function openDiskFileStore(directory: string, options: DiskFileStoreOptions = {}): FileStore {
  return new DiskFileStore(directory, options);
}

class DiskFileStore implements FileStore {
  readonly counters = { broken: 0, refused: 0 };
  readonly #directory: string;
  readonly #freeBytes: () => number;
  readonly #present = new Map<FileDigest, number>();
  readonly #partials = new Map<FileDigest, Growing | null>();
  readonly #uploads = new Set<FileUpload>();
  #uploadNumber = 0;

  constructor(directory: string, options: DiskFileStoreOptions) {
    this.#directory = directory;
    this.#freeBytes = options.freeBytes ?? (() => freeBytesOf(directory));
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory)) {
      const digest = name.replace(/\.part$/, "");
      if (isFileDigest(name)) this.#present.set(name, statSync(join(directory, name)).size);
      else if (name.endsWith(partSuffix) && isFileDigest(digest)) this.#partials.set(digest, null);
      else if (name.startsWith(uploadPrefix)) rmSync(join(directory, name), { force: true });
    }
  }

  put(bytes: Uint8Array): Result<StoredFile, FieldError> {
    const upload = this.upload();
    if (!upload.ok) return upload;
    const written = upload.value.write(bytes);
    return written.ok ? upload.value.finish() : written;
  }

  upload(): Result<FileUpload, FieldError> {
    if (this.#uploads.size >= uploadsMax) return err(tooManyUploads());
    this.#uploadNumber += 1;
    const path = join(this.#directory, `${uploadPrefix}${this.#uploadNumber}`);
    let growing: Growing | null = null;
    const abandon = (): void => {
      if (!this.#uploads.delete(upload)) return;
      if (growing !== null) closeSync(growing.descriptor);
      rmSync(path, { force: true });
    };
    const attempt = <Value>(body: () => Value): Result<Value, FieldError> => {
      try {
        return ok(body());
      } catch (error) {
        abandon();
        return err(this.#failure(error));
      }
    };
    const upload: FileUpload = {
      write: (bytes) =>
        attempt(() => {
          growing ??= opened(path);
          this.#grow(growing, bytes);
        }),
      finish: () =>
        attempt(() => {
          growing ??= opened(path);
          const { size } = growing;
          const digest = growing.hash.digest("hex");
          flush(growing);
          closeSync(growing.descriptor);
          growing = null;
          this.#takeIn(path, digest, size);
          this.#uploads.delete(upload);
          return { digest, size };
        }),
      abandon,
    };
    this.#uploads.add(upload);
    return ok(upload);
  }

  has(digest: FileDigest): boolean {
    return this.#present.has(digest);
  }

  size(digest: FileDigest): number | undefined {
    return this.#present.get(digest);
  }

  read(digest: FileDigest, offset: number, length: number): Uint8Array | undefined {
    const size = this.#present.get(digest);
    if (size === undefined) return undefined;
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
    const descriptor = openSync(this.#path(digest), "r");
    try {
      return bytes.subarray(0, readFully(descriptor, bytes, offset));
    } finally {
      closeSync(descriptor);
    }
  }

  partial(digest: FileDigest): number {
    const growing = this.#partials.get(digest);
    if (growing === undefined) return 0;
    return growing?.size ?? statSync(this.#partPath(digest)).size;
  }

  append(digest: FileDigest, offset: number, bytes: Uint8Array): Result<number, FieldError> {
    try {
      const partial = this.partial(digest);
      if (offset !== partial) return err(outOfPlace(partial, offset));
      const growing = this.#growing(digest);
      this.#grow(growing, bytes);
      return ok(growing.size);
    } catch (error) {
      // A piece that was written in part is not in the running digest: what is there is read again.
      this.#letGo(digest);
      if (error instanceof TooLarge) this.discard(digest);
      return err(this.#failure(error));
    }
  }

  finish(digest: FileDigest): Result<StoredFile, FieldError> {
    const present = this.#present.get(digest);
    if (present !== undefined) {
      this.discard(digest);
      return ok({ digest, size: present });
    }
    try {
      const growing = this.#growing(digest);
      if (growing.hash.copy().digest("hex") !== digest) {
        this.discard(digest);
        this.counters.broken += 1;
        return err(digestWrong(digest));
      }
      const { size } = growing;
      flush(growing);
      this.#letGo(digest);
      this.#takeIn(this.#partPath(digest), digest, size);
      this.#partials.delete(digest);
      return ok({ digest, size });
    } catch (error) {
      this.#letGo(digest);
      return err(this.#failure(error));
    }
  }

  discard(digest: FileDigest): void {
    this.#letGo(digest);
    if (this.#partials.delete(digest)) rmSync(this.#partPath(digest), { force: true });
  }

  remove(digest: FileDigest): void {
    this.discard(digest);
    if (this.#present.delete(digest)) rmSync(this.#path(digest), { force: true });
  }

  files(): Iterable<StoredFile> {
    return [...this.#present].map(([digest, size]) => ({ digest, size }));
  }

  partials(): Iterable<FileDigest> {
    return [...this.#partials.keys()];
  }

  close(): void {
    for (const upload of this.#uploads) upload.abandon();
    for (const digest of this.#partials.keys()) this.#letGo(digest);
  }

  #path(digest: FileDigest): string {
    return join(this.#directory, digest);
  }

  #partPath(digest: FileDigest): string {
    return this.#path(digest) + partSuffix;
  }

  /** The transfer, open and with its running digest; begun when there is none. */
  #growing(digest: FileDigest): Growing {
    const known = this.#partials.get(digest);
    if (known) return known;
    const growing = reopened(this.#partPath(digest));
    this.#partials.set(digest, growing);
    return growing;
  }

  #grow(growing: Growing, bytes: Uint8Array): void {
    if (growing.size + bytes.length > fileMaxBytes) throw new TooLarge();
    if (this.#freeBytes() - bytes.length < diskReserveBytes) throw new Full();
    for (let written = 0; written < bytes.length; )
      written += writeSync(
        growing.descriptor,
        bytes,
        written,
        bytes.length - written,
        growing.size + written,
      );
    growing.hash.update(bytes);
    growing.size += bytes.length;
    if (growing.size - growing.flushedSize >= flushEveryBytes) flush(growing);
  }

  #takeIn(path: string, digest: FileDigest, size: number): void {
    renameSync(path, this.#path(digest));
    const descriptor = openSync(this.#directory, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    this.#present.set(digest, size);
  }

  #letGo(digest: FileDigest): void {
    const growing = this.#partials.get(digest);
    if (!growing) return;
    closeSync(growing.descriptor);
    this.#partials.set(digest, null);
  }

  #failure(error: unknown): FieldError {
    if (error instanceof TooLarge) return fileTooLarge();
    const { code, message } = error as { code?: string; message: string };
    if (error instanceof Full || code === "ENOSPC" || code === "EDQUOT") {
      this.counters.refused += 1;
      return diskFull(this.#directory);
    }
    return {
      code: "disk-failed",
      field: "content",
      message: `the file cannot be kept in ${this.#directory}: ${message}`,
      remedy: "check that this directory is on a working disk and that this program may write to it",
    };
  }
}

class TooLarge extends Error {}
class Full extends Error {}

function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

const opened = (path: string): Growing => ({
  descriptor: openSync(path, "wx", 0o600),
  hash: createHash("sha256"),
  size: 0,
  flushedSize: 0,
});

function reopened(path: string): Growing {
  const descriptor = openSync(path, "a+", 0o600);
  closeSync(descriptor);
  const both = openSync(path, "r+");
  const hash = createHash("sha256");
  const { size } = fstatSync(both);
  const piece = new Uint8Array(readAgainBytes);
  for (let offset = 0; offset < size; ) {
    const count = readFully(both, piece.subarray(0, Math.min(piece.length, size - offset)), offset);
    hash.update(piece.subarray(0, count));
    offset += count;
  }
  return { descriptor: both, hash, size, flushedSize: size };
}

/** Throws when the file ends before: it is shorter than it was. */
function readFully(descriptor: number, into: Uint8Array, offset: number): number {
  let count = 0;
  while (count < into.length) {
    const read = readSync(descriptor, into, count, into.length - count, offset + count);
    if (read === 0) throw new Error("a stored file has become shorter");
    count += read;
  }
  return count;
}

function flush(growing: Growing): void {
  fsyncSync(growing.descriptor);
  growing.flushedSize = growing.size;
}
