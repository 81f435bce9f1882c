import assert from "node:assert/strict";
import { test } from "node:test";
import { routes } from "@tandem/central-api/routes";
import { eventually, refused, startCentral } from "../central-on-loopback.ts";
import { queueMaxEntries } from "./notifier.ts";
import { type SmtpServer, selfSigned, smtpPassword, startSmtp } from "./smtp-on-loopback.ts";

test("[CH25] events are told by e-mail; what comes together is one mail, a flood is bounded, refusals are said", async (t) => {
  const { client, central } = await startCentral(t, "central1", "127.0.3.11");
  const server = await startSmtp(t, "127.0.3.12");
  const mail = {
    kind: "email" as const,
    security: "none" as const,
    user: "operator",
    from: "central@example.com",
    to: ["one@example.com", "two@example.com"],
  };
  const added = await client.call(routes.addNotification, {
    body: { ...mail, name: "mail", address: server.address, secret: smtpPassword },
  });
  assert.ok(added.hasSecret && !JSON.stringify(added).includes(smtpPassword));
  const params = { id: added.id };
  assert.deepEqual(await client.call(routes.testNotification, { params }), {
    delivered: true,
    error: null,
    remedy: null,
  });

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

test("[CH25] e-mail goes over TLS and STARTTLS, to a server whose certificate is trusted; otherwise nothing is sent, and an event names the remedy", async (t) => {
  const { client, central } = await startCentral(t, "central1", "127.0.3.13");
  const mail = {
    kind: "email" as const,
    user: "operator",
    secret: smtpPassword,
    from: "central@example.com",
    to: ["one@example.com"],
  };
  const add = async (name: string, server: SmtpServer, more: object) => {
    const body = { ...mail, name, address: server.address, ...more };
    return (await client.call(routes.addNotification, { body })).id;
  };
  const tested = (id: string) => client.call(routes.testNotification, { params: { id } });
  const failures = async () => {
    const { events } = await client.call(routes.haEvents, { query: { limit: "1000" } });
    return events.filter(({ code }) => code.startsWith("notification-")).map(({ text }) => text);
  };
  const note = (): void =>
    central.pair.note({ severity: "error", code: "check-failed", message: "a check failed" });

  const { certificatePem } = await selfSigned(t, "127.0.3.14");
  for (const security of ["tls", "starttls"] as const) {
    const server = await startSmtp(t, "127.0.3.14", security);
    const id = await add(security, server, { security, certificateAuthority: server.certificate });
    note();
    await eventually("the mail is there", () => server.mails.length > 0);
    assert.deepEqual(server.secured, [true]);
    const session = ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"];
    const begun = security === "tls" ? ["TLS"] : ["EHLO", "STARTTLS", "TLS"];
    assert.deepEqual(server.said.slice(0, begun.length + session.length), [...begun, ...session]);

    // Another authority than the one that is given, or none: neither password nor mail is sent.
    const params = { id };
    for (const certificateAuthority of [certificatePem, ""]) {
      server.said.length = 0;
      await client.call(routes.changeNotification, { params, body: { certificateAuthority } });
      const refusal = await tested(id);
      assert.match(refusal.error ?? "", /certificate of 127\.0\.3\.14:\d+ is not signed by .* trusted here/);
      assert.match(refusal.remedy ?? "", /--ca-file/);
      assert.ok(!server.said.includes("AUTH") && !server.said.includes("DATA"), server.said.join(" "));
    }
    note();
    const event = await eventually("an event says so", async () =>
      (await failures()).find((text) => text.includes(`email "${security}"`)),
    );
    assert.match(
      event,
      /is not told what happens: the certificate of .* is not signed.*give the certificate of its authority/,
    );
    await client.call(routes.changeNotification, {
      params,
      body: { certificateAuthority: server.certificate },
    });
    await eventually("and that it works again", async () =>
      (await failures()).some((text) => text.includes(`email "${security}" is told again`)),
    );
    await client.call(routes.removeNotification, { params });
  }

  const named = await startSmtp(t, "127.0.3.14", "tls", { certificateFor: "192.0.2.1" });
  const without = await startSmtp(t, "127.0.3.14", "starttls", { lacksStarttls: true });
  const clear = await startSmtp(t, "127.0.3.14", "none");
  for (const [name, server, security, message] of [
    ["named", named, "tls", /is for another name/],
    ["without", without, "starttls", /does not go over to TLS .*502/],
    ["clear", clear, "tls", /does not speak TLS there/],
  ] as const) {
    const id = await add(name, server, { security, certificateAuthority: server.certificate });
    const refusal = await tested(id);
    assert.match(refusal.error ?? "", message);
    assert.match(refusal.remedy ?? "", /^nothing was sent; /);
    assert.ok(!server.said.includes("AUTH") && server.mails.length === 0);
  }
  assert.deepEqual(
    await refused(add("garbage", clear, { security: "tls", certificateAuthority: "garbage" })),
    ["400 certificateAuthority certificate-malformed"],
  );
  const { events } = await client.call(routes.haEvents, { query: { limit: "1000" } });
  assert.ok(!JSON.stringify(events).includes(smtpPassword));
});
