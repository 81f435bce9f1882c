import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { octetCountMaxBytes, syslogLineMaxBytes } from "./constants.ts";
import { SyslogFrames } from "./framing.ts";

/** What comes out of a connection that brings `bytes` in pieces of the given lengths, and then ends. */
const framesOf = (bytes: Buffer, lengths: readonly number[] = []): { text: string; isCut: boolean }[] => {
  const reader = new SyslogFrames();
  const frames = [];
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    frames.push(...reader.push(bytes.subarray(at, at + length)));
    at += length;
  }
  const last = reader.end();
  if (last) frames.push(last);
  return frames.map((frame) => ({ text: Buffer.from(frame.bytes).toString("latin1"), isCut: frame.isCut }));
};
const texts = (text: string): string[] => framesOf(Buffer.from(text, "latin1")).map((frame) => frame.text);

test("[CH2] counted messages and lines are told apart, also on one connection", () => {
  assert.deepEqual(texts("5 <1>ab3 x\ny<2>cd\r\n\n\0<3>e"), ["<1>ab", "x\ny", "<2>cd\r", "<3>e"]);
  assert.deepEqual(texts("7 <1>ab"), ["<1>ab"], "what came of a message is kept when the connection ends");
  assert.deepEqual(texts("12 monkeys\n"), ["monkeys\n"]);
});

test("what only looks like a count is part of its line", () => {
  assert.deepEqual(texts("0 zero\n2026-11-25 date\n99999999 far\n42"), [
    "0 zero",
    "2026-11-25 date",
    "99999999 far",
    "42",
  ]);
});

test("a message longer than the bound is cut, and the next one is found", () => {
  const long = "x".repeat(syslogLineMaxBytes + 1);
  for (const sent of [`${long}\nnext\n`, `${long.length} ${long}4 next`])
    assert.deepEqual(
      framesOf(Buffer.from(sent)).map(({ text, isCut }) => [text.length, isCut]),
      [
        [syslogLineMaxBytes, true],
        [4, false],
      ],
    );
  assert.deepEqual(
    framesOf(Buffer.from(`${octetCountMaxBytes} <1>begun`)),
    [{ text: "<1>begun", isCut: true }],
    "one that was announced and never came whole",
  );
});

test("[CH2] whatever bytes arrive, however they are cut into pieces, the same messages come out, all within the bound", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom("\n", "5 ", "10 <1>aaaaaaa", "<34>1 - - - - - - x\n", "0", "1048576 ")
      .map((text) => Buffer.from(text)),
    fc.constant(Buffer.alloc(syslogLineMaxBytes, "y")),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.array(fc.nat(9_000)), (pieces, lengths) => {
      const bytes = Buffer.concat(pieces);
      const whole = framesOf(bytes);
      assert.deepEqual(framesOf(bytes, lengths), whole);
      for (const { text } of whole) assert.ok(text.length > 0 && text.length <= syslogLineMaxBytes);
    }),
  );
});

test("what was framed comes out as it went in", () => {
  const message = fc
    .string({ unit: fc.constantFrom(..."<>1 ab:é"), minLength: 1, maxLength: 30 })
    .map((text) => `<1>${text}`);
  fc.assert(
    fc.property(fc.array(fc.tuple(message, fc.boolean())), fc.array(fc.nat(40)), (sent, lengths) => {
      const bytes = Buffer.concat(
        sent.map(([text, isCounted]) =>
          Buffer.from(isCounted ? `${Buffer.byteLength(text)} ${text}` : `${text}\n`),
        ),
      );
      const received = framesOf(bytes, lengths).map(({ text }) => Buffer.from(text, "latin1").toString());
      assert.deepEqual(
        received,
        sent.map(([text]) => text),
      );
    }),
  );
});
