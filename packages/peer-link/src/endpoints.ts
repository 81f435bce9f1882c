/**
 * What the link stands on, as a seam: connections whose other end has proved its key, and a clock. The real ones
 * are TLS and the process's own timers; the simulator puts a virtual network in their place and drives the very
 * same link.
 */
import type { Result } from "@tandem/base/result";
import type { Cancel, World } from "@tandem/base/world";
import {
  type ConnectFailure,
  type Connection,
  type ConnectOptions,
  connectTls,
  type Listener,
  type ListenOptions,
  listenTls,
} from "./tls-endpoints.ts";

export type PeerConnection = Pick<
  Connection,
  | "peerFingerprint"
  | "openedBy"
  | "remoteAddress"
  | "trust"
  | "onMessage"
  | "onClose"
  | "send"
  | "close"
  | "destroy"
> &
  Partial<Pick<Connection, "fault">>;
export type PeerListener = Pick<Listener, "address" | "port" | "stopListening" | "close">;

export type Endpoints = {
  readonly clock: Pick<World, "now" | "after">;
  /** Rejects with the system's error when the address or port cannot be had. */
  listen(
    options: Omit<ListenOptions, "onConnection"> & {
      readonly onConnection: (connection: PeerConnection) => void;
    },
  ): Promise<PeerListener>;
  /** Never rejects: what can go wrong is in `ConnectFailure`. */
  connect(options: ConnectOptions): Promise<Result<PeerConnection, ConnectFailure>>;
};

export const tlsEndpoints: Endpoints = {
  clock: {
    now: () => performance.now(),
    after(delayMs, body): Cancel {
      const timer = setTimeout(body, delayMs);
      return () => clearTimeout(timer);
    },
  },
  listen: listenTls,
  connect: connectTls,
};
