/** A stored file as a stream: read as fast as it is taken, and no faster. */
import { Readable } from "node:stream";
import type { FileDigest, FileStore } from "@tandem/storage/file-store";

const pieceBytes = 256 * 1_024;

export const streamOf = (store: FileStore, digest: FileDigest, size: number): Readable =>
  Readable.from(piecesOf(store, digest, size));

async function* piecesOf(store: FileStore, digest: FileDigest, size: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < size; offset += pieceBytes) {
    const piece = store.read(digest, offset, pieceBytes);
    if (piece === undefined) throw new Error("the file was removed while it was read");
    yield piece;
  }
}
