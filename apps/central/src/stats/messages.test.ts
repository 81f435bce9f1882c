import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@tandem/base/canonical-json";
import { minute } from "@tandem/base/time";
import fc from "fast-check";
import { readMessage, readSamples } from "./messages.ts";
import { samplesOf, TwoUnits } from "./two-units.ts";

const ship = {
  type: "ship",
  slot: 29_733_120,
  part: 0,
  layouts: [[""]],
  samples: [
    {
      device: "d000000000000000",
      slot: 29_733_120,
      n: 9,
      unit: "aaaaaaaaaaaaaaaa",
      offset: 0,
      since: 1,
      layout: 0,
      values: [1, 2, 3, 4, 5],
    },
  ],
} as const;

test("[CH8] a message that does not fit together is refused as a whole", () => {
  const [sample] = ship.samples;
  assert.ok(readMessage(ship as unknown as Json));
  for (const wrong of [
    { ...ship, type: "shop" },
    { ...ship, more: 1 },
    { ...ship, slot: -1 },
    { ...ship, slot: 2 ** 60 },
    { ...ship, layouts: [["", ""]] },
    { ...ship, samples: [{ ...sample, values: [1.5, 2, 3, 4, 5] }] },
    { ...ship, samples: [{ ...sample, values: ["1", 2, 3, 4, 5] }] },
    { ...ship, samples: [{ ...sample, device: "" }] },
    null,
    [],
    "ship",
  ])
    assert.equal(readMessage(wrong as unknown as Json), undefined, JSON.stringify(wrong));
  for (const values of [[], [1, 2, 3, 4], [1, 2, 3, 4, 5, 6]])
    assert.equal(readSamples({ layouts: [[""]], samples: [{ ...sample, values }] }), undefined);
  assert.equal(
    readSamples({ layouts: [[""]], samples: [{ ...sample, layout: 1, values: [...sample.values] }] }),
    undefined,
  );
});

test("[CH8] whatever the peer sends, nothing throws, and what is not understood is counted and changes nothing", async () => {
  const pair = TwoUnits.started(1);
  await pair.time.pass(2 * minute);
  const before = samplesOf(pair.b);
  /** A message with one of its members replaced by something else. */
  const spoilt = fc
    .tuple(
      fc.constantFrom<{ readonly [member: string]: unknown }>(
        ship,
        { type: "have", slot: 1, part: 1 },
        { type: "days", id: 1, days: [[1, 2, 3]] },
        { type: "ask-devices", id: 1, day: 2, after: "" },
        { type: "ask-samples", id: 1, device: "d", day: 2, units: ["u"], heads: [[0, 1, 0, 5]] },
        { type: "samples", id: 1, more: false, layouts: [[""]], samples: [...ship.samples] },
      ),
      fc.nat({ max: 5 }),
      fc.oneof(fc.constantFrom<unknown>(-1, 0.5, "", null, [], {}, [[]]), fc.string()),
    )
    .map(([message, index, value]) => {
      const members = Object.keys(message);
      return { ...message, [members[index % members.length] as string]: value };
    });
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), spoilt), (body) => {
      pair.b.ports?.received(JSON.parse(JSON.stringify(body)) as Json);
    }),
    { numRuns: 500 },
  );
  assert.deepEqual(samplesOf(pair.b), before);
  assert.ok((pair.b.statistics?.status.exchange.refused ?? 0) > 100);
  await pair.time.pass(11 * minute);
  assert.deepEqual(samplesOf(pair.b), samplesOf(pair.a));
});
