/**
 * The client that asks each millisecond: a datagram that is to come back. `udp-prober.ts <control socket> <address>
 * <port>`; whoever connects to the control socket sends one line `{"from":ms,"to":ms}` (monotonic) and gets one line,
 * a {@link UdpReport}.
 */
import { createSocket } from "node:dgram";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { monotonicMs } from "@tandem/probe/monotonic";
import { quantile } from "../quantiles.ts";

export const udpIntervalMs = 1;
/** Two minutes and more. */
const samplesMax = 2 ** 17;
/** An answer that is younger than this may still come. */
const pendingMs = 100;

export type UdpReport = {
  readonly sent: number;
  readonly lost: number;
  /** The longest time between two probes that were answered, less the interval. */
  readonly outageMs: number;
  /** When the last probe was sent that was answered, and the last that was not; monotonic, 0 for none. */
  readonly lastAnsweredAt: number;
  readonly lastLostAt: number;
  /** How late the prober's own timer was: its error of measurement. */
  readonly lateP50Ms: number;
  readonly lateP99Ms: number;
  readonly lateMaxMs: number;
};

function probe(control: string, address: string, port: number): void {
  const sentAt = new Float64Array(samplesMax);
  const lateMs = new Float64Array(samplesMax);
  const isAnswered = new Uint8Array(samplesMax);
  let next = 0;
  const socket = createSocket("udp4");
  socket.on("error", () => undefined);
  socket.on("message", (message) => {
    if (message.length !== 4) return;
    const sequence = message.readUInt32BE();
    if (sequence < next && sequence >= next - samplesMax) isAnswered[sequence % samplesMax] = 1;
  });
  let due = monotonicMs();
  const turn = (): void => {
    const now = monotonicMs();
    const slot = next % samplesMax;
    sentAt[slot] = now;
    lateMs[slot] = Math.max(0, now - due);
    isAnswered[slot] = 0;
    const message = Buffer.alloc(4);
    message.writeUInt32BE(next);
    next += 1;
    socket.send(message, port, address, () => undefined);
    // A turn that was missed is not made up for: two probes at once see no more than one.
    due = Math.max(due + udpIntervalMs, now);
    setTimeout(turn, Math.max(0, due - monotonicMs()));
  };
  socket.bind(0, turn);

  const report = (from: number, to: number): UdpReport => {
    const answered: number[] = [];
    const late: number[] = [];
    let lost = 0;
    let lastLostAt = 0;
    let before = from;
    let after = to;
    let hasAfter = false;
    for (let sequence = Math.max(0, next - samplesMax); sequence < next; sequence += 1) {
      const slot = sequence % samplesMax;
      const at = sentAt[slot] as number;
      const isGood = isAnswered[slot] === 1;
      if (at < from) {
        if (isGood) before = at;
        continue;
      }
      if (at > to) {
        if (isGood && !hasAfter) {
          after = at;
          hasAfter = true;
        }
        continue;
      }
      late.push(lateMs[slot] as number);
      if (isGood) answered.push(at);
      else if (at < monotonicMs() - pendingMs) {
        lost += 1;
        lastLostAt = at;
      }
    }
    const points = [before, ...answered, after];
    let longest = 0;
    for (let index = 1; index < points.length; index += 1)
      longest = Math.max(longest, (points[index] as number) - (points[index - 1] as number));
    return {
      sent: late.length,
      lost,
      outageMs: lost === 0 ? 0 : Math.max(0, longest - udpIntervalMs),
      lastAnsweredAt: answered.at(-1) ?? 0,
      lastLostAt,
      lateP50Ms: quantile(late, 0.5),
      lateP99Ms: quantile(late, 0.99),
      lateMaxMs: late.reduce((most, each) => Math.max(most, each), 0),
    };
  };

  rmSync(control, { force: true });
  createServer((client) => {
    client.setEncoding("utf8");
    client.on("error", () => client.destroy());
    client.once("data", (line: string) => {
      const { from, to } = JSON.parse(line) as { from: number; to: number };
      client.end(`${JSON.stringify(report(from, to))}\n`);
    });
  }).listen(control);
}

if (import.meta.main) {
  const [control, address, port] = process.argv.slice(2);
  if (control === undefined || address === undefined || port === undefined) {
    process.stderr.write("usage: udp-prober.ts <control socket> <address> <port>\n");
    process.exit(2);
  }
  probe(control, address, Number(port));
}
