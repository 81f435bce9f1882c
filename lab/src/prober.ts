/**
 * The client that never stops asking: a new HTTP connection every 10 ms, whatever became of the ones before.
 * `node prober.ts <control socket> <address> <port>`; whoever connects to the control socket sends one line
 * `{"from":ms,"to":ms}` (monotonic) and gets one line, a {@link ProberReport}.
 */
import { rmSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import type { ClientView, Sample } from "./outage.ts";
import { clientView, quantile, succeeded } from "./outage.ts";

const intervalMs = 10;
/** Until the first answer there is nothing to measure, and no need to hurry. */
const intervalBeforeFirstAnswerMs = 100;
const requestTimeoutMs = 1_000;
const inFlightMax = 128;
/** Twenty minutes at a hundred requests a second. */
const samplesMax = 120_000;
const bodyMaxBytes = 4_096;
const controlLineMaxBytes = 1_024;

export type ProberReport = {
  readonly view: ClientView;
  /** Requests begun in the window that have neither been answered nor failed yet; the view leaves them out. */
  readonly pending: number;
  /** How late the prober's own timer was in the window, and how many turns it left out: its error of measurement. */
  readonly timer: {
    readonly lateP50Ms: number;
    readonly lateP99Ms: number;
    readonly lateMaxMs: number;
    readonly skippedInFlight: number;
    readonly missedTurns: number;
  };
};

/** Milliseconds of CLOCK_MONOTONIC, the same for every process of the machine. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/** A bounded memory of the newest items. */
class Ring<Item> {
  readonly #items: Item[] = [];
  readonly #max: number;
  #next = 0;

  constructor(max: number) {
    this.#max = max;
  }

  push(item: Item): void {
    this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#max;
  }

  values(): readonly Item[] {
    return this.#items;
  }
}

type Turn = {
  readonly at: number;
  readonly late: number;
  readonly missed: number;
  readonly skipped: boolean;
};

function probe(address: string, port: number, control: string): void {
  const samples = new Ring<Sample>(samplesMax);
  const turns = new Ring<Turn>(samplesMax);
  const inFlight = new Map<symbol, number>();
  let answered = false;

  const ask = (): void => {
    const start = monotonicMs();
    const own = Symbol();
    inFlight.set(own, start);
    const settle = (status: number, server: string, failure: string): void => {
      // Only the first of an answer, an error and the time-out counts.
      if (!inFlight.delete(own)) return;
      clearTimeout(timer);
      const sample = { start, end: monotonicMs(), status, server, failure };
      samples.push(sample);
      if (succeeded(sample)) answered = true;
    };
    const outgoing = request({
      host: address,
      port,
      path: "/",
      agent: false,
      headers: { connection: "close" },
    });
    const timer = setTimeout(() => {
      settle(0, "", "timeout");
      outgoing.destroy();
    }, requestTimeoutMs);
    outgoing.on("error", (error: NodeJS.ErrnoException) => settle(0, "", error.code ?? error.message));
    outgoing.on("response", (response) => {
      let received = 0;
      response.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (received > bodyMaxBytes) outgoing.destroy(new Error("answer too long"));
      });
      response.on("error", (error: NodeJS.ErrnoException) => settle(0, "", error.code ?? error.message));
      response.on("end", () => {
        const server = response.headers["x-served-by"];
        if (response.complete) settle(response.statusCode ?? 0, typeof server === "string" ? server : "", "");
        else settle(0, "", "incomplete");
      });
    });
    outgoing.end();
  };

  let due = monotonicMs();
  const turn = (): void => {
    const now = monotonicMs();
    const late = Math.max(0, now - due);
    const interval = answered ? intervalMs : intervalBeforeFirstAnswerMs;
    // A timer may fire a fraction of a millisecond early.
    const missed = Math.max(0, Math.floor(late / interval));
    const skipped = inFlight.size >= inFlightMax;
    turns.push({ at: now, late, missed, skipped });
    if (!skipped) ask();
    due += (missed + 1) * interval;
    setTimeout(turn, Math.max(0, due - monotonicMs()));
  };
  turn();

  const report = (from: number, to: number): ProberReport => {
    const window = turns.values().filter((item) => item.at >= from && item.at <= to);
    const late = window.map((item) => item.late);
    return {
      view: clientView(samples.values(), from, to),
      pending: [...inFlight.values()].filter((start) => start >= from && start <= to).length,
      timer: {
        lateP50Ms: quantile(late, 0.5),
        lateP99Ms: quantile(late, 0.99),
        lateMaxMs: quantile(late, 1),
        skippedInFlight: window.filter((item) => item.skipped).length,
        missedTurns: window.reduce((sum, item) => sum + item.missed, 0),
      },
    };
  };

  rmSync(control, { force: true });
  const server = createServer((socket) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > controlLineMaxBytes) socket.destroy();
      if (!text.includes("\n")) return;
      const window = parseWindow(text);
      socket.end(`${JSON.stringify(window ? report(window.from, window.to) : { error: "not a window" })}\n`);
    });
  });
  server.listen(control, () => {
    process.stdout.write(`${JSON.stringify({ event: "ready", asking: `http://${address}:${port}/` })}\n`);
  });
}

function parseWindow(text: string): { readonly from: number; readonly to: number } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("from" in value) || !("to" in value))
      return undefined;
    const { from, to } = value;
    return typeof from === "number" && typeof to === "number" ? { from, to } : undefined;
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const [control, address, port] = process.argv.slice(2);
  if (control === undefined || address === undefined || port === undefined) {
    process.stderr.write("usage: prober.ts <control socket> <address> <port>\n");
    process.exit(2);
  }
  process.umask(0o077);
  probe(address, Number(port), control);
}
