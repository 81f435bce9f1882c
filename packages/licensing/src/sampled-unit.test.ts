import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { entitiesOf, kindOf, pairOf, type SampledUnit, sampledUnitIn, sizeOf } from "./sampled-unit.ts";
import { licenceTypes } from "./wire.ts";

const id = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 16, maxLength: 16 });
const sampledUnit: fc.Arbitrary<SampledUnit> = fc
  .record({
    type: fc.constantFrom(...licenceTypes.map((type) => type.id)),
    central: id,
    deviceNumber: fc.nat(),
    tierGbps: fc.option(fc.nat({ max: 100_000 })),
    name: fc.string({ maxLength: 50 }),
    pair: fc.option(id),
  })
  // As plain an object as those that are read.
  .map((each) => ({ ...each }));

test("[ML6] what a sample says of its LoadMaster is read as it was written", () => {
  fc.assert(
    fc.property(sampledUnit, (sampled) => {
      const entities = ["", ...entitiesOf(sampled)];
      assert.ok(entities.every(({ length }) => length <= 120));
      assert.deepEqual(sampledUnitIn(entities), sampled);
    }),
  );
  assert.equal(sampledUnitIn(["", "10.0.0.1:80/tcp"]), undefined);
});

test("[ML6] both members of a pair call it alike", () => {
  assert.equal(pairOf("b".repeat(16), "a".repeat(16)), "a".repeat(16));
  assert.equal(pairOf("a".repeat(16), "b".repeat(16)), "a".repeat(16));
  assert.equal(pairOf("a".repeat(16), null), null);
});

test("the kind and the size follow from the type of the licence", () => {
  const of = (type: string) => ({ type }) as SampledUnit;
  assert.deepEqual([kindOf(of("pool-500")), sizeOf(of("pool-500"))], ["pool", 500]);
  assert.deepEqual([kindOf(of("metered")), sizeOf(of("metered"))], ["metered", null]);
});
