/** A server's end of a connection that is cut, for tests of what its client makes of that. */
import type { Socket } from "node:net";

/**
 * Resets the connection. One that is being ended already is destroyed, since it cannot be reset any more: Node then
 * keeps its handle for ever, and the process spins at its end in place of exiting.
 */
export function cut(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
