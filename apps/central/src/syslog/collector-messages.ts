/** What the main thread and the collector's thread say to each other. */
import type { LogDay } from "@tandem/storage/log-store";

export type CollectorSettings = {
  /** Where it listens, UDP and TCP. Port 0 takes a free one. */
  readonly address: string;
  readonly port: number;
  /** Where the days' files are. */
  readonly folder: string;
  readonly retentionDays: number;
};

/** Why lines were not kept. */
export type DropReason =
  /** The kernel's receive buffer was full. */
  | "kernelBufferFull"
  /** Too many lines waited to be written. */
  | "waitingLinesFull"
  /** Senders that are no device sent too many. */
  | "unknownSenders"
  /** Connections turned away, each counted as one. */
  | "tooManyConnections"
  /** Nothing was in it. */
  | "empty";

export type ListenerStatus = {
  readonly protocol: "udp" | "tcp";
  readonly address: string;
  /** The one it has, else the one it wants. */
  readonly port: number;
  /** Null while it listens. */
  readonly error: string | null;
  /** As the kernel granted it; null for TCP and while it does not listen. */
  readonly receiveBufferBytes: number | null;
};

/** Counts are since the collector started. */
export type CollectorStatus = {
  readonly listeners: readonly ListenerStatus[];
  readonly received: number;
  readonly stored: number;
  readonly dropped: { readonly [reason in DropReason]: number };
  /** Longer than the bound; the rest was cut off. */
  readonly cut: number;
  /** Without a valid priority. */
  readonly malformed: number;
  readonly waiting: number;
  readonly connections: number;
  /** Average of the last 60 s. */
  readonly linesPerSecond: number;
  readonly unknownSenders: readonly { readonly address: string; readonly lines: number }[];
  /** Why lines cannot be written at the moment. */
  readonly writeError: string | null;
  readonly days: readonly LogDay[];
};

/** For the timeline and the log. */
export type SyslogEvent = {
  readonly severity: "info" | "warning" | "error";
  readonly code: string;
  readonly message: string;
};

/** Address → id of the device or HA group that has it. */
export type Senders = ReadonlyMap<string, string>;

export type CollectorStart = { readonly settings: CollectorSettings; readonly senders: Senders };

export type CollectorOrder =
  | { readonly type: "senders"; readonly senders: Senders }
  | { readonly type: "set-aside"; readonly day: string; readonly reason: string }
  | { readonly type: "stop" };

export type CollectorReport =
  | { readonly type: "status"; readonly status: CollectorStatus }
  | { readonly type: "event"; readonly event: SyslogEvent }
  | { readonly type: "stopped" };
