import assert from "node:assert/strict";
import { test } from "node:test";
import { err, ok } from "@tandem/base/result";
import type { World } from "@tandem/base/world";
import { eventually } from "../central-on-loopback.ts";
import type { DeviceTarget } from "./device-contact.ts";
import { DevicePoller } from "./device-poller.ts";

const target = (address: string, password = "secret"): DeviceTarget => ({
  address,
  port: 443,
  user: "bal",
  password,
  fingerprint: undefined,
});
const answered = (version: string) =>
  ok({ kind: "answered", version, haRole: "single", name: null, fingerprint: "" } as const);

test("[CE1] many devices are contacted few at a time, and every one of them", async (t) => {
  let running = 0;
  let most = 0;
  const seen = new Set<string>();
  const poller = new DevicePoller({
    contact: async ({ address }) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      seen.add(address);
      return answered("1");
    },
  });
  t.after(() => poller.stop());
  const ids = Array.from({ length: 100 }, (_, index) => `device ${index}`);
  poller.follow(ids.map((id) => ({ id, target: target(id) })));
  await eventually("all are up", () => ids.every((id) => poller.status(id).state === "up"));
  assert.equal(seen.size, 100);
  assert.ok(most > 1 && most <= 8, `${most} at the same time`);
});

test("[CE1] a changed device is contacted anew at once, and an answer about what it was before does not count", async (t) => {
  const waiting: { readonly target: DeviceTarget; answer(version: string): void; fail(): void }[] = [];
  const poller = new DevicePoller({
    contact: (asked) =>
      new Promise((resolve) =>
        waiting.push({
          target: asked,
          answer: (version) => resolve(answered(version)),
          fail: () => resolve(err({ kind: "unauthorised", message: "no" })),
        }),
      ),
  });
  t.after(() => poller.stop());
  poller.follow([{ id: "a", target: target("192.0.2.1", "old") }]);
  poller.follow([{ id: "a", target: target("192.0.2.1", "new") }]);
  assert.equal(waiting.length, 1, "one contact at a time for each device");
  waiting[0]?.fail();
  await eventually("it is asked again", () => waiting.length === 2);
  assert.equal(waiting[1]?.target.password, "new");
  assert.equal(poller.status("a").failedAttempts, 0);
  waiting[1]?.answer("2");
  await eventually("it is up", () => poller.status("a").state === "up");

  poller.contactNow("a");
  poller.follow([]);
  waiting[2]?.answer("3");
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(poller.status("a").state, "unknown", "a removed device leaves nothing behind");
});

test("[CE1] a large fleet is met little by little, and a device that somebody asks for before its turn", async (t) => {
  let now = 0;
  const timers: { readonly at: number; readonly run: () => void }[] = [];
  const world: World = {
    now: () => now,
    wall: () => now,
    randomHex: () => "",
    after: (delayMs, run) => {
      const timer = { at: now + delayMs, run };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer) >>> 0, 1);
    },
  };
  const begun: { readonly address: string; readonly at: number }[] = [];
  const poller = new DevicePoller({
    world,
    contact: ({ address }) => {
      begun.push({ address, at: now });
      return Promise.resolve(answered("1"));
    },
  });
  t.after(() => poller.stop());
  const ids = Array.from({ length: 1_000 }, (_, index) => `device ${index}`);
  poller.follow(ids.map((id) => ({ id, target: target(id) })));
  poller.contactNow("device 999");
  while (now < 5_000) {
    await new Promise((resolve) => setImmediate(resolve));
    now += 1;
    for (const timer of timers.filter(({ at }) => at <= now)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.run();
    }
  }
  assert.equal(new Set(begun.map(({ address }) => address)).size, 1_000);
  assert.equal(begun.length, 1_000, "each once");
  for (const from of [0, 1_000, 2_000])
    assert.ok(begun.filter(({ at }) => at >= from && at < from + 1_000).length <= 260);
  const place = begun.findIndex(({ address }) => address === "device 999");
  assert.ok(place <= 10, `the one that was asked for came as number ${place}`);
});
