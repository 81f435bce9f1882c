/** What sends syslog, over real sockets; for tests. */
import { createSocket } from "node:dgram";
import { connect } from "node:net";

export type LogTarget = { readonly address: string; readonly port: number };

/** Each text is a datagram. Resolves when all are on their way. */
export async function sendUdp(target: LogTarget, texts: readonly string[], from?: string): Promise<void> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind({ address: from ?? target.address }, resolve));
  for (const text of texts)
    await new Promise<void>((resolve, reject) =>
      socket.send(text, target.port, target.address, (error) => (error ? reject(error) : resolve())),
    );
  socket.close();
}

/** One connection that brings these bytes and ends. Resolves when the other end has taken them all. */
export function sendTcp(target: LogTarget, bytes: string | Buffer, from?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.address, port: target.port, localAddress: from ?? target.address });
    socket.once("error", reject);
    socket.once("close", () => resolve());
    socket.end(bytes);
    socket.resume();
  });
}

export const counted = (texts: readonly string[]): string =>
  texts.map((text) => `${Buffer.byteLength(text)} ${text}`).join("");
