/**
 * Frames on a peer connection: four bytes of length in network order, then that many bytes of UTF-8 JSON.
 * The reader never throws and never holds more than one frame of at most its bound.
 */
import type { Json } from "@tandem/base/canonical-json";
import { err, ok, type Result } from "@tandem/base/result";

/** What a connection accepts before its other end has proved who it is. */
export const frameBeforeTrustMaxBytes = 64 * 1024;
export const frameMaxBytes = 64 * 1024 * 1024;
const headerBytes = 4;

export type FrameError =
  | { readonly code: "frame-too-long"; readonly bytes: number; readonly maxBytes: number }
  | { readonly code: "frame-empty" }
  | { readonly code: "frame-malformed"; readonly message: string };

/** The frame of a message; too long a one is an error of the sender and is never put on the wire. */
export function encodeFrame(message: Json, maxBytes: number): Result<Buffer, FrameError> {
  const body = JSON.stringify(message);
  const bytes = Buffer.byteLength(body, "utf8");
  if (bytes > maxBytes) return err({ code: "frame-too-long", bytes, maxBytes });
  const frame = Buffer.allocUnsafe(headerBytes + bytes);
  frame.writeUInt32BE(bytes, 0);
  frame.write(body, headerBytes, "utf8");
  return ok(frame);
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Puts chunks together to messages, in order. After its first error it yields nothing more. */
export class FrameReader {
  maxBytes: number;
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  #failed = false;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The next messages, as far as complete; the bound may change between two of them (`maxBytes`). */
  *push(chunk: Buffer): Generator<Result<Json, FrameError>> {
    if (this.#failed) return;
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
    while (this.#heldBytes >= headerBytes) {
      const length = this.#peek(headerBytes).readUInt32BE(0);
      if (length === 0) return yield this.#fail({ code: "frame-empty" });
      if (length > this.maxBytes)
        return yield this.#fail({ code: "frame-too-long", bytes: length, maxBytes: this.maxBytes });
      if (this.#heldBytes < headerBytes + length) return;
      const frame = this.#take(headerBytes + length).subarray(headerBytes);
      let message: Json;
      try {
        message = JSON.parse(decoder.decode(frame));
      } catch (error) {
        return yield this.#fail({ code: "frame-malformed", message: (error as Error).message.slice(0, 200) });
      }
      yield ok(message);
    }
  }

  #fail(error: FrameError): Result<never, FrameError> {
    this.#failed = true;
    this.#chunks = [];
    this.#heldBytes = 0;
    return err(error);
  }

  /** Chunks are joined only when a header is split over several, or once a whole frame is there: never quadratic. */
  #peek(bytes: number): Buffer {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= bytes) return first;
    this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }

  #take(bytes: number): Buffer {
    const joined = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    const rest = joined.subarray(bytes);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#heldBytes = rest.length;
    return joined.subarray(0, bytes);
  }
}
