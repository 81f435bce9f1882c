/** One health check of one server, as the unit makes it: what HAProxy would find out, and ICMP. */
import { connect, type Socket } from "node:net";
import { type CheckStep, scriptOf } from "@tandem/haproxy-config/check-scripts";
import type { CheckTiming, HealthCheck } from "@tandem/haproxy-config/model";
import type { Verdict } from "./server-health.ts";

/** `HTTP/1.1 200`: whoever has said more without saying this speaks no HTTP. */
const statusLineMinChars = 12;
/** More of an answer is not looked at. */
const answerMaxBytes = 8_192;

export type CheckedServer = { readonly address: string; readonly port: number };

/** Whether an address answers within so many milliseconds; rejects where nothing can be asked at all. */
export type Ping = (address: string, timeoutMs: number) => Promise<boolean>;

/** Never rejects. */
export const serverChecker =
  (ping: Ping) =>
  (check: HealthCheck, server: CheckedServer): Promise<Verdict> => {
    switch (check.kind) {
      case "none":
        return Promise.resolve({ alive: true, check: "" });
      case "icmp":
        return checkPing(ping, server.address, check.timing.timeoutSeconds * 1_000);
      case "tcp":
        return checkTcp(
          server.address,
          check.timing.port ?? server.port,
          check.timing.timeoutSeconds * 1_000,
        );
      case "protocol":
      case "data":
        return checkScript(scriptOf(check) ?? [], check.timing, server);
      case "http":
        return checkHttp(check, server);
    }
  };

/** What cannot be asked says nothing against a server. */
const checkPing = (ping: Ping, address: string, timeoutMs: number): Promise<Verdict> =>
  ping(address, timeoutMs).then(
    (alive) => ({ alive, check: alive ? "L3OK" : "L3TOUT" }),
    () => ({ alive: true, check: "SOCKERR" }),
  );

function checkScript(
  steps: readonly CheckStep[],
  { port, timeoutSeconds }: CheckTiming,
  server: CheckedServer,
): Promise<Verdict> {
  return attempt(server.address, port ?? server.port, timeoutSeconds * 1_000, "L7TOUT", (socket, end) => {
    const left = [...steps];
    let answer = "";
    const goOn = (): void => {
      for (let step = left[0]; step !== undefined; step = left[0]) {
        if ("send" in step) socket.write(Buffer.from(step.send, "hex"));
        else if (new RegExp(step.expect).test(answer)) answer = "";
        else {
          if (answer.length >= (step.atLeast ?? answerMaxBytes)) end(false, "L7RSP");
          return;
        }
        left.shift();
      }
      end(true, "L7OK");
    };
    socket.setEncoding("latin1");
    socket.once("connect", goOn);
    socket.on("data", (text: string) => {
      answer += text;
      goOn();
    });
    socket.once("end", () => end(false, "L7RSP"));
  });
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
  const { host, headers = [], body } = check;
  const namesHost = headers.some(({ name }) => name.toLowerCase() === "host");
  const lines = [
    start,
    ...(host === undefined || namesHost ? [] : [`Host: ${host}`]),
    ...(host === undefined ? [] : ["Connection: close"]),
    ...headers.map(({ name, value }) => `${name}: ${value}`),
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  const request = `${lines.join("\r\n")}\r\n\r\n${body ?? ""}`;
  return attempt(server.address, port, check.timing.timeoutSeconds * 1_000, "L7TOUT", (socket, end) => {
    let answer = "";
    const judge = (): void => {
      const content = contentOf(answer);
      const alive =
        content !== undefined &&
        check.pattern !== undefined &&
        matches(check.pattern, content) !== (check.inverted === true);
      end(alive, alive ? "L7OK" : "L7RSP");
    };
    socket.setEncoding("latin1");
    socket.once("connect", () => socket.write(request));
    socket.on("data", (text: string) => {
      answer += text;
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1];
      if (status !== undefined) {
        const alive = isAlive(Number(status), check.codes);
        if (!alive || check.pattern === undefined) end(alive, alive ? "L7OK" : "L7STS");
        else if (answer.length >= answerMaxBytes || hasContent(answer)) judge();
      } else if (answer.length >= statusLineMinChars) end(false, "L7RSP");
    });
    socket.once("end", judge);
  });
}

/** One that JavaScript cannot read matches nothing. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}

const endOfHeaders = "\r\n\r\n";
const contentOf = (answer: string): string | undefined => {
  const at = answer.indexOf(endOfHeaders);
  return at < 0 ? undefined : answer.slice(at + endOfHeaders.length);
};

/** The whole of it is there, by its own words. */
function hasContent(answer: string): boolean {
  const length = /^content-length: *(\d+)/im.exec(answer)?.[1];
  const content = contentOf(answer);
  return content !== undefined && length !== undefined && content.length >= Number(length);
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
