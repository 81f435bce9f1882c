/**
 * Files follow their rows (SPEC CH5): whichever unit lacks a file that a synchronised row names asks the other for it,
 * piece by piece, on the pair's channel "files".
 *
 * | a file that is missing | until | then |
 * | --- | --- | --- |
 * | queued | one of `transfersMax` places is free and the channel open | asked for, from where its transfer stands |
 * | asked for | a piece comes | kept, and the next is asked for, `windowPieces` at once |
 * | | an answer stays away for `answerWaitMs`, or pieces come out of place | asked for anew, from where it stands |
 * | | the last piece has come | present when its digest holds; else discarded, and waiting |
 * | | the peer has not got it, or the disk refuses it | waiting |
 * | waiting | its time has come (doubled with each failure), or the channel opens anew | queued |
 *
 * Pieces that are here stay here through breaks and restarts: no byte of them is asked for twice. The peer's memory of
 * a transfer is none, so there is nothing to disagree about.
 */
import { unreachable } from "@tandem/base/assert";
import type { Json } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import type { FieldError } from "@tandem/base/result";
import { minute, second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { FileDigest, FileStore } from "@tandem/storage/file-store";
import type { Channel, ChannelPorts } from "../ha/channels.ts";
import { decodeTransferMessage, pieceMaxBytes, type TransferMessage } from "./transfer-messages.ts";

export const transfersMax = 2;
export const windowPieces = 4;
export const answerWaitMs = 10 * second;
const retryFirstMs = 1 * second;
export const retryMaxMs = 5 * minute;
/** Rows change in bursts; what is missing is looked up once per burst. */
const lookUpDelayMs = 100;

export type FileTransferPorts = {
  readonly world: World;
  readonly store: FileStore;
  readonly openChannel: (ports: ChannelPorts) => Channel;
  /** Every file that rows of the synchronised state name now, with its size as the row says it. */
  readonly named: () => ReadonlyMap<FileDigest, number>;
  /** A file that came as something else than its digest, or that the disk refused. */
  readonly observe: (event: FileTrouble) => void;
};

export type FileTrouble =
  | { readonly code: "file-broken"; readonly digest: FileDigest; readonly times: number }
  | { readonly code: "file-refused"; readonly digest: FileDigest; readonly error: FieldError };

/** Why a missing file is not being fetched at this moment. */
export type Trouble = "not-on-peer" | "broken" | "refused";

type Missing =
  | { readonly state: "queued" }
  /** `next`: the first byte not asked for yet; `size`: null until the peer has told. */
  | {
      readonly state: "asked";
      next: number;
      size: number | null;
      answerBy: number;
      /** A piece was lost or damaged and is asked for again: those that are ahead of it say nothing new. */
      isRepeating: boolean;
    }
  | { readonly state: "waiting"; readonly until: number; readonly trouble: Trouble };

export type TransferStatus = {
  /** Files that rows name and that are not here. */
  readonly missing: number;
  /** What they still lack, as far as their rows tell. */
  readonly missingBytes: number;
  /** Of the missing, those that the peer has not got either. */
  readonly notOnPeer: number;
  /** Since the start: files that came as something else than their digest, and damaged pieces. */
  readonly broken: number;
  readonly damagedPieces: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** In words, what keeps a file from coming; null when nothing does. */
  readonly error: string | null;
};

export class FileTransfer {
  readonly #ports: FileTransferPorts;
  readonly #channel: Channel;
  readonly #missing = new Map<FileDigest, Missing>();
  readonly #failures = new Map<FileDigest, number>();
  #named: ReadonlyMap<FileDigest, number> = new Map();
  #refusal: FieldError | null = null;
  #counts = { broken: 0, damagedPieces: 0, receivedBytes: 0, sentBytes: 0 };
  #lookUp: Cancel | null = null;
  #wake: Cancel | null = null;
  #isStopped = false;

  constructor(ports: FileTransferPorts) {
    this.#ports = ports;
    this.#channel = ports.openChannel({
      received: (body) => this.#received(body),
      opened: () => this.#opened(),
      closed: () => this.#closed(),
    });
    this.#look();
  }

  /** Call when rows have changed. */
  follow(): void {
    if (this.#isStopped) return;
    this.#lookUp ??= this.#ports.world.after(lookUpDelayMs, () => {
      this.#lookUp = null;
      this.#look();
    });
  }

  status(): TransferStatus {
    const { store } = this.#ports;
    let missingBytes = 0;
    let notOnPeer = 0;
    let trouble: Trouble | null = null;
    for (const [digest, missing] of this.#missing) {
      missingBytes += Math.max(0, (this.#named.get(digest) ?? 0) - store.partial(digest));
      if (missing.state !== "waiting") continue;
      if (missing.trouble === "not-on-peer") notOnPeer += 1;
      if (trouble === null || missing.trouble === "refused") trouble = missing.trouble;
    }
    return {
      missing: this.#missing.size,
      missingBytes,
      notOnPeer,
      ...this.#counts,
      error: trouble === null ? null : this.#words(trouble, notOnPeer),
    };
  }

  stop(): void {
    this.#isStopped = true;
    this.#lookUp?.();
    this.#wake?.();
  }

  #words(trouble: Trouble, notOnPeer: number): string {
    switch (trouble) {
      case "not-on-peer":
        return `${notOnPeer} file(s) that rows name are on neither unit: upload them again, or remove their rows`;
      case "broken":
        return "the peer's copy of a file is not what its digest says: upload that file again there";
      case "refused":
        return this.#refusal === null
          ? "the disk refuses a file"
          : `${this.#refusal.message}: ${this.#refusal.remedy}`;
      default:
        return unreachable(trouble);
    }
  }

  #look(): void {
    const { store } = this.#ports;
    this.#named = this.#ports.named();
    for (const digest of this.#missing.keys())
      if (!this.#named.has(digest) || store.has(digest)) this.#forget(digest);
    for (const digest of this.#named.keys())
      if (!this.#missing.has(digest) && !store.has(digest)) this.#missing.set(digest, { state: "queued" });
    this.#proceed();
  }

  #forget(digest: FileDigest): void {
    this.#missing.delete(digest);
    this.#failures.delete(digest);
  }

  #opened(): void {
    // Another session: the peer may have by now what it had not, and what was asked for is not coming any more.
    for (const digest of this.#missing.keys()) this.#missing.set(digest, { state: "queued" });
    this.#proceed();
  }

  #closed(): void {
    for (const [digest, { state }] of this.#missing)
      if (state === "asked") this.#missing.set(digest, { state: "queued" });
  }

  #received(body: Json): void {
    const message = decodeTransferMessage(body);
    // A later version may say more; a bad one is a bad one: neither is worth stopping for.
    if (message === undefined || this.#isStopped) return;
    switch (message.type) {
      case "get":
        this.#answer(message);
        break;
      case "piece":
        this.#take(message);
        break;
      case "absent":
        if (this.#missing.get(message.digest)?.state === "asked") this.#wait(message.digest, "not-on-peer");
        break;
      default:
        unreachable(message);
    }
    this.#proceed();
  }

  #say(message: TransferMessage): boolean {
    return this.#channel.send(message as unknown as Json);
  }

  #answer({ digest, offset, length }: Extract<TransferMessage, { type: "get" }>): void {
    const { store } = this.#ports;
    // What no row of this unit names is nobody's business; a row that is new here may not be looked up yet.
    const size = store.size(digest);
    if (size !== undefined && !this.#named.has(digest)) this.#named = this.#ports.named();
    const bytes = this.#named.has(digest) ? readOrNothing(store, digest, offset, length) : undefined;
    if (size === undefined || bytes === undefined) {
      this.#say({ type: "absent", digest });
      return;
    }
    const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
    if (this.#say({ type: "piece", digest, offset, size, base64, sum: sha256Hex(bytes) }))
      this.#counts.sentBytes += bytes.length;
  }

  #take(piece: Extract<TransferMessage, { type: "piece" }>): void {
    const { digest, offset, size } = piece;
    const { store, world } = this.#ports;
    const asked = this.#missing.get(digest);
    if (asked?.state !== "asked") return;
    const bytes = Buffer.from(piece.base64, "base64");
    const stands = store.partial(digest);
    if (sha256Hex(bytes) !== piece.sum) {
      this.#counts.damagedPieces += 1;
      repeat(asked, stands);
      return;
    }
    // A piece that came twice is passed over; one that is ahead shows that one before it was lost.
    if (offset !== stands) {
      if (offset > stands) repeat(asked, stands);
      return;
    }
    asked.isRepeating = false;
    this.#counts.receivedBytes += bytes.length;
    const appended = store.append(digest, offset, bytes);
    if (!appended.ok) {
      this.#refused(digest, appended.error);
      return;
    }
    asked.size = size;
    asked.answerBy = world.now() + answerWaitMs;
    if (appended.value >= size) this.#finish(digest);
    else if (bytes.length === 0) this.#wait(digest, "broken");
  }

  #finish(digest: FileDigest): void {
    const finished = this.#ports.store.finish(digest);
    if (finished.ok) this.#forget(digest);
    else if (finished.error.code === "digest-wrong") {
      this.#counts.broken += 1;
      this.#wait(digest, "broken");
      this.#ports.observe({ code: "file-broken", digest, times: this.#failures.get(digest) ?? 1 });
    } else this.#refused(digest, finished.error);
  }

  #refused(digest: FileDigest, error: FieldError): void {
    const isNews = this.#refusal?.code !== error.code;
    this.#refusal = error;
    this.#wait(digest, "refused");
    if (isNews) this.#ports.observe({ code: "file-refused", digest, error });
  }

  #wait(digest: FileDigest, trouble: Trouble): void {
    const failures = (this.#failures.get(digest) ?? 0) + 1;
    this.#failures.set(digest, failures);
    const until = this.#ports.world.now() + Math.min(retryMaxMs, retryFirstMs * 2 ** (failures - 1));
    this.#missing.set(digest, { state: "waiting", until, trouble });
  }

  /** Fills the places, asks for what the windows allow, and arms the next look at what is due. */
  #proceed(): void {
    const { world, store } = this.#ports;
    if (this.#isStopped) return;
    const now = world.now();
    let places = transfersMax;
    for (const missing of this.#missing.values()) if (missing.state === "asked") places -= 1;
    let due = Number.POSITIVE_INFINITY;
    for (const [digest, missing] of this.#missing) {
      let current: Missing = missing;
      if (current.state === "waiting") {
        if (current.until > now) {
          due = Math.min(due, current.until);
          continue;
        }
        current = { state: "queued" };
        this.#missing.set(digest, current);
      }
      if (!this.#channel.isOpen) continue;
      if (current.state === "queued") {
        if (places === 0) continue;
        places -= 1;
        current = {
          state: "asked",
          next: store.partial(digest),
          size: null,
          answerBy: now + answerWaitMs,
          isRepeating: false,
        };
        this.#missing.set(digest, current);
      }
      if (current.answerBy <= now) {
        current.next = store.partial(digest);
        current.answerBy = now + answerWaitMs;
      }
      this.#ask(digest, current);
      due = Math.min(due, current.answerBy);
    }
    this.#wake?.();
    this.#wake = due === Number.POSITIVE_INFINITY ? null : world.after(due - now, () => this.#proceed());
  }

  #ask(digest: FileDigest, asked: Extract<Missing, { state: "asked" }>): void {
    const stands = this.#ports.store.partial(digest);
    // Until the peer has told the size, one piece is under way.
    const end =
      asked.size === null
        ? stands + pieceMaxBytes
        : Math.min(asked.size, stands + windowPieces * pieceMaxBytes);
    while (asked.next < end) {
      const length = Math.min(pieceMaxBytes, (asked.size ?? Number.POSITIVE_INFINITY) - asked.next);
      if (!this.#say({ type: "get", digest, offset: asked.next, length })) return;
      asked.next += length;
    }
  }
}

function repeat(asked: Extract<Missing, { state: "asked" }>, stands: number): void {
  if (!asked.isRepeating) asked.next = stands;
  asked.isRepeating = true;
}

/** A file that cannot be read here is one that this unit has not got. */
function readOrNothing(
  store: FileStore,
  digest: FileDigest,
  offset: number,
  length: number,
): Uint8Array | undefined {
  try {
    return store.read(digest, offset, length);
  } catch {
    return undefined;
  }
}
