import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRow, deleteRow, updateRow } from "./edits.ts";
import type { Replica } from "./replica.ts";
import {
  type Snapshot,
  SnapshotReceiver,
  snapshotOpening,
  snapshotReader,
  snapshotText,
} from "./snapshot.ts";
import { heal, networks, tables, Unit } from "./testing.ts";
import { deltaText, encodeDelta } from "./wire.ts";

const pairId = "ab".repeat(16);
const awkward = 'says "items":[{"} \\" \\\\ 😀 ]]},, "digest":"';

/** With deletions, conflicts, and text that looks like the frame around it. */
function sample(): Snapshot {
  const a = new Unit("a", pairId);
  const b = new Unit("b", pairId);
  a.write([createRow(networks, { cidr: "10.0.0.0/8", name: "ten", description: awkward })]);
  heal([a, b]);
  a.write([updateRow(networks, "10.0.0.0/8", { name: "of a" })]);
  b.write([updateRow(networks, "10.0.0.0/8", { name: "of b" })]);
  b.write([createRow(networks, { cidr: "10.1.0.0/16" }), createRow(networks, { cidr: "10.2.0.0/16" })]);
  heal([a, b]);
  a.write([deleteRow(networks, "10.1.0.0/16")]);
  b.write([updateRow(networks, "10.1.0.0/16", { name: "gone" })]);
  heal([a, b]);
  for (let index = 0; index < 600; index += 1)
    a.write([createRow(networks, { cidr: `network ${index}`, name: "[".repeat(index % 7) })]);
  return { pairId, delta: a.replica.deltaSince({}), digest: a.replica.digest() };
}

/** The replica that comes of it, or why there is none. */
function received(texts: Iterable<string>): Replica | string {
  let receiver: SnapshotReceiver | undefined;
  let outcome: Replica | string = "nothing came of it";
  const note = (result: ReturnType<SnapshotReceiver["take"]>): boolean => {
    if (!result.ok) outcome = result.error;
    return result.ok;
  };
  const reader = snapshotReader({
    begin: (id, delta) => {
      const begun = SnapshotReceiver.begin(tables, String(id), delta);
      if (begun.ok) receiver = begun.value;
      else outcome = begun.error;
      return begun.ok;
    },
    take: (items) => receiver !== undefined && note(receiver.take(items)),
    end: (digest) => {
      const replica = receiver?.end(String(digest));
      if (replica !== undefined) outcome = replica.ok ? replica.value : replica.error;
    },
  });
  for (const text of texts) if (!reader.push(text)) return outcome;
  return reader.end() ? outcome : "malformed";
}

function* cutAt(text: string, places: readonly number[]): Generator<string> {
  let from = 0;
  for (const place of [...places].sort((a, b) => a - b)) {
    yield text.slice(from, place);
    from = place;
  }
  yield text.slice(from);
}

test("[CH3] the text of a snapshot is the JSON of its message", () => {
  const snapshot = sample();
  const { delta, digest } = snapshot;
  const text = [...snapshotText(snapshot)].join("");
  assert.equal(text, JSON.stringify({ type: "snapshot", pairId, delta: encodeDelta(delta), digest }));
  assert.ok(text.startsWith(snapshotOpening));
  const empty = { ...delta, items: [] };
  assert.equal([...deltaText(empty)].join(""), JSON.stringify(encodeDelta(empty)));
});

test("[CH13] a snapshot cut anywhere makes the replica that it was taken of", () => {
  const snapshot = sample();
  const text = [...snapshotText(snapshot)].join("");
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 40 }), (places) => {
      const replica = received(cutAt(text, places));
      assert.ok(typeof replica !== "string", String(replica));
      assert.equal(replica.digest(), snapshot.digest);
      assert.deepEqual(replica.vector, snapshot.delta.claim);
      assert.ok(replica.clock >= snapshot.delta.clock && replica.conflicts().length > 0);
    }),
    { numRuns: 50 },
  );
  const replica = received(text);
  assert.ok(typeof replica !== "string", "also character by character");
});

test("[CH13] what is not whole, or not what its digest says, makes no replica", () => {
  const snapshot = sample();
  const { delta } = snapshot;
  const of = (changed: Partial<Snapshot>): Replica | string =>
    received(snapshotText({ ...snapshot, ...changed }));
  assert.match(String(of({ digest: "0".repeat(64) })), /digest/);
  assert.match(String(of({ delta: { ...delta, items: delta.items.slice(1) } })), /digest/);
  assert.match(String(of({ delta: { ...delta, base: delta.claim } })), /not whole/);
  assert.match(String(of({ delta: { ...delta, claim: {} } })), /malformed at items.0/);
  const [first, ...rest] = delta.items;
  const unknown = { ...first!, table: "unknown" };
  assert.match(String(of({ delta: { ...delta, items: [unknown, ...rest] } })), /does not fit this version/);
});

test("[CH13] reading is total on a snapshot with some of its text replaced", () => {
  const text = [...snapshotText(sample())].join("");
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 20 }), (from, length, other) => {
      const changed = `${text.slice(0, from)}${other}${text.slice(from + length)}`;
      const outcome = received(cutAt(changed, [from, from + 5]));
      // Only the words around the data may differ without showing in the digest.
      if (typeof outcome !== "string") assert.equal(outcome.digest().length, 64);
    }),
    { numRuns: 200 },
  );
  assert.equal(received(["not JSON at all"]), "malformed");
  assert.equal(received(['{"type":"snapshot","delta":{"contexts":[1,2']), "malformed");
});
