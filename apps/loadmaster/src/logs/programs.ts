/** Programs of the machine that look at it and at the network: without a shell, for a bounded time, with bounded output. */
import { spawn } from "node:child_process";
import { err, ok, type Result } from "@tandem/base/result";
import { second } from "@tandem/base/time";
import type { Failure } from "@tandem/loadmaster-api/envelope";

/** At a time, over all callers. */
export const programsMax = 4;
export const textMaxBytes = 1_048_576;
const wordsMaxChars = 1_000;
/** After it was asked to end. */
const killAfterMs = 2 * second;

export type Ran = { readonly code: number | null; readonly out: Buffer; readonly said: string };

let running = 0;

/** `withinMs`: then it is asked to end, and what it has said until then counts. */
export function runProgram(
  program: string,
  parameters: readonly string[],
  withinMs: number,
  outMaxBytes: number = textMaxBytes,
): Promise<Result<Ran, Failure>> {
  if (running >= programsMax)
    return Promise.resolve(
      err({
        code: 422,
        message: `${program}: ${programsMax} programs that look at the machine are running already; wait for one to end`,
      }),
    );
  running += 1;
  return new Promise((resolve) => {
    const child = spawn(program, parameters, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", TERM: "dumb" },
    });
    const parts: Buffer[] = [];
    let bytes = 0;
    let said = "";
    let kill: NodeJS.Timeout | undefined;
    const end = (): void => {
      child.kill("SIGINT");
      kill ??= setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    };
    const timer = setTimeout(end, withinMs);
    const finish = (result: Result<Ran, Failure>): void => {
      clearTimeout(timer);
      clearTimeout(kill);
      running -= 1;
      resolve(result);
    };
    child.stdout.on("data", (part: Buffer) => {
      if (bytes + part.length > outMaxBytes) return end();
      bytes += part.length;
      parts.push(part);
    });
    child.stderr.on("data", (part: Buffer) => {
      said = (said + part.toString("utf8")).slice(0, wordsMaxChars);
    });
    let failed = false;
    child.on("error", (error: NodeJS.ErrnoException) => {
      failed = true;
      finish(
        err({
          code: 422,
          message:
            error.code === "ENOENT"
              ? `${program}: this program is not installed on the machine; install the package that it comes in`
              : `${program}: it cannot be started: ${error.message}`,
        }),
      );
    });
    child.on("close", (code) => {
      if (!failed) finish(ok({ code, out: Buffer.concat(parts), said: said.trim() }));
    });
  });
}
