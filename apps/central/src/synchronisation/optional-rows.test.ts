import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "@tandem/base/prng";
import type { Table } from "@tandem/replica/schema";
import { resolveConflict } from "../ha/conflicts.ts";
import { Refusal } from "../refusal.ts";
import { profiles } from "../repository/tables.ts";
import { retryMs } from "./optional-rows.ts";
import { Crash, TestUnit, type Told } from "./two-units.ts";

const id = (number: number): string => number.toString(16).padStart(16, "0");
const [x, y, z] = [id(1), id(2), id(3)];

function pair(): readonly [TestUnit, TestUnit] {
  const units = [new TestUnit("a"), new TestUnit("b")] as const;
  units[0].connect(units[1]);
  return units;
}

async function done(call: Promise<{ readonly ok: boolean }>): Promise<void> {
  const result = await call;
  assert.ok(result.ok, JSON.stringify(result));
}

test("[CH4] by default rows of a switchable table stay on their unit", async () => {
  const [a, b] = pair();
  await done(a.add(x, "of a"));
  await done(b.add(y, "of b"));
  await a.meet(b);
  assert.deepEqual(a.names(), { [x]: "of a" });
  assert.deepEqual(b.names(), { [y]: "of b" });
  assert.deepEqual(a.rows.state("profiles"), { on: false, isAvailable: true, isMoving: false });
  assert.equal(a.digest, b.digest);
});

test("[CH4] switched on, both units' rows are on both, whichever unit it was turned on", async () => {
  const [a, b] = pair();
  await done(a.add(x, "of a"));
  await done(b.add(y, "of b"));
  await done(b.turn(true));
  await a.meet(b);
  const both = { [x]: "of a", [y]: "of b" };
  assert.deepEqual([a.names(), b.names()], [both, both]);
  await done(a.rename(y, "renamed on a"));
  await done(b.remove(x));
  assert.deepEqual([a.names(), b.names()], [{ [y]: "renamed on a" }, { [y]: "renamed on a" }]);
  assert.equal(a.digest, b.digest);
  assert.deepEqual(a.conflicts(), []);
});

test("[CH4] switched off, each unit keeps a copy of everything and goes on for itself", async () => {
  const [a, b] = pair();
  await done(a.add(x, "of a"));
  await done(a.add(z, "not wanted"));
  await done(a.turn(true));
  await a.meet(b);
  await done(b.add(y, "of b"));
  await done(a.remove(z));
  await done(b.turn(false));
  await a.meet(b);
  const both = { [x]: "of a", [y]: "of b" };
  assert.deepEqual([a.names(), b.names()], [both, both], "and what was removed meanwhile stays removed");
  await done(a.rename(x, "only a"));
  await done(b.remove(y));
  await a.meet(b);
  assert.deepEqual(a.names(), { [x]: "only a", [y]: "of b" });
  assert.deepEqual(b.names(), { [x]: "of a" });
});

test("[CH4] [CH20] on again: the later edit of a row wins, the other stands in Conflicts, and no row of either is lost", async () => {
  const [a, b] = pair();
  await done(a.add(x, "first"));
  await done(a.turn(true));
  await a.meet(b);
  await done(a.turn(false));
  await a.meet(b);
  await done(a.rename(x, "made of it by a"));
  await done(b.rename(x, "made of it by b"));
  await done(b.add(z, "new on b"));
  await done(a.turn(true));
  await a.meet(b);
  assert.deepEqual(a.names(), b.names());
  assert.equal(a.digest, b.digest);
  assert.equal(a.names()[z], "new on b");
  assert.deepEqual([a.names()[x], ...a.conflicts()].sort(), ["made of it by a", "made of it by b"]);
});

test("[CH4] [CH20] a value that lost is not restored to where nobody reads: the refusal names it and what to do", async () => {
  const [a, b] = pair();
  await done(a.add(x, "first"));
  await done(a.turn(true));
  await a.meet(b);
  a.disconnect();
  await done(a.rename(x, "by a"));
  await done(b.rename(x, "by b"));
  a.connect(b);
  await a.meet(b);
  await done(a.turn(false));
  await done(a.turn(true));
  await a.meet(b);
  const surface = a.conflictSurface;
  const [conflict] = surface.conflicts();
  const resolve = (how: "restore" | "dismiss") =>
    resolveConflict(
      surface,
      [profiles as unknown as Table],
      conflict?.id ?? "",
      how,
      undefined,
      "operator",
      (table, row) => a.rows.isOver(table, row),
    );
  const stands = a.names()[x];
  await assert.rejects(resolve("restore"), (error) => {
    assert.ok(error instanceof Refusal);
    assert.match(
      error.errors[0]?.remedy ?? "",
      /^change name where it is kept now, if "by [ab]" should stand/,
    );
    return error.errors[0]?.code === "row-over";
  });
  assert.equal(surface.conflicts()[0]?.resolution, null);
  await resolve("dismiss");
  assert.deepEqual([surface.conflicts()[0]?.resolution?.how, a.names()[x]], ["dismissed", stands]);

  // In a generation that is the present one it is restored.
  a.disconnect();
  await done(a.rename(x, "once more by a"));
  await done(b.rename(x, "once more by b"));
  a.connect(b);
  await a.meet(b);
  const open = surface.conflicts().find(({ resolution }) => resolution === null);
  await resolveConflict(
    surface,
    [profiles as unknown as Table],
    open?.id ?? "",
    "restore",
    undefined,
    "operator",
    (table, row) => a.rows.isOver(table, row),
  );
  assert.deepEqual([a.names()[x], b.names()[x]], [open?.value, open?.value]);
});

test("[CH4] turned on by both at once while cut off, it is one switch and one set of rows", async () => {
  const [a, b] = pair();
  await done(a.add(x, "of a"));
  await done(b.add(y, "of b"));
  a.disconnect();
  await done(a.turn(true));
  await done(b.turn(true));
  assert.deepEqual(a.names(), { [x]: "of a" });
  await a.meet(b);
  assert.deepEqual(a.names(), { [x]: "of a", [y]: "of b" });
  assert.deepEqual(a.names(), b.names());
  assert.equal(a.digest, b.digest);
  assert.deepEqual(a.conflicts(), []);
});

test("[CH4] a full disk under a unit's own rows refuses the write with a remedy, and loses nothing", async () => {
  const [a, b] = pair();
  await done(a.add(x, "of a"));
  a.ownDiskFailure = Object.assign(new Error("database or disk is full"), { errcode: 13 });
  const refused = await a.rename(x, "does not fit");
  assert.ok(!refused.ok && refused.error.code === "disk-full");
  assert.match((refused.error as { remedy: string }).remedy, /free space/);
  assert.deepEqual(a.names(), { [x]: "of a" });
  // Turned on meanwhile by the peer, the rows wait where they are and move once they can.
  await done(b.turn(true));
  await a.rows.settled();
  assert.equal(a.rows.state("profiles").isMoving, true);
  assert.equal(a.troubles.length > 0, true);
  await done(b.add(y, "of b"));
  a.ownDiskFailure = null;
  a.world.advance(retryMs);
  await a.rows.settled();
  assert.equal(a.rows.state("profiles").isMoving, false);
  await a.meet(b);
  assert.deepEqual(a.names(), { [x]: "of a", [y]: "of b" });
  assert.deepEqual(a.names(), b.names());
});

test("[CH4] killed before any commit of turning on or off, it goes on after the start, and nothing is there twice", async () => {
  for (const isOn of [true, false])
    for (let commits = 0; commits < 6; commits += 1) {
      const [a, b] = pair();
      await done(a.add(x, "of a"));
      await done(b.add(y, "of b"));
      if (!isOn) {
        await done(a.turn(true));
        await a.meet(b);
      }
      a.commitsUntilCrash = commits;
      const turned = await a.turn(isOn).then(
        ({ ok }) => ok,
        () => false,
      );
      a.start();
      await a.rows.settled();
      a.connect(b);
      await a.meet(b);
      const title = `turned ${isOn ? "on" : "off"}, killed before commit ${commits + 1}`;
      if (turned) assert.equal(a.rows.state("profiles").on, isOn, title);
      const isShared = a.rows.state("profiles").on;
      assert.equal(b.rows.state("profiles").on, isShared, title);
      const all = { [x]: "of a", [y]: "of b" };
      const expected = isShared || !isOn ? [all, all] : [{ [x]: "of a" }, { [y]: "of b" }];
      assert.deepEqual([a.names(), b.names()], expected, title);
      assert.deepEqual(a.conflicts(), [], title);
      assert.deepEqual([...a.troubles, ...b.troubles], [], title);
    }
});

test("[CH4] killed between the arrival of rows and the end of their move, it does not bring them twice", async () => {
  let tried = 0;
  for (let commits = 0; commits < 6; commits += 1) {
    const [a, b] = pair();
    await done(a.add(x, "of a"));
    await done(a.add(y, "of a as well"));
    a.commitsUntilCrash = commits;
    await a.turn(true).catch(() => undefined);
    // The peer works with what has arrived, before the killed unit is back.
    if (!a.hasCrashed || Object.keys(b.names()).length < 2) continue;
    tried += 1;
    await done(b.remove(x));
    await done(b.rename(y, "renamed on b"));
    a.start();
    await a.rows.settled();
    a.connect(b);
    await a.meet(b);
    assert.deepEqual([a.names(), b.names()], [{ [y]: "renamed on b" }, { [y]: "renamed on b" }]);
    assert.deepEqual(a.conflicts(), []);
  }
  assert.ok(tried > 0);
});

test("[CH4] [CH20] turned on and off by both, edited on both, cut and killed at any commit, former rows removed: no edit is lost, and the two agree", async () => {
  let total = 0;
  // Seed 1609 turned the switch when a move had just looked at it for the last time.
  for (const seed of [...Array.from({ length: 250 }, (_, index) => index + 1), 1_609]) {
    const random = new Prng(seed);
    const units = [new TestUnit("a"), new TestUnit("b")] as const;
    units[0].connect(units[1]);
    /** Values that somebody wrote and nobody has knowingly replaced. */
    const open = new Set<string>();
    let written = 0;
    const told = new Map<TestUnit, Told>();
    /** Generations of which rows were removed, since they are over. */
    const removed = new Set<number>();
    const full = Object.assign(new Error("database or disk is full"), { errcode: 13 });
    let hadFullDisk = false;
    const act = async (unit: TestUnit): Promise<void> => {
      const names = unit.names();
      const ids = Object.keys(names);
      const some = ids[random.below(Math.max(1, ids.length))];
      // A write that has to wait must not replace what came meanwhile, and what nobody has read.
      const tag = some === undefined ? undefined : unit.tagOf(some);
      written += 1;
      const value = `value ${written}`;
      const isDone = async (call: Promise<{ readonly ok: boolean }>): Promise<boolean> => {
        // A call that a crash cut short may have happened or not: whoever made it was never answered.
        try {
          return (await call).ok;
        } catch (error) {
          if (error instanceof Crash) return false;
          throw error;
        }
      };
      const replace = (): void => {
        if (some !== undefined) open.delete(names[some] as string);
      };
      switch (random.below(6)) {
        case 0:
        case 1:
          if (await isDone(unit.add(id(seed * 1_000 + written), value))) open.add(value);
          break;
        case 2:
        case 3:
          if (some === undefined) break;
          replace();
          if (await isDone(unit.rename(some, value, tag))) open.add(value);
          break;
        case 4:
          if (some === undefined) break;
          replace();
          await isDone(unit.remove(some, tag));
          break;
        default:
          await isDone(unit.turn(random.below(2) === 0));
      }
    };
    const remove = async (unit: TestUnit): Promise<void> => {
      const generations = await unit.removeFormer(told.get(unit)).catch((error: unknown) => {
        assert.ok(error instanceof Crash);
        return [];
      });
      for (const generation of generations) removed.add(generation);
    };
    for (let step = 0; step < 40; step += 1) {
      const unit = units[random.below(2)] as TestUnit;
      const other = units[unit === units[0] ? 1 : 0] as TestUnit;
      switch (random.below(15)) {
        case 0:
          unit.disconnect();
          break;
        case 1:
          if (unit.hasCrashed || other.hasCrashed) break;
          unit.connect(other);
          await unit.meet(other).catch((error: unknown) => assert.ok(error instanceof Crash));
          break;
        case 2:
          unit.commitsUntilCrash = random.below(5);
          break;
        case 3:
          if (unit.hasCrashed || other.hasCrashed) break;
          unit.connect(other);
          await unit.meet(other).catch((error: unknown) => assert.ok(error instanceof Crash));
          if (unit.hasCrashed || other.hasCrashed) break;
          told.set(unit, other.tell());
          if (random.below(2) === 0) await remove(unit);
          break;
        case 4:
          if (!other.hasCrashed) told.set(unit, other.tell());
          break;
        case 5:
        case 7:
          // The answer may come late: the two are cut off meanwhile, or have gone on.
          if (!unit.hasCrashed) await remove(unit);
          break;
        case 6:
          // Rows cannot move to it, nor away from it.
          hadFullDisk = true;
          unit.ownDiskFailure = random.below(2) === 0 ? full : null;
          if (!unit.hasCrashed) unit.world.advance(retryMs);
          break;
        default:
          if (!unit.hasCrashed) await act(unit);
      }
      for (const each of units)
        for (const home of each.rows.homesInUse().profiles ?? [])
          assert.ok(
            !removed.has(home),
            `seed ${seed}: generation ${home} is needed, and rows were removed from it`,
          );
      for (const each of units)
        if (each.hasCrashed) {
          each.disconnect();
          each.start();
          if (random.below(2) === 0) await each.rows.settled();
        }
    }
    const [a, b] = units;
    for (const each of units) {
      each.commitsUntilCrash = Number.POSITIVE_INFINITY;
      each.ownDiskFailure = null;
      await each.rows.settled();
      each.world.advance(retryMs);
    }
    a.connect(b);
    await a.meet(b);
    total += removed.size;
    const title = `seed ${seed}`;
    if (!hadFullDisk) assert.deepEqual([...a.troubles, ...b.troubles], [], title);
    assert.equal(a.digest, b.digest, title);
    assert.deepEqual(a.rows.state("profiles"), b.rows.state("profiles"), title);
    assert.equal(a.rows.state("profiles").isMoving, false, title);
    if (a.rows.state("profiles").on) assert.deepEqual(a.names(), b.names(), title);
    const found = new Set([...Object.values(a.names()), ...Object.values(b.names()), ...a.conflicts()]);
    for (const value of open) assert.ok(found.has(value), `${title}: ${value} is lost`);
  }
  assert.ok(total > 20, `${total} generations were removed`);
});
