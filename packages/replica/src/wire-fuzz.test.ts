import assert from "node:assert/strict";
import { test } from "node:test";
import { mutated } from "@tandem/base/mutations";
import { Prng } from "@tandem/base/prng";
import { createRow, deleteRow, updateRow } from "./edits.ts";
import { devices, networks, Unit } from "./testing.ts";
import { decodeDelta, encodeDelta } from "./wire.ts";

const runs = 6_000;

test("[CH3] decoding never throws on changed deltas, and what it accepts is taken whole or refused whole, and written upon", () => {
  const sender = new Unit("a");
  sender.write([createRow(networks, { cidr: "10.0.0.0/8", name: "ten" })]);
  sender.write([createRow(devices, { id: "d1", name: "lm1", address: "10.0.0.1" })]);
  sender.write([updateRow(networks, "10.0.0.0/8", { name: "changed" })]);
  sender.write([deleteRow(devices, "d1")]);
  const wire = JSON.parse(JSON.stringify(encodeDelta(sender.replica.deltaSince({})))) as unknown;
  const prng = new Prng(7);
  let accepted = 0;
  let refused = 0;
  for (let count = 0; count < runs; count += 1) {
    const decoded = decodeDelta(mutated(wire, prng));
    if (!decoded.ok) continue;
    const receiver = new Unit("b");
    receiver.write([createRow(networks, { cidr: "10.0.0.0/8", name: "of b" })]);
    const before = receiver.replica.digest();
    const applied = receiver.replica.apply(decoded.value, receiver.incarnation);
    if (!applied.ok) {
      refused += 1;
      assert.equal(receiver.replica.digest(), before, "a refused delta changes nothing");
      continue;
    }
    accepted += 1;
    receiver.write([updateRow(networks, "10.0.0.0/8", { name: `after ${count}` })]);
    const again = decodeDelta(JSON.parse(JSON.stringify(encodeDelta(receiver.replica.deltaSince({})))));
    assert.ok(again.ok, "what a replica holds it can send");
  }
  assert.ok(accepted > 100 && refused > 10, `${accepted} accepted, ${refused} refused`);
});
