import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "@tandem/base/prng";
import { createRow, deleteRow, updateRow } from "@tandem/replica/edits";
import { equalVectors } from "@tandem/replica/version";
import { emptyMemoryDisk, openMemoryStore } from "@tandem/storage/memory-store";
import fc from "fast-check";
import { realWorld } from "../real-world.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { networks } from "./pair-on-loopback.ts";
import { type ChangeMessage, Replication } from "./replication.ts";
import { SharedState } from "./shared-state.ts";
import type { ShellEvent } from "./timeline.ts";

const pairId = "0123456789abcdef0123456789abcdef";

/** Two units' replication and a link between them that loses and reorders whole messages. */
function pairOnQueue() {
  const queues: ChangeMessage[][] = [[], []];
  const units = [0, 1].map((index) => {
    const disk = emptyMemoryDisk();
    const events: ShellEvent[] = [];
    const shared = new SharedState(
      [networks],
      openMemoryStore(disk),
      `000000000000000${index}`,
      pairId,
      realWorld,
    );
    const acknowledgements = new Acknowledgements(realWorld);
    const replication = new Replication({
      world: realWorld,
      shared,
      acknowledgements,
      isSendingLong: () => false,
      pairInSync: () => pairId,
      // What is sent is what JSON makes of it, as on the wire.
      send: (message) => queues[1 - index]?.push(JSON.parse(JSON.stringify(message)) as ChangeMessage),
      observe: (event) => events.push(event),
      changed: () => undefined,
      peerHolds: () => undefined,
    });
    return { disk, shared, replication, acknowledgements, events };
  });
  const deliver = (index: number, at = 0): void => {
    const [message] = queues[index]?.splice(at, 1) ?? [];
    if (message === undefined) return;
    units[index]?.replication.receive(message);
  };
  return { units: units as [(typeof units)[0], (typeof units)[0]], queues, deliver };
}
type Pair = ReturnType<typeof pairOnQueue>;

const cidrs = ["10.0.0.0/8", "10.1.0.0/16"];

function edit(pair: Pair, index: number, random: Prng, turn: number): void {
  const unit = pair.units[index] as Pair["units"][0];
  const cidr = cidrs[random.below(cidrs.length)] as string;
  const exists = unit.shared.replica.row(networks, cidr) !== undefined;
  const change = !exists
    ? createRow(networks, { cidr, name: `made ${turn}` })
    : random.below(4) === 0
      ? deleteRow(networks, cidr)
      : updateRow(
          networks,
          cidr,
          random.below(2) === 0 ? { name: `name ${turn}` } : { description: `text ${turn}` },
        );
  const written = unit.shared.write([change], `author${index}`, 1_000_000 + random.below(50));
  assert.ok(written.ok);
  unit.replication.push(written.value);
}

/** What heartbeats do: each learns the other's vector; everything sent arrives. Until they are in step. */
function heal(pair: Pair): void {
  const [a, b] = pair.units;
  for (
    let round = 0;
    round < 20 && !equalVectors(a.shared.replica.vector, b.shared.replica.vector);
    round += 1
  ) {
    a.replication.push(a.shared.replica.deltaSince(b.shared.replica.vector));
    b.replication.push(b.shared.replica.deltaSince(a.shared.replica.vector));
    for (const index of [0, 1]) while ((pair.queues[index]?.length ?? 0) > 0) pair.deliver(index);
  }
}

test("[CH20] [CH17] edits on both sides of a link that loses and reorders: once it heals, equal vectors, digests and rows, also on disk", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = new Prng(seed);
      const pair = pairOnQueue();
      for (let turn = 0; turn < 40; turn += 1) {
        const index = random.below(2);
        const kind = random.below(4);
        const queue = pair.queues[index] as ChangeMessage[];
        if (kind === 0) edit(pair, index, random, turn);
        else if (kind === 1 && queue.length > 0) queue.splice(random.below(queue.length), 1);
        else if (queue.length > 0) pair.deliver(index, random.below(queue.length));
      }
      heal(pair);
      const [a, b] = pair.units;
      assert.ok(equalVectors(a.shared.replica.vector, b.shared.replica.vector));
      assert.equal(a.shared.replica.digest(), b.shared.replica.digest());
      assert.deepEqual(a.shared.replica.rows(networks), b.shared.replica.rows(networks));
      assert.deepEqual(a.shared.replica.conflicts(), b.shared.replica.conflicts());
      for (const unit of pair.units) {
        const reloaded = new SharedState(
          [networks],
          openMemoryStore(unit.disk),
          "0000000000000009",
          pairId,
          realWorld,
        );
        assert.equal(reloaded.replica.digest(), unit.shared.replica.digest());
        assert.ok(!unit.events.some((event) => event.code === "changes-refused"));
      }
    }),
    { numRuns: 150 },
  );
});

test("[CH21] an acknowledgement follows what the peer has on its disk, not what was sent to it", async () => {
  const pair = pairOnQueue();
  const [a, b] = pair.units;
  const written = a.shared.write([createRow(networks, { cidr: "10.0.0.0/8" })], "admin", 1_000_000);
  assert.ok(written.ok);
  const change = { at: 1_000_000, author: "admin", summary: "network" };
  let answer = "none yet";
  void a.acknowledgements.await(a.shared.replica.vector, change, true).then((acknowledged) => {
    answer = acknowledged;
  });
  a.replication.push(written.value);
  await new Promise(setImmediate);
  assert.equal(answer, "none yet");
  b.disk.failure = new Error("disk full");
  assert.throws(() => pair.deliver(1), /disk full/);
  assert.equal(pair.queues[0]?.length, 0, "nothing was said after a commit that failed");

  b.disk.failure = null;
  const fresh = pairOnQueue();
  const again = fresh.units[0].shared.write(
    [createRow(networks, { cidr: "10.0.0.0/8" })],
    "admin",
    1_000_000,
  );
  assert.ok(again.ok);
  const both = fresh.units[0].acknowledgements.await(fresh.units[0].shared.replica.vector, change, true);
  fresh.units[0].replication.push(again.value);
  fresh.deliver(1);
  fresh.deliver(0);
  assert.equal(await both, "both");
  a.acknowledgements.disconnected();
  await new Promise(setImmediate);
  assert.equal(answer, "this unit only");
});

test("a gap is asked for once, and filled with everything since", () => {
  const pair = pairOnQueue();
  const [a, b] = pair.units;
  for (const cidr of ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16"]) {
    const written = a.shared.write([createRow(networks, { cidr })], "admin", 1_000_000);
    assert.ok(written.ok);
    a.replication.push(written.value);
  }
  pair.queues[1]?.shift();
  pair.deliver(1);
  pair.deliver(1);
  assert.deepEqual(
    pair.queues[0]?.map((message) => message.type),
    ["delta-request"],
  );
  pair.deliver(0);
  pair.deliver(1);
  assert.equal(b.shared.replica.rows(networks).length, 3);
  assert.deepEqual(
    pair.queues[0]?.map((message) => message.type),
    ["durable"],
  );
});

test("what another lineage sends, and what is malformed, changes nothing", () => {
  const {
    units: [a],
  } = pairOnQueue();
  const digest = a.shared.replica.digest();
  a.replication.receive({ type: "delta", pairId: "f".repeat(32), delta: {} });
  assert.equal(a.events.length, 0);
  for (const delta of [{}, null, "x", { base: {}, claim: {}, clock: -1, contexts: [], items: [] }])
    a.replication.receive({ type: "delta", pairId, delta });
  // What is no object at all is one cause, said once.
  assert.deepEqual(
    a.events.map((event) => event.code),
    Array(3).fill("changes-refused"),
  );
  assert.equal(a.shared.replica.digest(), digest);
});

test("[CH3] a delta with a table or field that is not known here is refused whole, and each cause said once with its remedy", () => {
  const { units, queues } = pairOnQueue();
  const [a, b] = units;
  assert.ok(a.shared.write([createRow(networks, { cidr: "10.0.0.0/8" })], "admin", 1_000_000).ok);
  a.replication.heardVector({});
  const delta = queues[1]?.shift();
  assert.ok(delta?.type === "delta");
  const text = JSON.stringify(delta);
  const later = JSON.parse(text.replaceAll('"networks"', '"tenants"')) as ChangeMessage;
  const before = b.shared.replica.vector;
  for (let count = 0; count < 3; count += 1) b.replication.receive(later);
  b.replication.receive(JSON.parse(text.replaceAll('"@life"', '"colour"')) as ChangeMessage);
  b.replication.receive({ ...delta, delta: { nothing: 1 } });
  const said = b.events.map((event) => (event.code === "changes-refused" ? event.message : event.code));
  assert.equal(said.length, 3);
  assert.match(said[0] ?? "", /table "tenants" is not known here; .*upgrade this one/);
  assert.match(said[1] ?? "", /field "colour" of the table "networks"/);
  assert.match(said[2] ?? "", /malformed at "base"/);
  assert.deepEqual(b.shared.replica.vector, before);
  b.replication.receive(delta);
  assert.equal(b.shared.replica.rows(networks).length, 1, "what fits is taken over");
});
