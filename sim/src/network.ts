/**
 * A network of machines with authenticated connections between them, as `PeerLink` sees TLS over TCP: what is
 * sent arrives in order or not at all, a cut is silent, a dead process refuses and a dead machine does not
 * answer. Some faults are harsher than TCP: single messages are lost, doubled or overtake each other.
 */
import type { Json } from "@tandem/base/canonical-json";
import type { Fingerprint } from "@tandem/base/ids";
import { err, ok, type Result } from "@tandem/base/result";
import { minute, second } from "@tandem/base/time";
import type { Endpoints, PeerConnection } from "@tandem/peer-link/endpoints";
import type { Identity } from "@tandem/peer-link/identity";
import type { ConnectFailure } from "@tandem/peer-link/tls-endpoints";
import type { Engine } from "./engine.ts";
import type { Machine, Process } from "./machine.ts";
import type { Random } from "./random.ts";

const synRepeatMs = 1 * second;
const closeLingerMs = 1 * second;
/** TCP tries again later and later, at most this much later. */
const retransmitMaxMs = 2 * minute;

/** From one machine to another. Numbers count the faults that ask for it at this moment. */
export class Path {
  readonly from: Machine;
  readonly to: Machine;
  delayMs = 0.3;
  blocked = 0;
  clogged = 0;
  /** A firewall answers for the other end. */
  refusing = 0;
  loss = 0;
  doubling = 0;
  reordering = 0;
  readonly held = new Set<Pipe>();

  constructor(from: Machine, to: Machine) {
    this.from = from;
    this.to = to;
  }

  get isOpen(): boolean {
    return (
      this.blocked === 0 &&
      this.clogged === 0 &&
      this.refusing === 0 &&
      this.from.isOn &&
      this.to.isOn &&
      !this.from.isSuspended &&
      !this.to.isSuspended
    );
  }

  /** Nothing of what it does to messages could be told from an idle wire. */
  get isClean(): boolean {
    const isFaithful = this.loss === 0 && this.doubling === 0 && this.reordering === 0;
    // A connection and a question take several round trips: bounds in seconds hold for a network that is not slow.
    return this.isOpen && isFaithful && this.delayMs < 100;
  }
}

type Item = { readonly message: Json } | "fin" | "reset";

const handshakeTypes: ReadonlySet<unknown> = new Set(["hello", "welcome", "unknown-peer", "answer"]);
const isHandshake = (message: Json): boolean =>
  message !== null &&
  typeof message === "object" &&
  !Array.isArray(message) &&
  handshakeTypes.has((message as { readonly [member: string]: Json }).type);

/** One direction of a connection. */
class Pipe {
  readonly network: Network;
  readonly path: Path;
  readonly sender: End;
  readonly receiver: End;
  #arrivesAt = 0;
  readonly #held: Item[] = [];
  #heldSince = 0;

  constructor(network: Network, path: Path, sender: End, receiver: End) {
    this.network = network;
    this.path = path;
    this.sender = sender;
    this.receiver = receiver;
  }

  push(item: Item): void {
    const { engine, random } = this.network;
    const { path } = this;
    let at = engine.now + path.delayMs * (0.8 + 0.4 * random.next());
    if (path.reordering > 0 && random.chance(path.reordering)) at += random.between(0, 3 * second);
    else {
      at = Math.max(at, this.#arrivesAt);
      this.#arrivesAt = at;
    }
    engine.at(at, () => this.#arrive(item));
  }

  /** The path is open again: what was held is sent once more. */
  wake(): void {
    if (this.#held.length === 0) return;
    const { engine, random } = this.network;
    const outageMs = engine.now - this.#heldSince;
    engine.after(random.between(50, Math.max(100, Math.min(outageMs, retransmitMaxMs))), () => {
      if (!this.path.isOpen) {
        this.path.held.add(this);
        return;
      }
      for (const item of this.#held.splice(0)) this.#deliver(item);
    });
  }

  #arrive(item: Item): void {
    const { path } = this;
    const { engine, random } = this.network;
    if (path.refusing > 0) {
      this.sender.ended("read ECONNRESET");
      return;
    }
    if (!path.isOpen || this.#held.length > 0) {
      if (this.#held.length === 0) {
        this.#heldSince = engine.now;
        engine.after(random.between(2 * minute, 15 * minute), () => {
          if (this.#held.length > 0 && !path.isOpen) this.sender.ended("write ETIMEDOUT");
        });
      }
      this.#held.push(item);
      path.held.add(this);
      return;
    }
    if (typeof item === "object") {
      // A connection does not lose its first words: a buffer that is full later on does.
      if (path.loss > 0 && random.chance(path.loss) && !isHandshake(item.message)) return;
      if (path.doubling > 0 && random.chance(path.doubling))
        engine.after(random.between(0, 20 * second), () => {
          if (path.isOpen) this.#deliver(item);
        });
    }
    this.#deliver(item);
  }

  #deliver(item: Item): void {
    this.receiver.take(item);
  }
}

/** A connection as one of its two processes sees it. */
class End implements PeerConnection {
  readonly openedBy: "us" | "peer";
  readonly peerFingerprint: Fingerprint;
  readonly remoteAddress: string;
  readonly process: Process;
  out!: Pipe;
  readonly #network: Network;
  readonly #early: Item[] = [];
  #message: ((message: Json) => void) | undefined;
  #closed: ((reason: string) => void) | undefined;
  #reason: string | undefined;
  #isClosed = false;

  constructor(
    network: Network,
    process: Process,
    remote: Machine,
    openedBy: "us" | "peer",
    peer: Fingerprint,
  ) {
    this.#network = network;
    this.process = process;
    this.openedBy = openedBy;
    this.peerFingerprint = peer;
    this.remoteAddress = remote.address;
  }

  trust(): void {
    // Frames have no bound here.
  }

  onMessage(handler: (message: Json) => void): void {
    this.#message = handler;
    for (const item of this.#early.splice(0)) this.take(item);
  }

  onClose(handler: (reason: string) => void): void {
    this.#closed = handler;
    if (this.#isClosed)
      this.#network.engine.after(0, () => this.process.run(() => handler(this.#reason ?? "closed")));
  }

  send(message: Json): boolean {
    if (this.#isClosed || this.#reason !== undefined || !this.process.isAlive) return false;
    this.out.push({ message: this.#network.outgoing(this.process, message) });
    return true;
  }

  close(reason: string): void {
    if (this.#isClosed || this.#reason !== undefined) return;
    this.#reason = reason;
    this.out.push("fin");
    this.process.world.after(closeLingerMs, () => this.ended(reason));
  }

  destroy(reason: string): void {
    this.#reason ??= reason;
    if (this.#isClosed) return;
    this.out.push("fin");
    this.#network.engine.after(0, () => this.ended(reason));
  }

  /** What arrives here; handled when the process runs. */
  take(item: Item): void {
    if (!this.process.isAlive) {
      if (item !== "reset") this.out.push("reset");
      return;
    }
    this.process.run(() => {
      if (this.#isClosed) return;
      if (typeof item !== "object") {
        if (item === "fin" && this.#reason === undefined) this.out.push("fin");
        this.ended(item === "fin" ? "closed by the other end" : "read ECONNRESET");
        return;
      }
      if (this.#reason !== undefined) return;
      if (this.#message === undefined) {
        this.#early.push(item);
        return;
      }
      this.#message(item.message);
    });
  }

  ended(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reason ??= reason;
    this.#network.forget(this);
    this.process.run(() => {
      this.#closed?.(this.#reason ?? reason);
      this.#network.engine.settled();
    });
  }

  /** The process is gone: its kernel says so, if there is one. */
  orphaned(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.process.machine.isOn) this.out.push("fin");
  }
}

type Listening = {
  readonly process: Process;
  readonly identity: Identity;
  readonly onConnection: (connection: PeerConnection) => void;
};

/** Sees what a process puts on the wire, and says what travels: the same, or a copy of it. */
type Outgoing = (process: Process, message: Json) => Json;

export class Network {
  readonly engine: Engine;
  readonly random: Random;
  readonly outgoing: Outgoing;
  readonly #machines = new Map<string, Machine>();
  readonly #paths = new Map<string, Path>();
  readonly #listening = new Map<Machine, Listening>();
  readonly #ends = new Map<Process, Set<End>>();

  constructor(engine: Engine, random: Random, outgoing: Outgoing) {
    this.engine = engine;
    this.random = random;
    this.outgoing = outgoing;
  }

  add(machine: Machine): void {
    for (const other of this.#machines.values()) {
      this.#paths.set(`${machine.name}>${other.name}`, new Path(machine, other));
      this.#paths.set(`${other.name}>${machine.name}`, new Path(other, machine));
    }
    this.#machines.set(machine.address, machine);
  }

  path(from: Machine, to: Machine): Path {
    return this.#paths.get(`${from.name}>${to.name}`) as Path;
  }

  /** Call after whatever may have opened paths. */
  reopened(): void {
    for (const path of this.#paths.values()) {
      if (!path.isOpen || path.held.size === 0) continue;
      const held = [...path.held];
      path.held.clear();
      for (const pipe of held) pipe.wake();
    }
  }

  /** Every connection of these two is reset. */
  resetBetween(a: Machine, b: Machine): void {
    for (const machine of [a, b])
      for (const end of machine.process === null ? [] : [...(this.#ends.get(machine.process) ?? [])])
        if (end.remoteAddress === (machine === a ? b : a).address) end.ended("read ECONNRESET");
  }

  died(process: Process): void {
    if (this.#listening.get(process.machine)?.process === process) this.#listening.delete(process.machine);
    const ends = this.#ends.get(process);
    this.#ends.delete(process);
    for (const end of ends ?? []) end.orphaned();
  }

  forget(end: End): void {
    this.#ends.get(end.process)?.delete(end);
  }

  /** What a process' link stands on. */
  endpoints(process: Process): Endpoints {
    return {
      clock: process.world,
      listen: async ({ identity, address, port, onConnection }) => {
        this.#listening.set(process.machine, { process, identity, onConnection });
        const stopListening = (): void => {
          if (this.#listening.get(process.machine)?.process === process)
            this.#listening.delete(process.machine);
        };
        return {
          address,
          port,
          stopListening,
          close: async () => {
            stopListening();
            for (const end of [...(this.#ends.get(process) ?? [])]) end.destroy("closed");
          },
        };
      },
      connect: ({ identity, address, timeoutMs, expectedFingerprint, signal }) =>
        new Promise((resolve) => {
          let isSettled = false;
          const settle = (result: Result<PeerConnection, ConnectFailure>): void => {
            if (isSettled) return;
            isSettled = true;
            cancelTimeout();
            resolve(result);
            this.engine.settled();
          };
          const cancelTimeout = process.world.after(timeoutMs, () =>
            settle(err({ code: "timeout", message: `no answer from ${address} within ${timeoutMs} ms` })),
          );
          signal?.addEventListener("abort", () => settle(err({ code: "unreachable", message: "given up" })), {
            once: true,
          });
          const target = this.#machines.get(address);
          // Nobody there: silence until the time is over.
          if (target === undefined || target === process.machine) return;
          const knock = (): void => {
            if (isSettled || !process.isAlive) return;
            this.#knock(process, identity, target, expectedFingerprint, settle, () => !isSettled);
            this.engine.after(synRepeatMs, knock);
          };
          knock();
        }),
    };
  }

  #knock(
    process: Process,
    identity: Identity,
    target: Machine,
    expected: Fingerprint | undefined,
    settle: (result: Result<PeerConnection, ConnectFailure>) => void,
    isWanted: () => boolean,
  ): void {
    const there = this.path(process.machine, target);
    const back = this.path(target, process.machine);
    const roundTripMs = there.delayMs + back.delayMs;
    const refuse = (): void => {
      this.engine.after(roundTripMs, () =>
        process.run(() =>
          settle(err({ code: "refused", message: `connect ECONNREFUSED ${target.address}` })),
        ),
      );
    };
    if (there.refusing > 0 && process.machine.isOn && there.blocked === 0) {
      refuse();
      return;
    }
    if (!there.isOpen || !back.isOpen) return;
    const listening = this.#listening.get(target);
    if (listening === undefined) {
      refuse();
      return;
    }
    // A process that stands still has a kernel that takes the connection, and nobody who answers on it.
    if (!listening.process.isRunning) return;
    this.engine.after(2 * roundTripMs, () => {
      if (!there.isOpen || !back.isOpen || !listening.process.isRunning) return;
      if (this.#listening.get(target) !== listening) {
        refuse();
        return;
      }
      process.run(() => {
        if (!isWanted()) return;
        const actual = listening.identity.fingerprint;
        if (expected !== undefined && actual !== expected) {
          settle(
            err({
              code: "wrong-key",
              message: `${target.address} proved another key than expected`,
              actualFingerprint: actual,
            }),
          );
          return;
        }
        const ours = new End(this, process, target, "us", actual);
        const theirs = new End(this, listening.process, process.machine, "peer", identity.fingerprint);
        ours.out = new Pipe(this, there, ours, theirs);
        theirs.out = new Pipe(this, back, theirs, ours);
        for (const end of [ours, theirs]) {
          const ends = this.#ends.get(end.process) ?? new Set();
          this.#ends.set(end.process, ends.add(end));
        }
        this.engine.after(there.delayMs, () => theirs.process.run(() => listening.onConnection(theirs)));
        settle(ok(ours));
      });
    });
  }
}
