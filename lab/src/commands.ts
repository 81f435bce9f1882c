/** Runs a system command and waits for it. Arguments never pass through a shell. */
import { execFile } from "node:child_process";

/** Program and arguments. */
export type CommandLine = readonly [string, ...string[]];

const commandTimeoutMs = 15_000;
const commandOutputMaxBytes = 4 * 1024 * 1024;

/** A command that could not be run or did not end with 0. */
export class CommandFailure extends Error {
  override name = "CommandFailure";
  readonly commandLine: CommandLine;
  readonly stderr: string;

  constructor(commandLine: CommandLine, reason: string, stderr: string) {
    super(`${commandLine.join(" ")}: ${stderr.trim() || reason}`);
    this.commandLine = commandLine;
    this.stderr = stderr;
  }
}

/** Resolves with what the command wrote to its standard output; rejects with {@link CommandFailure}. */
export function run(commandLine: CommandLine): Promise<string> {
  const [program, ...args] = commandLine;
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      { timeout: commandTimeoutMs, maxBuffer: commandOutputMaxBytes, encoding: "utf8" },
      (error, stdout, stderr) => {
        if (error) reject(new CommandFailure(commandLine, error.message, stderr));
        else resolve(stdout);
      },
    );
  });
}

/** Runs commands one after the other; stops at the first that fails. */
export async function runAll(commandLines: readonly CommandLine[]): Promise<void> {
  for (const commandLine of commandLines) await run(commandLine);
}
