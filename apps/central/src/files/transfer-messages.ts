/** What two units say to each other about files. The asker decides how much is under way; the other only answers. */
import type { Json } from "@tandem/base/canonical-json";
import { fits } from "@tandem/base/check";
import { type Static, Type } from "@tandem/base/schema";
import { fileMaxBytes } from "@tandem/storage/file-store";

/** Of one answer; in base64 it stays well below what a channel carries at once. */
export const pieceMaxBytes = 128 * 1_024;

const Digest = Type.String({ pattern: "^[0-9a-f]{64}$" });
const Offset = Type.Integer({ minimum: 0, maximum: fileMaxBytes });

const Get = Type.Object({
  type: Type.Literal("get"),
  digest: Digest,
  offset: Offset,
  length: Type.Integer({ minimum: 1, maximum: pieceMaxBytes }),
});
const Piece = Type.Object({
  type: Type.Literal("piece"),
  digest: Digest,
  offset: Offset,
  /** Of the whole file. */
  size: Offset,
  base64: Type.String({ maxLength: 4 * Math.ceil(pieceMaxBytes / 3) }),
  /** SHA-256 of the piece, so that a damaged one is noticed before it is part of anything. */
  sum: Digest,
});
/** The unit asked has no such file, or no row of its own names it. */
const Absent = Type.Object({ type: Type.Literal("absent"), digest: Digest });

const TransferMessage = Type.Union([Get, Piece, Absent]);
export type TransferMessage = Static<typeof TransferMessage>;

/** Undefined for what is no message of this exchange. */
export const decodeTransferMessage = (body: Json): TransferMessage | undefined =>
  fits(TransferMessage, body) ? (body as unknown as TransferMessage) : undefined;
