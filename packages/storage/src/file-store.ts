/**
 * Files known by their content: a file's name is its SHA-256, so two units that hold the same name hold the same
 * bytes, and a file never changes. A file is present once its bytes are flushed and its digest is proved; until then
 * it is an upload, whose digest is not known yet, or a partial transfer, whose digest is and which goes on after a
 * restart where it stopped (SPEC CH5).
 *
 * What the disk refuses is a value that says what to do; whatever was present before stays present.
 */
import type { FieldError, Result } from "@tandem/base/result";

/** SHA-256 as 64 lower-case hexadecimal digits. */
export type FileDigest = string;

export type StoredFile = { readonly digest: FileDigest; readonly size: number };

export const fileMaxBytes = 1_024 * 1_024 * 1_024;
/** What a file may not take: the databases on the same disk must be able to go on. */
export const diskReserveBytes = 64 * 1_024 * 1_024;
/** Uploads under way at once. */
export const uploadsMax = 16;

/** A file that arrives from outside; its digest is known at its end. */
export type FileUpload = {
  /** After a failure nothing of the upload is kept. */
  write(bytes: Uint8Array): Result<void, FieldError>;
  /** Present, and on the disk, when this returns. */
  finish(): Result<StoredFile, FieldError>;
  /** Nothing of it is kept. Harmless after `finish`. */
  abandon(): void;
};

export type FileCounters = {
  /** Transfers whose content was not what its digest said. */
  readonly broken: number;
  /** Pieces that were refused for want of space. */
  readonly refused: number;
};

export type FileStore = {
  /** A whole file that is in memory already. */
  put(bytes: Uint8Array): Result<StoredFile, FieldError>;
  upload(): Result<FileUpload, FieldError>;
  has(digest: FileDigest): boolean;
  /** Undefined when it is not present. */
  size(digest: FileDigest): number | undefined;
  /** Up to `length` bytes from `offset`; fewer at the end, none beyond it. Undefined when it is not present. */
  read(digest: FileDigest, offset: number, length: number): Uint8Array | undefined;
  /** How many bytes of an unfinished transfer are here: where it goes on. */
  partial(digest: FileDigest): number;
  /** Adds to a transfer at the very place where it stands; answers where it stands then. */
  append(digest: FileDigest, offset: number, bytes: Uint8Array): Result<number, FieldError>;
  /** Proves the digest; present when it holds. Otherwise the transfer is discarded and counted as broken. */
  finish(digest: FileDigest): Result<StoredFile, FieldError>;
  /** Gives a transfer up. */
  discard(digest: FileDigest): void;
  /** Removes a file, present or partial. */
  remove(digest: FileDigest): void;
  /** All that is present. */
  files(): Iterable<StoredFile>;
  /** The digests of unfinished transfers. */
  partials(): Iterable<FileDigest>;
  readonly counters: FileCounters;
  /** Ends uploads under way; partial transfers stay for the next start. */
  close(): void;
};

export const isFileDigest = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** Stores what a stream brings; nothing of it is kept when the stream or the disk fails. Rejects as the stream does. */
export async function putStream(
  store: FileStore,
  source: AsyncIterable<Uint8Array>,
): Promise<Result<StoredFile, FieldError>> {
  const upload = store.upload();
  if (!upload.ok) return upload;
  try {
    for await (const bytes of source) {
      const written = upload.value.write(bytes);
      if (!written.ok) return written;
    }
    return upload.value.finish();
  } finally {
    upload.value.abandon();
  }
}

export const fileTooLarge = (): FieldError => ({
  code: "file-too-large",
  field: "content",
  message: `the file has more than ${fileMaxBytes} bytes`,
  remedy: `store files of at most ${fileMaxBytes} bytes`,
});

export const diskFull = (where: string): FieldError => ({
  code: "disk-full",
  field: "content",
  message: `there is no space left for the file in ${where}`,
  remedy:
    "free space on that disk, or remove repository files and snapshots that are not needed; what is stored already is whole",
});

export const tooManyUploads = (): FieldError => ({
  code: "too-many-uploads",
  field: "content",
  message: `${uploadsMax} files are being stored at this moment`,
  remedy: "try again when one of them is done",
});

export const outOfPlace = (partial: number, offset: number): FieldError => ({
  code: "offset-wrong",
  field: "offset",
  value: offset,
  message: `the transfer stands at ${partial}, not at ${offset}`,
  remedy: `go on at ${partial}`,
});

export const digestWrong = (digest: FileDigest): FieldError => ({
  code: "digest-wrong",
  field: "digest",
  value: digest,
  message: "what was received is not the file of this digest; it is discarded",
  remedy: "fetch the file again",
});
