/** The address of this machine that another one sees: the kernel's choice for the way there. Nothing is sent. */
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";

/** Any port will do: it is not contacted. */
const discardPort = 9;

/** Null when there is no way to that address. */
export function localAddressTowards(address: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    const finish = (own: string | null): void => {
      socket.close();
      resolve(own);
    };
    socket.once("error", () => finish(null));
    socket.connect(discardPort, address, (error?: Error) =>
      finish(error === undefined || error === null ? socket.address().address : null),
    );
  });
}
