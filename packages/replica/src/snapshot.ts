/**
 * The whole state for a unit that joins a pair (SPEC CH13): a delta with the empty base, and the digest to verify it by
 * (I5). A large fleet's is a hundred megabytes of text, so that it is neither made nor taken as a whole: the sender
 * makes its text in pieces, and the receiver makes a replica of the pieces as they come. Nothing of that replica is
 * shown or kept before the end has been verified.
 */
import type { PairId } from "@tandem/base/ids";
import type { Result } from "@tandem/base/result";
import { err, ok } from "@tandem/base/result";
import { ListReader } from "./list-reader.ts";
import { Replica } from "./replica.ts";
import type { Table } from "./schema.ts";
import { covers, type Delta, emptyVector } from "./version.ts";
import { type DeltaHead, decodeDeltaHead, deltaText, ItemsDecoder, itemsPlace } from "./wire.ts";

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

type Around = {
  readonly pairId: unknown;
  readonly delta: { readonly items: unknown[] };
  readonly digest: unknown;
};

/** Reads what `snapshotText` wrote. */
export const snapshotReader = (ports: SnapshotPorts): ListReader =>
  new ListReader(itemsPlace, {
    begin: (around) => {
      const { pairId, delta } = around as Around;
      return ports.begin(pairId, delta);
    },
    take: (items) => ports.take(items),
    end: (around) => {
      const { delta, digest } = around as Around;
      // A message whose tail names other items.
      if (delta.items.length > 0) return false;
      ports.end(digest);
      return true;
    },
  });
