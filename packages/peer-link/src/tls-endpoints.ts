/**
 * TLS 1.3 in which both ends show a certificate and neither asks an authority: who the other end is, is the
 * SHA-256 of its public key (`peerFingerprint`), proved by the handshake. A caller either pins it
 * (`expectedFingerprint`), or looks at it in `onConnection` and decides before it calls `onMessage`: no byte
 * of the other end's is read until then. Frames are small until the caller says `trust()`.
 */
import { type AddressInfo, isIP, type Socket } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import type { Json } from "@tandem/base/canonical-json";
import type { Fingerprint } from "@tandem/base/ids";
import { err, ok, type Result } from "@tandem/base/result";
import { second } from "@tandem/base/time";
import { encodeFrame, FrameReader, frameBeforeTrustMaxBytes, frameMaxBytes } from "./frames.ts";
import { fingerprintOf, type Identity } from "./identity.ts";

/** What may wait in a connection's send buffer; above it messages are dropped and counted, as a lost packet is. */
const sendBufferMaxBytes = 2 * frameMaxBytes;
const handshakeTimeoutMs = 5 * second;
const keepAliveDelayMs = 10 * second;
const serverConnectionsMax = 64;
/** How long a connection that we close may take to hand over what is already in its buffer. */
const closeLingerMs = 1 * second;

export type ConnectFailure =
  /** Something answered that nothing listens there (ECONNREFUSED): the machine, or a firewall in its name. */
  | { readonly code: "refused"; readonly message: string }
  | { readonly code: "unreachable"; readonly message: string }
  | { readonly code: "timeout"; readonly message: string }
  | { readonly code: "wrong-key"; readonly message: string; readonly actualFingerprint: Fingerprint }
  /** Something listens there, and does not speak our TLS. */
  | { readonly code: "not-tls"; readonly message: string };

/** One authenticated byte stream. Messages are JSON values, in order, each whole or not at all. */
export class Connection {
  readonly peerFingerprint: Fingerprint;
  readonly ownFingerprint: Fingerprint;
  readonly openedBy: "us" | "peer";
  readonly remoteAddress: string;
  readonly counters = { sent: 0, received: 0, droppedBufferFull: 0, droppedTooLong: 0, droppedClosed: 0 };
  readonly #socket: TLSSocket;
  readonly #reader = new FrameReader(frameBeforeTrustMaxBytes);
  #message: ((message: Json) => void) | undefined;
  #closed: ((reason: string) => void) | undefined;
  #reason: string | undefined;
  #fault: string | undefined;
  #isClosed = false;

  constructor(socket: TLSSocket, openedBy: "us" | "peer", own: Fingerprint, peer: Fingerprint) {
    this.#socket = socket;
    this.openedBy = openedBy;
    this.ownFingerprint = own;
    this.peerFingerprint = peer;
    this.remoteAddress = socket.remoteAddress ?? "";
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveDelayMs);
    socket.on("error", (error) => {
      this.#reason ??= error.message;
    });
    socket.on("close", () => this.#ended());
    // allowHalfOpen is off: the other end's close ends the connection in both directions.
    socket.on("end", () => {
      this.#reason ??= "closed by the other end";
    });
  }

  /** From here on messages of the usual size (`frameMaxBytes`) are accepted: the other end has proved who it is. */
  trust(): void {
    this.#reader.maxBytes = frameMaxBytes;
  }

  /** Starts reading. Until the first call nothing that the other end sends is looked at. */
  onMessage(handler: (message: Json) => void): void {
    const first = this.#message === undefined;
    this.#message = handler;
    if (first) this.#socket.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  /** Called once, with the reason in words; at once (in a later turn) when the connection has closed already. */
  onClose(handler: (reason: string) => void): void {
    this.#closed = handler;
    if (this.#isClosed) queueMicrotask(() => handler(this.#reason ?? "closed"));
  }

  /** What the other end sent that is no frame, for which the connection was closed; a frame that merely ended early is no fault but a cut. */
  get fault(): string | undefined {
    return this.#fault;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** False when the message was dropped: connection closed, buffer full, or longer than a frame (each has a counter). */
  send(message: Json): boolean {
    if (this.#isClosed || this.#reason !== undefined || this.#socket.destroyed || !this.#socket.writable) {
      this.counters.droppedClosed += 1;
      return false;
    }
    const frame = encodeFrame(message, frameMaxBytes);
    if (!frame.ok) {
      this.counters.droppedTooLong += 1;
      return false;
    }
    if (this.#socket.writableLength + frame.value.length > sendBufferMaxBytes) {
      this.counters.droppedBufferFull += 1;
      return false;
    }
    this.counters.sent += 1;
    this.#socket.write(frame.value);
    return true;
  }

  /** Sends what is in the buffer, then closes; the other end sees an orderly end. */
  close(reason: string): void {
    if (this.#isClosed || this.#reason !== undefined) return;
    this.#reason = reason;
    this.#socket.end();
    const linger = setTimeout(() => this.#socket.destroy(), closeLingerMs);
    linger.unref();
    this.#socket.once("close", () => clearTimeout(linger));
  }

  /** Drops the connection with what is in its buffer. */
  destroy(reason: string): void {
    this.#reason ??= reason;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    // After close() what still arrives is not handled: the caller has let go of this connection.
    if (this.#reason !== undefined) return;
    for (const next of this.#reader.push(chunk)) {
      if (!next.ok) {
        this.#fault =
          next.error.code === "frame-too-long"
            ? `the other end announced a frame of ${next.error.bytes} bytes; at most ${next.error.maxBytes} are accepted`
            : `the other end sent a malformed frame (${next.error.code})`;
        this.destroy(this.#fault);
        return;
      }
      this.counters.received += 1;
      this.#message?.(next.value);
      if (this.#reason !== undefined) return;
    }
  }

  #ended(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closed?.(this.#reason ?? "closed");
  }
}

const tlsOptions = (identity: Identity) =>
  ({
    key: identity.privateKeyPem,
    cert: identity.certificatePem,
    minVersion: "TLSv1.3",
    // The chain is not checked because there is none; the key is, by fingerprint.
    rejectUnauthorized: false,
  }) as const;

const peerFingerprintOf = (socket: TLSSocket): Fingerprint | undefined => {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : fingerprintOf(certificate);
};

export type Listener = {
  readonly address: string;
  readonly port: number;
  /** Handshakes that came to nothing: no certificate, not TLS, timed out, or one connection too many. */
  readonly counters: { accepted: number; failedHandshakes: number };
  /** Stops listening; connections that are open stay. */
  stopListening(): void;
  /** Stops listening and drops the connections that are still open. */
  close(): Promise<void>;
};

export type ListenOptions = {
  readonly identity: Identity;
  readonly address: string;
  /** 0 takes a free port; the listener says which. */
  readonly port: number;
  readonly onConnection: (connection: Connection) => void;
  readonly onHandshakeFailure?: (remoteAddress: string, message: string) => void;
};

/** Listens; rejects with the system's error when the address or port cannot be had. */
export function listenTls(options: ListenOptions): Promise<Listener> {
  const counters = { accepted: 0, failedHandshakes: 0 };
  const sockets = new Set<Socket>();
  const failed = (socket: Socket, message: string): void => {
    counters.failedHandshakes += 1;
    options.onHandshakeFailure?.(socket.remoteAddress ?? "", message);
    socket.destroy();
  };
  const server = createServer({
    ...tlsOptions(options.identity),
    requestCert: true,
    handshakeTimeout: handshakeTimeoutMs,
    allowHalfOpen: false,
  });
  server.maxConnections = serverConnectionsMax;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", (error, socket) => failed(socket, error.message));
  server.on("secureConnection", (socket) => {
    const fingerprint = peerFingerprintOf(socket);
    if (fingerprint === undefined) return failed(socket, "the other end showed no certificate");
    counters.accepted += 1;
    options.onConnection(new Connection(socket, "peer", options.identity.fingerprint, fingerprint));
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.address, port: options.port }, () => {
      server.removeListener("error", reject);
      server.on("error", (error) => options.onHandshakeFailure?.("", error.message));
      const { address, port } = server.address() as AddressInfo;
      const closed = new Promise<void>((resolveClosed) => server.once("close", resolveClosed));
      const stopListening = (): void => {
        if (server.listening) server.close();
      };
      const close = (): Promise<void> => {
        stopListening();
        for (const socket of sockets) socket.destroy();
        return closed;
      };
      resolve({ address, port, counters, stopListening, close });
    });
  });
}

export type ConnectOptions = {
  readonly identity: Identity;
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** The key the other end must prove; without it the caller judges `peerFingerprint` itself. */
  readonly expectedFingerprint?: Fingerprint;
  /** The own address to connect from, where it matters. */
  readonly localAddress?: string;
  readonly signal?: AbortSignal;
};

const failureOf = (error: NodeJS.ErrnoException): ConnectFailure => {
  const code = error.code ?? "";
  if (code === "ECONNREFUSED") return { code: "refused", message: error.message };
  if (code === "ETIMEDOUT") return { code: "timeout", message: error.message };
  // What OpenSSL complains of, and a connection that is cut during the handshake: somebody is there, but not one of ours.
  if (code.startsWith("ERR_SSL") || code === "ECONNRESET" || code === "EPROTO")
    return { code: "not-tls", message: error.message };
  return { code: "unreachable", message: error.message };
};

/** Connects and completes the handshake within `timeoutMs`. Never rejects: what can go wrong is in `ConnectFailure`. */
export function connectTls(options: ConnectOptions): Promise<Result<Connection, ConnectFailure>> {
  return new Promise((resolve) => {
    const socket = connect({
      ...tlsOptions(options.identity),
      host: options.address,
      port: options.port,
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
      ...(isIP(options.address) === 0 ? { servername: options.address } : {}),
      checkServerIdentity: () => undefined,
    });
    const timer = setTimeout(
      () =>
        fail({
          code: "timeout",
          message: `no answer from ${options.address}:${options.port} within ${options.timeoutMs} ms`,
        }),
      options.timeoutMs,
    );
    const aborted = (): void => fail({ code: "unreachable", message: "given up" });
    options.signal?.addEventListener("abort", aborted, { once: true });
    const settled = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", aborted);
      socket.removeListener("error", failed);
    };
    const fail = (failure: ConnectFailure): void => {
      settled();
      socket.on("error", () => undefined);
      socket.destroy();
      resolve(err(failure));
    };
    const failed = (error: NodeJS.ErrnoException): void => fail(failureOf(error));
    socket.on("error", failed);
    socket.once("secureConnect", () => {
      const actual = peerFingerprintOf(socket);
      if (actual === undefined)
        return fail({ code: "not-tls", message: "the other end showed no certificate" });
      if (options.expectedFingerprint !== undefined && actual !== options.expectedFingerprint)
        return fail({
          code: "wrong-key",
          message: `${options.address}:${options.port} proved another key than expected`,
          actualFingerprint: actual,
        });
      settled();
      resolve(ok(new Connection(socket, "us", options.identity.fingerprint, actual)));
    });
    if (options.signal?.aborted) aborted();
  });
}
