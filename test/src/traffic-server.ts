/**
 * A real server of the traffic tests: says its name to each HTTP request, and before each line that comes by TCP or
 * datagram by UDP; to "after N ..." not before so many milliseconds.
 */
import { createSocket } from "node:dgram";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const [name, httpPort, linePort] = process.argv.slice(2);

createHttpServer((_request, response) => response.end(name)).listen(Number(httpPort));
createServer((socket) => {
  socket.on("error", () => {});
  const lines = createInterface({ input: socket });
  // It says again what the socket says.
  lines.on("error", () => {});
  lines.on("line", (line) => socket.write(`${name} ${line}\n`));
}).listen(Number(linePort));
const datagrams = createSocket("udp4");
datagrams.on("message", (text, { address, port }) => {
  const [, afterMs] = /^after (\d+) /.exec(text.toString()) ?? [];
  setTimeout(() => datagrams.send(`${name} ${text}`, port, address), Number(afterMs ?? 0));
});
datagrams.bind(Number(linePort));
