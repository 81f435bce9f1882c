/**
 * One of the lab's three web servers: a plain HTTP server that says who it is.
 * `node web-server.ts <name> <address> <port>`
 */
import { createServer } from "node:http";

const [name, address, port] = process.argv.slice(2);
if (name === undefined || address === undefined || port === undefined) {
  process.stderr.write("usage: web-server.ts <name> <address> <port>\n");
  process.exit(2);
}

let served = 0;
const server = createServer((request, response) => {
  served += 1;
  const body = `${JSON.stringify({ server: name, served, path: request.url, method: request.method })}\n`;
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "x-served-by": name,
  });
  response.end(request.method === "HEAD" ? undefined : body);
});
server.listen(Number(port), address, () => {
  process.stdout.write(`${JSON.stringify({ event: "ready", server: name, address, port: Number(port) })}\n`);
});
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
