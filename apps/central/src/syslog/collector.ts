/**
 * Receives syslog and keeps it (SPEC CH2). Runs in a thread of its own with everything it needs, sockets and store:
 * no load of the API delays it, and none of its delays the API.
 */
import type { Cancel, World } from "@tandem/base/world";
import { dayOf, type LogLine, type LogStore } from "@tandem/storage/log-store";
import { syslogLineMaxBytes } from "@tandem/syslog/constants";
import type { SyslogMessage } from "@tandem/syslog/message";
import { parseSyslog } from "@tandem/syslog/parse";
import type {
  CollectorReport,
  CollectorSettings,
  CollectorStatus,
  DropReason,
  Senders,
  SyslogEvent,
} from "./collector-messages.ts";
import {
  batchLinesMax,
  batchWaitMs,
  dropEventIntervalMs,
  expireIntervalMs,
  pauseAboveLines,
  retryDelayMs,
  statusIntervalMs,
  unknownLinesPerSecondMax,
  unknownSendersMax,
  waitingLinesMax,
} from "./constants.ts";
import { TcpListener, UdpListener } from "./listeners.ts";

const secondsAveraged = 60;

const dropWords: { readonly [reason in DropReason]: string | null } = {
  kernelBufferFull:
    "datagrams arrived faster than they could be read; raise net.core.rmem_max, or let the senders use TCP",
  waitingLinesFull: "too many lines wait to be written; see why writing fails or is slow",
  unknownSenders: "senders that are no device of the tree send too many lines; see who in the status",
  tooManyConnections: "too many TCP connections at the same time",
  empty: null,
};

export class Collector {
  readonly #world: World;
  readonly #store: LogStore;
  readonly #settings: CollectorSettings;
  readonly #report: (report: CollectorReport) => void;
  readonly #udp: UdpListener;
  readonly #tcp: TcpListener;
  #senders: Senders = new Map();
  #waiting: LogLine[] = [];
  #flushTimer: Cancel | undefined;
  #tickTimer: Cancel = () => {};
  #writeFailures = 0;
  #writeError: string | null = null;
  #received = 0;
  #receivedBefore = 0;
  #stored = 0;
  #cut = 0;
  #malformed = 0;
  #unknownThisSecond = 0;
  #expiredAt = Number.NEGATIVE_INFINITY;
  #dropsToldAt = Number.NEGATIVE_INFINITY;
  readonly #perSecond: number[] = [];
  readonly #unknown = new Map<string, number>();
  readonly #dropped: { [reason in DropReason]: number } = {
    kernelBufferFull: 0,
    waitingLinesFull: 0,
    unknownSenders: 0,
    tooManyConnections: 0,
    empty: 0,
  };

  constructor(options: {
    readonly world: World;
    readonly store: LogStore;
    readonly settings: CollectorSettings;
    readonly report: (report: CollectorReport) => void;
  }) {
    const { world, store, settings, report } = options;
    this.#world = world;
    this.#store = store;
    this.#settings = settings;
    this.#report = report;
    const ports = {
      world,
      received: (source: string, bytes: Uint8Array, isCut: boolean) => this.#take(source, bytes, isCut),
      onEvent: (event: SyslogEvent) => this.event(event),
      turnedAway: () => this.#drop("tooManyConnections"),
    };
    const { address, port } = settings;
    this.#udp = new UdpListener(address, port, ports);
    // A free port is one that both can have: UDP takes the one that TCP got.
    this.#tcp = new TcpListener(address, port, ports, (bound) => {
      if (port === 0) this.#udp.start(bound);
    });
  }

  start(): void {
    this.#tcp.start();
    if (this.#settings.port !== 0) this.#udp.start(this.#settings.port);
    this.#tick();
  }

  setSenders(senders: Senders): void {
    this.#senders = senders;
    for (const address of this.#unknown.keys()) if (senders.has(address)) this.#unknown.delete(address);
  }

  event(event: SyslogEvent): void {
    this.#report({ type: "event", event });
  }

  /** Nothing more is received; what was received is written, as far as it can be. */
  stop(): void {
    this.#tickTimer();
    this.#tcp.stop();
    this.#udp.stop();
    this.#flush();
    this.#flushTimer?.();
    this.#store.close();
  }

  status(): CollectorStatus {
    const seconds = Math.max(1, this.#perSecond.length);
    return {
      listeners: [this.#udp.status(), this.#tcp.status()],
      received: this.#received,
      stored: this.#stored,
      dropped: { ...this.#dropped },
      cut: this.#cut,
      malformed: this.#malformed,
      waiting: this.#waiting.length,
      connections: this.#tcp.connections,
      linesPerSecond: this.#perSecond.reduce((sum, lines) => sum + lines, 0) / seconds,
      unknownSenders: [...this.#unknown].map(([address, lines]) => ({ address, lines })),
      writeError: this.#writeError,
      days: this.#store.days(),
    };
  }

  #take(source: string, bytes: Uint8Array, wasCut: boolean): void {
    this.#received += 1;
    const device = this.#senders.get(source) ?? null;
    const isCut = wasCut || bytes.length > syslogLineMaxBytes;
    const length = Math.min(bytes.length, syslogLineMaxBytes);
    const parsed = parseSyslog(Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("utf8"));
    const refusal = this.#refusal(source, device, parsed);
    if (refusal !== null) {
      this.#drop(refusal);
      return;
    }
    if (parsed.severity === null) this.#malformed += 1;
    if (isCut) this.#cut += 1;
    this.#waiting.push({ receivedAt: Math.floor(this.#world.wall()), source, device, ...parsed });
    if (this.#writeFailures > 0) {
      if (this.#waiting.length > pauseAboveLines) this.#tcp.setPaused(true);
    } else if (this.#waiting.length >= batchLinesMax) this.#flush();
    else this.#flushTimer ??= this.#world.after(batchWaitMs, () => this.#flush());
  }

  #refusal(source: string, device: string | null, parsed: SyslogMessage): DropReason | null {
    if (parsed.severity === null && parsed.message === "") return "empty";
    if (device === null && !this.#allowsUnknown(source)) return "unknownSenders";
    return this.#waiting.length >= waitingLinesMax ? "waitingLinesFull" : null;
  }

  #allowsUnknown(source: string): boolean {
    const lines = this.#unknown.get(source);
    if (lines !== undefined || this.#unknown.size < unknownSendersMax)
      this.#unknown.set(source, (lines ?? 0) + 1);
    this.#unknownThisSecond += 1;
    return this.#unknownThisSecond <= unknownLinesPerSecondMax;
  }

  #drop(reason: DropReason, lines = 1): void {
    this.#dropped[reason] += lines;
    const words = dropWords[reason];
    const now = this.#world.now();
    if (words === null || now - this.#dropsToldAt < dropEventIntervalMs) return;
    this.#dropsToldAt = now;
    this.event({ severity: "warning", code: "syslog-dropped", message: `syslog is being lost: ${words}` });
  }

  /** Lines leave the queue only once they are written; until then TCP senders wait, and the queue is bounded. */
  #flush(): void {
    this.#flushTimer?.();
    this.#flushTimer = undefined;
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#nextBatch();
        this.#store.append(batch);
        this.#stored += batch.length;
        this.#waiting.splice(0, batch.length);
      }
    } catch (error) {
      this.#writingFailed(error as Error);
      return;
    }
    if (this.#writeFailures > 0)
      this.event({ severity: "info", code: "syslog-written", message: "received lines are written again" });
    this.#writeFailures = 0;
    this.#writeError = null;
    this.#tcp.setPaused(false);
  }

  /** Of one day: what the store takes whole or not at all, so that nothing is written twice. */
  #nextBatch(): readonly LogLine[] {
    const batch = this.#waiting.slice(0, batchLinesMax);
    const day = dayOf((batch[0] as LogLine).receivedAt);
    const end = batch.findIndex(({ receivedAt }) => dayOf(receivedAt) !== day);
    return end === -1 ? batch : batch.slice(0, end);
  }

  #writingFailed(error: Error): void {
    this.#writeError = `${error.message}: check that the disk of the state folder has room and may be written`;
    if (this.#writeFailures === 0)
      this.event({
        severity: "error",
        code: "syslog-not-written",
        message: `received lines cannot be written: ${this.#writeError}; the newest ${waitingLinesMax} wait`,
      });
    this.#flushTimer = this.#world.after(retryDelayMs(this.#writeFailures), () => this.#flush());
    this.#writeFailures += 1;
  }

  #tick(): void {
    this.#tickTimer = this.#world.after(statusIntervalMs, () => this.#tick());
    this.#perSecond.push(this.#received - this.#receivedBefore);
    if (this.#perSecond.length > secondsAveraged) this.#perSecond.shift();
    this.#receivedBefore = this.#received;
    this.#unknownThisSecond = 0;
    const kernelDrops = this.#udp.newDrops();
    if (kernelDrops > 0) this.#drop("kernelBufferFull", kernelDrops);
    const now = this.#world.now();
    if (now - this.#expiredAt >= expireIntervalMs) {
      this.#expiredAt = now;
      this.#expire();
    }
    this.#report({ type: "status", status: this.status() });
  }

  #expire(): void {
    const { retentionDays } = this.#settings;
    try {
      const expired = this.#store.expire(dayOf(this.#world.wall()), retentionDays);
      if (expired.length > 0)
        this.event({
          severity: "info",
          code: "syslog-expired",
          message: `logs older than ${retentionDays} days were deleted: ${expired.join(", ")}`,
        });
    } catch (error) {
      this.event({
        severity: "warning",
        code: "syslog-not-expired",
        message: `logs older than ${retentionDays} days could not be deleted: ${(error as Error).message}; it is tried again within the hour`,
      });
    }
  }
}
