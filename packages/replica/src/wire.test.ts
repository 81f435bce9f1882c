import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRow, updateRow } from "./edits.ts";
import { devices, networks, Unit } from "./testing.ts";
import { decodeDelta, encodeDelta, type WireDelta } from "./wire.ts";

function sample(): WireDelta {
  const a = new Unit("a");
  const b = new Unit("b");
  a.write([createRow(networks, { cidr: "10.0.0.0/8", name: "ten" })]);
  b.receive(a.replica.deltaSince({}));
  b.write([createRow(devices, { id: "d1", name: "lm1", address: "10.0.0.1", password: "pw" })]);
  b.write([updateRow(networks, "10.0.0.0/8", { description: "lab" })]);
  return encodeDelta(b.replica.deltaSince({}));
}

test("[CH3] a delta survives its wire form", () => {
  const wire = sample();
  const decoded = decodeDelta(JSON.parse(JSON.stringify(wire)));
  assert.ok(decoded.ok);
  assert.ok(decoded.value.items.length >= 6);
  assert.deepEqual(encodeDelta(decoded.value), wire);
});

test("[CH3] a context that many versions share is sent once and shared again after decoding", () => {
  const a = new Unit("a");
  const written = a.write([createRow(networks, { cidr: "10.0.0.0/8", name: "ten", description: "x" })]);
  const wire = encodeDelta(written.delta);
  assert.equal(wire.items.length, 4);
  assert.equal(wire.contexts.length, 1);
  const decoded = decodeDelta(JSON.parse(JSON.stringify(wire)));
  assert.ok(decoded.ok);
  assert.equal(new Set(decoded.value.items.map((item) => item.context)).size, 1);
});

test("[CH3] decoding is total on anything", () => {
  fc.assert(fc.property(fc.anything(), (input) => typeof decodeDelta(input).ok === "boolean"));
  fc.assert(fc.property(fc.jsonValue(), (input) => typeof decodeDelta(input).ok === "boolean"));
});

test("[CH3] decoding is total on deltas with one part replaced by anything", () => {
  const wire = sample() as unknown as { [member: string]: unknown };
  const places = [
    ...Object.keys(wire).map((member) => [member]),
    ...Array.from({ length: 12 }, (_, index) => ["items", 1, index]),
    ["items", 2],
    ["contexts", 0],
    ["contexts", 1, "00000000000000ff"],
    ["claim", "not-an-incarnation"],
  ];
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.oneof(fc.jsonValue(), fc.anything()), (place, replacement) => {
      const copy = structuredClone(wire);
      let holder: { [member: string | number]: unknown } = copy;
      for (const step of place.slice(0, -1)) holder = holder[step] as typeof holder;
      holder[place.at(-1)!] = replacement;
      const decoded = decodeDelta(copy);
      // What is accepted must be what can be encoded again.
      if (decoded.ok) assert.doesNotThrow(() => JSON.stringify(encodeDelta(decoded.value)));
      else assert.equal(decoded.error.code, "malformed-delta");
    }),
    { numRuns: 500 },
  );
});

const faults: readonly [
  string,
  (wire: { -readonly [K in keyof WireDelta]: WireDelta[K] }) => void,
  RegExp,
][] = [
  ["a claim that does not cover an item", (w) => (w.claim = {}), /^items\.0$/],
  ["an incarnation that is not 16 digits", (w) => (w.base = { xyz: 1 }), /^base$/],
  ["a clock beyond its bound", (w) => (w.clock = 2 ** 53), /^clock$/],
  ["a context that is not listed", (w) => (w.contexts = []), /^items\.0$/],
  ["contexts that are not objects", (w) => (w.contexts = [5] as never), /^contexts\.0$/],
  ["an item that is not one", (w) => (w.items = [[]] as never), /^items\.0$/],
];
for (const [name, damage, path] of faults)
  test(`[CH3] ${name} is refused with its place`, () => {
    const wire = structuredClone(sample());
    damage(wire);
    const decoded = decodeDelta(wire);
    assert.ok(!decoded.ok);
    assert.match(decoded.error.path, path);
  });

test("[CH3] values beyond their bounds are refused", () => {
  const nest = (depth: number): unknown => (depth === 0 ? 0 : [nest(depth - 1)]);
  for (const value of [nest(33), "x".repeat(1_048_577), Number.POSITIVE_INFINITY, "\ud800"]) {
    const wire = structuredClone(sample());
    (wire.items[0] as unknown as unknown[])[11] = value;
    const decoded = decodeDelta(wire);
    assert.ok(!decoded.ok);
    assert.equal(decoded.error.path, "items.0");
  }
});
