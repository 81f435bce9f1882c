import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "node:tls";
import type { Json } from "@tandem/base/canonical-json";
import { mutated } from "@tandem/base/mutations";
import { Prng } from "@tandem/base/prng";
import fc from "fast-check";
import { encodeFrame, FrameReader } from "./frames.ts";
import { formatHaKey, parseHaKey } from "./ha-key.ts";
import { PeerLink, type PeerLinkEvent } from "./link.ts";
import { linkVersion, readHello, readReply } from "./link-frames.ts";
import { eventually, temporaryIdentity } from "./loopback.ts";

const runs = 2_000;
const frameOf = (message: Json): Buffer => {
  const frame = encodeFrame(message, 100_000);
  assert.ok(frame.ok);
  return frame.value;
};

test("[CH14] reading an HA key is total: any text, and any key with parts of it changed", () => {
  const key = formatHaKey("a".repeat(64));
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => typeof parseHaKey("key", text).ok === "boolean"),
  );
  fc.assert(
    fc.property(fc.nat(key.length), fc.nat(8), fc.string({ maxLength: 8 }), (at, length, text) => {
      const parsed = parseHaKey("key", key.slice(0, at) + text + key.slice(at + length));
      assert.ok(parsed.ok ? parsed.value.fingerprint === "a".repeat(64) : parsed.error.remedy !== "");
    }),
  );
});

test("hellos and replies: changed ones are read or passed over, and nothing throws", () => {
  const prng = new Prng(3);
  for (let count = 0; count < runs; count += 1) {
    const hello = readHello(mutated({ type: "hello", version: linkVersion, purpose: "link" }, prng) as Json);
    assert.ok(hello === undefined || (hello.type === "hello" && hello.version === linkVersion));
    readReply(mutated({ type: "answer", message: { type: "heartbeat" } }, prng) as Json);
    readReply(mutated({ type: "welcome", version: linkVersion }, prng) as Json);
  }
});

test("frames with bytes changed, left out or cut off: nothing throws, nothing is held beyond the bound", () => {
  const prng = new Prng(5);
  const bound = 4_096;
  for (let count = 0; count < runs; count += 1) {
    const stream = Buffer.concat([
      frameOf({ type: "durable", vector: {} }),
      frameOf(["x".repeat(50)]),
      frameOf(1),
    ]);
    const at = prng.below(stream.length);
    const changed =
      prng.below(2) === 0
        ? stream.subarray(0, at)
        : Buffer.concat([stream.subarray(0, at), stream.subarray(at + 1 + prng.below(4))]);
    if (changed.length > 0) changed[prng.below(changed.length)] = prng.below(256);
    const reader = new FrameReader(bound);
    let messages = 0;
    for (let begin = 0; begin < changed.length; begin += 7)
      for (const next of reader.push(changed.subarray(begin, begin + 7))) messages += next.ok ? 1 : 0;
    assert.ok(messages <= stream.length / 5);
  }
});

test("a peer that sends an oversized or malformed frame is told of, its connection closed, and the link comes back", async (t) => {
  const own = await temporaryIdentity(t, "own");
  const peer = await temporaryIdentity(t, "peer");
  const events: PeerLinkEvent[] = [];
  const link = new PeerLink({
    identity: own,
    listen: { address: "127.0.0.1", port: 0 },
    onEvent: (event) => events.push(event),
    answer: () => null,
  });
  const { port } = await link.start();
  t.after(() => link.close("end of test"));
  // Nobody listens at that address: only the peer opens connections here.
  link.setPeer({ fingerprint: peer.fingerprint, address: "127.0.0.1", port: 1 });
  const faults = (): string[] =>
    events.flatMap((event) =>
      event.kind === "failed" && event.code === "not-understood" ? [event.message] : [],
    );
  const hostile = (bytes: Buffer): void => {
    const socket = connect(
      {
        host: "127.0.0.1",
        port,
        key: peer.privateKeyPem,
        cert: peer.certificatePem,
        rejectUnauthorized: false,
        checkServerIdentity: () => undefined,
      },
      () => {
        socket.write(frameOf({ type: "hello", version: linkVersion, purpose: "link" }));
        socket.once("data", () => socket.write(bytes));
      },
    );
    socket.on("error", () => undefined);
    t.after(() => socket.destroy());
  };
  hostile(Buffer.from([0x7f, 0, 0, 0]));
  await eventually("the oversized one is told of", () => faults().length === 1);
  assert.match(faults()[0] ?? "", /announced a frame of \d+ bytes; at most/);
  await eventually("its connection is closed", () => !link.isUp);
  hostile(Buffer.from([0, 0, 0, 3, 0x7b, 0xff, 0x7d]));
  await eventually("the malformed one is told of", () => faults().length === 2);
  await eventually("its connection is closed as well", () => !link.isUp);
  hostile(frameOf({ type: "durable", vector: {} }));
  await eventually("and what is right is heard again", () => events.some(({ kind }) => kind === "message"));
});
