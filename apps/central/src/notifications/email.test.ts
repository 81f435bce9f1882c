import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { routes } from "@tandem/central-api/routes";
import { eventually, refused, startCentral } from "../central-on-loopback.ts";
import { queueMaxEntries } from "./notifier.ts";

const password = "right password";

/** As much of an SMTP server as a client needs; `hold` lets a mail wait for its answer. */
async function smtpServer(t: TestContext, address: string) {
  const mails: string[] = [];
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  const state = { hold: false, mails, release: () => held.splice(0).forEach((answer) => void answer()) };
  const server = createServer((socket) => {
    sockets.add(socket);
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    let received = "";
    let isData = false;
    say("220 test");
    const command = (line: string): void => {
      const [verb, , initial] = line.split(" ");
      if (verb === "EHLO") say("250-test\r\n250 AUTH PLAIN");
      else if (verb === "AUTH")
        say(
          Buffer.from(initial ?? "", "base64").toString() === `\0operator\0${password}`
            ? "235 ok"
            : "535 bad password",
        );
      else if (verb === "DATA") {
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
          if (state.hold) held.push(() => say("250 taken"));
          else say("250 taken");
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return Object.assign(state, { address: `${address}:${port}` });
}

test("[CH25] events are told by e-mail; what comes together is one mail, a flood is bounded, refusals are said", async (t) => {
  const { client, central } = await startCentral(t, "central1", "127.0.3.11");
  const server = await smtpServer(t, "127.0.3.12");
  const mail = {
    kind: "email" as const,
    security: "none" as const,
    user: "operator",
    from: "central@example.com",
    to: ["one@example.com", "two@example.com"],
  };
  const added = await client.call(routes.addNotification, {
    body: { ...mail, name: "mail", address: server.address, secret: password },
  });
  assert.ok(added.hasSecret && !JSON.stringify(added).includes(password));
  const params = { id: added.id };
  assert.deepEqual(await client.call(routes.testNotification, { params }), { delivered: true, error: null });

  // One that nobody listens for keeps the other waiting for nothing.
  await client.call(routes.addNotification, {
    body: { ...mail, user: "", name: "gone", address: "127.0.3.12:1" },
  });
  const note = (): void =>
    central.pair.note({ severity: "error", code: "check-failed", message: "a check failed" });
  server.hold = true;
  note();
  await eventually("the mail is there", () => server.mails.length === 2);
  assert.match(server.mails[1] ?? "", /Subject: \[central1\] error: a check failed/);
  assert.match(server.mails[1] ?? "", /To: one@example.com, two@example.com/);
  assert.match(server.mails[1] ?? "", /\d{4}-\S+Z central1 error check-failed/);
  for (let count = 0; count < queueMaxEntries + 5; count++) note();
  server.hold = false;
  server.release();
  const stateOf = async (name: string) =>
    (await client.call(routes.listNotifications)).targets.find((each) => each.name === name);
  await eventually("the rest is there", async () => (await stateOf("mail"))?.sent === queueMaxEntries);
  assert.equal((await stateOf("mail"))?.dropped, 6);
  assert.equal(server.mails.length, 2 + 4, "199 entries in mails of 50");
  assert.match((await stateOf("gone"))?.lastError ?? "", /ECONNREFUSED/);

  await client.call(routes.changeNotification, { params, body: { secret: "wrong" } });
  const failed = await client.call(routes.testNotification, { params });
  assert.ok(!failed.delivered);
  assert.match(failed.error ?? "", /535/);
  for (const [body, refusal] of [
    [{ from: "nobody" }, "400 from mailbox-malformed"],
    [{ to: [] }, "400 to mailbox-malformed"],
    [{ to: ["a@example.com\nBcc: b"] }, "400 to mailbox-malformed"],
    [{ address: "smtp://host" }, "400 address address-malformed"],
  ] as const)
    assert.deepEqual(
      await refused(client.call(routes.changeNotification, { params, body: { ...body } as never })),
      [refusal],
    );
});
