import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TandemProcess } from "./tandem-process.ts";

/** A real Central of its own process on a loopback address, with a state folder that is removed with it. */
export type CentralProcess = {
  readonly url: string;
  readonly address: string;
  readonly port: number;
  readonly peerPort: number;
  readonly firstPassword: string;
  /** SIGTERM, or the signal given; resolves when the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same state. */
  start(): Promise<void>;
  /** Stops it and removes its state. */
  remove(): Promise<void>;
};

/**
 * A TCP port that was free on `address` a moment ago. On 127.0.0.1 a connection of somebody else may take it before it
 * is used, since the system gives out the same ports there; no other address of the loopback network is anybody's.
 */
export const freePort = (address: string): Promise<number> =>
  new Promise((done, fail) => {
    const server = createServer().once("error", fail);
    server.listen(0, address, () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });

/** `settings`: members of central.json besides those that say where it is. */
export async function startCentral(
  name: string,
  address: string,
  settings: object = {},
): Promise<CentralProcess> {
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
      ...settings,
    }),
  );
  const process = new TandemProcess("central", configuration);
  try {
    await process.start();
    return {
      url: `https://${address}:${port}`,
      address,
      port,
      peerPort,
      firstPassword: readFileSync(join(stateDir, "first-password"), "utf8").trim(),
      stop: (signal) => process.stop(signal),
      start: () => process.start(),
      remove: async () => {
        await process.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await process.stop("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
