/**
 * HTTPS to a server whose certificate is known by its key's fingerprint, not by an authority (DESIGN "Identity").
 * The fingerprint is compared before a byte of the request is sent, so that no password or key reaches another server.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import type { Duplex, Readable } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import type { Fingerprint } from "@tandem/base/ids";
import type { Transport, WireAnswer, WireRequest } from "./call.ts";

export const requestTimeoutMsDefault = 15_000;
const answerMaxBytes = 64 * 1024 * 1024;

export type ServerAddress = { readonly host: string; readonly port: number };

/** The server showed another key than the pinned one; nothing was sent to it. */
export class FingerprintMismatch extends Error {
  override name = "FingerprintMismatch";
  readonly expected: Fingerprint;
  readonly seen: Fingerprint;

  constructor(expected: Fingerprint, seen: Fingerprint) {
    super(`the server's certificate has fingerprint ${seen}, expected ${expected}`);
    this.expected = expected;
    this.seen = seen;
  }
}

/** The server could not be reached, or went away before it answered. `code` is Node's (`ECONNREFUSED`) or "TIMEOUT". */
export class ServerUnreachable extends Error {
  override name = "ServerUnreachable";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** SHA-256 of the public key (SPKI DER) that the server showed, as 64 hexadecimal digits. */
export function shownFingerprint(socket: TLSSocket): Fingerprint | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return undefined;
  return createHash("sha256")
    .update(certificate.publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/** Connects, reads the fingerprint that the server shows, and hangs up. Throws {@link ServerUnreachable}. */
export function readFingerprint(
  server: ServerAddress,
  timeoutMs = requestTimeoutMsDefault,
): Promise<Fingerprint> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.host, port: server.port, rejectUnauthorized: false });
    socket.setTimeout(timeoutMs, () => socket.destroy(timeOut(server, timeoutMs)));
    socket.once("error", (error) => reject(unreachableServer(server, error)));
    socket.once("secureConnect", () => {
      const seen = shownFingerprint(socket);
      socket.destroy();
      if (seen === undefined)
        reject(new ServerUnreachable("NOCERT", `${server.host}:${server.port} showed no certificate`));
      else resolve(seen);
    });
  });
}

class PinningAgent extends Agent {
  readonly #expected: Fingerprint;
  readonly #timeoutMs: number;

  constructor(expected: Fingerprint, timeoutMs: number) {
    super({ keepAlive: true, maxSockets: 8, timeout: timeoutMs });
    this.#expected = expected;
    this.#timeoutMs = timeoutMs;
  }

  override createConnection(
    options: RequestOptions,
    done?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | undefined {
    const socket = connect({
      host: options.host ?? "",
      port: Number(options.port),
      rejectUnauthorized: false,
      minVersion: "TLSv1.2",
      timeout: this.#timeoutMs,
    });
    let settled = false;
    const settle = (error: Error | null): void => {
      if (settled) return;
      settled = true;
      if (error) socket.destroy();
      done?.(error, socket);
    };
    socket.once("error", settle);
    socket.once("timeout", () => {
      settle(new ServerUnreachable("TIMEOUT", `no connection within ${this.#timeoutMs} ms`));
    });
    socket.once("close", () => settle(new ServerUnreachable("ECONNRESET", "the connection was closed")));
    socket.once("secureConnect", () => {
      const seen = shownFingerprint(socket) ?? "";
      settle(seen === this.#expected ? null : new FingerprintMismatch(this.#expected, seen));
    });
    return undefined;
  }
}

export type PinnedTransport = {
  readonly send: Transport;
  /** As `send`, with a file as the body or as the answer: it is read as it comes, and whatever its length. */
  readonly stream: (wire: WireRequest, file?: Readable) => Promise<IncomingMessage>;
  close(): void;
};

/** A transport to `server` that pins `fingerprint`. `headers` (such as the API key's) go with every request. */
export function pinnedTransport(
  server: ServerAddress,
  fingerprint: Fingerprint,
  headers: () => Readonly<Record<string, string>>,
  onHeaders?: (headers: Readonly<Record<string, string | readonly string[] | undefined>>) => void,
  timeoutMs = requestTimeoutMsDefault,
): PinnedTransport {
  const agent = new PinningAgent(fingerprint, timeoutMs);
  const stream: PinnedTransport["stream"] = (wire, file) =>
    new Promise((resolve, reject) => {
      const body = wire.body === undefined ? undefined : Buffer.from(wire.body);
      const request = httpsRequest({
        agent,
        host: server.host,
        port: server.port,
        method: wire.method,
        path: wire.path,
        headers: {
          ...wire.headers,
          ...headers(),
          ...(body ? { "content-length": String(body.length) } : {}),
        },
        timeout: timeoutMs,
      });
      request.once("timeout", () => request.destroy(timeOut(server, timeoutMs)));
      request.once("error", (error) =>
        reject(error instanceof FingerprintMismatch ? error : unreachableServer(server, error)),
      );
      request.once("response", (response) => {
        onHeaders?.(response.headers);
        resolve(response);
      });
      if (file === undefined) request.end(body);
      else {
        // An answer that comes before the file has gone is a refusal; the rest of it is not sent then.
        file.once("error", (error) => request.destroy(error));
        request.once("close", () => file.destroy());
        file.pipe(request);
      }
    });
  const send: Transport = async (wire) => collected(server, await stream(wire));
  return { send, stream, close: () => agent.destroy() };
}

/** The whole of an answer that is not a file. */
export function collected(server: ServerAddress, response: IncomingMessage): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    response.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes > answerMaxBytes)
        response.destroy(new ServerUnreachable("TOOLONG", "the answer is too long"));
      else parts.push(part);
    });
    response.once("error", (error) => reject(unreachableServer(server, error)));
    response.once("end", () =>
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString("utf8") }),
    );
  });
}

const timeOut = (server: ServerAddress, timeoutMs: number): ServerUnreachable =>
  new ServerUnreachable("TIMEOUT", `${server.host}:${server.port} did not answer within ${timeoutMs} ms`);

const unreachableServer = (server: ServerAddress, error: Error & { code?: string }): ServerUnreachable =>
  error instanceof ServerUnreachable
    ? error
    : new ServerUnreachable(
        error.code ?? "UNKNOWN",
        `${server.host}:${server.port} cannot be reached: ${error.message}`,
      );
