import assert from "node:assert/strict";
import { test } from "node:test";
import { medianInterval } from "./load.ts";

test("the interval of a median lies between the order statistics that statistics tables give", () => {
  const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
  assert.deepEqual(medianInterval(upTo(20)), { median: 10.5, low: 6, high: 15 });
  assert.deepEqual(medianInterval(upTo(25).reverse()), { median: 13, low: 8, high: 18 });
  assert.deepEqual(medianInterval([3]), { median: 3, low: 3, high: 3 });
});
