import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Json } from "@tandem/base/canonical-json";
import { notificationTargetsMax } from "@tandem/central-api/notifications";
import { Database } from "@tandem/storage/database";
import { DocumentStore, documentMigrations } from "@tandem/storage/document-store";
import { openSecretBox } from "@tandem/storage/secret-box";
import type { NotedEvent } from "../ha/timeline.ts";
import { Refusal } from "../refusal.ts";
import { TestUnit } from "../synchronisation/two-units.ts";
import { type FormerTargets, readFormerTargets } from "./former-targets.ts";
import type { Target } from "./target.ts";
import { Targets } from "./targets.ts";
import { toldOf, toldReceiversMax } from "./told-targets.ts";

const id = (number: number): string => number.toString(16).padStart(16, "0");
const log = (number: number): { name: string; kind: "syslog"; address: string } => ({
  name: `log ${number}`,
  kind: "syslog",
  address: `192.0.2.${number}`,
});

/** Targets over a unit's rows, and what they told the rest of Central. */
async function over(unit: TestUnit, former: FormerTargets = { targets: [], remove: () => {} }) {
  const removed: string[] = [];
  const noted: NotedEvent[] = [];
  const targets = new Targets(unit.world, former);
  await targets.follow({
    rows: unit.rows,
    removed: (each) => removed.push(each),
    note: (event) => noted.push(event),
  });
  const names = (): readonly string[] =>
    targets
      .list()
      .map(({ name }) => name)
      .sort();
  return { targets, removed, noted, names };
}
const turn = async (unit: TestUnit, on: boolean): Promise<void> => {
  assert.ok((await unit.rows.turn({ notifications: on }, undefined, "operator")).ok);
};
function pair(): readonly [TestUnit, TestUnit] {
  const units = [new TestUnit("a"), new TestUnit("b")] as const;
  units[0].connect(units[1]);
  return units;
}

test("[CH4] notification targets are each unit's own; switched on they are both units', whichever adds, changes or removes one", async () => {
  const [a, b] = pair();
  const [ofA, ofB] = [await over(a), await over(b)];
  const { target: one } = await ofA.targets.add(log(1), "operator");
  await ofB.targets.add({ ...log(2), secret: "of the one on b" }, "operator");
  await a.meet(b);
  assert.deepEqual([ofA.names(), ofB.names(), ofA.targets.areShared], [["log 1"], ["log 2"], false]);

  await turn(b, true);
  await a.meet(b);
  assert.deepEqual(
    [ofA.names(), ofB.names()],
    [
      ["log 1", "log 2"],
      ["log 1", "log 2"],
    ],
  );
  assert.deepEqual([ofA.removed, ofB.removed], [[], []], "rows that move are not gone for a moment");
  assert.equal(ofA.targets.list().find(({ name }) => name === "log 2")?.secret, "of the one on b");
  await ofB.targets.change(one.id, { severity: "error" }, undefined, "operator");
  assert.equal(ofA.targets.get(one.id).severity, "error");
  await assert.rejects(ofA.targets.change(one.id, { severity: "info" }, one.tag, "operator"), Refusal);
  await ofB.targets.remove(one.id, undefined, "operator");
  assert.deepEqual([ofA.names(), ofB.names()], [["log 2"], ["log 2"]]);
  assert.deepEqual([ofA.removed, ofB.removed], [[one.id], [one.id]]);

  await turn(a, false);
  await a.meet(b);
  const [left] = ofA.targets.list() as [Target];
  await ofA.targets.remove(left.id, undefined, "operator");
  await ofB.targets.add(log(3), "operator");
  await a.meet(b);
  assert.deepEqual([ofA.names(), ofB.names()], [[], ["log 2", "log 3"]]);
  await turn(a, true);
  await a.meet(b);
  assert.deepEqual(
    [ofA.names(), ofB.names()],
    [
      ["log 2", "log 3"],
      ["log 2", "log 3"],
    ],
  );
  assert.equal(a.digest, b.digest);
});

test("[CH4] [CH25] the same receiver brought by both units is told once, and the bound refuses an addition, never a row", async () => {
  const [a, b] = pair();
  const [ofA, ofB] = [await over(a), await over(b)];
  for (let number = 1; number <= notificationTargetsMax; number += 1) {
    await ofA.targets.add(log(number), "operator");
    await ofB.targets.add({ ...log(number), severity: "error" }, "operator");
  }
  await turn(a, true);
  await a.meet(b);
  assert.equal(ofA.targets.list().length, 2 * notificationTargetsMax);
  assert.deepEqual(ofA.targets.list(), ofB.targets.list());
  for (const severity of ["error", "warning"] as const) {
    const told = toldOf(ofA.targets.list(), severity);
    assert.equal(new Set(told.map(({ address }) => address)).size, notificationTargetsMax, severity);
    assert.equal(told.length, notificationTargetsMax, "each once, by whichever threshold is reached");
  }
  await assert.rejects(
    ofB.targets.add(log(99), "operator"),
    (error) => error instanceof Refusal && error.errors[0]?.code === "too-many",
  );

  // Off and on again, with other lists on both: rows that came from the peer are kept, and the delivery is bounded.
  await turn(a, false);
  await a.meet(b);
  for (const { id: each } of ofB.targets.list()) await ofB.targets.remove(each, undefined, "operator");
  for (let number = 101; number <= 100 + notificationTargetsMax; number += 1)
    await ofB.targets.add(log(number), "operator");
  for (const { id: each, address } of ofA.targets.list())
    await ofA.targets.change(
      each,
      { address: `${address}:${1_000 + (Number.parseInt(each, 16) % 60_000)}` },
      undefined,
      "operator",
    );
  await turn(b, true);
  await a.meet(b);
  assert.equal(ofA.targets.list().length, 3 * notificationTargetsMax);
  assert.equal(toldOf(ofA.targets.list(), "error").length, toldReceiversMax);
  for (const { noted } of [ofA, ofB])
    assert.deepEqual(
      noted.map(({ code, message }) => [code, /remove those/.test(message)]),
      [["targets-too-many", true]],
    );
});

test("[CH4] targets of the former format become rows once, also when it is cut short or the disk is full", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-former-targets-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "notifications.db");
  const box = openSecretBox(join(folder, "secret.key"));
  const keep = (): void => {
    const database = new Database(path, documentMigrations);
    const documents = new DocumentStore(database);
    for (const number of [1, 2]) {
      const name = `target/${id(number)}`;
      // The first is as it was before there was e-mail.
      const more = number === 1 ? {} : { security: "tls", user: "", from: "", to: [] };
      const secret = number === 1 ? "" : box.seal(name, "a secret of 16 characters");
      const kept = { ...log(number), id: id(number), severity: "info", enabled: number === 1, secret };
      documents.set(name, { ...kept, certificateAuthority: "", ...more } as unknown as Json);
    }
    database.close();
  };
  keep();
  const read = () => readFormerTargets(path, box);
  const unit = new TestUnit("a");

  unit.ownDiskFailure = Object.assign(new Error("database or disk is full"), { errcode: 13 });
  const full = await over(unit, read());
  assert.deepEqual(full.names(), ["log 1", "log 2"], "they are told, although they cannot be kept");
  assert.deepEqual(
    full.noted.map(({ code, message }) => [code, /free space/.test(message)]),
    [["targets-not-taken-over", true]],
  );
  await assert.rejects(full.targets.remove(id(1), undefined, "operator"), Refusal);
  unit.ownDiskFailure = null;
  await full.targets.change(id(1), { name: "renamed" }, undefined, "operator");
  assert.deepEqual(readdirSync(folder), ["secret.key"], "the file goes once its rows are kept");

  // Killed before the file was gone: each of its targets is known, whatever became of it since.
  await full.targets.remove(id(2), undefined, "operator");
  keep();
  unit.start();
  const again = await over(unit, read());
  assert.deepEqual(again.names(), ["renamed"]);
  assert.deepEqual(readdirSync(folder), ["secret.key"]);

  // Killed before anything was kept: nothing has happened, and the next start does it all.
  const other = new TestUnit("b");
  keep();
  other.commitsUntilCrash = 0;
  await assert.rejects(over(other, read()));
  other.start();
  const whole = await over(other, read());
  assert.deepEqual(whole.names(), ["log 1", "log 2"]);
  const { secret, enabled, security, severity } = whole.targets.get(id(2));
  assert.deepEqual(
    [secret, enabled, security, severity],
    ["a secret of 16 characters", false, "tls", "info"],
  );

  // The peer has the switch on already: the rows follow it there, and a row that the peer removes is not brought back.
  const peer = new TestUnit("c");
  await turn(peer, true);
  const late = new TestUnit("d");
  keep();
  late.connect(peer);
  await late.meet(peer);
  const ofPeer = await over(peer);
  const ofLate = await over(late, read());
  await late.meet(peer);
  assert.deepEqual(
    [ofPeer.names(), ofLate.names()],
    [
      ["log 1", "log 2"],
      ["log 1", "log 2"],
    ],
  );
  await ofPeer.targets.remove(id(1), undefined, "operator");
  keep();
  late.start();
  late.connect(peer);
  const restarted = await over(late, read());
  await late.meet(peer);
  assert.deepEqual([ofPeer.names(), restarted.names()], [["log 2"], ["log 2"]]);
});

test("[CH4] a target that both change while cut off merges by field; a password never goes to another user", async () => {
  const [a, b] = pair();
  await turn(a, true);
  const [ofA, ofB] = [await over(a), await over(b)];
  const mail = { name: "mail", kind: "email", address: "mail.example:465", from: "a@example.com" } as const;
  const { target } = await ofA.targets.add(
    { ...mail, to: ["b@example.com"], user: "one", secret: "password of one", security: "tls" },
    "operator",
  );
  a.disconnect();
  await ofA.targets.change(target.id, { user: "two", secret: "password of two" }, undefined, "operator");
  await ofB.targets.change(
    target.id,
    { secret: "new password of one", severity: "error" },
    undefined,
    "operator",
  );
  a.connect(b);
  await a.meet(b);
  assert.deepEqual(ofA.targets.list(), ofB.targets.list());
  const { user, secret, severity } = ofA.targets.get(target.id);
  assert.equal(severity, "error");
  assert.ok(
    [
      ["two", "password of two"],
      ["one", "new password of one"],
    ].some(([u, s]) => u === user && s === secret),
  );
  assert.equal(a.conflicts().length, 1, "and the other credentials stand in Conflicts");
});
