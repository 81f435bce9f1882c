/**
 * The unit's HTTPS server. It listens on addresses one by one, never on all, so that virtual services may use its port on
 * other addresses; all listeners lead to one Fastify instance.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import cookie from "@fastify/cookie";
import { type Failure, failure } from "@tandem/loadmaster-api/envelope";
import { backupMaxBytes } from "@tandem/loadmaster-api/keeping-parameters";
import type { Identity } from "@tandem/peer-link/identity";
import { securityHeaders } from "@tandem/web-serving/security-headers";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { registerWui, type Wui } from "../wui/routes.ts";
import type { StatusStreams } from "../wui/status-streams.ts";
import { bodyText, type Connection, dispatch, dropped, type Gate, type Handlers } from "./dispatch.ts";
import { registerVersion1 } from "./version1.ts";

export const bodyMaxBytes = 2 * 1024 * 1024;
/** A backup that is restored may be larger: in base64, and what stands around it. */
export const largeBodyMaxBytes = Math.ceil((backupMaxBytes * 4) / 3) + 64 * 1024;
/** Bodies above {@link bodyMaxBytes}, or of unknown length, that are read at a time: whoever sends one need not be signed in. */
export const largeBodiesMax = 4;
export const requestTimeoutMs = 60_000;
/** As RFC 9110 writes it. Some clients send something else, which then counts as nothing. */
const mediaType = /^[!#$%&'*+.^`|~\w-]+\/[!#$%&'*+.^`|~\w-]+\s*(;|$)/;
export const connectionsPerAddressMax = 200;
/** How long calls under way may go on when the unit stops. */
export const drainMs = 1_000;

export class ApiServer {
  readonly #fastify: FastifyInstance;
  readonly #identity: Identity;
  readonly #port: number;
  readonly #streams: StatusStreams;
  readonly #listeners = new Map<string, Server>();
  #turn: Promise<unknown> = Promise.resolve();
  #closing = false;

  constructor(options: {
    readonly identity: Identity;
    readonly port: number;
    readonly gate: Gate;
    readonly handlers: Handlers;
    readonly wui: Wui;
    readonly failed: (error: Error) => void;
  }) {
    this.#identity = options.identity;
    this.#port = options.port;
    const fastify = Fastify({
      logger: false,
      bodyLimit: largeBodyMaxBytes,
      requestTimeout: requestTimeoutMs,
      serverFactory: (handler) => createServer({}, handler),
    });
    // Clients send JSON under any content type, or under none.
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    fastify.addHook("onRequest", async ({ raw: { headers } }) => {
      if (!mediaType.test(headers["content-type"] ?? "")) delete headers["content-type"];
    });
    let largeBodies = 0;
    fastify.addHook("onRequest", async ({ raw: { headers } }, reply) => {
      const length =
        headers["transfer-encoding"] === undefined ? Number(headers["content-length"] ?? 0) : Infinity;
      // A length beyond the limit is refused before anything is read.
      if (length <= bodyMaxBytes || (Number.isFinite(length) && length > largeBodyMaxBytes)) return;
      if (largeBodies >= largeBodiesMax)
        return reply
          .code(503)
          .header("connection", "close")
          .send(
            failure({
              code: 503,
              message: `${largeBodiesMax} large bodies are being read already; try again`,
            }),
          );
      largeBodies += 1;
      reply.raw.once("close", () => {
        largeBodies -= 1;
      });
    });
    fastify.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
      const code = error.statusCode ?? 500;
      if (code >= 500) options.failed(error);
      const refusal: Failure =
        code === 413
          ? { code, message: `body: it is longer than ${largeBodyMaxBytes} bytes; send less at a time` }
          : code >= 500
            ? { code: 500, message: "the unit has failed at this; its log says why" }
            : { code: 400, message: `the request cannot be read: ${error.message}` };
      return reply.code(refusal.code).send(failure(refusal));
    });
    fastify.addHook("onSend", async (_request, reply, payload) => {
      reply.headers(securityHeaders);
      return payload;
    });
    fastify.register(cookie);
    for (const url of ["/accessv2", "/accessv2/*"])
      fastify.post(url, async (request, reply) => {
        const envelope = await dispatch(
          bodyText(request.body),
          { ...connectionOf(request), browser: options.wui.sessions.caller(request, Date.now()) },
          options.gate,
          options.handlers,
        );
        if (envelope === dropped) return hangUp(request, reply);
        return reply.code(envelope.code).header("cache-control", "no-store").send(envelope);
      });
    registerVersion1(fastify, options.gate, options.handlers, connectionOf, hangUp);
    fastify.register((scope) => registerWui(scope, options.wui, connectionOf));
    this.#fastify = fastify;
    this.#streams = options.wui.streams;
  }

  get addresses(): string[] {
    return [...this.#listeners.keys()];
  }

  /** Listens on exactly these addresses; rejects when one of them cannot be listened on, the others then being served. */
  listenOn(addresses: readonly string[]): Promise<void> {
    const turn = this.#turn.then(() => this.#listenOn(addresses));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #listenOn(addresses: readonly string[]): Promise<void> {
    if (this.#closing) return;
    await this.#fastify.ready();
    const gone = [...this.#listeners].filter(([address]) => !addresses.includes(address));
    // Calls under way go on: one of them may be the very one that changes the addresses.
    for (const [address, server] of gone) {
      this.#listeners.delete(address);
      server.close();
      server.closeIdleConnections();
    }
    const failures: Error[] = [];
    for (const address of addresses) {
      if (this.#listeners.has(address)) continue;
      try {
        this.#listeners.set(address, await this.#listen(address));
      } catch (error) {
        failures.push(error as Error);
      }
    }
    const [first] = failures;
    if (first !== undefined) throw first;
  }

  async close(): Promise<void> {
    this.#closing = true;
    // What is about to listen would go on listening, since nobody would close it.
    await this.#turn;
    const servers = [...this.#listeners.values()];
    this.#listeners.clear();
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    this.#streams.close();
    for (const server of servers) server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const server of servers) server.closeAllConnections();
    }, drainMs);
    await Promise.all(closed);
    clearTimeout(timer);
    await this.#fastify.close();
  }

  #listen(address: string): Promise<Server> {
    const server = createServer(
      {
        cert: this.#identity.certificatePem,
        key: this.#identity.privateKeyPem,
        minVersion: "TLSv1.2",
        requestTimeout: requestTimeoutMs,
      },
      (request: IncomingMessage, response: ServerResponse) => this.#fastify.routing(request, response),
    );
    server.maxConnections = connectionsPerAddressMax;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: address, port: this.#port, exclusive: true }, () => {
        server.off("error", reject);
        server.on("error", () => {});
        resolve(server);
      });
    });
  }
}

/** Ends the connection without an answer. */
function hangUp(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}

const connectionOf = ({ raw: { socket } }: FastifyRequest): Connection => ({
  localAddress: socket.localAddress ?? "",
  remoteAddress: socket.remoteAddress ?? "",
});
