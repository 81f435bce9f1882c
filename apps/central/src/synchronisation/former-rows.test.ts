import assert from "node:assert/strict";
import { test } from "node:test";
import { createRow } from "@tandem/replica/edits";
import { VirtualWorld, virtualChannels } from "../files/virtual-pair.ts";
import { notificationTargets } from "../notifications/tables.ts";
import { profiles, targetEnvironments } from "../repository/tables.ts";
import { FormerRows, lookIntervalMs } from "./former-rows.ts";
import { retryMs } from "./optional-rows.ts";
import { TestUnit } from "./two-units.ts";

const id = (number: number): string => number.toString(16).padStart(16, "0");
const [x, y] = [id(1), id(2)];

/** Two units with their channels; the first executes. */
function pair() {
  const world = new VirtualWorld();
  const channels = virtualChannels(world);
  const units = [new TestUnit("a"), new TestUnit("b")] as const;
  units[0].connect(units[1]);
  const state = { hasPeer: true };
  const former = units.map(
    (unit, index) =>
      new FormerRows({
        world,
        rows: unit.rows,
        openChannel: (ports) => channels.units[index as 0 | 1].add("generations", ports),
        write: (edits) => unit.shared.write(edits, "tandem", "removed"),
        isActing: () => index === 0,
        hasPeer: () => state.hasPeer,
        digest: () => unit.digest,
      }),
  );
  channels.setOpen(true);
  const pass = async (): Promise<void> => {
    world.advance(2 * lookIntervalMs);
    await units[0].meet(units[1]);
  };
  return { a: units[0], b: units[1], world, channels, state, former, pass };
}
const shared = (unit: TestUnit): readonly string[] => unit.shared.rows(profiles).map(({ key }) => key);
async function done(call: Promise<{ readonly ok: boolean }>): Promise<void> {
  assert.ok((await call).ok);
}

test("[CH4] shared rows go once their generation is over on both units, and what stood in them goes with them", async () => {
  const { a, b, former, pass } = pair();
  await done(a.add(x, "of a"));
  await done(b.add(y, "of b"));
  await done(a.turn(true));
  const target = { id: x, name: "log", kind: "syslog", address: "192.0.2.1", secret: "a secret" } as const;
  await done(a.rows.write([createRow(notificationTargets, target)], "operator", "added"));
  await done(b.rows.turn({ notifications: true }, undefined, "operator"));
  await pass();
  assert.deepEqual(
    [shared(a), shared(b)],
    [
      [`1/${x}`, `1/${y}`],
      [`1/${x}`, `1/${y}`],
    ],
  );

  await done(b.turn(false));
  await done(b.rows.turn({ notifications: false }, undefined, "operator"));
  await a.meet(b);
  assert.equal(shared(a).length, 2);
  await pass();
  const both = { [x]: "of a", [y]: "of b" };
  for (const unit of [a, b]) {
    assert.deepEqual([shared(unit), unit.shared.rows(notificationTargets)], [[], []]);
    assert.deepEqual(unit.names(), both, "each unit keeps its copy");
    assert.equal(unit.rows.row(notificationTargets, x)?.values.secret, "a secret");
    const kept = JSON.stringify(unit.shared.versionsOf(notificationTargets.name, `1/${x}`));
    assert.ok(kept.length > 2 && !kept.includes("a secret"), "no secret stays behind in a deleted row");
  }
  assert.equal(a.digest, b.digest);

  await done(a.rename(x, "made of it since"));
  await done(a.turn(true));
  await a.meet(b);
  await pass();
  assert.deepEqual(a.names(), b.names());
  assert.deepEqual(Object.keys(a.names()), [x, y]);
  assert.ok(shared(a).every((key) => key.startsWith("2/")) && shared(a).length === 2);
  for (const each of former) each.stop();
});

test("[CH4] nothing goes while the other unit is cut off, has not moved yet, or has something else", async () => {
  const { a, b, channels, state, world, pass } = pair();
  await done(a.add(x, "of a"));
  await done(a.turn(true));
  await a.meet(b);
  // The other cannot move its rows.
  b.ownDiskFailure = Object.assign(new Error("database or disk is full"), { errcode: 13 });
  await done(a.turn(false));
  await pass();
  assert.deepEqual([shared(a), b.names()], [[`1/${x}`], { [x]: "of a" }]);
  b.ownDiskFailure = null;
  b.world.advance(retryMs);
  await b.rows.settled();

  // It tells of something else than is here.
  channels.setWire(1, (body) => [{ ...(body as object), digest: "0".repeat(64) } as never]);
  await pass();
  channels.setWire(1, () => ["nonsense", { type: "homes", homes: { profiles: [-1] } }]);
  await pass();
  channels.setOpen(false);
  await pass();
  assert.deepEqual(shared(a), [`1/${x}`]);
  channels.setWire(1, (body) => [body]);
  channels.setOpen(true);
  await pass();
  assert.deepEqual([shared(a), shared(b), a.names(), b.names()], [[], [], { [x]: "of a" }, { [x]: "of a" }]);

  // Alone there is nobody to ask.
  await done(a.turn(true));
  await done(a.turn(false));
  channels.setOpen(false);
  a.disconnect();
  assert.equal(shared(a).length, 1);
  world.advance(2 * lookIntervalMs);
  assert.equal(shared(a).length, 1);
  state.hasPeer = false;
  world.advance(2 * lookIntervalMs);
  await a.rows.settled();
  assert.deepEqual([shared(a), a.names()], [[], { [x]: "of a" }]);
});

test("[CH4] a generation that the switch may come to again is not over", async () => {
  const [a, b] = [new TestUnit("a"), new TestUnit("b")];
  await done(a.add(x, "of a"));
  for (const on of [true, false, true]) await done(a.turn(on));
  await done(b.add(y, "of b"));
  // Changes of something else, by which its clock is ahead.
  for (let count = 1; count <= 20; count += 1) {
    const values = { id: id(count), generation: 0, name: "another" };
    await done(b.shared.write([createRow(targetEnvironments, values)], "operator", "added"));
  }
  await done(b.turn(true));
  a.connect(b);
  await a.meet(b);
  // The later turn stands, although the other unit had come further.
  assert.deepEqual([a.rows.homesInUse().profiles, b.rows.homesInUse().profiles], [[1], [1]]);
  assert.ok(shared(a).includes(`2/${x}`));
  assert.deepEqual(await a.removeFormer(b.tell()), []);
  for (const on of [false, true]) await done(a.turn(on));
  await a.meet(b);
  assert.deepEqual(a.rows.homesInUse().profiles, [2]);
  assert.deepEqual(b.names(), { [x]: "of a", [y]: "of b" });
  assert.deepEqual(new Set(await a.removeFormer(b.tell())), new Set([1]));
});
