import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "@tandem/base/canonical-json";
import { hmacSha256Hex } from "@tandem/base/digest";
import { Prng } from "@tandem/base/prng";
import type { FieldError, Result } from "@tandem/base/result";
import { conflictsTable } from "./conflicts.ts";
import { createRow, deleteRow, type Edit, updateRow, type WriteConflict } from "./edits.ts";
import { Replica } from "./replica.ts";
import { devices, heal, mintIncarnation, networks, tables, Unit } from "./testing.ts";
import { equalVectors, sequenceOf, type Version, versionId } from "./version.ts";

const ten = "10.0.0.0/8";
const lm1 = { id: "d1", name: "lm1", address: "10.0.0.1" };

/** Two units in step that both hold the network 10.0.0.0/8 named "ten". */
function pair(): readonly [Unit, Unit] {
  const a = new Unit("a");
  const b = new Unit("b");
  a.write([createRow(networks, { cidr: ten, name: "ten" })]);
  heal([a, b]);
  return [a, b];
}

const nameOf = (unit: Unit): string | undefined => unit.replica.row(networks, ten)?.values.name;
const tagOf = (unit: Unit): string => unit.replica.row(networks, ten)!.tag;

function refused(unit: Unit, edits: readonly Edit[]): WriteConflict | FieldError {
  const before = { digest: unit.replica.digest(), vector: unit.replica.vector, state: unit.state() };
  const written: Result<unknown, WriteConflict | FieldError> = unit.replica.write({
    edits,
    author: "operator",
    unit: unit.name,
    wall: 5_000,
    incarnation: unit.incarnation,
  });
  assert.ok(!written.ok, "the write was accepted");
  assert.deepEqual(
    { digest: unit.replica.digest(), vector: unit.replica.vector, state: unit.state() },
    before,
    "a refused write changed something",
  );
  return written.error;
}

function assertInStep(a: Unit, b: Unit): void {
  assert.ok(equalVectors(a.replica.vector, b.replica.vector));
  assert.equal(a.replica.digest(), b.replica.digest());
  assert.deepEqual(a.state(), b.state());
}

// ---- the counter-examples that shaped the rules

test("[CH17] flaw 1: one edit on each side of a cut gives equal sums, different vectors, different digests", () => {
  const [a, b] = pair();
  a.write([updateRow(networks, ten, { name: "A" })]);
  b.write([updateRow(networks, ten, { description: "B" })]);
  assert.equal(a.replica.sequence, b.replica.sequence);
  assert.equal(equalVectors(a.replica.vector, b.replica.vector), false);
  assert.notEqual(a.replica.digest(), b.replica.digest());
  heal([a, b]);
  assertInStep(a, b);
  assert.equal(a.replica.sequence, sequenceOf(b.replica.vector));
});

test("[CH20] flaw 2: a delta that starts beyond what the receiver knows is refused whole", () => {
  const [a, b] = pair();
  a.write([updateRow(networks, ten, { name: "lost on its way" })]);
  const second = a.write([updateRow(networks, ten, { description: "pushed" })]);
  const before = b.state();
  const applied = b.replica.apply(second.delta, b.incarnation);
  assert.deepEqual(applied, {
    ok: false,
    error: { code: "gap", base: second.delta.base, vector: b.replica.vector },
  });
  assert.deepEqual(b.state(), before);
  b.receive(a.replica.deltaSince(b.replica.vector));
  assertInStep(a, b);
});

test("[CH20] flaw 2: a superseded version is not in the delta, and the claim covers it all the same", () => {
  const [a, b] = pair();
  const base = b.replica.vector;
  a.write([updateRow(networks, ten, { name: "first" })]);
  a.write([updateRow(networks, ten, { name: "second" })]);
  const delta = a.replica.deltaSince(base);
  assert.deepEqual(
    delta.items.map(({ value }) => value),
    ["second"],
  );
  b.receive(delta);
  assertInStep(a, b);
});

test("[CH20] flaw 3: deleting, re-creating and a concurrent creation meet in any order with one result", () => {
  const author = (unit: Unit, wall: number, edit: Edit) => unit.write([edit], wall).delta;
  const a = new Unit("a");
  const deltas = [
    author(a, 1_000, createRow(networks, { cidr: ten, name: "original" })),
    author(a, 1_001, deleteRow(networks, ten)),
    author(a, 1_002, createRow(networks, { cidr: ten, name: "again" })),
  ];
  const b = new Unit("b");
  // B's clock is far ahead; its creation belongs to the first life all the same.
  deltas.push(author(b, 900_000, createRow(networks, { cidr: ten, name: "concurrent" })));
  for (const order of [
    [0, 1, 2, 3],
    [3, 0, 1, 2],
    [0, 3, 1, 2],
    [0, 1, 3, 2],
  ]) {
    const unit = new Unit("c");
    for (const index of order) assert.ok(unit.receive(deltas[index]!), "in causal order there is no gap");
    assert.equal(nameOf(unit), "again", `${order}`);
    assert.ok(
      unit.replica.conflicts().some(({ value }) => value === "concurrent"),
      `${order}`,
    );
  }
});

test("[CH20] who has read that there is no row has not read what stands in one now", () => {
  const [a] = pair();
  for (const edit of [updateRow(networks, ten, { name: "mine" }, ""), deleteRow(networks, ten, "")]) {
    const error = refused(a, [edit]);
    assert.equal(error.code, "write-conflict");
  }
  a.write([updateRow(networks, ten, { description: "what stood at its default was read as that" }, "")]);
  assert.equal(nameOf(a), "ten");
});

test("[CH20] flaw 4: the same backup restored twice begins two different incarnations", () => {
  const [a, b] = pair();
  const backup = a.disk;
  a.restart(backup);
  a.write([updateRow(networks, ten, { name: "after the first restore" })]);
  b.receive(a.replica.deltaSince(b.replica.vector));
  a.restart(backup);
  a.write([updateRow(networks, ten, { name: "after the second restore" })]);
  heal([a, b]);
  assertInStep(a, b);
  const values = [nameOf(a), ...a.replica.conflicts().map(({ value }) => value)];
  assert.deepEqual(values.sort(), ["after the first restore", "after the second restore"]);
});

test("[CH20] flaw 4: an incarnation that the store has seen cannot be written in again", () => {
  const [a] = pair();
  const { incarnation } = a;
  a.restart();
  const input = { edits: [deleteRow(networks, ten)], author: "x", unit: "a", wall: 1, incarnation };
  assert.throws(() => a.replica.write(input), /never used again/);
});

test("[CH20] flaw 4: memory rolled back while running is noticed, and nothing the peer knows is lost", () => {
  const [a, b] = pair();
  const paused = a.disk;
  const { incarnation } = a;
  a.write([updateRow(networks, ten, { name: "before the roll-back" })]);
  heal([a, b]);
  a.restart(paused);
  a.incarnation = incarnation;
  const applied = a.receive(b.replica.deltaSince(a.replica.vector));
  assert.equal(applied?.incarnationSpent, true);
  a.incarnation = mintIncarnation();
  a.write([updateRow(networks, ten, { description: "after" })]);
  heal([a, b]);
  assertInStep(a, b);
  assert.equal(nameOf(a), "before the roll-back");
});

test("[CH20] flaw 15: a form that was opened before the peer's change arrived does not overwrite it", () => {
  const [a, b] = pair();
  const opened = tagOf(a);
  b.write([updateRow(networks, ten, { name: "from B" })], 7_000, "beatrice");
  heal([a, b]);
  const conflict = refused(a, [updateRow(networks, ten, { name: "from A" }, opened)]) as WriteConflict;
  assert.deepEqual(conflict, {
    code: "write-conflict",
    table: "networks",
    key: ten,
    tag: tagOf(a),
    fields: [
      {
        field: "name",
        wanted: "from A",
        current: "from B",
        secret: false,
        author: "beatrice",
        unit: "b",
        at: 7_000,
      },
    ],
  });
  a.write([updateRow(networks, ten, { name: "from A" }, conflict.tag!)]);
  assert.equal(nameOf(a), "from A");
});

test("[CH20] flaw 21: both sides notice the same loss and list it once, with author, unit and time", () => {
  const [a, b] = pair();
  a.write([updateRow(networks, ten, { name: "A" })], 2_000, "alice");
  b.write([updateRow(networks, ten, { name: "B" })], 3_000, "bob");
  const toB = a.replica.deltaSince(b.replica.vector);
  const toA = b.replica.deltaSince(a.replica.vector);
  a.receive(toA);
  b.receive(toB);
  const listed = a.replica.conflicts();
  assert.equal(listed.length, 1);
  assert.deepEqual(listed, b.replica.conflicts());
  heal([a, b]);
  assertInStep(a, b);
  assert.deepEqual(a.replica.conflicts(), listed);
  const { table, row, field, value, author, unit, at, resolution } = listed[0]!;
  assert.deepEqual(
    { table, row, field, value, author, unit, at, resolution },
    {
      table: "networks",
      row: ten,
      field: "name",
      value: "A",
      author: "alice",
      unit: "a",
      at: 2_000,
      resolution: null,
    },
  );
});

// ---- merging

test("[CH20] changes to different fields merge, changes of one merge group do not mix", () => {
  const [a, b] = pair();
  a.write([createRow(devices, lm1)]);
  heal([a, b]);
  a.write(
    [updateRow(devices, "d1", { address: "10.0.0.2" }), updateRow(devices, "d1", { name: "left" })],
    2_000,
  );
  b.write([updateRow(devices, "d1", { port: 8443 })], 3_000);
  heal([a, b]);
  assertInStep(a, b);
  const { values } = a.replica.row(devices, "d1")!;
  assert.deepEqual([values.name, values.address, values.port], ["left", "10.0.0.1", 8443]);
  assert.deepEqual(
    a.replica.conflicts().map(({ field, value }) => [field, value]),
    [["endpoint", { address: "10.0.0.2", port: 443 }]],
  );
});

test("[CH20] equal concurrent values are no conflict", () => {
  const [a, b] = pair();
  a.write([updateRow(networks, ten, { name: "same" })]);
  b.write([updateRow(networks, ten, { name: "same" })]);
  heal([a, b]);
  assertInStep(a, b);
  assert.deepEqual(a.replica.conflicts(), []);
});

test("[CH20] an edit whose value stands in the re-created row is no conflict", () => {
  const [a, b] = pair();
  a.write([deleteRow(networks, ten), createRow(networks, { cidr: ten, name: "same" })]);
  b.write([updateRow(networks, ten, { name: "same" })]);
  heal([a, b]);
  assertInStep(a, b);
  assert.equal(nameOf(b), "same");
  assert.deepEqual(a.replica.conflicts(), []);
});

test("[CH20] an edit of a row that was deleted meanwhile stands in Conflicts and can be restored with its row", () => {
  const [a, b] = pair();
  a.write([deleteRow(networks, ten, tagOf(a))]);
  b.write([updateRow(networks, ten, { name: "edited", description: "kept" })]);
  heal([a, b]);
  assertInStep(a, b);
  assert.equal(a.replica.row(networks, ten), undefined);
  const conflicts = a.replica.conflicts();
  assert.deepEqual(conflicts.map(({ value }) => value).sort(), ["edited", "kept"]);
  const name = conflicts.find(({ field }) => field === "name")!;
  a.write([{ kind: "restore", conflict: name.id }]);
  heal([a, b]);
  assertInStep(a, b);
  assert.deepEqual(b.replica.row(networks, ten)?.values, { cidr: ten, name: "edited", description: "kept" });
  assert.deepEqual(
    b.replica.conflicts().map(({ resolution }) => resolution?.how),
    ["restored", "restored"],
  );
});

test("[CH20] a deletion that lost to a re-creation can be restored", () => {
  const [a, b] = pair();
  a.write([deleteRow(networks, ten)]);
  b.write([deleteRow(networks, ten), createRow(networks, { cidr: ten, name: "anew" })]);
  heal([a, b]);
  assertInStep(a, b);
  assert.equal(nameOf(a), "anew");
  const [conflict] = a.replica.conflicts();
  assert.deepEqual([conflict?.field, conflict?.value], ["@life", "deleted"]);
  b.write([{ kind: "restore", conflict: conflict!.id }]);
  heal([a, b]);
  assert.equal(nameOf(a), undefined);
});

test("[CH20] a resolved conflict never opens again", () => {
  const [a, b] = pair();
  a.write([updateRow(networks, ten, { name: "A" })], 2_000);
  b.write([updateRow(networks, ten, { name: "B" })], 3_000);
  const late = a.replica.deltaSince(b.replica.vector);
  a.receive(b.replica.deltaSince(a.replica.vector));
  const [conflict] = a.replica.conflicts();
  a.write([{ kind: "dismiss", conflict: conflict!.id }]);
  b.receive(late);
  assert.equal(b.replica.conflicts()[0]?.resolution, null);
  b.write([{ kind: "dismiss", conflict: conflict!.id }]);
  heal([a, b]);
  assertInStep(a, b);
  const resolved = a.replica.conflicts();
  assert.equal(resolved.length, 1);
  assert.equal(resolved[0]?.resolution?.how, "dismissed");
  assert.equal(a.write([{ kind: "dismiss", conflict: conflict!.id }]).persist.versions.length, 0);
});

test("[CH20] deleting and creating anew starts from defaults, not from what stood before", () => {
  const [a, b] = pair();
  a.write([updateRow(networks, ten, { description: "old" })]);
  a.write([deleteRow(networks, ten)]);
  a.write([createRow(networks, { cidr: ten })]);
  heal([a, b]);
  assertInStep(a, b);
  assert.deepEqual(b.replica.row(networks, ten)?.values, { cidr: ten, name: "", description: null });
  assert.deepEqual(a.replica.conflicts(), []);
});

test("[CH20] a tombstone outlives a backup: the deleted row does not come back", () => {
  const [a, b] = pair();
  const backup = b.disk;
  a.write([deleteRow(networks, ten)]);
  heal([a, b]);
  b.restart(backup);
  assert.equal(nameOf(b), "ten");
  heal([a, b]);
  assertInStep(a, b);
  assert.equal(nameOf(a), undefined);
});

test("[CH20] a write after a merge is later than everything merged, whatever the wall clock says", () => {
  const [a, b] = pair();
  b.write([updateRow(networks, ten, { name: "from 2099" })], 4_000_000_000_000);
  b.write([updateRow(networks, ten, { name: "superseded" })], 4_000_000_000_001);
  heal([a, b]);
  const empty = { base: {}, claim: {}, clock: b.replica.clock + 7, items: [] };
  assert.ok(a.receive(empty), "the sender's clock counts even where its versions are superseded");
  const { clock } = a.replica;
  assert.equal(clock, empty.clock);
  const written = a.write([updateRow(networks, ten, { name: "a simple edit" })], 2_000);
  assert.ok(written.persist.versions[0]!.clock > clock);
  assert.equal(written.persist.versions[0]!.at, 2_000, "the wall clock is kept apart, for people");
  heal([a, b]);
  assert.equal(nameOf(b), "a simple edit");
  assert.deepEqual(b.replica.conflicts(), []);
});

// ---- writing

test("[CH20] a row's tag is compared field by field: another field that moved on does not matter", () => {
  const [a, b] = pair();
  const opened = tagOf(a);
  b.write([updateRow(networks, ten, { description: "from B" })]);
  heal([a, b]);
  a.write([updateRow(networks, ten, { name: "from A" }, opened)]);
  assert.equal(nameOf(a), "from A");
});

test("[CH20] single fields' tags are compared too, defaults included", () => {
  const [a, b] = pair();
  const { tags } = a.replica.row(networks, ten)!;
  assert.equal(tags.description, "");
  b.write([updateRow(networks, ten, { description: "from B" })]);
  heal([a, b]);
  const error = refused(a, [
    updateRow(networks, ten, { description: "from A" }, { description: tags.description! }),
  ]);
  assert.equal(error.code, "write-conflict");
});

test("[CH20] wanting what already stands is no conflict, and writes nothing", () => {
  const [a, b] = pair();
  const opened = tagOf(a);
  b.write([updateRow(networks, ten, { name: "same" })]);
  heal([a, b]);
  const written = a.write([updateRow(networks, ten, { name: "same" }, opened)]);
  assert.deepEqual(written.persist.versions, []);
  assert.deepEqual(written.delta.items, []);
  assertInStep(a, b);
});

test("[CH20] a deletion needs the whole row to have been read", () => {
  const [a, b] = pair();
  const opened = tagOf(a);
  b.write([updateRow(networks, ten, { description: "just added" })]);
  heal([a, b]);
  const conflict = refused(a, [deleteRow(networks, ten, opened)]) as WriteConflict;
  assert.deepEqual(
    conflict.fields.map(({ field, current }) => [field, current]),
    [["description", "just added"]],
  );
});

test("[CH20] editing a row that was deleted since it was read says who deleted it", () => {
  const [a, b] = pair();
  const opened = tagOf(a);
  b.write([deleteRow(networks, ten)], 9_000, "bob");
  heal([a, b]);
  const conflict = refused(a, [updateRow(networks, ten, { name: "x" }, opened)]) as WriteConflict;
  assert.equal(conflict.tag, null);
  assert.deepEqual(
    conflict.fields.map(({ field, current, author }) => [field, current, author]),
    [["@life", "deleted", "bob"]],
  );
});

test("[CH20] edits of one write succeed together or not at all", () => {
  const [a] = pair();
  const error = refused(a, [
    updateRow(networks, ten, { name: "half" }),
    createRow(networks, { cidr: "10.1.0.0/16" }),
    deleteRow(networks, "10.9.0.0/16"),
  ]);
  assert.equal(error.code, "row-unknown");
});

const badInput: readonly [string, Edit, string, string][] = [
  ["a table that is not there", { kind: "create", table: "nets", values: {} }, "table-unknown", "table"],
  ["the conflicts table", { kind: "create", table: "conflicts", values: {} }, "table-unknown", "table"],
  [
    "a column that is not there",
    { kind: "create", table: "networks", values: { x: 1 } },
    "column-unknown",
    "x",
  ],
  [
    "a derived column",
    { kind: "create", table: "devices", values: { lastSeen: 1 } },
    "column-not-shared",
    "lastSeen",
  ],
  ["a missing column", { kind: "create", table: "devices", values: { id: "d2" } }, "column-missing", "name"],
  ["a value that does not fit", updateRow(networks, ten, { name: "x".repeat(81) }), "not-allowed", "name"],
  ["a value of another type", updateRow(networks, ten, { name: 5 as never }), "wrong-type", "name"],
  ["a row that is there already", createRow(networks, { cidr: ten }), "row-exists", "networks"],
  ["a row that is not there", updateRow(networks, "10.9.0.0/16", { name: "x" }), "row-unknown", "networks"],
  ["an empty key", createRow(networks, { cidr: "" }), "key-malformed", "networks"],
  ["a key that would change", updateRow(networks, ten, { cidr: "10.0.0.0/9" }), "key-fixed", "networks"],
  [
    "a tag that was never given out",
    updateRow(networks, ten, { name: "x" }, "W/nonsense"),
    "tag-malformed",
    "tag",
  ],
  ["a conflict that is not there", { kind: "restore", conflict: "x.1" }, "conflict-unknown", "conflict"],
];
for (const [name, edit, code, field] of badInput)
  test(`[CH20] ${name} is refused with its field and changes nothing`, () => {
    const [a] = pair();
    const error = refused(a, [edit]) as FieldError;
    assert.deepEqual([error.code, error.field], [code, field]);
    assert.ok(error.message.length > 0 && error.remedy.length > 0);
  });

test("[CH4] a default is not stored as a version", () => {
  const a = new Unit("a");
  const written = a.write([createRow(devices, lm1)]);
  assert.deepEqual(written.persist.versions.map(({ field }) => field).sort(), [
    "@life",
    "endpoint",
    "id",
    "name",
  ]);
  assert.deepEqual(a.replica.row(devices, "d1")?.values, { ...lm1, port: 443, user: "bal", password: "" });
  const back = a.write([updateRow(devices, "d1", { port: 444 }), updateRow(devices, "d1", { port: 443 })]);
  assert.equal(back.persist.versions.length, 1);
});

// ---- secrets

test("[CH20] a secret is left out of conflicts, lists and errors, and its versions are named for the store", () => {
  const a = new Unit("a");
  const b = new Unit("b");
  a.write([createRow(devices, { ...lm1, password: "original" })]);
  heal([a, b]);
  const opened = a.replica.row(devices, "d1")!.tag;
  a.write([updateRow(devices, "d1", { password: "secret-a" })], 2_000);
  b.write([updateRow(devices, "d1", { password: "secret-b" })], 3_000);
  heal([a, b]);
  assertInStep(a, b);
  const [conflict] = a.replica.conflicts();
  assert.deepEqual([conflict?.secret, conflict?.value], [true, null]);
  const error = refused(a, [updateRow(devices, "d1", { password: "secret-c" }, opened)]);
  const unfit = refused(a, [updateRow(devices, "d1", { password: 5 as never })]) as FieldError;
  assert.equal(/secret-/.test(JSON.stringify(error)), false);
  assert.equal("value" in unfit, false);
  const holding = [...a.replica.versions()].filter((version) =>
    /secret-/.test(JSON.stringify(version.value)),
  );
  assert.equal(holding.length, 2, "the winner's and the conflict's");
  assert.ok(holding.every((version) => a.replica.isSecret(version)));
  a.write([{ kind: "restore", conflict: conflict!.id }]);
  assert.equal(a.replica.row(devices, "d1")?.values.password, "secret-a");
});

test("[CH17] digests are keyed by the pair: another key, another digest; the same key again, the same digest", () => {
  const [a, b] = pair();
  a.write([createRow(devices, { ...lm1, password: "pw" })]);
  heal([a, b]);
  const before = a.replica.digest();
  a.replica.rekey("another pair");
  assert.notEqual(a.replica.digest(), before);
  b.replica.rekey("another pair");
  assert.equal(a.replica.digest(), b.replica.digest());
  a.replica.rekey("pair");
  assert.equal(a.replica.digest(), before);
});

// ---- digests, corruption, stores

test("[CH17] the differing table and rows are named", () => {
  const [a, b] = pair();
  a.write([createRow(networks, { cidr: "10.1.0.0/16" }), createRow(networks, { cidr: "10.2.0.0/16" })]);
  heal([a, b]);
  b.write([updateRow(networks, "10.2.0.0/16", { name: "x" }), createRow(networks, { cidr: "10.3.0.0/16" })]);
  assert.deepEqual(Object.keys(a.replica.digests()), ["networks"]);
  assert.notEqual(a.replica.digests().networks, b.replica.digests().networks);
  assert.deepEqual(a.replica.differingRows("networks", b.replica.rowDigests("networks")), [
    "10.2.0.0/16",
    "10.3.0.0/16",
  ]);
});

test("[CH17] a row's digest is the HMAC of its canonical JSON, so that units of any version agree on it", () => {
  const unit = new Unit("A");
  unit.write([createRow(networks, { cidr: "10.0.0.0/8", name: 'a "quoted" näme\n' })]);
  const versions = [...unit.replica.versionsOf("networks", "10.0.0.0/8")]
    .sort((a, b) => (a.field < b.field ? -1 : 1))
    .map((v) => [
      v.field,
      v.incarnation,
      v.seq,
      v.life,
      v.clock,
      canonicalJson(v.context),
      v.author,
      v.unit,
      v.at,
      v.value,
    ]);
  assert.equal(
    unit.replica.rowDigests("networks").get("10.0.0.0/8"),
    hmacSha256Hex("pair", canonicalJson(["networks", "10.0.0.0/8", versions])),
  );
});

test("[CH17] the digest kept up row by row is the digest taken anew", () => {
  const [a, b] = pair();
  for (let index = 0; index < 20; index++) {
    a.write([createRow(networks, { cidr: `10.${index}.0.0/16`, name: `n${index}` })]);
    a.replica.digest();
    a.write([updateRow(networks, ten, { name: `again ${index}` })]);
    if (index % 3 === 0) a.write([deleteRow(networks, `10.${index}.0.0/16`)]);
  }
  const kept = a.replica.digest();
  a.replica.rekey("pair");
  assert.equal(a.replica.digest(), kept);
  heal([a, b]);
  assert.equal(b.replica.digest(), kept);
});

test("[CH17] rows that differ at equal vectors are mended on one side and follow on the other", () => {
  const [a, b] = pair();
  a.write([createRow(networks, { cidr: "10.1.0.0/16", name: "lost on B's disk" })]);
  heal([a, b]);
  // B's disk changes one value and forgets one row behind its back.
  const versions = new Map(b.disk.versions);
  for (const [slot, version] of versions) {
    if (version.row === "10.1.0.0/16") versions.delete(slot);
    else if (version.field === "name") versions.set(slot, { ...version, value: "rotten" });
  }
  b.restart({ ...b.disk, versions });
  assert.ok(equalVectors(a.replica.vector, b.replica.vector));
  assert.notEqual(a.replica.digest(), b.replica.digest());
  const differing = a.replica.differingRows("networks", b.replica.rowDigests("networks"));
  assert.deepEqual(differing, [ten, "10.1.0.0/16"]);

  const rows = differing.map((row) => ({ table: "networks", row }));
  const theirs = differing.flatMap((row) => b.replica.versionsOf("networks", row));
  a.incarnation = mintIncarnation();
  const repaired = a.replica.repair(rows, theirs, a.incarnation);
  assert.ok(repaired.ok);
  a.persist(repaired.value.persist);
  b.receive(repaired.value.delta!);
  assertInStep(a, b);
  assert.equal(b.replica.row(networks, "10.1.0.0/16")?.values.name, "lost on B's disk");
  const values = [nameOf(a), ...a.replica.conflicts().map(({ value }) => value)];
  assert.deepEqual(values.sort(), ["rotten", "ten"]);
});

test("[CH3] a snapshot is a delta with an empty base, applied to an empty replica", () => {
  const [a, b] = pair();
  a.write([createRow(devices, lm1)]);
  a.write([updateRow(networks, ten, { name: "A" })], 2_000);
  b.write([updateRow(networks, ten, { name: "B" })], 3_000);
  heal([a, b]);
  const c = new Unit("c");
  c.receive(a.replica.deltaSince({}));
  assertInStep(a, c);
  assert.equal(c.replica.clock, a.replica.clock);
});

test("[CH3] what is persisted is enough to start from", () => {
  const [a, b] = pair();
  a.write([updateRow(networks, ten, { name: "A" })], 2_000);
  b.write([updateRow(networks, ten, { name: "B" }), createRow(devices, lm1)], 3_000);
  b.write([deleteRow(devices, "d1")]);
  heal([a, b]);
  for (const unit of [a, b]) {
    const before = { state: unit.state(), digest: unit.replica.digest(), clock: unit.replica.clock };
    assert.deepEqual(
      [...unit.disk.versions.values()].map(versionId).sort(),
      [...unit.replica.versions()].map(versionId).sort(),
    );
    unit.restart();
    assert.deepEqual(
      { state: unit.state(), digest: unit.replica.digest(), clock: unit.replica.clock },
      before,
    );
  }
});

const foreign = (change: Partial<Version>): [Replica, Unit, Version] => {
  const sender = new Unit("sender");
  const [version] = sender.write([createRow(networks, { cidr: ten, name: "ten" })]).persist.versions;
  return [Replica.empty(tables, "pair"), sender, { ...version!, ...change }];
};
const unfits: readonly [string, Partial<Version>, object][] = [
  ["a table", { table: "tenants" }, { code: "unknown-table", table: "tenants" }],
  [
    "a field",
    { field: "colour", value: "red" },
    { code: "unknown-field", table: "networks", field: "colour" },
  ],
  [
    "a value",
    { field: "name", value: 5 },
    { code: "value-unfit", table: "networks", row: ten, field: "name" },
  ],
  [
    "a merge group with a member missing",
    { table: "devices", field: "endpoint", value: { address: "x" } },
    { code: "value-unfit", table: "devices", row: ten, field: "endpoint" },
  ],
  [
    "a life register that contradicts its life",
    { value: "deleted" },
    { code: "value-unfit", table: "networks", row: ten, field: "@life" },
  ],
];
for (const [name, change, error] of unfits)
  test(`[CH3] ${name} this version does not know is refused by name, and nothing of the delta is applied`, () => {
    const [replica, sender, version] = foreign(change);
    const delta = sender.replica.deltaSince({});
    const applied = replica.apply({ ...delta, items: [...delta.items, version] }, mintIncarnation());
    assert.deepEqual(applied, { ok: false, error });
    assert.deepEqual(replica.rows(networks), []);
    assert.deepEqual(replica.vector, {});
  });

test("[CH3] a store that holds more than its vector counts, or an unknown table, is not loaded", () => {
  const [a] = pair();
  const stored = { versions: [...a.replica.versions()], vector: {}, clock: 0 };
  const behind = Replica.load(tables, stored, "pair");
  assert.equal(!behind.ok && behind.error.code, "vector-behind");
  const unknown = Replica.load([tables[1]!], { ...stored, vector: a.replica.vector }, "pair");
  assert.deepEqual(unknown, { ok: false, error: { code: "unknown-table", table: "networks" } });
});

test("[CH2] rows are given in one order and stay the same objects until they change", () => {
  const [a] = pair();
  a.write([createRow(networks, { cidr: "9.0.0.0/8" })]);
  const rows = a.replica.rows(networks);
  assert.deepEqual(
    rows.map(({ key }) => key),
    [ten, "9.0.0.0/8"],
  );
  assert.equal(a.replica.rows(networks), rows);
  a.write([updateRow(networks, ten, { name: "x" })]);
  assert.equal(a.replica.rows(networks)[1], rows[1]);
  assert.notEqual(a.replica.rows(networks)[0], rows[0]);
  assert.throws(() => Object.assign(rows[0]!.values, { name: "tampered" }), TypeError);
  assert.equal(conflictsTable.name, "conflicts");
});

test("[CH2] the list of rows, mended change by change, is the list made anew", () => {
  const prng = new Prng(11);
  const unit = new Unit("a");
  for (let turn = 0; turn < 600; turn += 1) {
    const cidr = `10.${prng.below(40)}.0.0/16`;
    const exists = unit.replica.row(networks, cidr) !== undefined;
    const edits =
      exists && prng.below(3) === 0
        ? [deleteRow(networks, cidr)]
        : [exists ? updateRow(networks, cidr, { name: `n${turn}` }) : createRow(networks, { cidr })];
    // Every third is refused whole by its second edit: what it began is taken back.
    const isRefused = prng.below(3) === 0;
    if (isRefused) refused(unit, [...edits, createRow(networks, { cidr: "not there", name: 5 as never })]);
    else unit.write(edits);
    if (prng.below(4) > 0) unit.replica.rows(networks);
  }
  const { vector, clock } = unit.replica;
  const anew = Replica.load(tables, { versions: unit.replica.versions(), vector, clock }, "pair");
  assert.ok(anew.ok);
  assert.deepEqual(unit.replica.rows(networks), anew.value.rows(networks));
});
