/**
 * A snapshot on its way into a unit that joins the pair (CH13, I5): a replica is made of it as it comes, beside this
 * unit's own, and handed on once it has been verified. Whatever goes wrong before that has changed nothing.
 */
import type { PairId } from "@tandem/base/ids";
import type { Result } from "@tandem/base/result";
import type { ReplicationMessage } from "@tandem/pair/wire";
import type { Replica } from "@tandem/replica/replica";
import type { Table } from "@tandem/replica/schema";
import { SnapshotReceiver, snapshotReader } from "@tandem/replica/snapshot";
import type { SnapshotSink } from "./parts.ts";

export type IncomingSnapshotPorts = {
  readonly tables: readonly Table[];
  /** Whether this unit has asked for one. */
  isWanted(): boolean;
  failed(message: string): void;
  /** Verified. */
  received(pairId: PairId, replica: Replica): void;
};

const pairIdPattern = /^[0-9a-f]{32}$/;

export class IncomingSnapshot {
  readonly #ports: IncomingSnapshotPorts;

  constructor(ports: IncomingSnapshotPorts) {
    this.#ports = ports;
  }

  /** One that comes in parts; null when none is wanted. */
  open(): SnapshotSink | null {
    if (!this.#ports.isWanted()) return null;
    const making = new Making(this.#ports);
    const reader = snapshotReader(making);
    return {
      take: (text) => reader.push(text) || making.refuse("the snapshot is malformed"),
      end: () => {
        if (!reader.end()) making.refuse("the snapshot is malformed");
      },
    };
  }

  /** One that came in one message. */
  whole({ pairId, delta, digest }: Extract<ReplicationMessage, { type: "snapshot" }>): void {
    if (!this.#ports.isWanted()) return;
    const making = new Making(this.#ports);
    if (making.begin(pairId, delta) && making.take((delta as { readonly items?: unknown }).items))
      making.end(digest);
  }
}

class Making {
  readonly #ports: IncomingSnapshotPorts;
  #into: { readonly pairId: PairId; readonly receiver: SnapshotReceiver } | null = null;
  #isRefused = false;

  constructor(ports: IncomingSnapshotPorts) {
    this.#ports = ports;
  }

  begin(pairId: unknown, delta: unknown): boolean {
    if (typeof pairId !== "string" || !pairIdPattern.test(pairId))
      return this.refuse("the snapshot names no pair");
    const begun = SnapshotReceiver.begin(this.#ports.tables, pairId as PairId, delta);
    if (!begun.ok) return this.refuse(begun.error);
    this.#into = { pairId: pairId as PairId, receiver: begun.value };
    return true;
  }

  take(items: unknown): boolean {
    const taken: Result<null, string> | undefined = this.#into?.receiver.take(items);
    return taken?.ok === true || this.refuse(taken?.error ?? "the snapshot has no beginning");
  }

  end(digest: unknown): void {
    const into = this.#into;
    // Much may have happened since it began.
    if (into === null || !this.#ports.isWanted()) return;
    const replica = into.receiver.end(String(digest));
    if (replica.ok) this.#ports.received(into.pairId, replica.value);
    else this.refuse(replica.error);
  }

  /** The first reason is the right one. */
  refuse(message: string): false {
    this.#into = null;
    if (!this.#isRefused) this.#ports.failed(message);
    this.#isRefused = true;
    return false;
  }
}
