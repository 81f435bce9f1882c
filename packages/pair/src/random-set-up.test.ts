/**
 * The setting up under random faults: two units with data of their own (or none), Applies in any order and again,
 * kills, cuts and edits in between. What the unit set up first had is never overwritten, nor is anything established.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { second } from "@tandem/base/time";
import { covers } from "./rules.ts";
import { type SimulatedUnit, TwoUnits } from "./two-units.ts";
import type { Vector } from "./wire.ts";

const seeds = Number(process.env.PAIR_SEEDS ?? 400);
const faultyFor = 90 * second;
const calmFor = 60 * second;

function check(seed: number, log?: (line: string) => void): "paired" | "not set up" {
  let first: SimulatedUnit | null = null;
  const before: Vector[] = [{}, {}];
  const hadPairId = [false, false];
  const pair = new TwoUnits({
    seed,
    heartbeatMs: 2 * second,
    latencyMs: (prng) => 1 + prng.below(40),
    ...(log === undefined ? {} : { log }),
    stepped: (unit, { state }) => {
      const { data, durable } = unit.disk;
      const isOverwritten = !covers(data, before[unit.index] as Vector);
      if (isOverwritten) {
        assert.ok(!hadPairId[unit.index], "established data were overwritten");
        assert.notEqual(unit, first, "what was set up first was overwritten");
      }
      before[unit.index] = data;
      hadPairId[unit.index] = durable.pairId !== null;
      if (durable.setUpFirst) first ??= unit;
      if (state.role.kind === "Master") assert.ok(durable.pairId !== null || durable.setUpFirst);
      if (state.role.kind === "Slave") assert.ok(durable.pairId !== null);
    },
  });
  const { prng, units } = pair;
  for (const unit of units) unit.disk.networks = prng.below(4) === 0 ? 0 : 1;
  const someone = (): SimulatedUnit => units[prng.below(2)] as SimulatedUnit;
  const operator = (): void => {
    const unit = someone();
    if (unit.running !== null) pair.apply(unit, { preferredMaster: prng.next() < 0.5 });
  };
  for (let n = 2 + prng.below(3); n > 0; n -= 1) pair.in(prng.below(faultyFor), operator);
  for (let n = prng.below(6); n > 0; n -= 1) {
    const unit = someone();
    const lasts = 50 + prng.below(prng.next() < 0.5 ? 1_500 : 20_000);
    const kind = prng.below(3);
    pair.in(prng.below(faultyFor), () => {
      if (kind === 0) {
        pair.cut();
        pair.in(lasts, () => pair.heal());
      } else if (kind === 1) {
        pair.kill(unit);
        pair.in(lasts, () => pair.restart(unit));
      } else pair.edit(unit);
    });
  }
  pair.run(faultyFor + 20_000);
  pair.heal();
  for (const unit of units) {
    pair.restart(unit);
    pair.setNetworks(unit, 1);
  }
  const isSetUp = units.every((unit) => unit.disk.settings.peer !== null);
  pair.run(calmFor);
  if (!isSetUp) return "not set up";
  assert.ok(pair.isPair(), "two units that were set up become a pair");
  assert.deepEqual(units[0].disk.data, units[1].disk.data);
  assert.equal(units[0].disk.durable.pairId, units[1].disk.durable.pairId);
  return "paired";
}

test("[CH13] [CH14] [CH10] random set-ups: nothing established or set up first is overwritten, and a pair forms", (t) => {
  const only = process.env.PAIR_SEED;
  let paired = 0;
  for (let seed = Number(only ?? 1); seed <= Number(only ?? seeds); seed += 1)
    try {
      if (
        check(seed, only === undefined ? undefined : (line) => process.stdout.write(`${line}\n`)) === "paired"
      )
        paired += 1;
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  t.diagnostic(`${paired} of ${seeds} runs became a pair; in the others only one unit was set up`);
  if (only === undefined) assert.ok(paired > seeds / 4);
});
