/**
 * Sends what the unit logs to its syslog hosts, by UDP or TCP (SPEC CH2). Each host has a queue of its own: one that
 * does not answer delays no other. A queue that is full loses its oldest message, counted, and the host is told of the
 * number with the next message that gets out.
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { type SyslogLevel, type SyslogSettings, syslogLevels } from "@tandem/loadmaster-api/syslog-levels";
import { framed, type Severity, severityOf, syslogMessage } from "./message.ts";

export const queuedMessagesMax = 1_000;
export const redialMinMs = 1_000;
export const redialMaxMs = 30_000;
export const connectTimeoutMs = 5_000;
/** How long messages may still get out when the unit stops. */
export const drainMs = 1_000;
const drainPollMs = 10;

export type HostReport = {
  readonly host: string;
  readonly state: "sending" | "connecting";
  readonly reason?: string;
  readonly queued: number;
  readonly dropped: number;
};

type Queued = {
  readonly severity: Severity;
  readonly at: number;
  readonly event: string;
  readonly details: object;
  readonly sequence: number;
};

export class SyslogSender {
  #hostname = "";
  #key = "";
  #lanes: readonly Lane[] = [];
  readonly #localAddress: (host: string) => string | undefined;

  /** `localAddress`: the unit's own address to send from, by which receivers know it; undefined: the system's choice. */
  constructor(localAddress: (host: string) => string | undefined) {
    this.#localAddress = localAddress;
  }

  /**
   * Other settings end the present connections; the same ones again change nothing. `addressOf`: where a host is that the
   * unit knows by itself, or its name.
   */
  configure(
    settings: SyslogSettings,
    hostname: string,
    addressOf: (host: string) => string = (host) => host,
  ): void {
    this.#hostname = hostname;
    const key = JSON.stringify([settings, settings.hosts.map(({ host }) => addressOf(host))]);
    if (key === this.#key) return;
    this.#key = key;
    const before = this.#lanes;
    this.#lanes = settings.hosts.map(({ host, level }) => {
      const facts: LaneFacts = {
        host,
        port: settings.port,
        severity: severityOfLevel(level),
        framing: settings.framing,
        target: addressOf(host),
        localAddress: this.#localAddress(addressOf(host)),
        hostname: () => this.#hostname,
      };
      return settings.protocol === "udp" ? new UdpLane(facts) : new TcpLane(facts);
    });
    for (const lane of before) lane.close();
  }

  send(level: "info" | "warn" | "error", event: string, details: object): void {
    const severity = severityOf(level, event);
    for (const lane of this.#lanes) lane.take(severity, event, details);
  }

  get report(): HostReport[] {
    return this.#lanes.map((lane) => lane.report);
  }

  /** What is queued still gets out, if that is possible within a bound. */
  async close(): Promise<void> {
    const deadline = performance.now() + drainMs;
    while (
      performance.now() < deadline &&
      this.#lanes.some(({ report }) => report.state === "sending" && report.queued > 0)
    )
      await new Promise((resolve) => setTimeout(resolve, drainPollMs));
    for (const lane of this.#lanes) lane.close();
    this.#lanes = [];
    this.#key = "";
  }
}

const severityOfLevel = (level: SyslogLevel): number =>
  syslogLevels.find((each) => each.level === level)?.severity ?? 0;

type LaneFacts = {
  readonly host: string;
  /** What is dialled: its address, or its name for the machine to look up. */
  readonly target: string;
  readonly port: number;
  /** The least urgent that the host wants. */
  readonly severity: number;
  readonly framing: SyslogSettings["framing"];
  readonly localAddress: string | undefined;
  hostname(): string;
};

/** The queue of one host. */
abstract class Lane {
  protected readonly facts: LaneFacts;
  protected readonly queue: Queued[] = [];
  protected reason: string | undefined;
  #dropped = 0;
  #droppedUntold = 0;
  #sequence = 0;

  constructor(facts: LaneFacts) {
    this.facts = facts;
  }

  abstract close(): void;
  /** Sends what can be sent now. */
  protected abstract flush(): void;
  protected abstract get sending(): boolean;

  take(severity: Severity, event: string, details: object): void {
    if (severity > this.facts.severity) return;
    this.#sequence += 1;
    this.queue.push({ severity, at: Date.now(), event, details, sequence: this.#sequence });
    if (this.queue.length > queuedMessagesMax) {
      this.queue.shift();
      this.#drop();
    }
    this.flush();
  }

  get report(): HostReport {
    return {
      host: this.facts.host,
      state: this.sending ? "sending" : "connecting",
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      queued: this.queue.length,
      dropped: this.#dropped,
    };
  }

  /** The oldest message, said in full; what was lost before it is told with it. */
  protected next(): Buffer | undefined {
    const queued = this.queue.shift();
    if (queued === undefined) return undefined;
    const lost = this.#droppedUntold;
    this.#droppedUntold = 0;
    return syslogMessage({
      ...queued,
      hostname: this.facts.hostname(),
      details: lost === 0 ? queued.details : { ...queued.details, messagesLostBefore: lost },
    });
  }

  #drop(): void {
    this.#dropped += 1;
    this.#droppedUntold += 1;
  }

  /** A message that was taken from the queue and did not get out. */
  protected lost(reason: string): void {
    this.reason = reason;
    this.#drop();
  }
}

/** A datagram each; whether one arrives is never known. */
class UdpLane extends Lane {
  readonly #socket: UdpSocket;
  #open = true;

  constructor(facts: LaneFacts) {
    super(facts);
    this.#socket = createSocket("udp4");
    this.#socket.on("error", (error) => {
      this.reason = error.message;
    });
    if (facts.localAddress !== undefined) this.#socket.bind({ address: facts.localAddress });
    this.#socket.unref();
  }

  protected get sending(): boolean {
    return this.#open;
  }

  protected flush(): void {
    if (!this.#open) return;
    for (let message = this.next(); message !== undefined; message = this.next())
      this.#socket.send(message, this.facts.port, this.facts.target, (error) => {
        if (error) this.lost(error.message);
        else this.reason = undefined;
      });
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    // A datagram that waits for a name to be looked up is given up.
    setTimeout(() => this.#socket.close(), drainPollMs);
  }
}

class TcpLane extends Lane {
  #socket: Socket | undefined;
  #connected = false;
  #closed = false;
  #redialMs = redialMinMs;
  #redial: NodeJS.Timeout | undefined;

  constructor(facts: LaneFacts) {
    super(facts);
    this.#dial();
  }

  protected get sending(): boolean {
    return this.#connected;
  }

  protected flush(): void {
    const socket = this.#socket;
    if (!this.#connected || socket === undefined) return;
    // What does not fit into the socket's buffer stays in the queue, where it is bounded.
    while (!socket.writableNeedDrain) {
      const message = this.next();
      if (message === undefined) return;
      socket.write(framed(message, this.facts.framing));
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#redial);
    const socket = this.#socket;
    this.#connected = false;
    socket?.end();
    setTimeout(() => socket?.destroy(), drainMs).unref();
  }

  #dial(): void {
    const { target, port, localAddress } = this.facts;
    const socket = connect({ host: target, port, ...(localAddress === undefined ? {} : { localAddress }) });
    this.#socket = socket;
    socket.setTimeout(connectTimeoutMs, () => socket.destroy(new Error("no connection in time")));
    socket.unref();
    socket.on("connect", () => {
      socket.setTimeout(0);
      socket.setKeepAlive(true, redialMaxMs);
      this.#connected = true;
      this.#redialMs = redialMinMs;
      this.reason = undefined;
      this.flush();
    });
    socket.on("drain", () => this.flush());
    // A receiver says nothing; what it may say is not read for anything.
    socket.resume();
    socket.on("error", (error) => {
      this.reason = error.message;
    });
    socket.on("close", () => {
      this.#connected = false;
      if (this.#closed) return;
      this.reason ??= "the connection was closed";
      this.#redial = setTimeout(() => this.#dial(), this.#redialMs);
      this.#redial.unref();
      this.#redialMs = Math.min(2 * this.#redialMs, redialMaxMs);
    });
  }
}
