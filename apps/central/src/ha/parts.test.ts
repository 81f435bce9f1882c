import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@tandem/base/canonical-json";
import type { World } from "@tandem/base/world";
import { type PeerMessage, partMaxChars } from "@tandem/pair/wire";
import { assert as check, integer, property } from "fast-check";
import { longMessage, Parts } from "./parts.ts";

const pairId = "1".repeat(32);
const chars = (count: number, unit = "x"): string => unit.repeat(Math.ceil(count / unit.length));
const delta = (text: string): Extract<PeerMessage, { type: "delta" }> => ({
  type: "delta",
  pairId,
  delta: text,
});

/** Two ends on a virtual clock, with the link's queues in the hand of the test. */
class Wire {
  now = 0;
  readonly timers: { at: number; run: () => void }[] = [];
  readonly queues: PeerMessage[][] = [[], []];
  isUp = true;
  readonly received: Json[] = [];
  readonly refused: string[] = [];
  progress = 0;
  readonly ends: [Parts, Parts];

  constructor(peerTakesParts = true) {
    const world: World = {
      now: () => this.now,
      wall: () => this.now,
      randomHex: () => "",
      after: (delayMs, run) => {
        const timer = { at: this.now + delayMs, run };
        this.timers.push(timer);
        return () => this.timers.splice(this.timers.indexOf(timer) >>> 0, 1);
      },
    };
    const end = (index: 0 | 1): Parts =>
      new Parts({
        world,
        send: (message) => {
          if (this.isUp) this.queues[1 - index]?.push(message);
          return this.isUp;
        },
        peerTakesParts: () => peerTakesParts,
        received: (message) => this.received.push(message),
        openSnapshot: () => null,
        progress: () => {
          this.progress += 1;
        },
        refused: (why) => this.refused.push(why),
      });
    this.ends = [end(0), end(1)];
  }
  restart(index: 0 | 1): void {
    this.ends[index].reset();
  }
  /** Delivers at most `count` messages to one end. */
  deliver(index: 0 | 1, count = Number.POSITIVE_INFINITY): number {
    const messages = this.queues[index]?.splice(0, count) ?? [];
    for (const message of messages) {
      if (message.type === "part" || message.type === "part-have") this.ends[index].receive(message);
      else this.received.push(message as unknown as Json);
    }
    return messages.length;
  }
  settle(): void {
    while (this.deliver(1) + this.deliver(0) > 0);
  }
  after(durationMs: number): void {
    const end = this.now + durationMs;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers.splice(this.timers.indexOf(due), 1);
      this.now = Math.max(this.now, due.at);
      due.run();
    }
    this.now = end;
  }
  cut(): void {
    this.isUp = false;
    for (const queue of this.queues) queue.length = 0;
  }
}

test("[CH3] a short message goes whole; a long one in parts of which at most eight are unconfirmed", () => {
  const wire = new Wire();
  wire.ends[0].send(longMessage(delta("short")));
  assert.deepEqual(wire.queues[1], [delta("short")]);
  wire.settle();
  const message = delta(chars(9.5 * partMaxChars));
  wire.ends[0].send(longMessage(message));
  assert.equal(wire.queues[1]?.length, 8, "a heartbeat that is sent now waits for no more than these");
  for (const part of wire.queues[1] ?? []) assert.ok(JSON.stringify(part).length < 1.1 * partMaxChars);
  assert.ok(wire.ends[0].isSending("delta"));
  wire.deliver(1, 1);
  wire.deliver(0);
  assert.equal(wire.queues[1]?.length, 8);
  wire.settle();
  assert.deepEqual(wire.received, [delta("short"), message]);
  assert.ok(wire.progress > 10);
  assert.ok(!wire.ends[0].isSending("delta"));
  wire.after(120_000);
  assert.equal(wire.timers.length, 0, "no timer is left behind");
});

test("[CH3] a transfer goes on after a broken link at the part that is missing, and begins anew at a receiver that forgot", () => {
  const wire = new Wire();
  const message = delta(chars(9.5 * partMaxChars));
  wire.ends[0].send(longMessage(message));
  wire.deliver(1, 3);
  wire.deliver(0);
  wire.cut();
  wire.isUp = true;
  wire.ends[0].resume();
  assert.deepEqual(
    wire.queues[1]?.map((part) => part.type === "part" && part.index),
    [3, 4, 5, 6, 7, 8, 9, 10],
  );
  wire.deliver(1, 2);
  wire.deliver(0);
  wire.cut();
  wire.restart(1);
  wire.isUp = true;
  wire.ends[0].resume();
  wire.settle();
  assert.deepEqual(wire.received, [message]);
});

test("[CH3] what was dropped on the way is sent again after two seconds", () => {
  const wire = new Wire();
  const message = delta(chars(2.5 * partMaxChars));
  wire.ends[0].send(longMessage(message));
  wire.queues[1]?.splice(1, 1);
  wire.settle();
  assert.deepEqual(wire.received, []);
  wire.after(2_000);
  wire.settle();
  assert.deepEqual(wire.received, [message]);
});

test("a newer message replaces the one under way; one that no longer moves is dropped on both sides after a minute", () => {
  const wire = new Wire();
  wire.ends[0].send(longMessage(delta(chars(6 * partMaxChars, "a"))));
  wire.deliver(1, 2);
  const newer = delta(chars(3 * partMaxChars, "b"));
  wire.ends[0].send(longMessage(newer));
  wire.settle();
  assert.deepEqual(wire.received, [newer]);
  assert.equal(wire.ends[0].counters.superseded, 1);
  assert.equal(wire.ends[1].counters.superseded, 1);

  wire.ends[0].send(longMessage(delta(chars(6 * partMaxChars, "c"))));
  wire.deliver(1, 2);
  wire.cut();
  wire.after(70_000);
  assert.ok(!wire.ends[0].isSending("delta"));
  assert.equal(wire.ends[0].counters.expired + wire.ends[1].counters.expired, 2);
  assert.equal(wire.timers.length, 0);
});

test("the same message again, while it is under way, begins nothing anew", () => {
  const wire = new Wire();
  const message = delta(chars(6 * partMaxChars));
  wire.ends[0].send(longMessage(message));
  wire.deliver(1, 2);
  wire.deliver(0);
  wire.cut();
  wire.isUp = true;
  wire.ends[0].send(longMessage(message));
  assert.equal(wire.queues[1]?.[0]?.type === "part" && wire.queues[1][0].index, 2);
});

test("parts never split a character, and the digest is over the whole", () => {
  check(
    property(integer({ min: 0, max: 3 }), integer({ min: 0, max: 3 }), (before, after) => {
      const wire = new Wire();
      const message = delta(`${"x".repeat(before)}${chars(2 * partMaxChars, "😀")}${"é".repeat(after)}`);
      wire.ends[0].send(longMessage(message));
      wire.settle();
      assert.deepEqual(wire.received, [message]);
    }),
    { numRuns: 8 },
  );
});

test("what is not what its digest announced, too long, or a part in parts, is refused and lost, and the sender goes on", () => {
  const wire = new Wire();
  const end = wire.ends[1];
  const transfer = "a".repeat(64);
  end.receive({ type: "part", transfer, index: 0, count: 1, text: "{}" });
  assert.match(wire.refused[0] ?? "", /not what its digest announced/);
  assert.deepEqual(wire.queues[0]?.pop(), { type: "part-have", transfer, next: 1 });
  const text = chars(partMaxChars);
  for (let index = 0; index < 257; index += 1)
    end.receive({ type: "part", transfer, index, count: 4_096, text });
  assert.match(wire.refused[1] ?? "", /longer than/);
  end.receive({ type: "part", transfer, index: 7, count: 9, text });
  end.receive({ type: "part-have", transfer, next: 3 });
  assert.deepEqual(wire.received, []);
});

test("to a peer of wire version 1 every message goes whole", () => {
  const wire = new Wire(false);
  const message = delta(chars(3 * partMaxChars));
  wire.ends[0].send(longMessage(message));
  assert.deepEqual(wire.queues[1], [message]);
});
