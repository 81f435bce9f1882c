/**
 * One connection that is kept open as long as it lives: over HTTP it is used again and again, one request after the
 * other; over TCP it is only held, with the kernel's keepalive, since a prober does not know what to say there. When it
 * is cut, the next one is made and the cut is counted.
 */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { connect, type Socket } from "node:net";
import { monotonicMs } from "./monotonic.ts";
import { countBy } from "./outage.ts";
import { askHttp } from "./request.ts";
import { Ring } from "./ring.ts";
import type { ProbeTarget } from "./target.ts";

const keepaliveDelayMs = 1_000;
const cutsMax = 10_000;

export type HeldReport = {
  /** Connections that were cut, or given up because nothing came back over them. */
  readonly cuts: number;
  readonly reasons: Readonly<Record<string, number>>;
};

type Cut = { readonly at: number; readonly reason: string };

export class HeldConnection {
  readonly #target: ProbeTarget;
  readonly #timeoutMs: number;
  readonly #cuts = new Ring<Cut>(cutsMax);
  readonly #agent: HttpAgent;
  #busy = false;
  #established = false;
  #socket: Socket | undefined;
  #closed = false;

  constructor(target: ProbeTarget, timeoutMs: number) {
    this.#target = target;
    this.#timeoutMs = timeoutMs;
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent =
      target.kind === "https"
        ? new HttpsAgent({ ...options, rejectUnauthorized: false })
        : new HttpAgent(options);
  }

  /** Called each interval: uses the connection, or makes it. */
  use(): void {
    if (this.#busy || this.#closed) return;
    if (this.#target.kind === "tcp") this.#hold(this.#target);
    else this.#askOver(this.#target);
  }

  report(from: number, to: number): HeldReport {
    const cuts = this.#cuts.values().filter(({ at }) => at >= from && at <= to);
    return { cuts: cuts.length, reasons: countBy(cuts.map(({ reason }) => reason)) };
  }

  close(): void {
    this.#closed = true;
    this.#agent.destroy();
    this.#socket?.destroy();
  }

  #askOver(target: Extract<ProbeTarget, { url: string }>): void {
    this.#busy = true;
    const outgoing = askHttp(target, { agent: this.#agent }, this.#timeoutMs, ({ failure }) => {
      this.#busy = false;
      if (failure === "") this.#established = true;
      else this.#cut(failure);
    });
    outgoing.on("socket", (socket) => {
      if (socket === this.#socket) return;
      // A server that closes an idle connection in order leaves no error, only another socket.
      this.#cut("closed");
      this.#socket = socket;
    });
  }

  #hold({ host, port }: Extract<ProbeTarget, { kind: "tcp" }>): void {
    this.#busy = true;
    const socket = connect({ host, port, keepAlive: true, keepAliveInitialDelay: keepaliveDelayMs });
    this.#socket = socket;
    const timer = setTimeout(() => socket.destroy(), this.#timeoutMs);
    let reason = "closed";
    socket.on("connect", () => {
      clearTimeout(timer);
      this.#established = true;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      reason = error.code ?? error.message;
    });
    socket.on("close", () => {
      clearTimeout(timer);
      this.#busy = false;
      this.#cut(reason);
    });
    socket.resume();
  }

  /** One cut of a connection that was there; attempts to make another are none. */
  #cut(reason: string): void {
    if (this.#established && !this.#closed) this.#cuts.push({ at: monotonicMs(), reason });
    this.#established = false;
  }
}
