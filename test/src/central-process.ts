import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const tandem = resolve(import.meta.dirname, "../../bin/tandem");
const readyDeadlineMs = 20_000;
const exitDeadlineMs = 10_000;

/** A real Central of its own process on a loopback address, with a state folder that is removed with it. */
export type CentralProcess = {
  readonly url: string;
  readonly address: string;
  readonly peerPort: number;
  readonly firstPassword: string;
  /** SIGTERM, or the signal given; resolves when the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same state. */
  start(): Promise<void>;
  /** Stops it and removes its state. */
  remove(): Promise<void>;
};

/** A TCP port that was free on `address` a moment ago. */
export const freePort = (address: string): Promise<number> =>
  new Promise((done, fail) => {
    const server = createServer().once("error", fail);
    server.listen(0, address, () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });

export async function startCentral(name: string, address: string): Promise<CentralProcess> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-central-"));
  const [port, peerPort] = [await freePort(address), await freePort(address)];
  const configuration = join(folder, "central.json");
  const stateDir = join(folder, "state");
  writeFileSync(
    configuration,
    JSON.stringify({
      name,
      stateDir,
      listen: { address, port },
      peerLink: { address, port: peerPort },
      syslog: { address, port: 0 },
    }),
  );
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn(tandem, ["central", "--config", configuration], { stdio: ["ignore", "pipe", "pipe"] });
    await readiness(child);
  };
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
    const stopping = child;
    child = undefined;
    if (stopping === undefined || stopping.exitCode !== null || stopping.signalCode !== null) return;
    const gone = new Promise<void>((done) => stopping.once("exit", () => done()));
    stopping.kill(signal);
    const timer = setTimeout(() => stopping.kill("SIGKILL"), exitDeadlineMs);
    await gone;
    clearTimeout(timer);
  };
  try {
    await start();
    return {
      url: `https://${address}:${port}`,
      address,
      peerPort,
      firstPassword: readFileSync(join(stateDir, "first-password"), "utf8").trim(),
      stop,
      start,
      remove: async () => {
        await stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await stop("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Resolves at the line that says `ready`; rejects, with what was printed, when the process ends or takes too long. */
function readiness(child: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    let printed = "";
    const give = (why: string) => {
      clearTimeout(timer);
      fail(new Error(`${why}; it printed:\n${printed.slice(-4_000)}`));
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      give(`Central was not ready after ${readyDeadlineMs} ms`);
    }, readyDeadlineMs);
    const read = (chunk: Buffer) => {
      printed += chunk.toString("utf8");
      if (!/"event":"ready"/.test(printed)) return;
      clearTimeout(timer);
      done();
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code, signal) => give(`Central ended with ${code ?? signal}`));
    child.once("error", (error) => give(error.message));
  });
}
