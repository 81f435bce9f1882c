/** Commands on HAProxy's sockets (management.txt §9.3), the program's own words. */
import { connect, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { err, ok, type Result } from "@tandem/base/result";

export const answerMaxBytes = 64 * 1024 * 1024;
const defaultTimeoutMs = 5_000;
const partMaxBytes = 65_536;
/** What stands after each answer of a conversation. */
const prompt = "\n> ";

export type SocketFailure = { readonly code: "no-answer"; readonly message: string };

/** Sends one line of commands on a connection of its own, and returns everything up to the end. */
export function askHaproxy(
  path: string,
  command: string,
  timeoutMs: number = defaultTimeoutMs,
): Promise<Result<string, SocketFailure>> {
  return new Promise((resolve) => {
    const decoder = new StringDecoder("utf8");
    let said = "";
    const socket = connect({
      path,
      allowHalfOpen: true,
      // One buffer for all parts: figures of thousands of servers are a megabyte, every two seconds.
      onread: {
        buffer: Buffer.allocUnsafe(partMaxBytes),
        callback: (bytes, buffer) => {
          said += decoder.write(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
          if (said.length > answerMaxBytes) fail(`an answer of more than ${answerMaxBytes} bytes`);
          return true;
        },
      },
    });
    const finish = (result: Result<string, SocketFailure>): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const fail = (message: string): void => finish(failure(path, message));
    const timer = setTimeout(() => fail(`no answer to "${command}" within ${timeoutMs} ms`), timeoutMs);
    // The master closes only once it has seen the end of the input; a worker does so by itself.
    socket.on("connect", () => socket.end(`${command}\n`));
    socket.on("end", () => finish(ok(said + decoder.end())));
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("closed"));
  });
}

const failure = (path: string, message: string): Result<never, SocketFailure> =>
  err({ code: "no-answer", message: `HAProxy's socket ${path}: ${message}` });

/** Of one line: HAProxy's buffer holds 16 KiB. */
const lineMaxChars = 12_000;

/**
 * One connection for several commands, so that one worker hears them all: shortly after a reload the socket belongs to the
 * old one as well.
 */
export class HaproxyConversation {
  readonly #path: string;
  readonly #socket: Socket;
  /** What has come, cut at the prompts; the last part is not whole yet. */
  #heard = [""];
  #fault: string | undefined;
  #wake: () => void = () => {};

  constructor(path: string) {
    this.#path = path;
    this.#socket = connect({ path });
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (part: string) => this.#hear(part));
    for (const event of ["error", "close"] as const)
      this.#socket.on(event, (error?: Error | boolean) => {
        this.#fault ??= error instanceof Error ? error.message : "closed";
        this.#wake();
      });
    this.#socket.write("prompt\n");
  }

  /** The answers to commands, one for each. None of these holds a line's end or a semicolon. */
  async ask(
    commands: readonly string[],
    timeoutMs: number = defaultTimeoutMs,
  ): Promise<Result<string[], SocketFailure>> {
    const deadline = performance.now() + timeoutMs;
    const begun = await this.#answers(1, deadline);
    if (!begun.ok) return begun;
    const answers: string[] = [];
    for (const line of linesOf(commands)) {
      this.#socket.write(`${line.join("; ")}\n`);
      const said = await this.#answers(line.length, deadline);
      if (!said.ok) return said;
      answers.push(...said.value);
    }
    // What is asked next begins at the prompt that stands there now.
    this.#heard = ["", ""];
    return ok(answers);
  }

  close(): void {
    this.#socket.destroy();
  }

  #hear(part: string): void {
    const parts = ((this.#heard.pop() ?? "") + part).split(prompt);
    this.#heard.push(...parts);
    if ((this.#heard.at(-1)?.length ?? 0) > answerMaxBytes) this.#fault = "an answer that is too long";
    this.#wake();
  }

  async #answers(count: number, deadline: number): Promise<Result<string[], SocketFailure>> {
    while (this.#heard.length <= count) {
      if (this.#fault !== undefined) return failure(this.#path, this.#fault);
      const left = deadline - performance.now();
      if (left <= 0) return failure(this.#path, "no answer in time");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return ok(this.#heard.splice(0, count));
  }
}

/** Commands in as few lines as HAProxy's buffer allows. */
function linesOf(commands: readonly string[]): string[][] {
  const lines: string[][] = [];
  let chars = 0;
  for (const command of commands) {
    const last = lines.at(-1);
    if (last === undefined || chars + command.length > lineMaxChars) {
      lines.push([command]);
      chars = command.length;
    } else {
      last.push(command);
      chars += command.length + 2;
    }
  }
  return lines;
}
