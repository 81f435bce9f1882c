/** `bin/tandem` as a process of its own, which says when it is ready. */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";

const tandem = resolve(import.meta.dirname, "../../bin/tandem");
const readyDeadlineMs = 20_000;
const exitDeadlineMs = 10_000;

export class TandemProcess {
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;

  constructor(role: "central" | "loadmaster", configuration: string) {
    this.#arguments = [role, "--config", configuration];
  }

  /** Resolves once it serves. */
  async start(): Promise<void> {
    this.#child = spawn(tandem, this.#arguments, { stdio: ["ignore", "pipe", "pipe"] });
    await readiness(this.#child, this.#arguments[0] as string);
  }

  /** SIGTERM, or the signal given; resolves when the process is gone. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const stopping = this.#child;
    this.#child = undefined;
    if (stopping === undefined || stopping.exitCode !== null || stopping.signalCode !== null) return;
    const gone = new Promise<void>((done) => stopping.once("exit", () => done()));
    stopping.kill(signal);
    const timer = setTimeout(() => stopping.kill("SIGKILL"), exitDeadlineMs);
    await gone;
    clearTimeout(timer);
  }
}

/** Resolves at the line that says `ready`; rejects, with what was printed, when the process ends or takes too long. */
function readiness(child: ChildProcess, role: string): Promise<void> {
  return new Promise((done, fail) => {
    let printed = "";
    const give = (why: string) => {
      clearTimeout(timer);
      fail(new Error(`${why}; it printed:\n${printed.slice(-4_000)}`));
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      give(`tandem ${role} was not ready after ${readyDeadlineMs} ms`);
    }, readyDeadlineMs);
    const read = (chunk: Buffer) => {
      printed += chunk.toString("utf8");
      if (!/"event":"ready"/.test(printed)) return;
      clearTimeout(timer);
      done();
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code, signal) => give(`tandem ${role} ended with ${code ?? signal}`));
    child.once("error", (error) => give(error.message));
  });
}
