import assert from "node:assert/strict";
import { connect as connectTcp, createServer as createTcpServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { connect as connectTlsRaw } from "node:tls";
import { formatHaKey, parseHaKey } from "./ha-key.ts";
import type { Identity } from "./identity.ts";
import { PeerLink, type PeerLinkEvent } from "./link.ts";
import { eventually, temporaryIdentity } from "./loopback.ts";
import { probe } from "./probe.ts";
import { type Connection, connectTls, listenTls } from "./tls-endpoints.ts";

type Unit = {
  identity: Identity;
  link: PeerLink;
  port: number;
  events: PeerLinkEvent[];
  kinds: () => string[];
  messages: () => unknown[];
  peerAddress: { fingerprint: string; address: string; port: number };
};

async function startUnit(t: TestContext, name: string, address = "127.0.0.1", port = 0): Promise<Unit> {
  const identity = await temporaryIdentity(t, name);
  const events: PeerLinkEvent[] = [];
  const link = new PeerLink({
    identity,
    listen: { address, port },
    onEvent: (event) => events.push(event),
    answer: () => ({ state: "Master", unit: identity.unit }),
  });
  const listening = await link.start();
  t.after(() => link.close("end of test"));
  return {
    identity,
    link,
    port: listening.port,
    events,
    kinds: () => events.map((event) => event.kind),
    messages: () => events.flatMap((event) => (event.kind === "message" ? [event.message] : [])),
    peerAddress: { fingerprint: identity.fingerprint, address, port: listening.port },
  };
}

/** A unit with nobody listening where its peer should be: a port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("one connection, opened by one unit, carries both directions", async (t) => {
  const a = await startUnit(t, "a");
  const b = await startUnit(t, "b", "127.0.0.2");
  // B does not know where A listens: the port is one that refuses, so only A can open a connection.
  b.link.setPeer({ ...a.peerAddress, port: await freePort() });
  a.link.setPeer(b.peerAddress);
  await eventually("both are up", () => a.link.isUp && b.link.isUp);
  assert.ok(a.link.send({ from: "a" }));
  assert.ok(b.link.send({ from: "b" }));
  await eventually("both have heard", () => a.messages().length === 1 && b.messages().length === 1);
  assert.deepEqual(a.messages(), [{ from: "b" }]);
  assert.deepEqual(b.messages(), [{ from: "a" }]);
  assert.ok(b.events.some((event) => event.kind === "up" && event.openedBy === "peer"));
});

test("both dial at once: the link comes up, stays up, and loses no message", async (t) => {
  const a = await startUnit(t, "a");
  const b = await startUnit(t, "b", "127.0.0.2");
  a.link.setPeer(b.peerAddress);
  b.link.setPeer(a.peerAddress);
  await eventually("both are up", () => a.link.isUp && b.link.isUp);
  for (let n = 0; n < 50; n += 1) {
    a.link.send(n);
    b.link.send(n);
    await new Promise(setImmediate);
  }
  await eventually("all are heard", () => a.messages().length === 50 && b.messages().length === 50);
  assert.deepEqual(
    [...a.messages()].sort((x, y) => Number(x) - Number(y)),
    [...Array(50).keys()],
  );
  assert.ok(!a.kinds().includes("closed") && !b.kinds().includes("closed"));
});

test("[CH14] a peer with another key than the pinned one is not spoken to, and its key is shown", async (t) => {
  const a = await startUnit(t, "a");
  const b = await startUnit(t, "b");
  const stranger = await temporaryIdentity(t, "stranger");
  a.link.setPeer({ ...b.peerAddress, fingerprint: stranger.fingerprint });
  await eventually("the failure is told", () => a.kinds().includes("failed"));
  const failed = a.events.find((event) => event.kind === "failed");
  assert.ok(failed?.kind === "failed" && failed.code === "wrong-key");
  assert.equal(failed.actualFingerprint, b.identity.fingerprint);
  assert.equal(a.link.isUp, false);
});

test("[CH14] a unit that the peer does not know is told so; nothing it sends is handled", async (t) => {
  const a = await startUnit(t, "a");
  const b = await startUnit(t, "b");
  a.link.setPeer(b.peerAddress);
  await eventually("A is told", () =>
    a.events.some((event) => event.kind === "failed" && event.code === "not-known-there"),
  );
  assert.ok(
    b.events.some((event) => event.kind === "rejected" && event.fingerprint === a.identity.fingerprint),
  );
  assert.ok(!b.kinds().includes("up") && !b.kinds().includes("message"));
  b.link.setPeer(a.peerAddress);
  await eventually("once B knows A, the link comes up", () => a.link.isUp && b.link.isUp);
});

test("[CH7] refused is told from failed: nobody listens, or nobody answers", async (t) => {
  const a = await startUnit(t, "a");
  const b = await temporaryIdentity(t, "b");
  a.link.setPeer({ fingerprint: b.fingerprint, address: "127.0.0.1", port: await freePort() });
  await eventually("refused", () => a.kinds().includes("refused"));
  assert.ok(!a.kinds().includes("failed"));

  const sockets: Socket[] = [];
  const silent = createTcpServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  a.link.setPeer({
    fingerprint: b.fingerprint,
    address: "127.0.0.1",
    port: (silent.address() as { port: number }).port,
  });
  await eventually("timed out", () =>
    a.events.some((event) => event.kind === "failed" && event.code === "timeout"),
  );
});

test("[CH7] a peer whose process ends is seen at once: closed, then refused on every connectNow", async (t) => {
  const a = await startUnit(t, "a");
  const b = await startUnit(t, "b");
  b.link.setPeer({ ...a.peerAddress });
  a.link.setPeer(b.peerAddress);
  await eventually("up", () => a.link.isUp && b.link.isUp);
  const startedAt = performance.now();
  await b.link.close("killed");
  await eventually("closed", () => a.kinds().includes("closed"), 500);
  for (let tries = 1; tries <= 3; tries += 1) {
    a.link.connectNow();
    await eventually(
      `refused ${tries}`,
      () => a.kinds().filter((kind) => kind === "refused").length >= tries,
      500,
    );
  }
  assert.ok(performance.now() - startedAt < 1_000);
});

test("a link that is cut in silence comes back through connectNow, without waiting for TCP to give up", async (t) => {
  const a = await startUnit(t, "a");
  const b = await startUnit(t, "b");
  // A proxy that stops forwarding, without closing: what a pulled cable looks like.
  let isCut = false;
  const pairs: Socket[] = [];
  const proxy = createTcpServer((near) => {
    const far = connectTcp(b.port, "127.0.0.1");
    pairs.push(near, far);
    const cutHere = isCut;
    near.on("data", (chunk) => !(isCut && pairs.indexOf(near) < 2) && !cutHere && far.write(chunk));
    far.on("data", (chunk) => !(isCut && pairs.indexOf(near) < 2) && !cutHere && near.write(chunk));
    for (const socket of [near, far]) socket.on("error", () => undefined);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of pairs) socket.destroy();
    proxy.close();
  });
  b.link.setPeer({ ...a.peerAddress, port: await freePort() });
  a.link.setPeer({ ...b.peerAddress, port: (proxy.address() as { port: number }).port });
  await eventually("up", () => a.link.isUp && b.link.isUp);
  isCut = true;
  a.link.send("into the dark");
  assert.equal(a.link.isUp, true);
  isCut = false;
  // The old connection stays dark for good; the new one is forwarded.
  for (const socket of pairs.slice(0, 2)) socket.removeAllListeners("data").pause();
  await eventually("the link is no longer fresh", () => {
    a.link.connectNow();
    return a.events.filter((event) => event.kind === "up").length === 2;
  });
  a.link.send("after the cut");
  b.link.send("after the cut");
  await eventually(
    "both hear again",
    () => a.messages().includes("after the cut") && b.messages().includes("after the cut"),
  );
  assert.ok(!a.kinds().includes("closed"), "the link never went down between the two");
});

test("a malformed or oversized frame closes the connection with the reason", async (t) => {
  const server = await temporaryIdentity(t, "server");
  const client = await temporaryIdentity(t, "client");
  const reasons: string[] = [];
  const listener = await listenTls({
    identity: server,
    address: "127.0.0.1",
    port: 0,
    onConnection: (connection) => {
      connection.onMessage(() => undefined);
      connection.onClose((reason) => reasons.push(reason));
    },
  });
  t.after(() => listener.close());
  const garbage = (bytes: Buffer): void => {
    const socket = connectTlsRaw(
      {
        host: "127.0.0.1",
        port: listener.port,
        key: client.privateKeyPem,
        cert: client.certificatePem,
        rejectUnauthorized: false,
        checkServerIdentity: () => undefined,
      },
      () => socket.write(bytes),
    );
    socket.on("error", () => undefined);
    t.after(() => socket.destroy());
  };
  garbage(Buffer.from([0, 0, 0, 3, 0x7b, 0xff, 0x7d]));
  await eventually("malformed", () => reasons.length === 1);
  assert.match(reasons[0] as string, /malformed/);
  garbage(Buffer.from([0x7f, 0, 0, 0]));
  await eventually("oversized", () => reasons.length === 2);
  assert.match(reasons[1] as string, /at most 65536/);
});

test("without a certificate there is no connection, and no byte is handled before its handler is set", async (t) => {
  const server = await temporaryIdentity(t, "server");
  const client = await temporaryIdentity(t, "client");
  const connections: Connection[] = [];
  const failures: string[] = [];
  const listener = await listenTls({
    identity: server,
    address: "127.0.0.1",
    port: 0,
    onConnection: (connection) => connections.push(connection),
    onHandshakeFailure: (_, message) => failures.push(message),
  });
  t.after(() => listener.close());
  const nameless = connectTlsRaw({
    host: "127.0.0.1",
    port: listener.port,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  nameless.on("error", () => undefined);
  await eventually("refused without a certificate", () => failures.length === 1);
  assert.equal(connections.length, 0);

  const connected = await connectTls({
    identity: client,
    address: "127.0.0.1",
    port: listener.port,
    timeoutMs: 2_000,
  });
  assert.ok(connected.ok);
  assert.equal(connected.value.peerFingerprint, server.fingerprint);
  connected.value.send("early");
  await eventually("accepted", () => connections.length === 1);
  const accepted = connections[0] as Connection;
  assert.equal(accepted.peerFingerprint, client.fingerprint);
  assert.equal(accepted.counters.received, 0);
  const heard: unknown[] = [];
  accepted.onMessage((message) => heard.push(message));
  await eventually("heard once a handler is set", () => heard.length === 1);
});

test("[CH14] probe: unreachable, wrong key, own address, not known there, and an answer are five things", async (t) => {
  const a = await startUnit(t, "a");
  const b = await startUnit(t, "b");
  const ask = (peer: { fingerprint: string; address: string; port: number }) =>
    probe(a.identity, peer, 2_000);
  const nobody = await ask({ ...b.peerAddress, port: await freePort() });
  assert.ok(nobody.kind === "unreachable" && nobody.code === "refused");
  assert.deepEqual(await ask({ ...b.peerAddress, fingerprint: "0".repeat(64) }), {
    kind: "wrong-key",
    actualFingerprint: b.identity.fingerprint,
  });
  assert.deepEqual(await ask({ ...b.peerAddress, port: a.port }), { kind: "own-address" });
  assert.deepEqual(await ask(b.peerAddress), { kind: "not-known-there" });
  b.link.setPeer(a.peerAddress);
  assert.deepEqual(await ask(b.peerAddress), {
    kind: "answer",
    message: { state: "Master", unit: b.identity.unit },
  });
  const key = parseHaKey("peerKey", formatHaKey(b.identity.fingerprint));
  assert.ok(key.ok && key.value.fingerprint === b.identity.fingerprint);
});

test("changing the peer lets go of the former one", async (t) => {
  const a = await startUnit(t, "a");
  const b = await startUnit(t, "b");
  const c = await startUnit(t, "c");
  b.link.setPeer(a.peerAddress);
  c.link.setPeer(a.peerAddress);
  a.link.setPeer(b.peerAddress);
  await eventually("linked with B", () => b.link.isUp);
  a.link.setPeer(c.peerAddress);
  await eventually("linked with C, and no longer with B", () => c.link.isUp && a.link.isUp && !b.link.isUp);
  a.link.setPeer(null);
  await eventually("linked with nobody", () => !a.link.isUp && !c.link.isUp);
});
