/**
 * The lab's client that never stops asking: a new HTTP connection every 10 ms, whatever became of the ones before.
 * `node prober.ts <control socket> <address> <port>`; whoever connects to the control socket sends one line
 * `{"from":ms,"to":ms}` (monotonic) and gets one line, a `ProberReport`.
 */
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { Sampler } from "@tandem/probe/sampler";

const intervalMs = 10;
const requestTimeoutMs = 1_000;
const controlLineMaxBytes = 1_024;

function probe(address: string, port: number, control: string): void {
  const url = `http://${address}:${port}/`;
  const sampler = new Sampler({
    target: { kind: "http", url },
    intervalMs,
    timeoutMs: requestTimeoutMs,
    // The lab ends it.
    totalMs: Number.POSITIVE_INFINITY,
    held: false,
  });
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
      const report = window ? sampler.report(window.from, window.to) : { error: "not a window" };
      socket.end(`${JSON.stringify(report)}\n`);
    });
  });
  server.listen(control, () => {
    process.stdout.write(`${JSON.stringify({ event: "ready", asking: url })}\n`);
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
