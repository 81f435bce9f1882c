import assert from "node:assert/strict";
import { test } from "node:test";
import { depthOf, inTreeOrder, smallestAround } from "./network-tree.ts";

const cidrs = ["10.1.2.0/24", "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/16", "10.1.2.7/32"];

test("[CE1] the tree is derived from containment: a parent before its children, siblings by address", () => {
  assert.deepEqual(inTreeOrder(cidrs), [
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.1.2.0/24",
    "10.1.2.7/32",
    "192.168.0.0/16",
  ]);
  assert.deepEqual(
    inTreeOrder(cidrs).map((cidr) => depthOf(cidrs, cidr)),
    [0, 1, 2, 3, 4, 1],
  );
});

test("[CE1] an address and a network lie in the smallest network around them", () => {
  assert.equal(smallestAround(cidrs, "10.1.2.9"), "10.1.2.0/24");
  assert.equal(smallestAround(cidrs, "10.1.2.7"), "10.1.2.7/32");
  assert.equal(smallestAround(cidrs, "10.1.2.0/24"), "10.1.0.0/16");
  assert.equal(smallestAround(cidrs, "0.0.0.0/0"), null);
  assert.equal(smallestAround(["10.0.0.0/8"], "192.168.1.1"), null);
});
