import assert from "node:assert/strict";
import { test } from "node:test";
import { placeText } from "./place.ts";

test("a place names its protocol where that is not TCP, and every port as *", () => {
  assert.equal(placeText({ address: "10.0.0.1", port: 53 }), "10.0.0.1:53");
  assert.equal(placeText({ address: "10.0.0.1", port: 53, protocol: "udp" }), "10.0.0.1:53/udp");
  assert.equal(placeText({ address: "10.0.0.1", port: 0, protocol: "udp" }), "10.0.0.1:*/udp");
  assert.equal(placeText({ address: "2001:db8::1", port: 0, protocol: "tcp" }), "[2001:db8::1]:*");
});
