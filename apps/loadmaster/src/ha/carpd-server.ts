/** carpd's end of the local socket: takes messages of the unit, gives out the status. */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { FieldError } from "@tandem/base/result";
import {
  type CarpdMessage,
  decodeUnitMessage,
  encodeLine,
  LineReader,
  type UnitMessage,
} from "./carpd-protocol.ts";

/** The unit, its successor while it restarts, and somebody who looks. */
const clientsMax = 8;
/** A client that does not read is let go of, not waited for. */
const unreadMaxBytes = 1_048_576;

export type CarpdServerOptions = {
  readonly path: string;
  /** What a new client is told at once; null before there is anything to tell. */
  readonly greeting: () => CarpdMessage | null;
  /** Answers with the faults of the message; none when it is heeded. */
  readonly onMessage: (message: UnitMessage) => readonly FieldError[];
  /** A client that has spoken, and not only looked on, is the unit: it is there, or the last such has gone. */
  readonly onUnit: (presence: "here" | "away") => void;
};

export class CarpdServer {
  readonly #options: CarpdServerOptions;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #units = new Set<Socket>();

  constructor(options: CarpdServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.maxConnections = clientsMax;
  }

  /** A socket that an earlier process left behind is replaced: the caller holds the lock of the state directory. */
  async listen(): Promise<void> {
    const { path } = this.#options;
    rmSync(path, { force: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    // The mode is narrowed from the first moment on: the umask holds while bind(2) makes the file.
    const umask = process.umask(0o177);
    this.#server.listen(path, resolve);
    process.umask(umask);
    await promise;
    chmodSync(path, 0o600);
  }

  broadcast(message: CarpdMessage): void {
    for (const socket of this.#clients) this.#send(socket, message);
  }

  /** Ends every connection and removes the socket. */
  close(): void {
    for (const socket of this.#clients) socket.destroy();
    this.#server.close();
    rmSync(this.#options.path, { force: true });
  }

  #serve(socket: Socket): void {
    this.#clients.add(socket);
    const lines = new LineReader();
    socket.setEncoding("utf8");
    socket.on("close", () => {
      this.#clients.delete(socket);
      if (this.#units.delete(socket) && this.#units.size === 0) this.#options.onUnit("away");
    });
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: string) => {
      const complete = lines.push(chunk);
      if (complete) for (const line of complete) this.#heed(socket, line);
      else {
        this.#send(socket, refusal("message-too-long", "a line is too long", "send one JSON object a line"));
        socket.destroySoon();
      }
    });
    const greeting = this.#options.greeting();
    if (greeting) this.#send(socket, greeting);
  }

  #heed(socket: Socket, line: string): void {
    const message = decodeUnitMessage(line);
    if (!message.ok) {
      this.#send(
        socket,
        refusal("message-malformed", message.error, "send configure, demote, handover or stop"),
      );
      return;
    }
    if (!this.#units.has(socket)) {
      this.#units.add(socket);
      this.#options.onUnit("here");
    }
    const errors = this.#options.onMessage(message.value);
    if (errors.length > 0) this.#send(socket, { type: "refused", errors: [...errors] });
  }

  #send(socket: Socket, message: CarpdMessage): void {
    if (socket.writableLength > unreadMaxBytes) socket.destroy();
    else if (socket.writable) socket.write(encodeLine(message));
  }
}

const refusal = (code: string, message: string, remedy: string): CarpdMessage => ({
  type: "refused",
  errors: [{ code, field: "message", message, remedy }],
});
