/** How a unit restarts: by the machine's command, or by ending its own process for a supervisor to start it again. */
import { spawn } from "node:child_process";

export const rebootCommandDefault: readonly string[] = ["systemctl", "reboot"];
export const shutdownCommandDefault: readonly string[] = ["systemctl", "poweroff"];
/** Of a process that ends to be started again (EX_TEMPFAIL of sysexits.h). */
export const rebootExitCode = 75;
/** The answer to the call that asks for it gets out before the process ends. */
export const rebootDelayMs = 250;
/** A command that has not failed by then is taken to do its work. */
export const rebootCommandWaitMs = 5_000;
const wordsMaxChars = 300;

/** Ends the process in order, for its supervisor to start it again unless it is to stay down. */
export type Restart = (afterwards?: "stays down") => void;

export type RebootCommand = readonly string[] | "exit";

/** Runs the command; in words why it failed. */
export function runRebootCommand(command: readonly string[]): Promise<string | undefined> {
  const [program = "", ...parameters] = command;
  return new Promise((resolve) => {
    let said = "";
    const child = spawn(program, parameters, { stdio: ["ignore", "ignore", "pipe"], detached: true });
    const timer = setTimeout(() => resolve(undefined), rebootCommandWaitMs);
    child.stderr.on("data", (part: Buffer) => {
      said = (said + part.toString("utf8")).slice(0, wordsMaxChars);
    });
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve(error.message);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve(
        code === 0 ? undefined : `it ended with ${code ?? signal}${said === "" ? "" : `: ${said.trim()}`}`,
      );
    });
    child.unref();
  });
}
