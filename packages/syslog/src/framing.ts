/**
 * Where one message ends and the next begins on a TCP connection (RFC 6587): by a count of bytes before it, or by a
 * line feed after it; told apart anew for every message, as other receivers do. Never holds more than
 * {@link syslogLineMaxBytes} of a message: what is beyond is passed over.
 */
import { octetCountMaxBytes, syslogLineMaxBytes } from "./constants.ts";

export type Frame = { readonly bytes: Uint8Array; readonly isCut: boolean };

const lineFeed = 10;
const space = 32;
const zero = 48;
const isDigit = (byte: number): boolean => byte >= zero && byte <= 57;
/** Between messages: some senders end counted ones with a line feed too. */
const isFiller = (byte: number): boolean => byte === lineFeed || byte === 13 || byte === 0;

type Where =
  /** `digits` are what may become a count of bytes. */
  | { readonly kind: "between"; readonly digits: string }
  | { readonly kind: "line" }
  | { readonly kind: "counted"; readonly remaining: number };

const between: Where = { kind: "between", digits: "" };

export class SyslogFrames {
  #where: Where = between;
  #parts: Uint8Array[] = [];
  #heldBytes = 0;
  #isCut = false;

  /** The messages that end within `chunk`, in order. Chunks are kept for as long as a message reaches over several. */
  *push(chunk: Uint8Array): Generator<Frame> {
    let at = 0;
    while (at < chunk.length) {
      const where = this.#where;
      if (where.kind === "between") {
        at = this.#begin(where.digits, chunk, at);
      } else if (where.kind === "line") {
        const end = chunk.indexOf(lineFeed, at);
        this.#hold(chunk, at, end === -1 ? chunk.length : end);
        if (end === -1) return;
        at = end + 1;
        yield this.#take();
      } else {
        const end = Math.min(chunk.length, at + where.remaining);
        this.#hold(chunk, at, end);
        const remaining = where.remaining - (end - at);
        at = end;
        if (remaining === 0) yield this.#take();
        else this.#where = { kind: "counted", remaining };
      }
    }
  }

  /** The connection has ended: what came of its last message, if anything did. */
  end(): Frame | undefined {
    if (this.#where.kind === "between") this.#holdText(this.#where.digits);
    if (this.#heldBytes === 0) return undefined;
    const wasCounted = this.#where.kind === "counted";
    const { bytes, isCut } = this.#take();
    return { bytes, isCut: isCut || wasCounted };
  }

  /** One byte of what stands before a message; answers where to go on. */
  #begin(digits: string, chunk: Uint8Array, at: number): number {
    const byte = chunk[at] as number;
    if (digits === "" && isFiller(byte)) return at + 1;
    // A count has no leading zero.
    const goesOn = isDigit(byte) && (digits !== "" || byte !== zero) && Number(digits) <= octetCountMaxBytes;
    if (goesOn) {
      this.#where = { kind: "between", digits: digits + String.fromCharCode(byte) };
      return at + 1;
    }
    const count = Number(digits);
    if (byte === space && count > 0 && count <= octetCountMaxBytes) {
      this.#where = { kind: "counted", remaining: count };
      return at + 1;
    }
    // No count after all: the digits belong to a line.
    this.#holdText(digits);
    this.#where = { kind: "line" };
    return at;
  }

  #holdText(digits: string): void {
    const bytes = Uint8Array.from(digits, (digit) => digit.charCodeAt(0));
    this.#hold(bytes, 0, bytes.length);
  }

  #hold(chunk: Uint8Array, begin: number, end: number): void {
    const room = syslogLineMaxBytes - this.#heldBytes;
    if (end - begin > room) this.#isCut = true;
    const kept = Math.min(end, begin + room);
    if (kept <= begin) return;
    this.#parts.push(chunk.subarray(begin, kept));
    this.#heldBytes += kept - begin;
  }

  #take(): Frame {
    const [first] = this.#parts;
    let bytes = first ?? new Uint8Array(0);
    if (this.#parts.length > 1) {
      bytes = new Uint8Array(this.#heldBytes);
      let at = 0;
      for (const part of this.#parts) {
        bytes.set(part, at);
        at += part.length;
      }
    }
    const frame = { bytes, isCut: this.#isCut };
    this.#where = between;
    this.#parts = [];
    this.#heldBytes = 0;
    this.#isCut = false;
    return frame;
  }
}
