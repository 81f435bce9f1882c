/**
 * One request over real sockets. A prober looks at whether and when it is answered, not at by whom: certificates are
 * not checked.
 */
import { type ClientRequest, request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { monotonicMs } from "./monotonic.ts";
import type { Sample } from "./outage.ts";
import type { ProbeTarget } from "./target.ts";

const bodyMaxBytes = 65_536;

/** The server that answers names itself in this header. */
const serverHeader = "x-served-by";

/** Asks once over a connection of its own; `settle` is called exactly once. */
export function ask(target: ProbeTarget, timeoutMs: number, settle: (sample: Sample) => void): void {
  if (target.kind === "tcp") askTcp(target, timeoutMs, settle);
  else
    askHttp(
      target,
      { agent: false, headers: { connection: "close" } },
      timeoutMs,
      ({ status, server, failure, start }) => settle({ start, end: monotonicMs(), status, server, failure }),
    );
}

/** Only the first of an answer, an error and the time-out counts. */
function once(
  timeoutMs: number,
  settle: (sample: Sample) => void,
  giveUp: () => void,
): (status: number, server: string, failure: string) => void {
  const start = monotonicMs();
  let settled = false;
  const end = (status: number, server: string, failure: string): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    settle({ start, end: monotonicMs(), status, server, failure });
  };
  const timer = setTimeout(() => {
    end(0, "", "timeout");
    giveUp();
  }, timeoutMs);
  return end;
}

/** Asks for the page, over the connection that `options` choose. */
export function askHttp(
  target: Extract<ProbeTarget, { url: string }>,
  options: RequestOptions,
  timeoutMs: number,
  settle: (sample: Sample) => void,
): ClientRequest {
  const outgoing =
    target.kind === "http"
      ? httpRequest(target.url, options)
      : httpsRequest(target.url, { ...options, rejectUnauthorized: false });
  const end = once(timeoutMs, settle, () => outgoing.destroy());
  const fail = (error: NodeJS.ErrnoException): void => end(0, "", error.code ?? error.message);
  outgoing.on("error", fail);
  outgoing.on("response", (response) => {
    let receivedBytes = 0;
    response.on("data", (chunk: Buffer) => {
      receivedBytes += chunk.length;
      if (receivedBytes > bodyMaxBytes) outgoing.destroy(new Error("answer too long"));
    });
    response.on("error", fail);
    response.on("end", () => {
      const server = response.headers[serverHeader];
      if (response.complete)
        end(response.statusCode ?? 0, typeof server === "string" ? server.slice(0, 64) : "", "");
      else end(0, "", "incomplete");
    });
  });
  outgoing.end();
  return outgoing;
}

function askTcp(
  { host, port }: Extract<ProbeTarget, { kind: "tcp" }>,
  timeoutMs: number,
  settle: (sample: Sample) => void,
): void {
  const socket = connect({ host, port });
  const end = once(timeoutMs, settle, () => socket.destroy());
  socket.on("connect", () => {
    end(200, "", "");
    socket.end();
    socket.resume();
    // A server that keeps its side open is not waited for.
    socket.setTimeout(timeoutMs, () => socket.destroy());
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    end(0, "", error.code ?? error.message);
    socket.destroy();
  });
}
