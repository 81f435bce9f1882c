/** Small servers of the protocols that checks speak: a healthy one, one that answers wrongly, one that says nothing. */
import { createServer as createWebServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";

export type Behaviour = "healthy" | "wrong" | "silent";

type Script = {
  /** Said at once, in latin-1. */
  readonly greets?: { readonly [How in "healthy" | "wrong"]: string };
  /** Said once these bytes have come. */
  readonly answers?: {
    readonly to: string;
  } & { readonly [How in "healthy" | "wrong"]: string };
};

const bytes = (hex: string): string => Buffer.from(hex, "hex").toString("latin1");

export const scripts = {
  smtp: { greets: { healthy: "220 mail.example ESMTP\r\n", wrong: "554 mail.example no\r\n" } },
  ftp: { greets: { healthy: "220-files\r\n220 ready\r\n", wrong: "421 too many users\r\n" } },
  nntp: { greets: { healthy: "201 news, no posting\r\n", wrong: "400 later\r\n" } },
  pop3: { greets: { healthy: "+OK <1.2@mail.example>\r\n", wrong: "-ERR busy\r\n" } },
  imap: { greets: { healthy: "* OK [CAPABILITY IMAP4rev1] ready\r\n", wrong: "* BYE overloaded\r\n" } },
  telnet: { greets: { healthy: bytes("FFFD18FFFD20"), wrong: "login: " } },
  rdp: {
    answers: {
      to: bytes("030000130EE000000000000100080003000000"),
      healthy: bytes("030000130ED000001234000209080002000000"),
      wrong: bytes("0300000B068000000000000000"),
    },
  },
  ldap: {
    answers: {
      to: bytes("300C020101600702010304008000"),
      healthy: bytes("300C02010161070A010004000400"),
      // 49, invalid credentials.
      wrong: bytes("300C02010161070A013104000400"),
    },
  },
  bdata: { answers: { to: "PING", healthy: "\x00\x01PONG", wrong: "\x00\x01PANG" } },
} as const satisfies { readonly [name: string]: Script };
export type ScriptName = keyof typeof scripts;

export type ScriptedServer = { readonly port: number; readonly connections: number; close(): Promise<void> };

export function startScripted(address: string, name: ScriptName, how: Behaviour): Promise<ScriptedServer> {
  const script: Script = scripts[name];
  return listening(
    address,
    createServer((socket) => {
      let heard = "";
      socket.setEncoding("latin1");
      socket.on("error", () => {});
      socket.on("data", (text: string) => {
        heard += text;
        if (how !== "silent" && heard === script.answers?.to) socket.write(script.answers[how], "latin1");
      });
      if (how !== "silent" && script.greets !== undefined) socket.write(script.greets[how], "latin1");
    }),
  );
}

/** A web server whose answer to a check by POST with the header `X-Check: deep` and the body `a=b` is `text`, and else 500. */
export const startChecked = (address: string, text: string): Promise<ScriptedServer> =>
  listening(
    address,
    createWebServer((request, response) => {
      let body = "";
      request.on("data", (part) => {
        body += part;
      });
      request.on("end", () => {
        const isMeant = request.method === "POST" && request.headers["x-check"] === "deep" && body === "a=b";
        response.statusCode = isMeant ? 200 : 500;
        response.end(isMeant ? text : "what?");
      });
    }),
  );

async function listening(address: string, server: Server): Promise<ScriptedServer> {
  const open = new Set<{ destroy(): void }>();
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const each of open) each.destroy();
      }),
  };
}
