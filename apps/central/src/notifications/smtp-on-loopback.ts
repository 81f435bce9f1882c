/** As much of an SMTP server as a client needs, in clear, over TLS or with STARTTLS; for tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { TLSSocket } from "node:tls";
import { type Identity, loadOrCreateIdentity } from "@tandem/peer-link/identity";

export const smtpPassword = "right password";

export type SmtpServer = {
  /** As a target names it. */
  readonly address: string;
  /** PEM of the certificate that it shows, signed by itself. */
  readonly certificate: string;
  readonly mails: readonly string[];
  /** Of each mail, whether it came over TLS. */
  readonly secured: readonly boolean[];
  /** Verbs of all sessions, with `TLS` where one was begun. */
  readonly said: string[];
  /** While true a mail waits for its answer. */
  hold: boolean;
  release(): void;
};

/** A certificate for `names` that nobody else has signed. */
export async function selfSigned(t: TestContext, ...names: readonly string[]): Promise<Identity> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-smtp-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return loadOrCreateIdentity(folder, { commonName: "mail", addresses: names });
}

/** `lacks`: what the server does not offer, although a client may ask for it. */
export async function startSmtp(
  t: TestContext,
  address: string,
  security: "none" | "starttls" | "tls" = "none",
  options: { readonly lacksStarttls?: true; readonly certificateFor?: string } = {},
): Promise<SmtpServer> {
  const identity = await selfSigned(t, options.certificateFor ?? address);
  const mails: string[] = [];
  const secured: boolean[] = [];
  const said: string[] = [];
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  const offersStarttls = security === "starttls" && !options.lacksStarttls;
  const upgraded = (socket: Socket): Socket =>
    new TLSSocket(socket, {
      isServer: true,
      key: identity.privateKeyPem,
      cert: identity.certificatePem,
    });
  const server = createServer((raw) => {
    sockets.add(raw);
    raw.on("error", () => {});
    if (security === "tls") serve(upgraded(raw), true, true);
    else serve(raw, false, true);
  });
  const serve = (socket: Socket, isSecure: boolean, greets: boolean): void => {
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    let received = "";
    let isData = false;
    if (isSecure) said.push("TLS");
    if (greets) say("220 test");
    const command = (line: string): void => {
      const [verb, , initial] = line.split(" ");
      said.push(verb ?? "");
      if (verb === "EHLO") {
        const more = offersStarttls && !isSecure ? ["STARTTLS"] : [];
        const all = ["test", ...more, "AUTH PLAIN"];
        for (const [index, each] of all.entries()) say(`250${index < all.length - 1 ? "-" : " "}${each}`);
      } else if (verb === "STARTTLS") {
        if (offersStarttls) {
          say("220 go on");
          socket.removeAllListeners("data");
          serve(upgraded(socket), true, false);
        } else say("502 not here");
      } else if (verb === "AUTH") {
        const given = Buffer.from(initial ?? "", "base64").toString();
        say(given === `\0operator\0${smtpPassword}` ? "235 ok" : "535 bad password");
      } else if (verb === "DATA") {
        isData = true;
        say("354 go on");
      } else if (verb === "QUIT") {
        say("221 bye");
        socket.end();
      } else say("250 ok");
    };
    socket.on("error", () => {});
    socket.on("data", (part) => {
      received += part.toString();
      for (;;) {
        const end = isData ? "\r\n.\r\n" : "\r\n";
        const at = received.indexOf(end);
        if (at < 0) return;
        const text = received.slice(0, at);
        received = received.slice(at + end.length);
        if (!isData) command(text);
        else {
          isData = false;
          mails.push(text);
          secured.push(isSecure);
          if (smtp.hold) held.push(() => say("250 taken"));
          else say("250 taken");
        }
      }
    });
  };
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const smtp: SmtpServer = {
    address: `${address}:${port}`,
    certificate: identity.certificatePem,
    mails,
    secured,
    said,
    hold: false,
    release: () => {
      for (const answer of held.splice(0)) answer();
    },
  };
  return smtp;
}
