/**
 * The exchange of changes on the link (V5): a commit is pushed at once as a delta on the vector before it; a
 * heartbeat that shows a gap is answered with what is missing; whoever finds a gap in what arrives asks. What
 * was taken over is on this unit's disk before `durable` says so. A peer of an earlier wire version is told, and asked
 * for, what it can hold (`docs/rolling-upgrade.md`).
 */
import { unreachable } from "@tandem/base/assert";
import type { PairId } from "@tandem/base/ids";
import { hour } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import type { ReplicationMessage } from "@tandem/pair/wire";
import type { ApplyRefusal } from "@tandem/replica/replica";
import { covers, type Delta, type Vector } from "@tandem/replica/version";
import { encodeDelta, type MalformedDelta } from "@tandem/replica/wire";
import type { Acknowledgements } from "./acknowledgements.ts";
import type { SharedState } from "./shared-state.ts";
import type { ShellEvent } from "./timeline.ts";

/** The messages of this exchange. */
export type ChangeMessage = Extract<ReplicationMessage, { type: "delta" | "delta-request" | "durable" }>;

export type ReplicationPorts = {
  readonly world: World;
  readonly shared: SharedState;
  readonly acknowledgements: Acknowledgements;
  /** The lineage in which changes may be exchanged at this moment; null while none may be. */
  pairInSync(): PairId | null;
  send(message: ReplicationMessage): void;
  /**
   * Whether a delta too long for one message is on its way. What is committed meanwhile builds on it and waits until
   * it has arrived; then one delta brings all of it.
   */
  isSendingLong(): boolean;
  observe(event: ShellEvent): void;
  /** The shared state on this unit's disk is another than before. */
  changed(): void;
  /** What the peer has on its disk, as its own changes and confirmations tell between heartbeats (CH17). */
  peerHolds(vector: Vector): void;
};

/** What was just sent may still be under way: the same gap is neither filled nor asked for again sooner than this. */
const repeatMs = 500;

const refusalAgainMs = 1 * hour;

/** What cannot be taken over, why, and what helps. Nothing of such a delta is taken: a part would be a gap. */
function refusalWords(refusal: Exclude<ApplyRefusal, { code: "gap" }> | MalformedDelta): string {
  const upgrade =
    "the other unit runs a later version of Central: upgrade this one. Until then none of its changes are taken over here, and none are lost";
  switch (refusal.code) {
    case "unknown-table":
      return `the table "${refusal.table}" is not known here; ${upgrade}`;
    case "unknown-field":
      return `the field "${refusal.field}" of the table "${refusal.table}" is not known here; ${upgrade}`;
    case "value-unfit":
      return `the value of "${refusal.field}" of ${refusal.table} "${refusal.row}" does not fit here; ${upgrade}`;
    case "malformed-delta":
      return `it is malformed at "${refusal.path}" (${refusal.message}); install the same version on both units`;
    default:
      return unreachable(refusal);
  }
}

export class Replication {
  readonly #ports: ReplicationPorts;
  #filled: { readonly base: Vector; readonly claim: Vector; readonly at: number } | null = null;
  /** Something was committed and not pushed because a long delta was on its way. */
  #isOwing = false;
  #refusal: { readonly message: string; readonly at: number } | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(ports: ReplicationPorts) {
    this.#ports = ports;
  }

  /** What was just committed here. A peer that lacks what it builds on asks for the rest. */
  push(delta: Delta): void {
    const pairId = this.#ports.pairInSync();
    if (pairId === null) return;
    const cut = this.#ports.shared.common.cut(delta);
    // Nothing of it can the peer hold.
    if (cut !== delta && cut.items.length === 0 && covers(cut.base, cut.claim)) return;
    if (this.#ports.isSendingLong()) this.#isOwing = true;
    else this.#ports.send({ type: "delta", pairId, delta: encodeDelta(cut) });
  }

  /** What the peer, of this pair, has on its disk. */
  heardVector(theirs: Vector): void {
    this.#ports.acknowledgements.reported(theirs);
    if (this.#ports.isSendingLong()) return;
    this.#isOwing = false;
    const { replica, common } = this.#ports.shared;
    const ours = common.vector;
    if (covers(theirs, ours)) return;
    const last = this.#filled;
    const now = this.#ports.world.now();
    if (last !== null && now - last.at < repeatMs && covers(last.base, theirs) && covers(last.claim, ours))
      return;
    this.#filled = { base: theirs, claim: ours, at: now };
    this.push(replica.deltaSince(theirs));
  }

  receive(message: ChangeMessage): void {
    const pairId = this.#ports.pairInSync();
    // What another lineage says about its state means nothing here.
    if (pairId === null || (message.type !== "durable" && message.pairId !== pairId)) return;
    switch (message.type) {
      case "durable":
        if (this.#isOwing) this.heardVector(message.vector);
        else this.#ports.acknowledgements.reported(message.vector);
        this.#ports.peerHolds(message.vector);
        break;
      case "delta-request":
        if (!this.#ports.isSendingLong()) this.push(this.#ports.shared.replica.deltaSince(message.base));
        break;
      case "delta":
        this.#merge(pairId, message.delta);
        break;
      default:
        unreachable(message);
    }
  }

  #merge(pairId: PairId, wireDelta: unknown): void {
    const { shared } = this.#ports;
    const before = shared.replica.vector;
    const merged = shared.merge(wireDelta);
    if (!merged.ok) {
      if (merged.error.code === "gap") this.#ask(pairId);
      else this.#refused(merged.error);
      return;
    }
    this.#ports.send({ type: "durable", vector: shared.common.vector });
    if (merged.value.delta !== null) this.push(merged.value.delta);
    if (merged.value.conflicts.length > 0)
      this.#ports.observe({ code: "conflicts-found", ids: merged.value.conflicts });
    if (!covers(before, shared.replica.vector)) this.#ports.changed();
    this.#ports.peerHolds(merged.value.claim);
  }

  /** They come again with every heartbeat until the cause is gone: each cause is said once an hour. */
  #refused(refusal: Exclude<ApplyRefusal, { code: "gap" }> | MalformedDelta): void {
    const now = this.#ports.world.now();
    const message = refusalWords(refusal);
    const last = this.#refusal;
    if (last !== null && last.message === message && now - last.at < refusalAgainMs) return;
    this.#refusal = { message, at: now };
    this.#ports.observe({ code: "changes-refused", message });
  }

  #ask(pairId: PairId): void {
    const now = this.#ports.world.now();
    if (now - this.#askedAt < repeatMs) return;
    this.#askedAt = now;
    this.#ports.send({ type: "delta-request", pairId, base: this.#ports.shared.common.vector });
  }
}
