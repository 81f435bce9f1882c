import assert from "node:assert/strict";
import { test } from "node:test";
import { failuresFree, SignInThrottle } from "./sign-in-throttle.ts";

const fail = (throttle: SignInThrottle, address: string, times: number, now = 0): void => {
  for (let count = 0; count < times; count += 1) throttle.failed(address, now);
};

test("[CE4] guessing gets slower with each failure, for its own address alone, and a right password ends it", () => {
  const throttle = new SignInThrottle();
  fail(throttle, "192.0.2.1", failuresFree - 1);
  assert.equal(throttle.waitMs("192.0.2.1", 0), 0);
  fail(throttle, "192.0.2.1", 1);
  assert.equal(throttle.waitMs("192.0.2.1", 0), 30_000);
  fail(throttle, "192.0.2.1", 1);
  assert.equal(throttle.waitMs("192.0.2.1", 0), 60_000);
  assert.equal(throttle.waitMs("192.0.2.1", 60_000), 0);
  fail(throttle, "192.0.2.1", 50);
  assert.equal(throttle.waitMs("192.0.2.1", 0), 15 * 60_000);
  assert.equal(throttle.waitMs("192.0.2.2", 0), 0);
  throttle.succeeded("192.0.2.1");
  assert.equal(throttle.waitMs("192.0.2.1", 0), 0);
});

test("[CE4] addresses of one IPv6 network count as one", () => {
  const throttle = new SignInThrottle();
  fail(throttle, "2001:db8:1:2::1", failuresFree);
  assert.notEqual(throttle.waitMs("2001:db8:1:2:ffff::9", 0), 0);
  assert.equal(throttle.waitMs("2001:db8:1:3::1", 0), 0);
});
