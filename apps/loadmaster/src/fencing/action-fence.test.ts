/** Two gates over a link in memory whose messages take their time, with disks that may fail and processes that end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "@tandem/base/digest";
import { Prng } from "@tandem/base/prng";
import type { Fence } from "@tandem/fencing/fence";
import { emptyLedger, type Ledger } from "@tandem/fencing/ledger";
import { type Envelope, success } from "@tandem/loadmaster-api/envelope";
import { ActionFence, type FencePorts } from "./action-fence.ts";

const fence = (name: string | number, n = 1): Fence => ({
  runId: sha256Hex(String(name)),
  epoch: { n, unit: "a".repeat(16) },
  dueAt: 1_000,
});

class Pair {
  readonly disks: [Ledger, Ledger] = [emptyLedger, emptyLedger];
  readonly gates: [ActionFence, ActionFence];
  readonly performed = new Map<string, number>();
  linked = true;
  diskFails = false;
  readonly #prng: Prng;
  #wall = 10_000;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
    this.gates = [this.#gate(0), this.#gate(1)];
  }

  #gate(unit: 0 | 1): ActionFence {
    const ports: FencePorts = {
      unit: `HA${unit + 1}`,
      wall: () => {
        this.#wall += 1;
        return this.#wall;
      },
      save: async (ledger) => {
        await this.#pause();
        if (this.diskFails) throw new Error("no space left");
        this.disks[unit] = structuredClone(ledger);
      },
      tell: async (claim, ledger) => {
        await this.#pause();
        if (!this.linked) return undefined;
        const answer = await this.gates[1 - unit]
          ?.take(claim, structuredClone(ledger))
          .catch(() => undefined);
        await this.#pause();
        return answer;
      },
      evidence: () => undefined,
      log: () => {},
    };
    return new ActionFence(structuredClone(this.disks[unit]), ports);
  }

  /** Some turns of the event loop: enough for anything else to come in between. */
  async #pause(): Promise<void> {
    for (let turns = this.#prng.below(4); turns > 0; turns -= 1)
      await new Promise((resolve) => setImmediate(resolve));
  }

  ask(unit: 0 | 1, by: Fence): Promise<Envelope> {
    return this.gates[unit].perform(by, "backup", async () => {
      this.performed.set(by.runId, (this.performed.get(by.runId) ?? 0) + 1);
      await this.#pause();
      return { envelope: success({ by: unit }) };
    });
  }

  async restart(unit: 0 | 1): Promise<void> {
    this.gates[unit] = this.#gate(unit);
    await this.gates[unit].start();
    for (const from of [0, 1] as const)
      for (const part of this.gates[from].parts()) await this.gates[from === 0 ? 1 : 0].take(null, part);
  }
}

test("[CH22] two linked units that are asked for the same runs at the same times perform each exactly once", async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const pair = new Pair(seed);
    const prng = new Prng(seed);
    const asked = Array.from({ length: 12 }, () => ({ unit: prng.below(2) as 0 | 1, name: prng.below(4) }));
    const answers = await Promise.all(asked.map(({ unit, name }) => pair.ask(unit, fence(name))));
    for (const [run, times] of pair.performed) assert.equal(times, 1, `seed ${seed}: ${run}`);
    assert.equal(pair.performed.size, new Set(asked.map(({ name }) => name)).size, `seed ${seed}`);
    for (const answer of answers)
      assert.ok(answer.code === 200 || (answer.code === 409 && answer.fence), JSON.stringify(answer));
    for (const { name } of asked) {
      const [one, two] = await Promise.all([pair.ask(0, fence(name)), pair.ask(1, fence(name))]);
      assert.deepEqual([one?.repeated, one?.by], [true, two?.by], "both give the same first result");
    }
    assert.deepEqual(pair.disks[0].runs, pair.disks[1].runs);
  }
});

test("[CH22] runs of an older and of a newer Master, crossing: what began under the older is not refused later", async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const pair = new Pair(seed);
    const [older, newer] = await Promise.all([
      pair.ask(0, fence("older", 1)),
      pair.ask(1, fence("newer", 2)),
    ]);
    assert.equal(newer?.code, 200);
    assert.ok(older?.code === 200 || older?.code === 409);
    // A run that was refused to the older Master is the newer one's to have performed.
    const again = await pair.ask(0, fence("older", 2));
    assert.equal(again.code, 200);
    assert.equal(again.repeated === true, older.code === 200);
    for (const times of pair.performed.values()) assert.equal(times, 1);
    assert.equal((await pair.ask(1, fence("later", 1))).code, 409);
  }
});

test("[CH22] a disk that cannot be written: nothing is performed, and the answer says so", async () => {
  const pair = new Pair(1);
  pair.diskFails = true;
  const refused = await pair.ask(0, fence("r"));
  assert.equal(refused.code, 500);
  assert.match(String(refused.message), /no space left; nothing was changed/);
  assert.equal(pair.performed.size, 0);
  pair.diskFails = false;
  assert.equal((await pair.ask(0, fence("another"))).code, 200);
});

test("[CH22] without its partner a unit goes on alone and says so; a refusal of the caller's own leaves no trace", async () => {
  const pair = new Pair(1);
  assert.deepEqual((await pair.ask(0, fence("linked"))).run, { kept: "both" });
  pair.linked = false;
  assert.deepEqual((await pair.ask(0, fence("alone"))).run, { kept: "this unit only" });
  const act = async () => ({ envelope: success({}) });
  const refused = await pair.gates[0].perform(fence("no"), "modvs", act, () => ({
    code: 422,
    message: "no",
  }));
  assert.equal(refused.code, 422);
  assert.equal((await pair.gates[0].perform(fence("no"), "modvs", act)).code, 200);
  pair.linked = true;
  await pair.restart(1);
  assert.equal((await pair.ask(1, fence("alone"))).repeated, true);
});

test("[CH22] a process that ends while it acts: the run is not performed again, here or at the partner", async () => {
  const pair = new Pair(1);
  const by = fence("interrupted");
  // Its process ends before the act does.
  const never = pair.gates[0].perform(by, "backup", () => new Promise(() => {}));
  while (pair.gates[0].ledger.runs[0]?.stage.kind !== "begun")
    await new Promise((resolve) => setImmediate(resolve));
  void never;
  assert.equal((await pair.ask(1, by)).code, 409, "under way, as far as the partner knows");
  await pair.restart(0);
  for (const unit of [0, 1] as const) {
    const answer = await pair.ask(unit, by);
    assert.deepEqual([answer.known, answer.message], [false, "interrupted, outcome unknown"]);
  }
  assert.equal(pair.performed.size, 0);
});
