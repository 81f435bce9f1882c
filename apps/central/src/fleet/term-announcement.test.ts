import assert from "node:assert/strict";
import { test } from "node:test";
import type { Epoch } from "@tandem/base/epoch";
import { second } from "@tandem/base/time";
import { VirtualTime } from "../ha/virtual-time.ts";
import { TermAnnouncement } from "./term-announcement.ts";

const [a, b] = ["a".repeat(16), "b".repeat(16)];

class Told {
  readonly time = new VirtualTime("2026-11-25T09:30:00Z");
  term: Epoch | null = null;
  readonly heard: string[] = [];
  most = 0;
  #running = 0;
  readonly announcement: TermAnnouncement<number>;

  constructor(devices: number, answerMs: (device: number) => number, isDown = (_device: number) => false) {
    const all = Array.from({ length: devices }, (_, target) => ({
      id: `${target}`,
      target,
      isDown: isDown(target),
    }));
    this.announcement = new TermAnnouncement({
      world: this.time.world,
      term: () => this.term,
      devices: () => all,
      tell: (device, { n, unit }) => {
        this.heard.push(`${device} ${n} ${unit[0]}`);
        this.#running += 1;
        this.most = Math.max(this.most, this.#running);
        return new Promise<void>((resolve) =>
          this.time.world.after(answerMs(device), () => {
            this.#running -= 1;
            resolve();
          }),
        );
      },
    });
  }
}

test("[CH22] every device hears of a new term soon, each once; the calls are spread and few at a time", async () => {
  const told = new Told(10_000, () => 50);
  told.announcement.look();
  await told.time.pass(1 * second);
  assert.deepEqual(told.heard, [], "who does not act has nothing to tell");
  told.term = { n: 3, unit: a };
  told.announcement.look();
  await told.time.pass(0);
  assert.ok(told.heard.length > 0, "it begins at once");
  for (let each = 0; each < 10; each += 1) {
    await told.time.pass(0.1 * second);
    told.announcement.look();
  }
  assert.ok(told.heard.length >= 150 && told.heard.length <= 250, `${told.heard.length} in a second`);
  await told.time.pass(60 * second);
  assert.equal(told.heard.length, 10_000);
  assert.equal(new Set(told.heard).size, 10_000);
  assert.ok(told.most <= 32, `${told.most} at a time`);
});

test("[CH22] it ends with the role, goes on when that was held up for a moment, and begins anew with a new term", async () => {
  const told = new Told(100, () => 10);
  told.term = { n: 3, unit: a };
  told.announcement.look();
  await told.time.pass(0.15 * second);
  const heard = told.heard.length;
  assert.ok(heard > 0 && heard < 100);
  told.term = null;
  told.announcement.look();
  await told.time.pass(5 * second);
  assert.equal(told.heard.length, heard);
  told.term = { n: 3, unit: a };
  told.announcement.look();
  await told.time.pass(5 * second);
  assert.equal(told.heard.length, 100);
  told.term = { n: 4, unit: b };
  told.announcement.look();
  await told.time.pass(5 * second);
  assert.deepEqual(
    told.heard.slice(100),
    Array.from({ length: 100 }, (_, device) => `${device} 4 b`),
  );
  told.announcement.stop();
  told.term = { n: 5, unit: b };
  told.announcement.look();
  await told.time.pass(5 * second);
  assert.equal(told.heard.length, 200);
});

test("devices that do not answer come last and keep none of the others waiting", async () => {
  const isDown = (device: number): boolean => device < 500;
  const told = new Told(1_000, (device) => (isDown(device) ? 8 * second : 20), isDown);
  told.term = { n: 1, unit: a };
  told.announcement.look();
  await told.time.pass(3.5 * second);
  assert.ok(told.heard.slice(0, 500).every((entry) => Number(entry.split(" ")[0]) >= 500));
  assert.ok(told.heard.length >= 500);
  await told.time.pass(200 * second);
  assert.equal(told.heard.length, 1_000);
  assert.ok(told.most <= 32);
});
