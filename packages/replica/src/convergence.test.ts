/**
 * Random histories of two and three units: edits, pushes and exchanges that are lost, repeated, reordered and late,
 * restarts, disks that are rolled back, conflicts that are resolved. Checked at every step: equal vectors mean equal
 * state. Checked after healing: every edit is current, was knowingly replaced, or is listed as a conflict.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@tandem/base/canonical-json";
import fc from "fast-check";
import { conflictsTable } from "./conflicts.ts";
import { createRow, deleteRow, type Edit, updateRow } from "./edits.ts";
import { type Disk, devices, heal, networks, tables, Unit } from "./testing.ts";
import {
  type Delta,
  equalVectors,
  knows,
  lifeField,
  type Vector,
  type Version,
  versionId,
} from "./version.ts";

type Step = { readonly kind: string; readonly a: number; readonly b: number; readonly c: number };
type Flight = { readonly to: number; readonly delta: Delta };

/** What an author wrote, and what that knowingly replaced. */
type Deed = { readonly version: Version; readonly replaced: readonly string[] };

class History {
  readonly units: readonly Unit[];
  readonly deeds: Deed[] = [];
  flights: Flight[] = [];
  readonly #heard = new Map<string, Vector>();
  readonly #backups: { readonly unit: number; readonly disk: Disk }[] = [];
  readonly #skew: readonly number[];
  restored = false;
  #now = 1_000_000;
  #value = 0;

  constructor(count: number, skew: readonly number[]) {
    this.units = Array.from({ length: count }, (_, index) => new Unit(`unit${index}`));
    this.#skew = skew;
  }

  run(step: Step): void {
    this.#now += 50;
    const from = step.a % this.units.length;
    const to = (from + 1 + (step.b % (this.units.length - 1))) % this.units.length;
    const unit = this.units[from]!;
    switch (step.kind) {
      case "edit":
        this.#write(from, this.#edit(unit, step.b, step.c));
        break;
      case "resolve": {
        const open = unit.replica.conflicts().filter(({ resolution }) => resolution === null);
        const conflict = open[step.b % Math.max(1, open.length)];
        if (conflict)
          this.#write(from, [{ kind: step.c % 2 ? "restore" : "dismiss", conflict: conflict.id }]);
        break;
      }
      case "hear":
        this.#heard.set(`${from}<${to}`, this.units[to]!.replica.vector);
        break;
      case "exchange": {
        const base = this.#heard.get(`${from}<${to}`) ?? this.units[to]!.replica.vector;
        this.flights.push({ to, delta: unit.replica.deltaSince(base) });
        break;
      }
      case "deliver":
      case "repeat":
      case "lose": {
        if (this.flights.length === 0) break;
        const index = step.b % this.flights.length;
        const flight = this.flights[index]!;
        if (step.kind !== "repeat") this.flights.splice(index, 1);
        if (step.kind !== "lose") this.#deliver(flight);
        break;
      }
      case "restart": {
        const before = { digest: unit.replica.digest(), state: unit.state() };
        unit.restart();
        assert.deepEqual({ digest: unit.replica.digest(), state: unit.state() }, before);
        break;
      }
      case "backup":
        this.#backups.push({ unit: from, disk: unit.disk });
        break;
      case "rollBack": {
        const own = this.#backups.filter((backup) => backup.unit === from);
        const backup = own[step.b % Math.max(1, own.length)];
        if (!backup) break;
        this.restored = true;
        unit.restart(backup.disk);
        break;
      }
      default:
        assert.fail(step.kind);
    }
    this.checkEqualVectors();
  }

  #deliver({ to, delta }: Flight): void {
    const applied = this.units[to]!.receive(delta);
    if (applied?.delta) this.#push(to, applied.delta);
  }

  #push(from: number, delta: Delta): void {
    for (const to of this.units.keys()) if (to !== from) this.flights.push({ to, delta });
  }

  #write(from: number, edits: readonly Edit[]): void {
    const unit = this.units[from]!;
    const before = new Map([...unit.replica.versions()].map((version) => [slotOf(version), version]));
    const written = unit.write(edits, Math.max(0, this.#now + this.#skew[from]!));
    for (const version of written.persist.versions) {
      if (version.table === conflictsTable.name) continue;
      const own = before.get(slotOf(version));
      const replaced = own && (version.field === lifeField || own.life === version.life) ? [own] : [];
      // Ending a life (perhaps to begin another in the same write) replaces everything that stood in it.
      if (version.field === lifeField && own?.value === "exists")
        for (const other of before.values())
          if (other.table === version.table && other.row === version.row && other.life === own.life)
            replaced.push(other);
      this.deeds.push({ version, replaced: replaced.map(versionId) });
    }
    if (written.delta.items.length > 0) this.#push(from, written.delta);
  }

  /** Something that can be done to one of three rows as this unit sees them now. */
  #edit(unit: Unit, choice: number, which: number): readonly Edit[] {
    const value = `value ${++this.#value}`;
    if (which % 3 === 0) {
      const row = unit.replica.row(devices, "d1");
      if (!row) return [createRow(devices, { id: "d1", name: value, address: value })];
      if (choice % 5 === 0) return [deleteRow(devices, "d1", row.tag)];
      if (choice % 5 === 1) return [updateRow(devices, "d1", { port: this.#value }, row.tag)];
      if (choice % 5 === 2) return [updateRow(devices, "d1", { password: value }, row.tag)];
      return [updateRow(devices, "d1", { name: value }, row.tag)];
    }
    const cidr = `10.${which % 3}.0.0/16`;
    const row = unit.replica.row(networks, cidr);
    if (!row) return [createRow(networks, choice % 2 ? { cidr, name: value } : { cidr, description: value })];
    if (choice % 5 === 0) return [deleteRow(networks, cidr, row.tag)];
    if (choice % 5 === 1) return [deleteRow(networks, cidr), createRow(networks, { cidr, name: value })];
    return [updateRow(networks, cidr, choice % 2 ? { name: value } : { description: value }, row.tag)];
  }

  checkEqualVectors(): void {
    for (const [index, a] of this.units.entries())
      for (const b of this.units.slice(index + 1)) {
        if (!equalVectors(a.replica.vector, b.replica.vector)) continue;
        assert.equal(a.replica.digest(), b.replica.digest(), "equal vectors, different digests");
        assert.deepEqual(a.state(), b.state(), "equal digests, different states");
      }
  }

  /** Call after healing. */
  checkNothingVanished(): void {
    const { replica } = this.units[0]!;
    const known = this.deeds.filter(({ version }) => knows(replica.vector, version));
    if (!this.restored)
      assert.equal(known.length, this.deeds.length, "a write nobody knows of, without a roll-back");
    const replaced = new Set(known.flatMap((deed) => deed.replaced));
    const listed = new Set(replica.conflicts().map(({ id }) => id));
    // Where two authors wrote the same value, what happened to one of them happened to what both said.
    const said = (version: Version): string => `${slotOf(version)}=${JSON.stringify(version.value)}`;
    const accountedFor = known.filter(
      ({ version }) => replaced.has(versionId(version)) || listed.has(versionId(version)),
    );
    const accountedValues = new Set(accountedFor.map(({ version }) => said(version)));
    for (const { version } of known) {
      if (this.#isCurrent(version) || accountedValues.has(said(version))) continue;
      assert.fail(`vanished: ${JSON.stringify(version)}`);
    }
  }

  #isCurrent(version: Version): boolean {
    const table = tables.find(({ name }) => name === version.table)!;
    const row = this.units[0]!.replica.row(table, version.row);
    if (version.field === lifeField) return (row !== undefined) === (version.value === "exists");
    if (!row) return false;
    const field = table.fields.get(version.field)!;
    const values = row.values as { readonly [column: string]: Json };
    const value = field.grouped
      ? Object.fromEntries(field.columns.map((column) => [column, values[column]]))
      : values[field.columns[0]!];
    return JSON.stringify(value) === JSON.stringify(version.value);
  }
}

const slotOf = ({ table, row, field }: Version): string => JSON.stringify([table, row, field]);

/** `REPLICA_RUNS=20000` searches longer. */
const runs = Number(process.env.REPLICA_RUNS ?? 150);

const number = fc.nat({ max: 1_000 });
const stepsOf = (
  ...kinds: readonly { readonly kind: string; readonly weight: number }[]
): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      kind: fc.oneof(...kinds.map(({ kind, weight }) => ({ weight, arbitrary: fc.constant(kind) }))),
      a: number,
      b: number,
      c: number,
    }),
    { minLength: 5, maxLength: 70, size: "max" },
  );
const network = [
  { kind: "edit", weight: 10 },
  { kind: "exchange", weight: 4 },
  { kind: "hear", weight: 2 },
  { kind: "deliver", weight: 10 },
  { kind: "repeat", weight: 2 },
  { kind: "lose", weight: 3 },
  { kind: "restart", weight: 1 },
  { kind: "resolve", weight: 2 },
];
const rollBacks = [
  { kind: "backup", weight: 2 },
  { kind: "rollBack", weight: 1 },
];
const skew = fc.array(fc.integer({ min: -20_000, max: 20_000 }), { minLength: 3, maxLength: 3 });

function converge(count: number, steps: readonly Step[], skews: readonly number[]): void {
  const history = new History(count, skews);
  for (const step of steps) history.run(step);
  history.flights = [];
  heal(history.units);
  history.checkEqualVectors();
  history.checkNothingVanished();
}

for (const count of [2, 3]) {
  test(`[CH20] ${count} units converge and nothing an operator changed vanishes`, () => {
    fc.assert(
      fc.property(stepsOf(...network), skew, (steps, skews) => converge(count, steps, skews)),
      { numRuns: runs },
    );
  });

  test(`[CH20] ${count} units whose disks are rolled back converge and lose only what no other disk held`, () => {
    fc.assert(
      fc.property(stepsOf(...network, ...rollBacks), skew, (steps, skews) => converge(count, steps, skews)),
      { numRuns: runs },
    );
  });
}

test("[CH17] merging is commutative, associative and idempotent over random histories of three units", () => {
  fc.assert(
    fc.property(stepsOf(...network), skew, (steps, skews) => {
      const history = new History(3, skews);
      for (const step of steps) history.run(step);
      const [a, b, c] = history.units.map((unit) => unit.replica.deltaSince({})) as [Delta, Delta, Delta];
      const merge = (...deltas: readonly Delta[]): readonly string[] => {
        const unit = new Unit("merged");
        for (const delta of deltas) assert.ok(unit.receive(delta));
        // What the merges themselves wrote is theirs; what came from outside must be the same in any order.
        return [...unit.replica.versions()]
          .filter((version) => version.table !== conflictsTable.name)
          .map((version) => `${slotOf(version)} ${versionId(version)}`)
          .sort();
      };
      const merged = merge(a, b, c);
      for (const order of [
        [a, c, b],
        [b, a, c],
        [b, c, a],
        [c, a, b],
        [c, b, a],
        [a, b, b, c, a, c],
      ])
        assert.deepEqual(merge(...order), merged);
      // Grouping: (a, b) merged by one unit and handed on whole, then c; and a, then (b, c).
      const grouped = (first: Delta, second: Delta): Delta => {
        const unit = new Unit("group");
        unit.receive(first);
        unit.receive(second);
        return unit.replica.deltaSince({});
      };
      assert.deepEqual(merge(grouped(a, b), c), merged);
      assert.deepEqual(merge(a, grouped(b, c)), merged);
    }),
    { numRuns: runs },
  );
});
