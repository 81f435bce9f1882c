/**
 * The lab's web pages in the machine's own browser: 127.0.0.1:port on the host leads to an address in the lab.
 * Only loopback listens, and the number of connections is bounded (`relay.ts`).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { startForwarder, startRelay, waitReady } from "./processes.ts";
import type { RelayConfiguration } from "./relay.ts";
import type { ForwardRecord } from "./state.ts";
import { readState, stateFolderOf, updateState } from "./state.ts";
import { addressOf, centralApiPort, loadMasterApiPort, servicePort, sharedAddress } from "./topology.ts";
import { Hopeless } from "./wait-until.ts";

/** What is reachable from the host, and the port asked for first; any free one is taken when it is in use. */
const wanted = [
  { name: "central1", hostPort: 18441, address: addressOf.central1, port: centralApiPort },
  { name: "central2", hostPort: 18442, address: addressOf.central2, port: centralApiPort },
  { name: "lm1", hostPort: 18431, address: addressOf.lm1, port: loadMasterApiPort },
  { name: "lm2", hostPort: 18432, address: addressOf.lm2, port: loadMasterApiPort },
  { name: "loadmaster", hostPort: 18430, address: sharedAddress, port: loadMasterApiPort },
  { name: "service", hostPort: 18480, address: sharedAddress, port: servicePort },
] as const satisfies readonly ForwardRecord[];

export type ForwardName = (typeof wanted)[number]["name"];

/** A free port of 127.0.0.1: the one asked for, or any. */
function freePort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" && port !== 0) resolve(freePort(0));
      else reject(error);
    });
    server.listen(port, "127.0.0.1", () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === "object" && bound ? bound.port : port));
    });
  });
}

/** Another lab that comes up at the same time may take a port between the choice and its use. */
const attemptsMax = 5;

/** Starts the relay and the forwarder, records the ports, and waits until both serve. */
export async function startForwarders(lab: string): Promise<void> {
  const folder = `${stateFolderOf(lab)}/forward`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const socketOf = (name: string): string => `${folder}/${name}.sock`;
  const write = (name: string, configuration: RelayConfiguration): string => {
    const path = `${folder}/${name}.json`;
    writeFileSync(path, JSON.stringify(configuration), { mode: 0o600 });
    return path;
  };
  const inside: RelayConfiguration = {
    routes: wanted.map(({ name, address, port }) => ({
      listen: { path: socketOf(name) },
      target: { host: address, port },
    })),
  };
  const relay = await startRelay(lab, write("inside", inside));
  const forwards = await forward(lab, socketOf, write);
  await updateState(lab, (state) => ({ ...state, forwards }));
  await waitReady(relay);
}

/** Starts the forwarder on ports that are free, until it has got all of them. */
async function forward(
  lab: string,
  socketOf: (name: string) => string,
  write: (name: string, configuration: RelayConfiguration) => string,
): Promise<ForwardRecord[]> {
  for (let attempt = 1; ; attempt += 1) {
    const forwards: ForwardRecord[] = [];
    for (const want of wanted) forwards.push({ ...want, hostPort: await freePort(want.hostPort) });
    const routes = forwards.map(({ name, hostPort }) => ({
      listen: { host: "127.0.0.1", port: hostPort },
      target: { path: socketOf(name) },
    }));
    try {
      await waitReady(await startForwarder(lab, write("outside", { routes })));
      return forwards;
    } catch (error) {
      if (attempt === attemptsMax || !(error instanceof Hopeless)) throw error;
    }
  }
}

/** The host's port that leads to this place in the lab. */
export function hostPortOf(lab: string, name: ForwardName): number {
  const forward = readState(lab)?.forwards.find((candidate) => candidate.name === name);
  if (!forward) throw new Error(`lab ${lab} forwards no port to ${name}`);
  return forward.hostPort;
}
