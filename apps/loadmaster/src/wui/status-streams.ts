/**
 * The live status of a unit's pages (SPEC LH9): server-sent events (HTML Standard, 9.2) of what {@link HaView} says, at
 * every change, and at least every five seconds, so that a page notices when nobody speaks any more.
 */
import type { ServerResponse } from "node:http";
import { second } from "@tandem/base/time";
import { type HaView, haEvent } from "@tandem/loadmaster-api/ha-view";
import { securityHeaders } from "@tandem/web-serving/security-headers";

export const streamsMax = 32;
/** How often is looked for what no event tells: that something has lasted too long, that a session is over. */
export const lookEveryMs = second;
/** A page that hears nothing for a few times as long has lost the unit. */
export const speakEveryMs = 5 * second;
/** How long a reader may take nothing before it is given up. */
export const stuckMaxMs = 30 * second;

export type StatusSource = {
  view(localAddress: string): HaView;
  onChange(listener: () => void): () => void;
};

type Stream = {
  readonly response: ServerResponse;
  readonly localAddress: string;
  readonly goesOn: () => boolean;
  /** What was sent last, but for its time. */
  said: string;
  saidAt: number;
  /** Its reader takes nothing; what it missed is one message, the newest. */
  isFull: boolean;
};

export class StatusStreams {
  readonly #source: StatusSource;
  readonly #streams = new Set<Stream>();
  #timer: NodeJS.Timeout | undefined;
  #stopListening: (() => void) | undefined;

  constructor(source: StatusSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#streams.size;
  }

  get isFull(): boolean {
    return this.#streams.size >= streamsMax;
  }

  /** Takes the answer over; the caller has looked whether there is room. `goesOn`: whether its reader may still hear. */
  open(response: ServerResponse, localAddress: string, goesOn: () => boolean): void {
    const stream: Stream = { response, localAddress, goesOn, said: "", saidAt: 0, isFull: false };
    response.on("error", () => {});
    response.on("close", () => this.#forget(stream));
    response.on("drain", () => {
      stream.isFull = false;
      this.#speak(stream);
    });
    response.writeHead(200, {
      ...securityHeaders,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
    });
    this.#streams.add(stream);
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs);
    this.#stopListening ??= this.#source.onChange(() => {
      for (const each of this.#streams) this.#speak(each);
    });
    this.#speak(stream);
  }

  close(): void {
    for (const { response } of [...this.#streams]) response.destroy();
  }

  #look(): void {
    const now = performance.now();
    for (const stream of [...this.#streams]) {
      if (!stream.goesOn()) stream.response.end();
      else if (!stream.isFull) this.#speak(stream);
      else if (now - stream.saidAt >= stuckMaxMs) stream.response.destroy();
    }
  }

  #speak(stream: Stream): void {
    if (stream.isFull || stream.response.writableEnded) return;
    const view = this.#source.view(stream.localAddress);
    // The address has gone to the other unit, which its readers are to ask now.
    if (view.here === "shared address" && view.hastatus !== "Active") {
      stream.response.destroy();
      return;
    }
    const saying = JSON.stringify({ ...view, at: 0 });
    const now = performance.now();
    if (saying === stream.said && now - stream.saidAt < speakEveryMs) return;
    stream.said = saying;
    stream.saidAt = now;
    stream.isFull = !stream.response.write(`event: ${haEvent}\ndata: ${JSON.stringify(view)}\n\n`);
  }

  #forget(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }
}
