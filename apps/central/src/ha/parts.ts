/**
 * Long messages travel in parts, so that heartbeats pass between them (a frame that takes longer than a heartbeat's
 * retries would look like a dead peer) and so that a broken link costs what was on the way, not the whole.
 *
 * One transfer at a time in each direction. Its id is the SHA-256 of the whole text; the sender keeps at most
 * `partsOutstandingMax` parts unconfirmed; the receiver stages parts in order, says after each which one it wants
 * next, and hands the message on whole once its digest is right (V5). After a new link the sender goes on at the
 * part that the receiver wants, and begins anew only if the receiver has let go of what it had.
 * A peer of wire version 1 knows no parts: to it every message goes whole.
 */
import { createHash, type Hash } from "node:crypto";
import type { Json } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import { minute, second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import { type PeerMessage, partMaxChars, type ReplicationMessage } from "@tandem/pair/wire";
import { frameMaxBytes } from "@tandem/peer-link/frames";

type Part = Extract<ReplicationMessage, { type: "part" }>;
type PartHave = Extract<ReplicationMessage, { type: "part-have" }>;
/** The messages that may be long. */
export type LongKind = "delta" | "snapshot";

const partsOutstandingMax = 4;
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
  /** A part of a message has arrived. */
  progress(): void;
  /** Neither sent nor staged, or not what its sender announced. */
  refused(why: string): void;
};

type Outgoing = {
  readonly kind: LongKind;
  readonly transfer: string;
  readonly text: string;
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
  readonly texts: string[];
  readonly hash: Hash;
  chars: number;
  movedAt: number;
};

/** Well below what the peer accepts: a heartbeat waits for four of them. A part may be one longer, not to split a character. */
const partChars = 262_143;
const partBegin = (text: string, index: number): number => {
  const at = Math.min(index * partChars, text.length);
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
};

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
  send(message: Extract<PeerMessage, { type: LongKind }>): boolean {
    const text = JSON.stringify(message);
    if (text.length <= partMaxChars) return this.#ports.send(message);
    if (!this.#ports.peerTakesParts()) {
      if (text.length <= frameMaxBytes) return this.#ports.send(message);
      return this.#refuse(
        `a ${message.type} of ${text.length} characters is too long for the other unit's version: upgrade it`,
      );
    }
    if (text.length > longMessageMaxChars)
      return this.#refuse(
        `a ${message.type} of ${text.length} characters is too long: at most ${longMessageMaxChars} can be sent`,
      );
    const transfer = sha256Hex(text);
    if (this.#outgoing?.transfer === transfer) {
      this.resume();
      return true;
    }
    if (this.#outgoing !== null) this.counters.superseded += 1;
    const count = Math.ceil(text.length / partChars);
    const movedAt = this.#ports.world.now();
    this.#outgoing = { kind: message.type, transfer, text, count, confirmed: 0, sent: 0, movedAt };
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
    const { transfer, text, count } = outgoing;
    while (outgoing.sent < count && outgoing.sent - outgoing.confirmed < partsOutstandingMax) {
      const index = outgoing.sent;
      const piece = text.slice(partBegin(text, index), partBegin(text, index + 1));
      if (!this.#ports.send({ type: "part", transfer, index, count, text: piece })) break;
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
      staged = { transfer, count, texts: [], hash: createHash("sha256"), chars: 0, movedAt: now };
      this.#staged = staged;
    }
    const next = staged.texts.length;
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
    staged.texts.push(text);
    staged.hash.update(text, "utf8");
    staged.movedAt = now;
    this.#arm();
    this.#ports.progress();
    if (staged.texts.length < count) this.#ports.send({ type: "part-have", transfer, next: next + 1 });
    else this.#complete(staged);
  }

  #complete(staged: Staged): void {
    this.#finish(staged);
    const isWhole = staged.hash.digest("hex") === staged.transfer;
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
