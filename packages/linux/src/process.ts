/**
 * Processes that outlive the one that starts them, and how not to mistake another process for one of them:
 * a process is named by its id *and* the moment it started (proc(5), field 22), because ids are used again.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, renameSync, statSync } from "node:fs";

/** A log that has grown beyond this when its process is started again becomes the one older log, `<path>.1`. */
const logMaxBytes = 1_048_576;

/** `startTicks` counts clock ticks since boot; `bootId` keeps it from being compared across boots. */
export type ProcessIdentity = { readonly pid: number; readonly startTicks: string; readonly bootId: string };

/** The identity of a process that runs now; undefined when there is none (a zombie does not run). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    const fields = statFields(readFileSync(`/proc/${pid}/stat`, "latin1"));
    const state = fields[0];
    const startTicks = fields[19];
    if (startTicks === undefined || state === "Z" || state === "X") return undefined;
    return { pid, startTicks, bootId: readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim() };
  } catch {
    return undefined;
  }
}

/** The fields of /proc/PID/stat after the command's name, which may itself hold blanks and parentheses. */
export const statFields = (stat: string): string[] => stat.slice(stat.lastIndexOf(")") + 2).split(" ");

/** True while exactly that process runs, not another one under its id. */
export function isRunning(identity: ProcessIdentity): boolean {
  const now = identityOf(identity.pid);
  return now?.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

/** Signals exactly that process; false, and nothing is sent, when it no longer runs or may not be signalled. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch {
    return false;
  }
}

export type DetachedOptions = {
  readonly command: string;
  readonly arguments: readonly string[];
  /** Standard output and error are appended here, mode 0600. */
  readonly logPath: string;
  readonly environment?: NodeJS.ProcessEnv;
};

/**
 * Starts a process in a session of its own that goes on when the caller ends. `onExit` is called if it ends while
 * the caller still runs, also when it could not be started.
 */
export function spawnDetached(
  options: DetachedOptions,
  onExit?: (reason: string) => void,
): ProcessIdentity | undefined {
  if ((statSync(options.logPath, { throwIfNoEntry: false })?.size ?? 0) > logMaxBytes)
    renameSync(options.logPath, `${options.logPath}.1`);
  const log = openSync(options.logPath, "a", 0o600);
  try {
    const child = spawn(options.command, options.arguments, {
      detached: true,
      stdio: ["ignore", log, log],
      env: options.environment ?? process.env,
    });
    child.once("error", (error) => onExit?.(error.message));
    child.once("exit", (code, signal) =>
      onExit?.(signal === null ? `exit status ${code}` : `signal ${signal}`),
    );
    child.unref();
    return child.pid === undefined ? undefined : identityOf(child.pid);
  } finally {
    closeSync(log);
  }
}
