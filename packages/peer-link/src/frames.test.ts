import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@tandem/base/canonical-json";
import fc from "fast-check";
import { encodeFrame, FrameReader } from "./frames.ts";

const bytesOf = (message: Json): Buffer => {
  const frame = encodeFrame(message, 1_000_000);
  assert.ok(frame.ok);
  return frame.value;
};

test("messages come out as they went in, however the stream is cut into chunks", () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (messages, cuts) => {
        const plain = messages.map((message) => JSON.parse(JSON.stringify(message)) as Json);
        const stream = Buffer.concat(plain.map(bytesOf));
        const reader = new FrameReader(1_000_000);
        const seen: Json[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const end = at + (cuts[turn % cuts.length] as number);
          for (const next of reader.push(stream.subarray(at, end))) {
            assert.ok(next.ok);
            seen.push(next.value);
          }
          at = end;
        }
        assert.deepEqual(seen, plain);
      },
    ),
  );
});

test("arbitrary bytes never throw, and after an error nothing more is yielded", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
      const reader = new FrameReader(32);
      let errors = 0;
      for (const chunk of chunks)
        for (const next of reader.push(Buffer.from(chunk))) {
          assert.equal(errors, 0);
          if (!next.ok) errors += 1;
        }
    }),
  );
});

test("a frame above the bound is refused from its header alone, by the writer as well", () => {
  const reader = new FrameReader(100);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(101);
  assert.deepEqual(
    [...reader.push(header)],
    [{ ok: false, error: { code: "frame-too-long", bytes: 101, maxBytes: 100 } }],
  );
  assert.deepEqual([...reader.push(bytesOf(1))], []);
  assert.equal(encodeFrame("x".repeat(101), 100).ok, false);
});
