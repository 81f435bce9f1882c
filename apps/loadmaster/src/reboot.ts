/** How a unit restarts: by the machine's command, or by ending its own process for a supervisor to start it again. */
import { spawn } from "node:child_process";
import { err, ok, type Result } from "@tandem/base/result";
import type { Run, RunResult } from "@tandem/fencing/ledger";
import type { Failure } from "@tandem/loadmaster-api/envelope";

export const rebootCommandDefault: readonly string[] = ["systemctl", "reboot"];
export const shutdownCommandDefault: readonly string[] = ["systemctl", "poweroff"];
/** Of a process that ends to be started again (EX_TEMPFAIL of sysexits.h). */
export const rebootExitCode = 75;
/** The answer to the call that asks for it gets out before the process ends. */
const rebootDelayMs = 250;
/** A command that has not failed by then is taken to do its work. */
const rebootCommandWaitMs = 5_000;
const wordsMaxChars = 300;

/** Ends the process in order, for its supervisor to start it again unless it is to stay down. */
export type Restart = (afterwards?: "stays down") => void;

export type RebootCommand = readonly string[] | "exit";

/** Runs the command; in words why it failed. */
function runRebootCommand(command: readonly string[]): Promise<string | undefined> {
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

/** Starts the unit or its machine again, after the call has been answered; or says why not. */
export const reboot = (command: RebootCommand, restart: Restart): Promise<Result<object, Failure>> =>
  ended(command, restart, { call: "reboot", member: "rebootCommand", message: "the unit starts again" });

/** Stops the unit and its machine, after the call has been answered; or says why not. */
export const shutDown = (command: RebootCommand, restart: Restart): Promise<Result<object, Failure>> =>
  ended(command, () => restart("stays down"), {
    call: "shutdown",
    member: "shutdownCommand",
    message: "the unit shuts down",
  });

async function ended(
  command: RebootCommand,
  end: () => void,
  { call, member, message }: { readonly call: string; readonly member: string; readonly message: string },
): Promise<Result<object, Failure>> {
  if (command === "exit") {
    setTimeout(end, rebootDelayMs);
    return ok({ message });
  }
  const fault = await runRebootCommand(command);
  if (fault === undefined) return ok({ message });
  return err({
    code: 500,
    message: `${call}: "${command.join(" ")}" has failed: ${fault}; set ${member} in the configuration file`,
  });
}

/**
 * The result of a run that an earlier process had under way: a reboot took effect if the machine has started since, or
 * if it was begun and the unit has started since (a container's machine does not). Times in ms.
 */
export function rebootIn(
  { command, admittedAt, stage }: Run,
  startedAt: { readonly machine: number; readonly unit: number },
): RunResult | undefined {
  if (command !== "reboot") return undefined;
  const started =
    startedAt.machine > admittedAt
      ? { started: "machine", at: startedAt.machine }
      : stage.kind === "begun" && startedAt.unit > admittedAt
        ? { started: "unit", at: startedAt.unit }
        : undefined;
  if (started === undefined) return undefined;
  const message = "rebooted";
  return { ok: true, known: true, message, answer: { code: 200, message, evidence: started } };
}
