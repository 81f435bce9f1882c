import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "@tandem/base/prng";
import fc from "fast-check";
import { advskewMax } from "./constants.ts";
import { intervalMs, masterDownMs } from "./rules.ts";
import { Segment, type SegmentUnit } from "./segment.ts";
import type { CarpConfig } from "./state.ts";

/** The longest a packet takes in these runs; far below the shortest interval. */
const delayMaxMs = 2;
const names = ["HA1", "HA2"] as const;

type Act = {
  readonly kind:
    | "start"
    | "stop"
    | "hand over"
    | "kill"
    | "link"
    | "demote"
    | "cut"
    | "heal"
    | "stall"
    | "configure";
  readonly unit: 0 | 1;
  /** How long after the act before the next, in master-down times. */
  readonly pause: number;
  readonly amount: number;
};

const arbitraryConfig = fc.record({
  advbase: fc.constantFrom(0, 1, 1, 3),
  advskew: fc.integer({ min: 10, max: 30 }),
  preempt: fc.boolean(),
});
const arbitraryRun = fc.record({
  seed: fc.nat(),
  trustDemotion: fc.boolean(),
  replayCheck: fc.constantFrom("none", "growing"),
  same: fc.boolean(),
  units: fc.tuple(arbitraryConfig, arbitraryConfig),
  acts: fc.array(
    fc.record({
      kind: fc.constantFrom<Act["kind"]>(
        "start",
        "start",
        "stop",
        "hand over",
        "kill",
        "link",
        "demote",
        "cut",
        "heal",
        "stall",
        "configure",
      ),
      unit: fc.constantFrom<0 | 1>(0, 1),
      pause: fc.double({ min: 0, max: 2, noNaN: true }),
      amount: fc.nat(5),
    }),
    { maxLength: 14 },
  ),
});

/** The greatest interval and master-down time that a configuration can come to, demoted or not. */
const worst = (config: CarpConfig) =>
  config.trustDemotion ? config : { advbase: config.advbase, advskew: advskewMax };

function act(segment: Segment, { kind, unit: index, amount }: Act, random: Prng): void {
  const unit = segment.units[index]!;
  // A loop that stands still is told nothing; the machine under it can be switched off.
  if (segment.now < unit.stalledUntil && !["kill", "cut", "heal"].includes(kind)) return;
  const entropy = (): bigint => (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32));
  switch (kind) {
    case "start":
      if (!segment.takesPart(unit)) segment.start(unit, entropy());
      break;
    case "stop":
      if (segment.takesPart(unit)) segment.stop(unit);
      break;
    case "hand over":
      if (segment.takesPart(unit)) segment.handOver(unit);
      break;
    case "kill":
      segment.kill(unit);
      break;
    case "link":
      segment.link(unit, !unit.carrier);
      break;
    case "demote":
      segment.demote(unit, amount, "a check");
      break;
    case "cut":
      segment.connect(false);
      break;
    case "heal":
      if (!segment.connected) segment.connect(true);
      break;
    case "stall":
      segment.stall(unit, (masterDownMs(unit.config) * amount) / 2);
      break;
    case "configure":
      segment.configure(unit, {
        ...unit.config,
        preempt: !unit.config.preempt,
        advskew: 10 + ((unit.config.advskew + amount) % 20),
      });
      break;
  }
}

/** Looks at every instant of a run. */
class Checker {
  readonly #segment: Segment;
  #bothMasterSince: number | null = null;
  readonly #withoutMasterSince = new Map<SegmentUnit, number>();

  constructor(segment: Segment) {
    this.#segment = segment;
  }

  #isAvailable(unit: SegmentUnit): boolean {
    return this.#segment.takesPart(unit) && unit.carrier && this.#segment.now >= unit.availableSince;
  }

  check(): void {
    for (const unit of this.#segment.units)
      assert.equal(
        unit.holdsAddresses,
        unit.state.role === "master",
        `${unit.name} holds addresses as ${unit.state.role}`,
      );
    this.#checkOneMaster();
    this.#checkSomeMaster();
  }

  /** Safety: two masters that can hear each other are one after an interval. */
  #checkOneMaster(): void {
    const { now, units, connected, connectedSince } = this.#segment;
    const both = connected && units.every((unit) => unit.state.role === "master" && this.#isAvailable(unit));
    if (!both) {
      this.#bothMasterSince = null;
      return;
    }
    this.#bothMasterSince ??= now;
    const since = Math.max(
      this.#bothMasterSince,
      connectedSince,
      ...units.map((unit) => unit.availableSince),
    );
    const interval = Math.max(...units.map((unit) => intervalMs(worst(unit.config))));
    assert.ok(now - since <= interval + 3 * delayMaxMs + 1, `two masters for ${now - since} ms`);
  }

  /** Progress: a unit that is there for a master-down time has a master within reach, itself or the peer. */
  #checkSomeMaster(): void {
    const { now, units, connected, connectedSince } = this.#segment;
    for (const unit of units) {
      const reachable = units.filter((other) => other === unit || (connected && this.#isAvailable(other)));
      if (!this.#isAvailable(unit) || reachable.some((other) => other.state.role === "master")) {
        this.#withoutMasterSince.delete(unit);
        continue;
      }
      const begun = this.#withoutMasterSince.get(unit) ?? now;
      this.#withoutMasterSince.set(unit, begun);
      // A unit that is cut off may have heard its master just before.
      const since = Math.max(begun, unit.availableSince, connected ? 0 : connectedSince);
      // A master of ours that was slower is waited for at its pace.
      const paces = unit.config.replayCheck === "growing" ? units.map((one) => one.config) : [unit.config];
      const limit = Math.max(...paces.map((config) => masterDownMs(worst(config)))) + delayMaxMs + 1;
      assert.ok(now - since <= limit, `${unit.name} without a master for ${now - since} ms`);
    }
  }
}

test("[LH1] [LH2] two units, random faults, no loss: never two masters for more than an interval, always one within the timeout", () => {
  fc.assert(
    fc.property(arbitraryRun, ({ seed, trustDemotion, replayCheck, same, units, acts }) => {
      const random = new Prng(seed);
      const configs = names.map(
        (_, index): CarpConfig => ({
          ...(same ? units[0] : units[index]!),
          vhid: 7,
          password: "secret",
          hashedAddresses: ["10.213.0.20"],
          ownAddress: `10.213.0.${21 + index}`,
          trustDemotion,
          replayCheck: replayCheck === "growing" ? "growing" : "none",
        }),
      );
      const members = names.map((name, index) => ({ name, config: configs[index]! }));
      const segment = new Segment(
        members,
        () => random.next() * delayMaxMs,
        () => {},
      );
      const checker = new Checker(segment);
      const check = () => checker.check();
      const pauseMs = Math.max(...configs.map(masterDownMs));
      const shortestMs = Math.min(...configs.map(masterDownMs));
      // Where one unit is fast and the other slow the pauses are shorter, so that a run stays small.
      const unitOfPauseMs = Math.min(pauseMs, 30 * shortestMs);
      for (const unit of segment.units) segment.start(unit, BigInt(random.below(2 ** 31)) << 33n);
      for (const one of acts) {
        act(segment, one, random);
        segment.run(segment.now + one.pause * unitOfPauseMs, check);
      }
      // Then everything is mended: one master, and it stays that one.
      segment.run(Math.max(segment.now, ...segment.units.map((unit) => unit.stalledUntil)), check);
      segment.connect(true);
      for (const unit of segment.units) {
        segment.demote(unit, 0, "healed");
        if (!unit.carrier) segment.link(unit, true);
        if (!segment.takesPart(unit)) segment.start(unit, BigInt(random.below(2 ** 31)) << 33n);
      }
      segment.run(segment.now + 3 * (pauseMs + 1000), check);
      const masters = () =>
        segment.units.filter((unit) => unit.state.role === "master").map((unit) => unit.name);
      const settled = masters();
      assert.equal(settled.length, 1);
      segment.run(segment.now + pauseMs, () => assert.deepEqual(masters(), settled));
    }),
    { numRuns: 150 },
  );
});

test("two units equal in everything that start in the same instant: one master, and never none of them after it", () => {
  const config = (last: number): CarpConfig => ({
    vhid: 7,
    advbase: 1,
    advskew: 0,
    preempt: true,
    password: "secret",
    hashedAddresses: ["10.213.0.20"],
    ownAddress: `10.213.0.${last}`,
    trustDemotion: true,
    replayCheck: "growing",
  });
  const segment = new Segment(
    [
      { name: "HA1", config: config(9) },
      { name: "HA2", config: config(10) },
    ],
    () => 1,
    () => {},
  );
  for (const [index, unit] of segment.units.entries()) segment.start(unit, BigInt(index) << 60n);
  segment.run(3000);
  assert.deepEqual(
    segment.units.map((unit) => unit.state.role),
    ["master", "master"],
  );
  segment.run(3005);
  segment.run(60_000, () =>
    assert.deepEqual(
      segment.units.map((unit) => unit.state.role),
      ["master", "backup"],
    ),
  );
});
