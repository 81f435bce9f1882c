/**
 * The whole state for a unit that joins a pair (SPEC CH13): a delta with the empty base, and the digest to verify it by
 * (I5). A large fleet's is a hundred megabytes of text, so that it is neither made nor taken as a whole: the sender
 * makes its text in pieces, and the receiver makes a replica of the pieces as they come. Nothing of that replica is
 * shown or kept before the end has been verified.
 */
import type { PairId } from "@tandem/base/ids";
import type { Result } from "@tandem/base/result";
import { err, ok } from "@tandem/base/result";
import { Replica } from "./replica.ts";
import type { Table } from "./schema.ts";
import { covers, type Delta, emptyVector } from "./version.ts";
import { type DeltaHead, decodeDeltaHead, deltaText, ItemsDecoder } from "./wire.ts";

export type Snapshot = { readonly pairId: PairId; readonly delta: Delta; readonly digest: string };

/** How the text of every snapshot begins, and of no other message. */
export const snapshotOpening = '{"type":"snapshot",';

/** The message as JSON, in pieces. Its reader counts on the order of the members. */
export function* snapshotText({ pairId, delta, digest }: Snapshot): Generator<string> {
  yield `${snapshotOpening}"pairId":${JSON.stringify(pairId)},"delta":`;
  yield* deltaText(delta);
  yield `,"digest":${JSON.stringify(digest)}}`;
}

/** Makes a replica of a snapshot whose parts come one after the other. Errors are in words, and end it. */
export class SnapshotReceiver {
  readonly #replica: Replica;
  readonly #head: DeltaHead;
  readonly #items: ItemsDecoder;

  private constructor(replica: Replica, head: DeltaHead) {
    this.#replica = replica;
    this.#head = head;
    this.#items = new ItemsDecoder(head);
  }

  /** `delta`: as it came, its items are not looked at. */
  static begin(tables: readonly Table[], pairId: PairId, delta: unknown): Result<SnapshotReceiver, string> {
    const head = decodeDeltaHead(delta);
    if (!head.ok) return err(`the snapshot is malformed at ${head.error.path}: ${head.error.message}`);
    if (!covers(emptyVector, head.value.base)) return err("the snapshot is not whole");
    return ok(new SnapshotReceiver(Replica.empty(tables, pairId), head.value));
  }

  take(items: unknown): Result<null, string> {
    const versions = this.#items.decode(items);
    if (!versions.ok)
      return err(`the snapshot is malformed at ${versions.error.path}: ${versions.error.message}`);
    const received = this.#replica.receive(versions.value);
    return received.ok
      ? received
      : err(`the snapshot does not fit this version (${JSON.stringify(received.error)})`);
  }

  /** The replica, verified. */
  end(digest: string): Result<Replica, string> {
    return this.#replica.receivedAll(this.#head) && this.#replica.digest() === digest
      ? ok(this.#replica)
      : err("the snapshot's digest does not match its content");
  }
}

/** What the reader of a snapshot's text hears, in this order. False: it has had enough. */
export type SnapshotPorts = {
  begin(pairId: unknown, delta: unknown): boolean;
  take(items: readonly unknown[]): boolean;
  end(digest: unknown): void;
};

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const isOpening = (code: number): boolean => code === 0x5b || code === 0x7b;
const isClosing = (code: number): boolean => code === 0x5d || code === 0x7d;
const itemsOpening = '"items":[';
/** Of what an item lies in: the list of items, the delta, the message. */
const itemsDepth = 3;

/** Reads what `snapshotText` wrote, cut anywhere. Holds no more of it than the head, or the item that is not whole yet. */
export class SnapshotReader {
  readonly #ports: SnapshotPorts;
  #stage: "head" | "items" | "tail" | "failed" = "head";
  /** What has not been handed on yet. */
  #text = "";
  /** Up to where it has been looked at, and in what that place lies. */
  #at = 0;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #head = "";

  constructor(ports: SnapshotPorts) {
    this.#ports = ports;
  }

  /** False when it is no snapshot, or the listener has had enough: nothing more is taken then. */
  push(text: string): boolean {
    if (this.#stage === "failed") return false;
    this.#text += text;
    try {
      if (this.#stage === "head" && this.#scan() && !this.#headEnds()) return this.#fail();
      if (this.#stage === "items" && !this.#itemsEnd(this.#scan())) return this.#fail();
    } catch {
      return this.#fail();
    }
    return true;
  }

  /** After the last piece. False when it was no snapshot. */
  end(): boolean {
    if (this.#stage !== "tail") return this.#fail();
    try {
      // The head with the list of items left empty, and what came after it, are the message without its items.
      const message = JSON.parse(`${this.#head}${this.#text}`) as {
        delta: { items: unknown[] };
        digest: unknown;
      };
      if (message.delta.items.length > 0) return this.#fail();
      this.#ports.end(message.digest);
      return true;
    } catch {
      return this.#fail();
    }
  }

  #fail(): false {
    this.#stage = "failed";
    this.#text = "";
    this.#head = "";
    return false;
  }

  /**
   * Goes on to the place after the opening of the list of items, or to its end. In the list it notes the last comma
   * between items that it passed. False when the text ended first.
   */
  #scan(): boolean {
    const text = this.#text;
    for (; this.#at < text.length; this.#at += 1) {
      const code = text.charCodeAt(this.#at);
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (code === backslash) this.#isEscaped = true;
        else if (code === quote) this.#isInString = false;
      } else if (code === quote) this.#isInString = true;
      else if (code === comma) {
        if (this.#stage === "items" && this.#depth === itemsDepth) this.#boundary = this.#at;
      } else if (isOpening(code)) {
        this.#depth += 1;
        if (
          this.#stage === "head" &&
          this.#depth === itemsDepth &&
          text.endsWith(itemsOpening, this.#at + 1)
        ) {
          this.#at += 1;
          return true;
        }
      } else if (isClosing(code)) {
        this.#depth -= 1;
        if (this.#stage === "items" && this.#depth < itemsDepth) return true;
      }
    }
    return false;
  }
  /** Where the last item that is whole ends; -1 when none does. */
  #boundary = -1;

  #headEnds(): boolean {
    this.#head = this.#text.slice(0, this.#at);
    const message = JSON.parse(`${this.#head}]}}`) as { pairId: unknown; delta: unknown };
    this.#text = this.#text.slice(this.#at);
    this.#at = 0;
    this.#stage = "items";
    return this.#ports.begin(message.pairId, message.delta);
  }

  /** Hands on the items that are whole. */
  #itemsEnd(isLast: boolean): boolean {
    const end = isLast ? this.#at : this.#boundary;
    if (end < 0) return true;
    const items = JSON.parse(`[${this.#text.slice(0, end)}]`) as unknown[];
    this.#text = this.#text.slice(isLast ? end : end + 1);
    this.#at = isLast ? 0 : this.#at - end - 1;
    this.#boundary = -1;
    if (isLast) this.#stage = "tail";
    return this.#ports.take(items);
  }
}
