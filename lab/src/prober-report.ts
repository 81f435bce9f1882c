/** Asks the running prober what the client saw between two moments. */
import { connect } from "node:net";
import type { ProberReport } from "@tandem/probe/sampler";
import { stateFolderOf } from "./state.ts";

const reportTimeoutMs = 5_000;
const reportMaxBytes = 64 * 1024;

/** The prober's control socket. */
export const proberSocket = (lab: string): string => `${stateFolderOf(lab)}/prober.sock`;

/** The report of a lab's prober on a window, in milliseconds of the monotonic clock. Rejects when no prober answers. */
export const proberReport = (lab: string, from: number, to: number): Promise<ProberReport> =>
  askProber(proberSocket(lab), from, to);

/** The same of any prober, by its control socket. */
export function askProber(control: string, from: number, to: number): Promise<ProberReport> {
  return new Promise((resolve, reject) => {
    const socket = connect(control);
    let text = "";
    socket.setEncoding("utf8");
    socket.setTimeout(reportTimeoutMs, () => socket.destroy(new Error("the prober does not answer")));
    socket.on("error", reject);
    socket.on("connect", () => socket.write(`${JSON.stringify({ from, to })}\n`));
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > reportMaxBytes) socket.destroy(new Error("the prober's report is too long"));
    });
    socket.on("end", () => {
      try {
        resolve(JSON.parse(text) as ProberReport);
      } catch {
        reject(new Error("the prober's report is not JSON"));
      }
    });
  });
}
