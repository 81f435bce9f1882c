/**
 * Long messages travel in parts, so that heartbeats pass between them (a frame that takes longer than a heartbeat's
 * retries would look like a dead peer) and so that a broken link costs what was on the way, not the whole.
 *
 * One transfer at a time in each direction. Its id is the SHA-256 of the whole text; the sender keeps at most
 * `partsOutstandingMax` parts unconfirmed; the receiver stages parts in order, says after each which one it wants
 * next, and hands the message on whole once its digest is right (V5). After a new link the sender goes on at the
 * part that the receiver wants, and begins anew only if the receiver has let go of what it had.
 * The text of a snapshot is never there as a whole: it is made while it is sent, and handed on while it arrives.
 * A peer of wire version 1 knows no parts: to it every message goes whole.
 */
import { createHash, type Hash } from "node:crypto";
import type { Json } from "@tandem/base/canonical-json";
import { minute, second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import { type PeerMessage, partMaxChars, type ReplicationMessage } from "@tandem/pair/wire";
import { frameMaxBytes } from "@tandem/peer-link/frames";
import { snapshotOpening } from "@tandem/replica/snapshot";

type Part = Extract<ReplicationMessage, { type: "part" }>;
type PartHave = Extract<ReplicationMessage, { type: "part-have" }>;
/** The messages that may be long. */
export type LongKind = "delta" | "snapshot";
export type LongMessage = {
  readonly kind: LongKind;
  /** Its JSON in pieces; the same each time, whatever has changed since. */
  text(): Iterable<string>;
  /** For when it is short, or the peer takes no parts. */
  whole(): PeerMessage;
};
export const longMessage = (message: Extract<PeerMessage, { type: LongKind }>): LongMessage => {
  const text = JSON.stringify(message);
  return { kind: message.type, text: () => [text], whole: () => message };
};

/** Takes a snapshot's text as it arrives. */
export type SnapshotSink = {
  /** False when the rest need not come. */
  take(text: string): boolean;
  /** All of it has arrived, and is what its sender announced. */
  end(): void;
};

const partsOutstandingMax = 8;
/** Of a message in parts, sent or received; a longer one is refused, said once per message, and never staged. */
const longMessageMaxChars = 268_435_456;
/** Without an answer the unconfirmed parts are sent again after this. */
const partRepeatMs = 2 * second;
/** A transfer that has not moved for this long is dropped, on either side. */
const transferIdleMs = 1 * minute;

export type PartsPorts = {
  readonly world: World;
  /** False when it was dropped. */
  send(message: PeerMessage): boolean;
  peerTakesParts(): boolean;
  /** A message has arrived whole. */
  received(message: Json): void;
  /** A snapshot begins to arrive; null when none is wanted. */
  openSnapshot(): SnapshotSink | null;
  /** A part of a message has arrived. */
  progress(): void;
  /** Neither sent nor staged, or not what its sender announced. */
  refused(why: string): void;
};

type Outgoing = {
  readonly kind: LongKind;
  readonly transfer: string;
  readonly parts: MadeParts;
  readonly count: number;
  /** The peer has all parts before this one. */
  confirmed: number;
  /** All before this one were sent since the link was last up. */
  sent: number;
  movedAt: number;
};
type Staged = {
  readonly transfer: string;
  readonly count: number;
  /** Null: they are kept here until all are there. */
  readonly sink: SnapshotSink | null;
  readonly texts: string[];
  /** How many parts have arrived. */
  received: number;
  readonly hash: Hash;
  chars: number;
  movedAt: number;
};

/**
 * Well below what the peer accepts: a heartbeat waits for those that are outstanding. Quoted as JSON such a part is still
 * less than the 128 KiB from which on a text is kept apart in memory and outlives its use by far.
 */
const partChars = 98_304;

/** Cuts a text at that length, or a little before, not to split a character. */
function* cut(pieces: Iterable<string>): Generator<string, undefined> {
  let text = "";
  for (const piece of pieces) {
    text += piece;
    while (text.length > partChars) {
      const code = text.charCodeAt(partChars);
      const end = code >= 0xdc00 && code <= 0xdfff ? partChars - 1 : partChars;
      yield text.slice(0, end);
      text = text.slice(end);
    }
  }
  yield text;
}

/** The parts of a text that is made while they are sent. Those that may have to be sent again are kept. */
class MadeParts {
  readonly #text: () => Iterable<string>;
  readonly #kept = new Map<number, string>();
  #coming: Iterator<string, undefined>;
  #next = 0;

  constructor(text: () => Iterable<string>) {
    this.#text = text;
    this.#coming = cut(text());
  }

  /** One that was let go of is made anew, and all before it. */
  part(index: number): string {
    const kept = this.#kept.get(index);
    if (kept !== undefined) return kept;
    if (index < this.#next) {
      this.#coming = cut(this.#text());
      this.#next = 0;
    }
    for (;;) {
      const { value = "" } = this.#coming.next();
      this.#next += 1;
      if (this.#next <= index) continue;
      this.#kept.set(index, value);
      return value;
    }
  }

  letGoBefore(index: number): void {
    for (const kept of this.#kept.keys()) if (kept < index) this.#kept.delete(kept);
  }
}

export class Parts {
  readonly counters = {
    transfersSent: 0,
    transfersReceived: 0,
    /** Replaced by a newer one before they were through. */
    superseded: 0,
    /** Dropped because they no longer moved. */
    expired: 0,
    /** Too long, or not what was announced. */
    refused: 0,
    partsRepeated: 0,
    /** Parts and confirmations of no transfer that is under way here. */
    stray: 0,
  };
  readonly #ports: PartsPorts;
  #outgoing: Outgoing | null = null;
  #staged: Staged | null = null;
  #cancelTimer: Cancel | null = null;

  constructor(ports: PartsPorts) {
    this.#ports = ports;
  }

  /** Whether a long message of this kind is on its way to the peer. */
  isSending(kind: LongKind): boolean {
    return this.#outgoing?.kind === kind;
  }

  /** Sends it whole or begins its transfer, which replaces one that is under way. False when it was dropped. */
  send({ kind, text, whole }: LongMessage): boolean {
    const hash = createHash("sha256");
    let count = 0;
    let chars = 0;
    for (const part of cut(text())) {
      count += 1;
      chars += part.length;
      if (chars > longMessageMaxChars)
        return this.#refuse(
          `a ${kind} of more than ${longMessageMaxChars} characters is too long to be sent`,
        );
      hash.update(part, "utf8");
    }
    if (chars <= partMaxChars) return this.#ports.send(whole());
    if (!this.#ports.peerTakesParts()) {
      if (chars <= frameMaxBytes) return this.#ports.send(whole());
      return this.#refuse(
        `a ${kind} of ${chars} characters is too long for the other unit's version: upgrade it`,
      );
    }
    const transfer = hash.digest("hex");
    if (this.#outgoing?.transfer === transfer) {
      this.resume();
      return true;
    }
    if (this.#outgoing !== null) this.counters.superseded += 1;
    const movedAt = this.#ports.world.now();
    const parts = new MadeParts(text);
    this.#outgoing = { kind, transfer, parts, count, confirmed: 0, sent: 0, movedAt };
    this.#pump();
    return true;
  }

  /** The link is up, perhaps anew: what was on the way on the old one is sent again. */
  resume(): void {
    if (this.#outgoing === null) return;
    this.counters.partsRepeated += this.#outgoing.sent - this.#outgoing.confirmed;
    this.#outgoing.sent = this.#outgoing.confirmed;
    this.#pump();
  }

  /** There is another peer, or none: nothing of the old one's matters. */
  reset(): void {
    this.#outgoing = null;
    this.#staged = null;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  receive(message: Part | PartHave): void {
    if (message.type === "part") this.#stage(message);
    else this.#confirmed(message);
  }

  #pump(): void {
    const outgoing = this.#outgoing;
    if (outgoing === null) return;
    const { transfer, parts, count } = outgoing;
    while (outgoing.sent < count && outgoing.sent - outgoing.confirmed < partsOutstandingMax) {
      const index = outgoing.sent;
      if (!this.#ports.send({ type: "part", transfer, index, count, text: parts.part(index) })) break;
      outgoing.sent += 1;
    }
    this.#arm();
  }

  #confirmed({ transfer, next }: PartHave): void {
    const outgoing = this.#outgoing;
    if (outgoing === null || outgoing.transfer !== transfer || next > outgoing.count) {
      this.counters.stray += 1;
      return;
    }
    if (next === outgoing.count) {
      this.counters.transfersSent += 1;
      this.#outgoing = null;
      return;
    }
    // The same again means that something on the way was lost or is late: the timer repeats it.
    if (next === outgoing.confirmed) return;
    // Fewer than it had: the receiver was started anew, or has let go.
    if (next < outgoing.confirmed || next > outgoing.sent) outgoing.sent = next;
    outgoing.confirmed = next;
    outgoing.parts.letGoBefore(next);
    outgoing.movedAt = this.#ports.world.now();
    this.#pump();
  }

  #stage({ transfer, index, count, text }: Part): void {
    const now = this.#ports.world.now();
    let staged = this.#staged;
    if (staged?.transfer !== transfer) {
      if (index !== 0) {
        this.counters.stray += 1;
        this.#ports.send({ type: "part-have", transfer, next: 0 });
        return;
      }
      if (staged !== null) this.counters.superseded += 1;
      const isSnapshot = text.startsWith(snapshotOpening);
      const sink = isSnapshot ? this.#ports.openSnapshot() : null;
      const hash = createHash("sha256");
      staged = { transfer, count, sink, texts: [], received: 0, hash, chars: 0, movedAt: now };
      this.#staged = staged;
      if (isSnapshot && sink === null) {
        this.#finish(staged);
        return;
      }
    }
    const next = staged.received;
    if (index !== next || count !== staged.count) {
      this.counters.stray += 1;
      this.#ports.send({ type: "part-have", transfer, next });
      return;
    }
    staged.chars += text.length;
    if (staged.chars > longMessageMaxChars) {
      this.#finish(staged);
      this.#refuse(`a message in parts is longer than ${longMessageMaxChars} characters`);
      return;
    }
    staged.received += 1;
    staged.hash.update(text, "utf8");
    staged.movedAt = now;
    if (staged.sink === null) staged.texts.push(text);
    else if (!staged.sink.take(text)) {
      this.counters.refused += 1;
      this.#finish(staged);
      return;
    }
    this.#arm();
    this.#ports.progress();
    if (staged.received < count) this.#ports.send({ type: "part-have", transfer, next: next + 1 });
    else this.#complete(staged);
  }

  #complete(staged: Staged): void {
    this.#finish(staged);
    const isWhole = staged.hash.digest("hex") === staged.transfer;
    if (isWhole && staged.sink !== null) {
      this.counters.transfersReceived += 1;
      staged.sink.end();
      return;
    }
    // Taken out, so that the text can be let go of while the message is handled: it may be a hundred megabytes.
    const message = isWhole ? parsed(staged.texts.splice(0).join("")) : undefined;
    if (message === undefined) {
      this.#refuse("a message in parts is not what its digest announced");
      return;
    }
    this.counters.transfersReceived += 1;
    this.#ports.received(message);
  }

  /** Its sender need not go on, whatever becomes of it here. */
  #finish(staged: Staged): void {
    this.#staged = null;
    this.#ports.send({ type: "part-have", transfer: staged.transfer, next: staged.count });
  }

  #refuse(why: string): false {
    this.counters.refused += 1;
    this.#ports.refused(why);
    return false;
  }

  #arm(): void {
    if (this.#cancelTimer !== null || (this.#outgoing === null && this.#staged === null)) return;
    this.#cancelTimer = this.#ports.world.after(partRepeatMs, () => {
      this.#cancelTimer = null;
      this.#look();
      this.#arm();
    });
  }

  /** Drops what no longer moves, and repeats what should have been answered by now. */
  #look(): void {
    const now = this.#ports.world.now();
    if (this.#staged !== null && now - this.#staged.movedAt >= transferIdleMs) {
      this.counters.expired += 1;
      this.#staged = null;
    }
    if (this.#outgoing === null || now - this.#outgoing.movedAt < partRepeatMs) return;
    if (now - this.#outgoing.movedAt >= transferIdleMs) {
      this.counters.expired += 1;
      this.#outgoing = null;
    } else this.resume();
  }
}

/** Undefined for what is not JSON, and for a part in parts. */
function parsed(text: string): Json | undefined {
  try {
    const message = JSON.parse(text) as Json;
    const type = (message as { readonly type?: Json } | null)?.type;
    return type === "part" || type === "part-have" ? undefined : message;
  } catch {
    return undefined;
  }
}
