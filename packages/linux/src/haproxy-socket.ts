/**
 * One command on one of HAProxy's sockets, one connection each (management.txt §9.3: without `prompt` it closes after the answer).
 */
import { connect } from "node:net";
import { err, ok, type Result } from "@tandem/base/result";

export const answerMaxBytes = 64 * 1024 * 1024;
const defaultTimeoutMs = 5_000;

export type SocketFailure = { readonly code: "no-answer"; readonly message: string };

/** Sends `command` (one line, the program's own words) and returns everything up to the end. */
export function askHaproxy(
  path: string,
  command: string,
  timeoutMs: number = defaultTimeoutMs,
): Promise<Result<string, SocketFailure>> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const socket = connect({ path, allowHalfOpen: true });
    const finish = (result: Result<string, SocketFailure>): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const fail = (message: string): void =>
      finish(err({ code: "no-answer", message: `HAProxy's socket ${path}: ${message}` }));
    const timer = setTimeout(() => fail(`no answer to "${command}" within ${timeoutMs} ms`), timeoutMs);
    // The master closes only once it has seen the end of the input; a worker does so by itself.
    socket.on("connect", () => socket.end(`${command}\n`));
    socket.on("data", (part) => {
      bytes += part.length;
      if (bytes > answerMaxBytes) fail(`an answer of more than ${answerMaxBytes} bytes`);
      else parts.push(part);
    });
    socket.on("end", () => finish(ok(Buffer.concat(parts).toString("utf8"))));
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("closed"));
  });
}
