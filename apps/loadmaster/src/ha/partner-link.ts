/**
 * The link between the two units of a pair: mutual TLS 1.3 on TCP 6973, each end proving by the partner secret that it
 * belongs to the pair. Configuration goes one way, from the active to the standby: the whole document, pushed at once
 * when it changes and compared every 10 s (SPEC LH11). Neither end asks the other to decide who is active: that is CARP's.
 */
import { randomBytes } from "node:crypto";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import { equalBytes } from "@tandem/base/digest";
import type { Millis } from "@tandem/base/time";
import { emptyLedger, type Ledger, type Run } from "@tandem/fencing/ledger";
import type { Identity } from "@tandem/peer-link/identity";
import type { LedgerAnswer } from "../fencing/action-fence.ts";
import type { SharedContent } from "../state/document.ts";
import { givesWay } from "./active-elsewhere.ts";
import { pacifiedInWords } from "./pacified.ts";
import { PartnerConnection } from "./partner-connection.ts";
import {
  type Handshake,
  type LedgerMessage,
  linkVersionWithLedger,
  type PartnerMessage,
  type PartnerStatus,
  proofOf,
  unknownToVersion,
} from "./partner-messages.ts";

export const compareIntervalMs = 10_000;
export const answerTimeoutMs = 5_000;
/** A standby may have to check and load a configuration before it accepts. */
export const documentTimeoutMs = 30_000;
export const redialMs = 1_000;
/** The one that connects speaks every 10 s; silence for longer than this ends the connection. */
export const silenceMaxMs = 30_000;
export const connectionsMax = 8;
/** Ledger messages that may wait for the partner's answer; one more is not sent, and its action goes on alone. */
export const ledgerMessagesMax = 256;
/** For a part of the whole ledger, which no action waits for. */
export const ledgerPartTimeoutMs = 10_000;

export type PartnerState =
  | { readonly kind: "off" }
  | { readonly kind: "connecting"; readonly reason: string }
  /** The other end does not know the secret, or says that we do not. */
  | { readonly kind: "wrong-secret"; readonly reason: string }
  | { readonly kind: "up"; readonly status: PartnerStatus };

/** What came of *Force Partner Update*: what the partner now holds, or why it holds it not. */
export type UpdateOutcome =
  | { readonly taken: true; readonly revision: number; readonly digest: string }
  /** `lost`: the connection ended before there was an answer, so it may have been taken. */
  | { readonly taken: false; readonly reason: string; readonly lost?: true };

export type PartnerEvent =
  | { readonly event: "partner-connected"; readonly partner: string; readonly name: string }
  | { readonly event: "partner-lost"; readonly partner: string; readonly reason: string }
  | { readonly event: "partner-not-listened-to"; readonly address: string; readonly reason: string }
  | { readonly event: "partner-secret-wrong"; readonly client: string; readonly reason: string }
  | { readonly event: "configuration-sent"; readonly revision: number; readonly digest: string }
  | { readonly event: "configuration-not-accepted"; readonly reason: string };

export type PartnerSettings = {
  readonly ownAddress: string;
  /** Where the partner is listened to as well: it may have died while both moved to another interface. */
  readonly furtherAddresses?: readonly string[];
  readonly partner: string;
  readonly key: Uint8Array;
};

/** What the link needs to know and what it reports; the unit implements it. */
export type PartnerSide = {
  status(): PartnerStatus;
  shared(): SharedContent;
  /** The standby's part: put the document in force and on disk, or say in words why not. */
  receive(
    revision: number,
    digest: string,
    shared: SharedContent,
  ): Promise<{ accepted: true } | { accepted: false; reason: string }>;
  /** The partner now holds what we sent. */
  agreed(digest: string): void;
  /** The whole ledger of actions, in parts. */
  ledgerParts(): Ledger[];
  /** What the partner has: on this unit's disk when it resolves. */
  takeLedger(claim: Run | null, ledger: Ledger): Promise<LedgerAnswer>;
  /** What the partner answered to a part. */
  learnLedger(answer: LedgerAnswer): void;
  changed(state: PartnerState): void;
  observe(event: PartnerEvent): void;
};

export class PartnerLink {
  readonly #identity: Identity;
  readonly #port: number;
  readonly #side: PartnerSide;
  #settings: PartnerSettings | undefined;
  #servers: readonly Server[] = [];
  #outgoing: PartnerConnection | undefined;
  /** The connection to the partner that is being made. */
  #attempt: { readonly socket: TLSSocket; readonly begunAt: Millis } | undefined;
  /** Answers that are waited for on the connection to the partner, by the message's number. */
  readonly #ledgerWaits = new Map<number, (answer: LedgerAnswer | undefined) => void>();
  #ledgerMessages = 0;
  /** True: the partner may lack a part of the ledger, so it is sent the whole. */
  #ledgerUntold = true;
  readonly #incoming = new Set<TLSSocket>();
  #state: PartnerState = { kind: "off" };
  /** Grows with each new setting, so that loops for the old one end. */
  #generation = 0;
  #wake: (() => void) | undefined;
  #nudged = false;
  /** Who waits for the document to be sent whatever the partner says that it has. */
  #forced: ((outcome: UpdateOutcome) => void)[] = [];
  #complainedAt = new Map<string, number>();

  constructor(identity: Identity, port: number, side: PartnerSide) {
    this.#identity = identity;
    this.#port = port;
    this.#side = side;
  }

  get state(): PartnerState {
    return this.#state;
  }

  /** Begins with these settings, or ends with undefined; the same ones again change nothing. */
  async configure(settings: PartnerSettings | undefined): Promise<void> {
    const now = this.#settings;
    if (settings === undefined && now === undefined) return;
    if (
      settings !== undefined &&
      now !== undefined &&
      settings.ownAddress === now.ownAddress &&
      settings.furtherAddresses?.join() === now.furtherAddresses?.join() &&
      settings.partner === now.partner &&
      equalBytes(settings.key, now.key)
    )
      return;
    this.#settings = settings;
    this.#generation += 1;
    this.#complainedAt = new Map();
    this.#outgoing?.close("the settings of the pair have changed");
    for (const socket of this.#incoming) socket.destroy();
    const old = this.#servers;
    this.#servers = [];
    await Promise.all(old.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    if (settings === undefined) return this.#set({ kind: "off" });
    this.#set({ kind: "connecting", reason: `${settings.partner} has not been reached yet` });
    const generation = this.#generation;
    await this.#listen(settings, settings.ownAddress, generation);
    for (const address of settings.furtherAddresses ?? [])
      await this.#listen(settings, address, generation).catch((error: Error) =>
        this.#side.observe({ event: "partner-not-listened-to", address, reason: error.message }),
      );
    void this.#dial(settings, generation);
  }

  /** Role or configuration have changed: the partner is told at once. */
  nudge(): void {
    this.#nudged = true;
    this.#wake?.();
  }

  /** *Force Partner Update* (SPEC LH11): sends the document now, also to a partner that says it has the same. */
  forceUpdate(): Promise<UpdateOutcome> {
    const state = this.#state;
    if (state.kind === "off") return Promise.resolve({ taken: false, reason: "this unit has no partner" });
    if (state.kind !== "up") return Promise.resolve({ taken: false, reason: state.reason });
    return new Promise((resolve) => {
      this.#forced.push(resolve);
      this.nudge();
    });
  }

  close(): Promise<void> {
    return this.configure(undefined);
  }

  /** Tells the partner of the ledger; undefined when it is not there or does not answer in time. */
  tellLedger(claim: Run | null, ledger: Ledger, waitMs: number): Promise<LedgerAnswer | undefined> {
    const connection = this.#outgoing;
    const state = this.#state;
    const reachable =
      connection !== undefined && state.kind === "up" && state.status.version >= linkVersionWithLedger;
    if (!reachable || this.#ledgerWaits.size >= ledgerMessagesMax) {
      this.#ledgerUntold = true;
      return Promise.resolve(undefined);
    }
    this.#ledgerMessages += 1;
    const id = this.#ledgerMessages;
    return new Promise((resolve) => {
      const finish = (answer: LedgerAnswer | undefined): void => {
        clearTimeout(timer);
        this.#ledgerWaits.delete(id);
        if (answer === undefined) this.#ledgerUntold = true;
        resolve(answer);
      };
      const timer = setTimeout(() => finish(undefined), waitMs);
      this.#ledgerWaits.set(id, finish);
      connection.send({ type: "ledger", id, claim, ledger: ledger as LedgerOnWire });
    });
  }

  /** Whether the partner answers now: a connection may look well for a while after the machine at its end has died. */
  async answers(waitMs: number): Promise<boolean> {
    if (this.#state.kind !== "up") return false;
    // One of the first version knows no message that is answered at once.
    if (this.#state.status.version < linkVersionWithLedger) return true;
    return (await this.tellLedger(null, emptyLedger, waitMs)) !== undefined;
  }

  async #tellWholeLedger(): Promise<void> {
    this.#ledgerUntold = false;
    for (const part of this.#side.ledgerParts()) {
      const answer = await this.tellLedger(null, part, ledgerPartTimeoutMs);
      if (answer === undefined) return;
      this.#side.learnLedger(answer);
    }
  }

  /** On the connection that the partner opened. */
  async #takeLedger(connection: PartnerConnection, message: LedgerMessage): Promise<void> {
    if (message.type !== "ledger") return;
    const answer = await this.#side
      .takeLedger(message.claim, message.ledger as Ledger)
      .catch(() => undefined);
    // A disk that cannot be written gives no answer: the partner goes on alone, and says so.
    if (answer === undefined) return;
    const { accepted, ledger } = answer;
    connection.send({ type: "ledger-kept", id: message.id, accepted, ledger: ledger as LedgerOnWire });
  }

  #listen(settings: PartnerSettings, address: string, generation: number): Promise<void> {
    const server = createServer(
      {
        cert: this.#identity.certificatePem,
        key: this.#identity.privateKeyPem,
        requestCert: true,
        // The secret, not an authority, says who belongs to the pair.
        rejectUnauthorized: false,
        minVersion: "TLSv1.3",
        handshakeTimeout: answerTimeoutMs,
      },
      (socket) => void this.#serve(new PartnerConnection(socket), settings, generation),
    );
    server.maxConnections = connectionsMax;
    server.on("connection", (socket) => {
      this.#incoming.add(socket as TLSSocket);
      socket.on("close", () => this.#incoming.delete(socket as TLSSocket));
    });
    server.on("tlsClientError", () => {});
    this.#servers = [...this.#servers, server];
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, address, () => {
        server.off("error", reject);
        server.on("error", () => {});
        resolve();
      });
    });
  }

  /** The called end: prove, then answer what is asked until the connection ends. */
  async #serve(connection: PartnerConnection, settings: PartnerSettings, generation: number): Promise<void> {
    const callerFingerprint = connection.fingerprint;
    if (callerFingerprint === undefined) return connection.close("no certificate was shown");
    const calledNonce = randomBytes(32).toString("hex");
    const response = await connection.ask({ type: "challenge", nonce: calledNonce }, answerTimeoutMs);
    if (!response.ok || response.value.type !== "response")
      return connection.close("no response to the challenge");
    const handshake: Handshake = {
      key: settings.key,
      callerFingerprint,
      calledFingerprint: this.#identity.fingerprint,
      callerNonce: response.value.nonce,
      calledNonce,
    };
    if (!sameProof(response.value.proof, proofOf("caller", handshake))) {
      const reason =
        "the partner secret of the two units differs; set the same one on both with setpartnersecret";
      connection.send({ type: "refused", code: "wrong-secret", reason });
      connection.close(reason);
      this.#complain(connection.remoteAddress, reason);
      return;
    }
    connection.trust();
    connection.onLedger = (message) => void this.#takeLedger(connection, message);
    connection.send({ type: "welcome", proof: proofOf("called", handshake) });
    this.#isThere();
    while (generation === this.#generation) {
      const asked = await connection.receive(silenceMaxMs);
      if (!asked.ok) return;
      connection.send(await this.#answer(asked.value));
    }
    connection.close("the settings of the pair have changed");
  }

  /** A partner that calls can be called: an attempt from before it was there may hang for long. */
  #isThere(): void {
    if (this.#outgoing !== undefined) return;
    const attempt = this.#attempt;
    if (attempt === undefined) this.nudge();
    else if (performance.now() - attempt.begunAt > redialMs) {
      attempt.socket.destroy();
      this.nudge();
    }
  }

  async #answer(asked: PartnerMessage): Promise<PartnerMessage> {
    switch (asked.type) {
      case "status":
        this.#heard(asked);
        return this.#side.status();
      case "document": {
        const { revision, digest } = asked;
        const result = await this.#side.receive(revision, digest, asked.shared);
        return result.accepted
          ? { type: "accepted", revision, digest }
          : { type: "refused", code: "not-taken", reason: result.reason.slice(0, 1_000) };
      }
      case "challenge":
      case "response":
      case "welcome":
      case "accepted":
      case "refused":
      case "ledger":
      case "ledger-kept":
        return {
          type: "refused",
          code: "unexpected",
          reason: `a message of type ${asked.type} asks for nothing`,
        };
    }
  }

  /** What the partner says on its own connection counts at once, too: a role or document of its own that has changed. */
  #heard(theirs: PartnerStatus): void {
    if (this.#state.kind !== "up") return;
    const { status } = this.#state;
    this.#set({ kind: "up", status: theirs });
    this.#compare(theirs);
    if (
      status.role !== theirs.role ||
      status.digest !== theirs.digest ||
      status.hamode !== theirs.hamode ||
      status.pacified?.since !== theirs.pacified?.since
    )
      this.nudge();
  }

  /** Whoever is active: what both hold now is what a later change of one of them is measured against. */
  #compare(theirs: PartnerStatus): void {
    const { digest } = this.#side.status();
    if (theirs.digest === digest) this.#side.agreed(digest);
  }

  /** The calling end: connect, prove, tell and ask, again and again. */
  async #dial(settings: PartnerSettings, generation: number): Promise<void> {
    while (generation === this.#generation) {
      const outcome = await this.#connect(settings);
      if (generation !== this.#generation) {
        if (outcome.kind === "connection") outcome.connection.close("the settings of the pair have changed");
        return;
      }
      if (outcome.kind === "failed") this.#set(outcome.state);
      else {
        this.#outgoing = outcome.connection;
        this.#ledgerUntold = true;
        const reason = await this.#converse(outcome.connection, settings, generation);
        this.#outgoing = undefined;
        for (const finish of [...this.#ledgerWaits.values()]) finish(undefined);
        for (const finish of this.#forced.splice(0)) finish({ taken: false, reason, lost: true });
        if (generation !== this.#generation) return;
        this.#set({ kind: "connecting", reason });
      }
      await this.#pause(redialMs);
    }
  }

  async #connect(
    settings: PartnerSettings,
  ): Promise<
    { kind: "connection"; connection: PartnerConnection } | { kind: "failed"; state: PartnerState }
  > {
    const failed = (reason: string): { kind: "failed"; state: PartnerState } => ({
      kind: "failed",
      state: { kind: "connecting", reason: `${settings.partner}: ${reason}` },
    });
    const socket = connect({
      host: settings.partner,
      port: this.#port,
      // The types of tls.connect leave out what it hands on to net.connect.
      ...{ localAddress: settings.ownAddress },
      cert: this.#identity.certificatePem,
      key: this.#identity.privateKeyPem,
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
    });
    this.#attempt = { socket, begunAt: performance.now() };
    const problem = await new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(`no connection within ${answerTimeoutMs} ms`), answerTimeoutMs);
      timer.unref();
      socket.once("secureConnect", () => resolve(undefined));
      socket.once("error", (error) => resolve(error.message));
      socket.once("close", () => resolve("the connection was closed"));
    });
    this.#attempt = undefined;
    if (problem !== undefined) {
      socket.on("error", () => {});
      socket.destroy();
      return failed(problem);
    }
    const connection = new PartnerConnection(socket);
    const calledFingerprint = connection.fingerprint;
    const challenge = await connection.receive(answerTimeoutMs);
    if (!challenge.ok || challenge.value.type !== "challenge" || calledFingerprint === undefined) {
      connection.close("no challenge came");
      return failed(challenge.ok ? "it does not speak as a partner does" : challenge.error);
    }
    const handshake: Handshake = {
      key: settings.key,
      callerFingerprint: this.#identity.fingerprint,
      calledFingerprint,
      callerNonce: randomBytes(32).toString("hex"),
      calledNonce: challenge.value.nonce,
    };
    const answer = await connection.ask(
      { type: "response", nonce: handshake.callerNonce, proof: proofOf("caller", handshake) },
      answerTimeoutMs,
    );
    if (
      answer.ok &&
      answer.value.type === "welcome" &&
      sameProof(answer.value.proof, proofOf("called", handshake))
    ) {
      connection.trust();
      return { kind: "connection", connection };
    }
    connection.close("the partner is not who it should be");
    if (!answer.ok) return failed(answer.error);
    const reason =
      answer.value.type === "refused"
        ? answer.value.reason
        : "the other end does not know the partner secret";
    this.#complain(settings.partner, reason);
    return { kind: "failed", state: { kind: "wrong-secret", reason } };
  }

  /** Until the connection ends: status to and fro, the document when it is ours to send. Returns why it ended. */
  async #converse(
    connection: PartnerConnection,
    settings: PartnerSettings,
    generation: number,
  ): Promise<string> {
    const { partner } = settings;
    let name: string | undefined;
    connection.onEnd = () => {
      for (const finish of [...this.#ledgerWaits.values()]) finish(undefined);
      this.#wake?.();
    };
    connection.onLedger = (message) => {
      if (message.type === "ledger-kept")
        this.#ledgerWaits.get(message.id)?.({ accepted: message.accepted, ledger: message.ledger as Ledger });
    };
    for (;;) {
      const asked = await connection.ask(this.#side.status(), answerTimeoutMs);
      const problem = !asked.ok
        ? asked.error
        : asked.value.type === "status"
          ? undefined
          : "it answered no status";
      if (problem !== undefined || !asked.ok || asked.value.type !== "status") {
        connection.close("no status came");
        if (name !== undefined) this.#side.observe({ event: "partner-lost", partner, reason: problem ?? "" });
        return `${partner}: ${problem}`;
      }
      const theirs = asked.value;
      if (name === undefined) this.#side.observe({ event: "partner-connected", partner, name: theirs.name });
      name = theirs.name;
      this.#set({ kind: "up", status: theirs });
      this.#compare(theirs);
      if (this.#ledgerUntold && theirs.version >= linkVersionWithLedger) void this.#tellWholeLedger();
      if (generation !== this.#generation) return "the settings of the pair have changed";
      const forced = this.#forced.splice(0);
      const sent = await this.#push(connection, theirs, forced.length > 0);
      for (const finish of forced) finish(sent);
      // A document that was taken is compared at once; one that was not, at the next interval.
      if (!sent.taken) await this.#pause(compareIntervalMs);
    }
  }

  async #push(
    connection: PartnerConnection,
    theirs: PartnerStatus,
    isForced: boolean,
  ): Promise<UpdateOutcome> {
    const ours = this.#side.status();
    if (ours.role !== "master")
      return { taken: false, reason: "this unit is not active; ask the one that is, at the shared address" };
    if (theirs.role === "master" && !givesWay(theirs, ours))
      return { taken: false, reason: "the partner is active as well" };
    if (ours.hamode === theirs.hamode)
      return { taken: false, reason: `both units are set to HA mode ${ours.hamode}` };
    // It leaves that by an operator's order alone, so there is nothing to be told of it again and again.
    if (theirs.pacified !== undefined)
      return { taken: false, reason: pacifiedInWords("the partner", theirs.pacified) };
    const { revision, digest } = ours;
    if (theirs.digest === digest && theirs.revision === revision && !isForced)
      return { taken: false, reason: "the partner has it already" };
    const notTaken = (reason: string): UpdateOutcome => {
      this.#side.observe({ event: "configuration-not-accepted", reason });
      return { taken: false, reason };
    };
    const unknown = unknownToVersion(theirs.version, this.#side.shared());
    if (unknown.length > 0)
      return notTaken(`the partner's program is older and does not know ${unknown.join(", ")}; update it`);
    const answer = await connection.ask(
      { type: "document", revision, digest, shared: this.#side.shared() },
      documentTimeoutMs,
    );
    if (answer.ok && answer.value.type === "accepted" && answer.value.digest === digest) {
      this.#side.observe({ event: "configuration-sent", revision, digest });
      // Its own status would say so with its next words only.
      const state = this.#state;
      if (state.kind === "up") this.#set({ kind: "up", status: { ...state.status, revision, digest } });
      this.#side.agreed(digest);
      return { taken: true, revision, digest };
    }
    // The end of the connection is reported by itself.
    if (!answer.ok) return { taken: false, reason: answer.error, lost: true };
    return notTaken(answer.value.type === "refused" ? answer.value.reason : "an unexpected answer");
  }

  /** Ends early when something has changed, also when that was before it began. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), ms);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        this.#nudged = false;
        resolve();
      };
      if (this.#nudged) this.#wake();
    });
  }

  #set(state: PartnerState): void {
    this.#state = state;
    this.#side.changed(state);
  }

  /** One line a minute and client: somebody who tries all the time does not fill the log. */
  #complain(client: string, reason: string): void {
    const now = performance.now();
    if (now - (this.#complainedAt.get(client) ?? Number.NEGATIVE_INFINITY) < 60_000) return;
    if (this.#complainedAt.size > 100) this.#complainedAt = new Map();
    this.#complainedAt.set(client, now);
    this.#side.observe({ event: "partner-secret-wrong", client, reason });
  }
}

type LedgerOnWire = LedgerMessage["ledger"];

const sameProof = (a: string, b: string): boolean => equalBytes(Buffer.from(a, "hex"), Buffer.from(b, "hex"));
