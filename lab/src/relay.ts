/**
 * Carries TCP connections from listeners to targets: `node relay.ts <configuration file>`. The lab runs it twice,
 * because a process lives in one network namespace: on the host (127.0.0.1 port → Unix socket) and on the client
 * (Unix socket → address in the lab).
 */
import { readFileSync, rmSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { connect, createServer } from "node:net";

type Endpoint = { readonly path: string } | { readonly host: string; readonly port: number };

/** What one relay process does. */
export type RelayConfiguration = {
  readonly routes: readonly { readonly listen: Endpoint; readonly target: Endpoint }[];
};

const connectionsMax = 256;
const connectTimeoutMs = 5_000;
const idleTimeoutMs = 10 * 60 * 1_000;

let connections = 0;

function carry(incoming: Socket, target: Endpoint): void {
  if (connections >= connectionsMax) {
    incoming.destroy();
    return;
  }
  connections += 1;
  const outgoing = connect({ ...target, allowHalfOpen: true });
  const connecting = setTimeout(() => outgoing.destroy(), connectTimeoutMs);
  outgoing.once("connect", () => clearTimeout(connecting));
  incoming.once("close", () => {
    connections -= 1;
    outgoing.destroy();
  });
  outgoing.once("close", () => {
    clearTimeout(connecting);
    incoming.destroy();
  });
  for (const socket of [incoming, outgoing]) {
    socket.on("error", () => socket.destroy());
    socket.setTimeout(idleTimeoutMs, () => socket.destroy());
  }
  incoming.pipe(outgoing);
  outgoing.pipe(incoming);
}

function listen(route: RelayConfiguration["routes"][number]): Promise<Server> {
  const { listen: endpoint, target } = route;
  if ("path" in endpoint) rmSync(endpoint.path, { force: true });
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => carry(socket, target));
    server.once("error", reject);
    server.listen(endpoint, () => resolve(server));
  });
}

if (import.meta.main) {
  process.umask(0o077);
  const [file] = process.argv.slice(2);
  if (file === undefined) {
    process.stderr.write("usage: relay.ts <configuration file>\n");
    process.exit(2);
  }
  const { routes } = JSON.parse(readFileSync(file, "utf8")) as RelayConfiguration;
  for (const route of routes) await listen(route);
  process.stdout.write(`${JSON.stringify({ event: "ready", routes: routes.length })}\n`);
}
