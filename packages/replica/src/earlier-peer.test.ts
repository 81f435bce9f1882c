/** Two units of different wire versions: the earlier one knows fewer tables and columns (docs/rolling-upgrade.md). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@tandem/base/schema";
import fc from "fast-check";
import { conflictsTable } from "./conflicts.ts";
import { createRow, deleteRow, type Edit, updateRow } from "./edits.ts";
import { Replica } from "./replica.ts";
import { defineTable, schemaDigest, type Table } from "./schema.ts";
import { mintIncarnation } from "./testing.ts";
import {
  covers,
  type Delta,
  emptyVector,
  equalVectors,
  incarnationFor,
  sinceOfIncarnation,
  type Version,
} from "./version.ts";
import { decodeDelta, encodeDelta } from "./wire.ts";

const shared = { sync: "shared", schema: Type.String() } as const;
const earlierNetworks = defineTable({
  name: "networks",
  key: (row) => row.cidr,
  columns: { cidr: shared, name: { ...shared, default: "" } },
});
const networks = defineTable({
  name: "networks",
  key: (row) => row.cidr,
  columns: { cidr: shared, name: { ...shared, default: "" }, site: { ...shared, default: "", since: 2 } },
});
const actions = defineTable({
  name: "actions",
  since: 2,
  key: (row) => row.id,
  columns: { id: shared, when: { ...shared, default: "" } },
});
const earlier: readonly Table[] = [earlierNetworks];
const later: readonly Table[] = [networks, actions];

class Unit {
  wire: 1 | 2;
  replica: Replica;
  incarnation = mintIncarnation();
  readonly #name: string;

  constructor(name: string, wire: 1 | 2) {
    this.#name = name;
    this.wire = wire;
    this.replica = Replica.empty(wire === 1 ? earlier : later, "pair");
  }

  write(...edits: Edit[]) {
    const { incarnation } = this;
    const written = this.replica.write({ edits, author: this.#name, unit: this.#name, wall: 1, incarnation });
    assert.ok(written.ok, JSON.stringify(written));
    return written.value;
  }

  /** As its peer, of wire version `upTo`, is told. */
  told(upTo: number, base = emptyVector): Delta {
    return this.replica.upTo(upTo).deltaSince(base);
  }

  take(delta: Delta) {
    const decoded = decodeDelta(JSON.parse(JSON.stringify(encodeDelta(delta))));
    assert.ok(decoded.ok, JSON.stringify(decoded));
    const applied = this.replica.apply(decoded.value, this.incarnation);
    assert.ok(applied.ok, JSON.stringify(applied));
    return applied.value;
  }

  /** Another program starts on what this one kept. */
  upgrade(): void {
    this.wire = 2;
    const { vector, clock } = this.replica;
    const stored = { versions: [...this.replica.versions()], vector, clock };
    const loaded = Replica.load(later, stored, "pair");
    assert.ok(loaded.ok, JSON.stringify(loaded));
    this.replica = loaded.value;
    this.incarnation = mintIncarnation();
  }
}

function exchange(a: Unit, b: Unit): void {
  const upTo = Math.min(a.wire, b.wire);
  for (let round = 0; round < 5; round++)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      to.take(from.told(upTo, to.replica.upTo(upTo).vector));
  const [ours, theirs] = [a.replica.upTo(upTo), b.replica.upTo(upTo)];
  assert.ok(equalVectors(ours.vector, theirs.vector), "in step over what both know");
  assert.equal(ours.digest(), theirs.digest());
  assert.deepEqual(ours.digests(), theirs.digests());
}

test("what an earlier peer cannot hold is withheld and not claimed, and follows once it is upgraded", () => {
  const [a, b] = [new Unit("A", 2), new Unit("B", 1)];
  assert.equal(a.write(createRow(networks, { cidr: "10.1.0.0/16", name: "one" })).since, 1);
  const mixed = a.write(
    createRow(actions, { id: "backup", when: "daily" }),
    createRow(networks, { cidr: "10.2.0.0/16", site: "Berlin" }),
  );
  assert.equal(mixed.since, 2);
  const cut = a.replica.upTo(1).cut(mixed.delta);
  assert.deepEqual(
    cut.items.map(({ table, field }) => `${table} ${field}`).sort(),
    ["networks @life", "networks cidr"],
    "the part of a write that the peer can hold goes at once",
  );
  exchange(a, b);
  assert.ok(!covers(b.replica.vector, a.replica.vector), "the earlier unit does not claim what it lacks");
  assert.deepEqual(a.replica.tablesBeyond(1), ["actions", "networks"]);
  assert.deepEqual(a.replica.upTo(1).versionsOf("actions", "backup"), []);

  b.write(updateRow(earlierNetworks, "10.2.0.0/16", { name: "two" }));
  exchange(a, b);
  assert.equal(a.replica.row(networks, "10.2.0.0/16")?.values.name, "two");
  b.upgrade();
  exchange(a, b);
  assert.equal(b.replica.row(actions, "backup")?.values.when, "daily");
  assert.equal(b.replica.row(networks, "10.2.0.0/16")?.values.site, "Berlin");
  assert.equal(a.replica.digest(), b.replica.digest());
  assert.deepEqual(a.replica.conflicts(), []);
});

test("[CH20] a row deleted by an earlier unit, which could not know of a later column: its value stands in Conflicts, which that unit is not told either", () => {
  const [a, b] = [new Unit("A", 2), new Unit("B", 1)];
  a.write(createRow(networks, { cidr: "10.1.0.0/16", site: "Berlin" }));
  exchange(a, b);
  b.write(deleteRow(earlierNetworks, "10.1.0.0/16"));
  exchange(a, b);
  assert.deepEqual(
    a.replica.conflicts().map(({ field, value }) => [field, value]),
    [["site", "Berlin"]],
  );
  assert.deepEqual(b.replica.conflicts(), []);
  assert.deepEqual(a.replica.tablesBeyond(1), [conflictsTable.name, "networks"]);
  b.upgrade();
  exchange(a, b);
  assert.equal(b.replica.conflicts().length, 1);
});

test("[CH20] rows that the upgraded unit made before it met the other one again: a difference is a conflict, not a loss", () => {
  const [a, b] = [new Unit("A", 2), new Unit("B", 1)];
  a.write(createRow(actions, { id: "backup", when: "daily" }));
  exchange(a, b);
  b.upgrade();
  b.write(createRow(actions, { id: "backup", when: "weekly" }));
  exchange(a, b);
  assert.equal(a.replica.conflicts().length, 1, "its author had not seen the other unit's row");
  assert.equal(a.replica.digest(), b.replica.digest());
});

test("a snapshot for an earlier unit fits it and has the digest that it computes; one from it fits the later unit", () => {
  const a = new Unit("A", 2);
  a.write(createRow(networks, { cidr: "10.1.0.0/16", site: "Berlin" }), createRow(actions, { id: "backup" }));
  const b = new Unit("B", 1);
  b.take(a.told(1));
  assert.equal(b.replica.digest(), a.replica.upTo(1).digest());
  const c = new Unit("C", 2);
  c.take(b.told(1));
  assert.equal(c.replica.digest(), b.replica.digest());
});

test("an incarnation says since which wire version there is what was written in it, whatever was minted", () => {
  for (const minted of ["0123456789abcdef", "c0d2456789abcdef", "c0df456789abcdef"]) {
    const forms = [incarnationFor(minted, 1), incarnationFor(minted, 2)];
    assert.deepEqual(forms.map(sinceOfIncarnation), [1, 2]);
    for (const form of forms) assert.match(form, /^[0-9a-f]{16}$/);
  }
});

test("digests over a part are kept up with changes and with another key", () => {
  const [a, b] = [new Unit("A", 2), new Unit("B", 1)];
  a.write(createRow(actions, { id: "backup" }));
  const nothing = Replica.empty(earlier, "pair");
  assert.equal(a.replica.upTo(1).digest(), nothing.digest());
  a.write(createRow(networks, { cidr: "10.1.0.0/16" }));
  exchange(a, b);
  assert.deepEqual(a.replica.upTo(1).differingRows("networks", b.replica.rowDigests("networks")), []);
  a.replica.rekey("other");
  b.replica.rekey("other");
  assert.equal(a.replica.upTo(1).digest(), b.replica.digest());
});

test("a program of an earlier version has the schema that a later one ascribes to it", () => {
  assert.equal(schemaDigest(later, 1), schemaDigest(earlier));
  assert.notEqual(schemaDigest(later), schemaDigest(earlier));
});

test("a column later than its table needs a default, and merges with none that is older", () => {
  const withColumn = (column: object, mergeGroups = {}) =>
    defineTable({
      name: "rows",
      key: (row) => row.id,
      columns: { id: shared, later: { ...shared, ...column } },
      mergeGroups,
    });
  assert.throws(() => withColumn({ since: 2 }), /needs a default/);
  assert.throws(() => withColumn({ since: 99, default: "" }), /no wire version/);
  assert.throws(() => withColumn({ since: 2, default: "" }, { both: ["id", "later"] }), /differ in age/);
});

const cidrs = ["10.1.0.0/16", "10.2.0.0/16"];
const step = fc.record({
  unit: fc.constantFrom(0, 1),
  act: fc.constantFrom("network", "rename", "site", "action", "when", "delete", "deleteAction", "exchange"),
  row: fc.constantFrom(0, 1),
  value: fc.constantFrom("x", "y", "z"),
});

/** What the step comes to on this unit, as its program and its rows are; undefined when it comes to nothing. */
function editOf(unit: Unit, act: string, row: number, value: string): Edit | undefined {
  const cidr = cidrs[row] as string;
  const id = `action${row}`;
  const hasNetwork = unit.replica.row(networks, cidr) !== undefined;
  const hasAction = unit.wire === 2 && unit.replica.row(actions, id) !== undefined;
  if (act === "network") return hasNetwork ? undefined : createRow(networks, { cidr, name: value });
  if (act === "rename") return hasNetwork ? updateRow(networks, cidr, { name: value }) : undefined;
  if (act === "delete") return hasNetwork ? deleteRow(networks, cidr) : undefined;
  if (unit.wire === 1) return undefined;
  if (act === "site") return hasNetwork ? updateRow(networks, cidr, { site: value }) : undefined;
  if (act === "action") return hasAction ? undefined : createRow(actions, { id, when: value });
  if (act === "when") return hasAction ? updateRow(actions, id, { when: value }) : undefined;
  return hasAction ? deleteRow(actions, id) : undefined;
}

test("[CH20] any edits on units of two versions, with exchanges in between, then the upgrade: equal states, and each edit current, replaced, or in Conflicts", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [a, b] = [new Unit("A", 2), new Unit("B", 1)];
      const written = new Map<string, Version>();
      const note = (items: readonly Version[]): void => {
        for (const item of items) written.set(`${item.incarnation}.${item.seq}`, item);
      };
      for (const { unit, act, row, value } of steps) {
        if (act === "exchange") exchange(a, b);
        else {
          const author = unit === 0 ? a : b;
          const edit = editOf(author, act, row, value);
          if (edit !== undefined) note(author.write(edit).delta.items);
        }
      }
      exchange(a, b);
      b.upgrade();
      exchange(a, b);
      assert.ok(equalVectors(a.replica.vector, b.replica.vector));
      assert.equal(a.replica.digest(), b.replica.digest());
      const isReplaced = (version: Version): boolean =>
        [...written.values()].some(
          ({ table, row, field, context }) =>
            table === version.table &&
            row === version.row &&
            (field === version.field || field === "@life") &&
            (context[version.incarnation] ?? 0) >= version.seq,
        );
      const conflicts = new Set(a.replica.conflicts().map(({ id }) => id));
      for (const [id, version] of written) {
        const stands = a.replica
          .versionsOf(version.table, version.row)
          .some(
            ({ field, value }) =>
              field === version.field && JSON.stringify(value) === JSON.stringify(version.value),
          );
        assert.ok(stands || conflicts.has(id) || isReplaced(version), `${id} is lost`);
      }
    }),
    { numRuns: 300 },
  );
});
