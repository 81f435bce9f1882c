/**
 * The one logical link of a pair. Either unit opens a connection, and a connection opened by either carries
 * both directions; the link is up while there is at least one. At most two exist: one opened by us and one by
 * the peer (both dialled at the same moment), and both are kept, so that neither side closes what the other
 * has just begun to use. A newer connection from the same opener replaces the older, which is how a link that
 * was cut in silence comes back. Messages go over the connection on which something was heard last.
 *
 * The link never declares the peer gone: it says what it saw (`up`, `closed`, `refused`, `failed`), and
 * `@tandem/pair` draws the conclusion. Keys are pinned before a byte of the other end's is read.
 */
import type { Json } from "@tandem/base/canonical-json";
import type { Fingerprint } from "@tandem/base/ids";
import { second } from "@tandem/base/time";
import type { Cancel } from "@tandem/base/world";
import { type Endpoints, type PeerConnection, type PeerListener, tlsEndpoints } from "./endpoints.ts";
import type { Identity } from "./identity.ts";
import { linkVersion, readHello, readReply } from "./link-frames.ts";
import type { PeerAddress } from "./probe.ts";

export type PeerLinkFailure =
  | "timeout"
  | "unreachable"
  | "wrong-key"
  | "not-tls"
  | "not-known-there"
  | "not-understood";

export type PeerLinkEvent =
  /** An authenticated connection, also when there was one already. */
  | { readonly kind: "up"; readonly openedBy: "us" | "peer"; readonly remoteAddress: string }
  /** The last connection is gone. */
  | { readonly kind: "closed"; readonly reason: string }
  /** A connect of ours was refused (ECONNREFUSED): nothing listens there. */
  | { readonly kind: "refused"; readonly message: string }
  | {
      readonly kind: "failed";
      readonly code: PeerLinkFailure;
      readonly message: string;
      readonly actualFingerprint?: Fingerprint;
    }
  | { readonly kind: "message"; readonly message: Json }
  /** Somebody whose key we do not know was told so and let go. Said at most once in 10 s; the counter has them all. */
  | { readonly kind: "rejected"; readonly remoteAddress: string; readonly fingerprint: Fingerprint };

export type PeerLinkOptions = {
  readonly identity: Identity;
  readonly listen: { readonly address: string; readonly port: number };
  readonly onEvent: (event: PeerLinkEvent) => void;
  /** What this unit answers to the peer's question before an Apply (`probe.ts`). */
  readonly answer: () => Json;
  /** For the simulator: instead of TLS. */
  readonly endpoints?: Endpoints;
};

const connectTimeoutMs = 2 * second;
const helloTimeoutMs = 5 * second;
/**
 * While the peer is wanted and no connection exists, one is tried again after these times, the last for ever;
 * `connectNow` tries in between. The first are short because a peer that is just dying may still reset a
 * connect that a moment later would be refused.
 */
const redialDelaysMs = [250, 250, 500, 1 * second] as const;
const redialDelayMinMs = 50;
const rejectedReportIntervalMs = 10 * second;
/** A connection that carried something this recently is not doubted: `connectNow` leaves it alone. */
const heardRecentlyMs = 500;
/**
 * What is heard this soon after a doubt may have been under way since before it, while our own words still wait
 * for TCP's next try: it does not end the doubt. Longer than a dial takes that began just before.
 */
const doubtMs = 5 * second;

export class PeerLink {
  readonly counters = {
    sent: 0,
    received: 0,
    /** Not connected, or the send buffer was full, or the message longer than a frame. */
    dropped: 0,
    rejectedPeers: 0,
    malformedHellos: 0,
  };
  readonly #options: PeerLinkOptions;
  readonly #endpoints: Endpoints;
  readonly #connections = new Map<"us" | "peer", PeerConnection>();
  #listener: PeerListener | undefined;
  #peer: PeerAddress | null = null;
  #preferred: PeerConnection | undefined;
  #heardAt = Number.NEGATIVE_INFINITY;
  #dialling: AbortController | undefined;
  #cancelRedial: Cancel | undefined;
  #dialledAt = Number.NEGATIVE_INFINITY;
  /** When a link that was up was last asked to connect, unless a connection came up since. */
  #doubtedAt: number | undefined;
  /** Tries since the link was last up. */
  #redials = 0;
  #rejectedReportedAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#endpoints = options.endpoints ?? tlsEndpoints;
  }

  /** Listens, and dials the peer if one is set. Rejects when the address or port cannot be had. */
  async start(): Promise<{ readonly address: string; readonly port: number }> {
    this.#listener = await this.#endpoints.listen({
      identity: this.#options.identity,
      ...this.#options.listen,
      onConnection: (connection) => this.#accept(connection),
    });
    this.#tryToConnect();
    return this.#listener;
  }

  /** Whom to be linked with; null lets go of the peer and tries nobody. Connections of another key are closed. */
  setPeer(peer: PeerAddress | null): void {
    const before = this.#peer;
    this.#peer = peer;
    if (
      before?.fingerprint === peer?.fingerprint &&
      before?.address === peer?.address &&
      before?.port === peer?.port
    )
      return;
    this.#dialling?.abort();
    this.#dialling = undefined;
    if (before?.fingerprint !== peer?.fingerprint && this.isUp) {
      const former = [...this.#connections.values()];
      this.#connections.clear();
      this.#preferred = undefined;
      for (const connection of former) connection.close("the peer was changed");
      this.#emit({ kind: "closed", reason: "the peer was changed" });
    }
    if (!this.isUp) this.#tryToConnect();
  }

  get isUp(): boolean {
    return this.#connections.size > 0;
  }

  /** False when it was dropped; the sender of a heartbeat sends another, and a gap in the deltas is asked for. */
  send(message: Json): boolean {
    const connection = this.#preferred ?? this.#connections.values().next().value;
    const isSent = connection?.send(message) ?? false;
    if (isSent) this.counters.sent += 1;
    else this.counters.dropped += 1;
    return isSent;
  }

  /**
   * Tries to connect at once, unless a try is under way or the link has just carried something. A link that
   * is up is tried anew too, until there is a new connection or something is heard long after: a connection cut
   * in silence looks up for minutes.
   */
  connectNow(): void {
    if (this.isUp) this.#doubtedAt = this.#now();
    this.#tryToConnect();
  }

  #tryToConnect(): void {
    if (this.#isClosed || this.#listener === undefined || this.#peer === null) return;
    if (this.#dialling !== undefined) return;
    const now = this.#now();
    if (this.isUp && now - this.#heardAt < heardRecentlyMs) {
      this.#armRedial();
      return;
    }
    this.#cancelRedial?.();
    this.#dialledAt = now;
    void this.#dial(this.#peer);
  }

  /** Closes everything in order, and stops listening. */
  async close(reason: string): Promise<void> {
    this.#isClosed = true;
    this.#cancelRedial?.();
    this.#dialling?.abort();
    this.#listener?.stopListening();
    // What was sent just before (a last heartbeat) still goes out; then the listener drops what is left.
    await Promise.all(
      [...this.#connections.values()].map(
        (connection) =>
          new Promise<void>((closed) => {
            connection.onClose(() => closed());
            connection.close(reason);
          }),
      ),
    );
    this.#connections.clear();
    await this.#listener?.close();
  }

  async #dial(peer: PeerAddress): Promise<void> {
    const attempt = new AbortController();
    this.#dialling = attempt;
    const outcome = await this.#endpoints.connect({
      identity: this.#options.identity,
      address: peer.address,
      port: peer.port,
      timeoutMs: connectTimeoutMs,
      expectedFingerprint: peer.fingerprint,
      signal: attempt.signal,
    });
    const isCurrent = this.#dialling === attempt;
    if (!isCurrent || this.#isClosed) {
      if (outcome.ok) outcome.value.destroy("no longer wanted");
      return;
    }
    if (outcome.ok) return this.#introduce(outcome.value, attempt);
    this.#dialEnded(attempt);
    const failure = outcome.error;
    if (failure.code === "refused") this.#emit({ kind: "refused", message: failure.message });
    else this.#emit({ kind: "failed", ...failure });
  }

  /** A connection of ours counts once the other end has welcomed us: TLS alone does not say that it knows our key. */
  #introduce(connection: PeerConnection, attempt: AbortController): void {
    connection.trust();
    let isWelcome = false;
    const failed = (code: PeerLinkFailure, message: string): void => {
      cancelTimer();
      if (isWelcome) return;
      isWelcome = true;
      connection.destroy(message);
      if (this.#dialling !== attempt) return;
      this.#dialEnded(attempt);
      this.#emit({ kind: "failed", code, message });
    };
    const cancelTimer = this.#endpoints.clock.after(helloTimeoutMs, () =>
      failed("timeout", "connected, and not welcomed in time"),
    );
    attempt.signal.addEventListener("abort", () => failed("unreachable", "no longer wanted"), { once: true });
    connection.onClose((reason) => failed("unreachable", reason));
    connection.onMessage((frame) => {
      const reply = readReply(frame);
      if (reply?.type === "unknown-peer")
        return failed("not-known-there", "the peer has not been given this unit's HA key");
      if (reply?.type !== "welcome")
        return failed("not-understood", "the peer speaks another version of the peer link");
      cancelTimer();
      isWelcome = true;
      this.#dialEnded(attempt);
      this.#adopt(connection);
    });
    connection.send({ type: "hello", version: linkVersion, purpose: "link" });
  }

  #dialEnded(attempt: AbortController): void {
    if (this.#dialling !== attempt) return;
    this.#dialling = undefined;
    this.#armRedial();
  }

  /** The delay counts from the beginning of the last try: one that timed out has waited enough. */
  #armRedial(): void {
    this.#cancelRedial?.();
    if (this.#isClosed || this.#peer === null) return;
    const interval = redialDelaysMs[Math.min(this.#redials, redialDelaysMs.length - 1)] as number;
    const sinceLastTry = this.#now() - this.#dialledAt;
    this.#redials += 1;
    this.#cancelRedial = this.#endpoints.clock.after(
      Math.max(redialDelayMinMs, interval - sinceLastTry),
      () => {
        if (!this.isUp || this.#isDoubted) this.#tryToConnect();
      },
    );
  }

  /** The link seems up, a new connection was wanted, none has come about, and what was heard since may be old. */
  get #isDoubted(): boolean {
    return this.#doubtedAt !== undefined && this.#heardAt < this.#doubtedAt + doubtMs;
  }

  #accept(connection: PeerConnection): void {
    if (this.#isClosed) {
      connection.destroy("stopping");
      return;
    }
    if (connection.peerFingerprint !== this.#peer?.fingerprint) {
      this.#reject(connection);
      return;
    }
    connection.trust();
    const cancelTimer = this.#endpoints.clock.after(helloTimeoutMs, () =>
      connection.destroy("no hello in time"),
    );
    connection.onClose(() => cancelTimer());
    connection.onMessage((frame) => {
      cancelTimer();
      const hello = readHello(frame);
      if (hello === undefined) {
        this.counters.malformedHellos += 1;
        connection.destroy("no hello that is understood");
      } else if (connection.peerFingerprint !== this.#peer?.fingerprint) {
        // The peer was changed between its handshake and its hello.
        this.#reject(connection);
      } else if (hello.purpose === "question") {
        connection.send({ type: "answer", message: this.#options.answer() });
        connection.close("answered");
      } else {
        connection.send({ type: "welcome", version: linkVersion });
        this.#adopt(connection);
      }
    });
  }

  #reject(connection: PeerConnection): void {
    this.counters.rejectedPeers += 1;
    connection.send({ type: "unknown-peer" });
    connection.close("unknown peer");
    const now = this.#now();
    if (now - this.#rejectedReportedAt < rejectedReportIntervalMs) return;
    this.#rejectedReportedAt = now;
    this.#emit({
      kind: "rejected",
      remoteAddress: connection.remoteAddress,
      fingerprint: connection.peerFingerprint,
    });
  }

  #adopt(connection: PeerConnection): void {
    const older = this.#connections.get(connection.openedBy);
    this.#connections.set(connection.openedBy, connection);
    this.#redials = 0;
    this.#doubtedAt = undefined;
    this.#heard(connection);
    connection.onClose((reason) => this.#lost(connection, reason));
    connection.onMessage((message) => {
      this.#heard(connection);
      this.counters.received += 1;
      this.#emit({ kind: "message", message });
    });
    older?.destroy("replaced by a newer connection");
    this.#emit({ kind: "up", openedBy: connection.openedBy, remoteAddress: connection.remoteAddress });
  }

  #heard(connection: PeerConnection): void {
    if (this.#connections.get(connection.openedBy) !== connection) return;
    this.#preferred = connection;
    this.#heardAt = this.#now();
  }

  #lost(connection: PeerConnection, reason: string): void {
    if (this.#connections.get(connection.openedBy) !== connection) return;
    this.#connections.delete(connection.openedBy);
    if (this.#preferred === connection) this.#preferred = this.#connections.values().next().value;
    if (connection.fault !== undefined)
      this.#emit({ kind: "failed", code: "not-understood", message: connection.fault });
    if (this.isUp) return;
    this.#armRedial();
    this.#emit({ kind: "closed", reason });
  }

  #now(): number {
    return this.#endpoints.clock.now();
  }

  #emit(event: PeerLinkEvent): void {
    if (!this.#isClosed) this.#options.onEvent(event);
  }
}
