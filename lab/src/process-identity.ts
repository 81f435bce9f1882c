/**
 * Who a process is: its number and when it started. A number alone is given again to strangers once a process has
 * ended, so nothing is ever signalled by number only (proc(5), field 22 of /proc/<pid>/stat).
 */
import { readdirSync, readFileSync } from "node:fs";

export type ProcessIdentity = {
  readonly pid: number;
  /** In clock ticks since the machine's boot. */
  readonly startTime: string;
};

/** The identity of the process that has this number now; undefined when none has, or when it has ended and waits to be reaped. */
export function identify(pid: number): ProcessIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const startTime = fields[19];
  return startTime === undefined || fields[0] === "Z" ? undefined : { pid, startTime };
}

/** True while that very process runs. */
export const isAlive = (identity: ProcessIdentity): boolean =>
  identify(identity.pid)?.startTime === identity.startTime;

/** Signals that very process; answers false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** The processes whose environment has `variable=value`: what a lab started, and what that started in turn. */
export function processesMarked(variable: string, value: string): readonly ProcessIdentity[] {
  const found: ProcessIdentity[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const identity = identify(Number(entry));
    if (!identity) continue;
    let environment: string;
    try {
      environment = readFileSync(`/proc/${entry}/environ`, "utf8");
    } catch {
      continue;
    }
    if (environment.split("\0").includes(`${variable}=${value}`)) found.push(identity);
  }
  return found;
}
