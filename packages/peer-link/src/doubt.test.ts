import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@tandem/base/canonical-json";
import { err } from "@tandem/base/result";
import type { Endpoints, PeerConnection } from "./endpoints.ts";
import { PeerLink } from "./link.ts";

const fingerprint = "b".repeat(64);

/** A link on a clock that is set by hand; what it dials is never answered in time. */
async function linkOnVirtualClock() {
  let now = 0;
  let timers: { readonly at: number; readonly body: () => void }[] = [];
  const dialledAt: number[] = [];
  let accept: ((connection: PeerConnection) => void) | undefined;
  const endpoints: Endpoints = {
    clock: {
      now: () => now,
      after: (delayMs, body) => {
        const timer = { at: now + delayMs, body };
        timers.push(timer);
        return () => {
          timers = timers.filter((each) => each !== timer);
        };
      },
    },
    listen: ({ onConnection }) => {
      accept = onConnection;
      return Promise.resolve({
        address: "127.0.0.1",
        port: 1,
        stopListening: () => undefined,
        close: () => Promise.resolve(),
      });
    },
    connect: ({ timeoutMs }) => {
      dialledAt.push(now);
      return new Promise((resolve) => {
        const timer = {
          at: now + timeoutMs,
          body: () => resolve(err({ code: "timeout", message: "no answer" })),
        };
        timers.push(timer);
      });
    },
  };
  const link = new PeerLink({
    identity: { unit: "a".repeat(16), fingerprint: "a".repeat(64), certificatePem: "", privateKeyPem: "" },
    listen: { address: "127.0.0.1", port: 1 },
    endpoints,
    onEvent: () => undefined,
    answer: () => null,
  });
  await link.start();
  const pass = async (untilMs: number): Promise<void> => {
    for (;;) {
      const next = timers.filter(({ at }) => at <= untilMs).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      timers = timers.filter((each) => each !== next);
      now = next.at;
      next.body();
      await new Promise((resolve) => setImmediate(resolve));
    }
    now = untilMs;
  };
  /** The peer's own connection: the link is up, and hears what `say` says. */
  const peerConnects = (): { say(message: Json): void } => {
    let heard: (message: Json) => void = () => undefined;
    accept?.({
      peerFingerprint: fingerprint,
      openedBy: "peer",
      remoteAddress: "127.0.0.2",
      trust: () => undefined,
      onMessage: (handler) => {
        heard = handler;
      },
      onClose: () => undefined,
      send: () => true,
      close: () => undefined,
      destroy: () => undefined,
    });
    heard({ type: "hello", version: 1, purpose: "link" });
    return { say: (message) => heard(message) };
  };
  return { link, pass, dialledAt, peerConnects };
}

test("[CH7] a link that is doubted while a dial is under way is dialled again when that has failed, though something late was heard", async () => {
  const { link, pass, dialledAt, peerConnects } = await linkOnVirtualClock();
  link.setPeer({ fingerprint, address: "127.0.0.2", port: 1 });
  await pass(5_000);
  const connected = peerConnects();
  assert.ok(link.isUp, "the peer's connection is the link");
  await pass(10_000);
  dialledAt.length = 0;
  link.connectNow();
  assert.deepEqual(dialledAt, [10_000], "silent for long: another connection is tried beside it");
  await pass(11_400);
  connected.say({ type: "late" });
  await pass(11_700);
  link.connectNow();
  assert.deepEqual(dialledAt, [10_000], "one dial at a time");
  await pass(12_300);
  assert.equal(dialledAt.length, 2, "its own words are not through yet: it tries again");
});

test("[CH7] what is heard soon after a link was doubted may be late itself: dialling goes on until a new connection, or words of later", async () => {
  const { link, pass, dialledAt, peerConnects } = await linkOnVirtualClock();
  link.setPeer({ fingerprint, address: "127.0.0.2", port: 1 });
  await pass(5_000);
  const connected = peerConnects();
  await pass(10_000);
  link.connectNow();
  await pass(11_000);
  link.connectNow();
  await pass(11_050);
  connected.say({ type: "late" });
  dialledAt.length = 0;
  await pass(13_000);
  assert.equal(dialledAt.length, 1, "the dial in which the cut healed has failed; another follows");
  await pass(17_000);
  connected.say({ type: "said after the doubt" });
  await pass(19_100);
  dialledAt.length = 0;
  await pass(60_000);
  assert.deepEqual(dialledAt, [], "the doubt is over");
});

test("[CH7] a link that is doubted is dialled until a new connection is there", async () => {
  const { link, pass, dialledAt, peerConnects } = await linkOnVirtualClock();
  link.setPeer({ fingerprint, address: "127.0.0.2", port: 1 });
  await pass(5_000);
  peerConnects();
  await pass(10_000);
  link.connectNow();
  await pass(11_000);
  peerConnects();
  await pass(12_100);
  dialledAt.length = 0;
  await pass(60_000);
  assert.deepEqual(dialledAt, []);
});
