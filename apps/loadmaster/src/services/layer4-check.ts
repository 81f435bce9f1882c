/** One health check of one server: a TCP connection, or an HTTP request with an answer that counts as alive. */
import { connect, type Socket } from "node:net";
import type { HealthCheck } from "@tandem/haproxy-config/model";
import type { Verdict } from "./layer4-health.ts";

/** `HTTP/1.1 200`: whoever has said more without saying this speaks no HTTP. */
const statusLineMinChars = 12;

export type CheckedServer = { readonly address: string; readonly port: number };

/** Never rejects. */
export function checkServer(check: HealthCheck, server: CheckedServer): Promise<Verdict> {
  switch (check.kind) {
    case "none":
      return Promise.resolve({ alive: true, check: "" });
    case "tcp":
      return checkTcp(server.address, check.timing.port ?? server.port, check.timing.timeoutSeconds * 1_000);
    case "http":
      return checkHttp(check, server);
  }
}

function checkTcp(host: string, port: number, timeoutMs: number): Promise<Verdict> {
  return attempt(host, port, timeoutMs, "L4TOUT", (socket, end) => {
    socket.once("connect", () => end(true, "L4OK"));
  });
}

/** Written by hand, since without a host the request is HTTP/1.0, as HAProxy's is. */
function checkHttp(check: HealthCheck & { kind: "http" }, server: CheckedServer): Promise<Verdict> {
  const port = check.timing.port ?? server.port;
  const start = `${check.method} ${check.path} HTTP/1.${check.host === undefined ? 0 : 1}`;
  const lines = check.host === undefined ? [start] : [start, `Host: ${check.host}`, "Connection: close"];
  return attempt(server.address, port, check.timing.timeoutSeconds * 1_000, "L7TOUT", (socket, end) => {
    let answer = "";
    socket.setEncoding("latin1");
    socket.once("connect", () => socket.write(`${lines.join("\r\n")}\r\n\r\n`));
    socket.on("data", (text: string) => {
      answer += text;
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1];
      if (status !== undefined) {
        const alive = isAlive(Number(status), check.codes);
        end(alive, alive ? "L7OK" : "L7STS");
      } else if (answer.length >= statusLineMinChars) end(false, "L7RSP");
    });
    socket.once("end", () => end(false, "L7RSP"));
  });
}

/** One connection, closed when it is known what it found. */
function attempt(
  host: string,
  port: number,
  timeoutMs: number,
  late: string,
  act: (socket: Socket, end: (alive: boolean, check: string) => void) => void,
): Promise<Verdict> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (alive: boolean, check: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ alive, check });
    };
    const timer = setTimeout(() => end(false, late), timeoutMs);
    socket.on("error", () => end(false, "L4CON"));
    act(socket, end);
  });
}

/** The same that HAProxy takes for alive (haproxy-config, render.ts). */
const isAlive = (status: number, codes: readonly number[]): boolean =>
  (status >= 200 && status <= 299) || [301, 302, 401].includes(status) || codes.includes(status);
