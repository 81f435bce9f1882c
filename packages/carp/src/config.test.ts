import assert from "node:assert/strict";
import { test } from "node:test";
import { validateCarpConfig } from "./config.ts";
import type { CarpConfig } from "./state.ts";

const valid: CarpConfig = {
  vhid: 7,
  advbase: 3,
  advskew: 0,
  preempt: false,
  password: "nineteen characters",
  hashedAddresses: ["10.213.0.20/24"],
  ownAddress: "10.213.0.21",
  trustDemotion: true,
  replayCheck: "growing",
};

const faults = (change: Partial<CarpConfig>): string[] => {
  const result = validateCarpConfig({ ...valid, ...change });
  return result.ok ? [] : result.error.map((fault) => `${fault.code} ${fault.field}`);
};

test("a good configuration passes as it is, at every bound", () => {
  assert.deepEqual(validateCarpConfig(valid), { ok: true, value: valid });
  for (const change of [
    { vhid: 1 },
    { vhid: 255 },
    { advbase: 0, advskew: 10 },
    { advbase: 254, advskew: 254 },
    { hashedAddresses: ["10.0.0.1", "2001:db8::20/64", "fe80::1", "::ffff:10.0.0.9"] },
  ])
    assert.deepEqual(faults(change), []);
});

test("a bad value is named with its field, its value and a remedy", () => {
  assert.deepEqual(faults({ vhid: 0 }), ["carp-vhid vhid"]);
  assert.deepEqual(faults({ vhid: 256 }), ["carp-vhid vhid"]);
  assert.deepEqual(faults({ vhid: 1.5 }), ["carp-vhid vhid"]);
  assert.deepEqual(faults({ password: "a password of 20 byt" }), ["carp-password password"]);
  assert.deepEqual(faults({ password: "zwölf übergrößen!!" }), ["carp-password password"]);
  assert.deepEqual(faults({ password: "" }), ["carp-password password"]);
  assert.deepEqual(faults({ password: "a\0" }), ["carp-password password"]);
  assert.deepEqual(faults({ advbase: 255 }), ["carp-advbase advbase"]);
  assert.deepEqual(faults({ advbase: -1 }), ["carp-advbase advbase"]);
  assert.deepEqual(faults({ advskew: 255 }), ["carp-advskew advskew"]);
  assert.deepEqual(faults({ ownAddress: "10.213.0.21/24" }), ["carp-own-address ownAddress"]);
  assert.deepEqual(faults({ hashedAddresses: [] }), ["carp-addresses-count hashedAddresses"]);
  assert.deepEqual(faults({ hashedAddresses: ["10.0.0.1", "10.0.0.256"] }), [
    "carp-address-malformed hashedAddresses[1]",
  ]);
  assert.deepEqual(faults({ hashedAddresses: ["10.0.0.1", "10.0.0.1/24"] }), [
    "carp-address-twice hashedAddresses[1]",
  ]);
  assert.deepEqual(faults({ hashedAddresses: ["10.213.0.21"] }), ["carp-address-own hashedAddresses[0]"]);
  const result = validateCarpConfig({ ...valid, vhid: 256 });
  assert.ok(!result.ok);
  assert.equal(result.error[0]!.value, 256);
  assert.match(result.error[0]!.remedy, /number/);
});

test("all faults are told at once, and the password is in none of them", () => {
  const password = "hunter2 hunter2 hunter2";
  assert.deepEqual(faults({ vhid: 0, password, advbase: 300, hashedAddresses: [] }), [
    "carp-vhid vhid",
    "carp-password password",
    "carp-advbase advbase",
    "carp-addresses-count hashedAddresses",
  ]);
  assert.ok(!JSON.stringify(validateCarpConfig({ ...valid, password })).includes("hunter2"));
});
