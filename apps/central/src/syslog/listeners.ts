/** The two sockets of the collector. Each listens by itself and tries again for as long as it cannot. */
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer, isIPv6, type Server, type Socket } from "node:net";
import { minute } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import { SyslogFrames } from "@tandem/syslog/framing";
import type { ListenerStatus, SyslogEvent } from "./collector-messages.ts";
import { connectionsMax, receiveBufferBytes, retryDelayMs } from "./constants.ts";
import { dropsIn, tableOf } from "./kernel-drops.ts";
import { listenFault } from "./listen-fault.ts";

export type ListenerPorts = {
  readonly world: World;
  /** One message; `bytes` is valid during the call alone. */
  readonly received: (source: string, bytes: Uint8Array, isCut: boolean) => void;
  readonly onEvent: (event: SyslogEvent) => void;
};

/** An IPv4 sender on an IPv6 socket is known by its IPv4 address. */
const sourceOf = (address: string | undefined): string => (address ?? "unknown").replace(/^::ffff:/, "");

/** Tries to have something until it has it; tells of the first failure and of the success after one. */
class Persistent {
  readonly #world: World;
  readonly #protocol: "udp" | "tcp";
  readonly #address: string;
  readonly #onEvent: (event: SyslogEvent) => void;
  readonly #attempt: () => void;
  #failures = 0;
  #cancel: Cancel = () => {};
  error: string | null = "not yet listening";

  constructor(
    protocol: "udp" | "tcp",
    address: string,
    { world, onEvent }: Pick<ListenerPorts, "world" | "onEvent">,
    attempt: () => void,
  ) {
    this.#world = world;
    this.#protocol = protocol;
    this.#address = address;
    this.#onEvent = onEvent;
    this.#attempt = attempt;
  }

  succeeded(port: number): void {
    if (this.#failures > 0)
      this.#onEvent({
        severity: "info",
        code: "syslog-listening",
        message: `syslog is received on ${this.#protocol} ${this.#address}:${port} again`,
      });
    this.#failures = 0;
    this.error = null;
  }

  failed(port: number, error: Error): void {
    this.error = listenFault(this.#protocol, this.#address, port, error);
    if (this.#failures === 0)
      this.#onEvent({
        severity: "error",
        code: "syslog-not-listening",
        message: `syslog is not received: ${this.error}; it is tried again and again`,
      });
    this.#cancel();
    this.#cancel = this.#world.after(retryDelayMs(this.#failures), this.#attempt);
    this.#failures += 1;
  }

  stop(): void {
    this.#cancel();
  }
}

export class UdpListener {
  readonly #address: string;
  readonly #ports: ListenerPorts;
  readonly #persistent: Persistent;
  #port: number;
  #socket: DatagramSocket | undefined;
  #bufferBytes: number | null = null;
  #dropsSeen = 0;

  constructor(address: string, port: number, ports: ListenerPorts) {
    this.#address = address;
    this.#port = port;
    this.#ports = ports;
    this.#persistent = new Persistent("udp", address, ports, () => this.#open());
  }

  start(port: number): void {
    this.#port = port;
    this.#open();
  }

  #open(): void {
    const socket = createSocket({
      type: isIPv6(this.#address) ? "udp6" : "udp4",
      recvBufferSize: receiveBufferBytes,
    });
    this.#socket = socket;
    socket.on("message", (bytes, { address }) => this.#ports.received(sourceOf(address), bytes, false));
    socket.on("error", (error) => {
      if (this.#socket !== socket) return;
      this.#close();
      this.#persistent.failed(this.#port, error);
    });
    socket.on("listening", () => {
      this.#port = socket.address().port;
      this.#bufferBytes = socket.getRecvBufferSize();
      this.#dropsSeen = 0;
      this.#persistent.succeeded(this.#port);
    });
    socket.bind({ address: this.#address, port: this.#port, exclusive: true });
  }

  /** Datagrams that the kernel dropped since this was last asked. */
  newDrops(): number {
    if (this.#socket === undefined || this.#bufferBytes === null) return 0;
    try {
      const table = readFileSync(tableOf(this.#address), "latin1");
      const drops = dropsIn(table, this.#address, this.#port) ?? this.#dropsSeen;
      const fresh = Math.max(0, drops - this.#dropsSeen);
      this.#dropsSeen = drops;
      return fresh;
    } catch {
      // A system without that table counts nothing.
      return 0;
    }
  }

  status(): ListenerStatus {
    return {
      protocol: "udp",
      address: this.#address,
      port: this.#port,
      error: this.#persistent.error,
      receiveBufferBytes: this.#bufferBytes,
    };
  }

  stop(): void {
    this.#persistent.stop();
    this.#close();
  }

  #close(): void {
    this.#socket?.close();
    this.#socket = undefined;
    this.#bufferBytes = null;
  }
}

export class TcpListener {
  readonly #address: string;
  readonly #ports: ListenerPorts & { readonly turnedAway: () => void };
  readonly #persistent: Persistent;
  readonly #connections = new Set<Socket>();
  readonly #onListening: (port: number) => void;
  #port: number;
  #server: Server | undefined;
  #isPaused = false;

  constructor(
    address: string,
    port: number,
    ports: ListenerPorts & { readonly turnedAway: () => void },
    onListening: (port: number) => void = () => {},
  ) {
    this.#address = address;
    this.#port = port;
    this.#ports = ports;
    this.#onListening = onListening;
    this.#persistent = new Persistent("tcp", address, ports, () => this.start());
  }

  start(): void {
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    server.maxConnections = connectionsMax;
    server.on("drop", () => this.#ports.turnedAway());
    server.on("error", (error) => {
      if (this.#server !== server) return;
      server.close();
      this.#persistent.failed(this.#port, error);
    });
    server.listen({ host: this.#address, port: this.#port, exclusive: true }, () => {
      const bound = server.address();
      if (typeof bound === "object" && bound !== null) this.#port = bound.port;
      this.#persistent.succeeded(this.#port);
      this.#onListening(this.#port);
    });
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** While paused nothing is read, and the kernel makes the senders wait. */
  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    for (const socket of this.#connections) {
      if (isPaused) socket.pause();
      else socket.resume();
    }
  }

  status(): ListenerStatus {
    const error = this.#persistent.error;
    return { protocol: "tcp", address: this.#address, port: this.#port, error, receiveBufferBytes: null };
  }

  stop(): void {
    this.#persistent.stop();
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#connections) socket.destroy();
  }

  #accept(socket: Socket): void {
    const source = sourceOf(socket.remoteAddress);
    const frames = new SyslogFrames();
    this.#connections.add(socket);
    socket.setKeepAlive(true, minute);
    if (this.#isPaused) socket.pause();
    socket.on("data", (chunk) => {
      for (const { bytes, isCut } of frames.push(chunk)) this.#ports.received(source, bytes, isCut);
    });
    socket.on("close", () => {
      this.#connections.delete(socket);
      const last = frames.end();
      if (last) this.#ports.received(source, last.bytes, last.isCut);
    });
    // A connection that breaks off is closed next.
    socket.on("error", () => {});
  }
}
