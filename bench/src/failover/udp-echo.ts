/** Sends every datagram back to where it came from: `udp-echo.ts <address> <port>`. */
import { createSocket } from "node:dgram";

const [address, port] = process.argv.slice(2);
if (address === undefined || port === undefined) {
  process.stderr.write("usage: udp-echo.ts <address> <port>\n");
  process.exit(2);
}
const socket = createSocket("udp4");
socket.on("message", (message, from) => socket.send(message, from.port, from.address, () => undefined));
socket.on("error", () => undefined);
socket.bind(Number(port), address);
