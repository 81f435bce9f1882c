import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import { anything, assert as check, property } from "fast-check";
import { pairP, slave } from "./one-unit.ts";
import { decodeMessage, isPairMessage, messageSchemas, wireVersion } from "./wire.ts";

/** Of each wire version, what its schemas hash to. A change of a schema is a new line here, and a new version. */
const hashes: { readonly [version: number]: string } = {
  1: "9c8e8be9e28edc4a857b6b7062aa92edd0ae872e83534e9888ec5a1f40086637",
  2: "fbbbf301991bd9445056de195e56ce44687740f92377b48a5fb584cc693fbe4d",
};

test("the wire schemas are those of this wire version", () => {
  const schemas = JSON.parse(JSON.stringify(messageSchemas)) as Json;
  assert.equal(sha256Hex(canonicalJson(schemas)), hashes[wireVersion]);
});

test("the pinned copy of version 1 is version 1", () => {
  const pinned = JSON.parse(readFileSync(new URL("./wire-version-1.json", import.meta.url), "utf8")) as Json;
  assert.equal(sha256Hex(canonicalJson(pinned)), hashes[1]);
});

test("what a unit sends is what a unit understands", () => {
  const unit = slave();
  for (const message of unit.heard({ ask: true }).send) {
    const decoded = decodeMessage(JSON.parse(JSON.stringify(message)));
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value, message);
    assert.ok(isPairMessage(decoded.value));
  }
});

test("the decoder never throws, and accepts nothing at random", () => {
  check(property(anything(), (input) => !decodeMessage(input).ok));
});

test("a message with one member missing or of another type is refused", () => {
  const heartbeat: { readonly [key: string]: unknown } = slave().heartbeat();
  for (const member of Object.keys(heartbeat)) {
    const { [member]: _, ...without } = heartbeat;
    if (member !== "invites") assert.ok(!decodeMessage(without).ok, `without ${member}`);
    assert.ok(!decodeMessage({ ...heartbeat, [member]: () => 0 }).ok, `odd ${member}`);
  }
  assert.ok(decodeMessage({ ...heartbeat, added: "by a later version" }).ok);
});

test("another wire version is told apart from a malformed message; the next one is understood", () => {
  const heartbeat = slave().heartbeat();
  assert.deepEqual(decodeMessage({ ...heartbeat, wire: wireVersion + 2 }), {
    ok: false,
    error: { code: "wire-version", theirs: wireVersion + 2 },
  });
  assert.ok(decodeMessage({ ...heartbeat, wire: wireVersion + 1 }).ok);
  assert.deepEqual(decodeMessage({ type: "greeting" }), {
    ok: false,
    error: { code: "malformed", type: "greeting" },
  });
  assert.deepEqual(decodeMessage({ type: "__proto__" }), {
    ok: false,
    error: { code: "malformed", type: "__proto__" },
  });
});

test("replication messages decode, and are not for the state machine", () => {
  for (const message of [
    { type: "durable", vector: { ["a".repeat(16)]: 1 } },
    { type: "delta", pairId: pairP, delta: {} },
    { type: "snapshot", pairId: pairP, delta: {}, digest: "d" },
    { type: "delta-request", pairId: pairP, base: {} },
  ]) {
    const decoded = decodeMessage(message);
    assert.ok(decoded.ok && !isPairMessage(decoded.value));
  }
});
