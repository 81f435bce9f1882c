/** What befalls a pair in a run, and how each is made. */
import type { Millis } from "@tandem/base/time";
import type { Random } from "../random.ts";
import type { CarpUnit } from "./carp-unit.ts";
import type { CarpRun } from "./run.ts";

/** Both ways, and one way only. */
const lossMax = 0.6;

type Making = {
  readonly run: CarpRun;
  readonly unit: CarpUnit;
  readonly random: Random;
  /** How long it lasts, where it lasts. */
  readonly lastsMs: Millis;
};

export type CarpFault = {
  readonly weight: number;
  /** Begins it and says so; the returned function ends it, where it is not over by itself. */
  readonly begin: (making: Making) => (() => void) | null;
};

const upAgain = (unit: CarpUnit) => (): void => unit.switchOn();

export const carpFaults = {
  "power loss": {
    weight: 5,
    begin: ({ run, unit }) => {
      run.say(unit, "loses its power");
      unit.losePower();
      return upAgain(unit);
    },
  },
  "orderly stop": {
    weight: 6,
    begin: ({ run, unit }) => {
      run.say(unit, "is told to stop");
      run.checkers.orderlyStop.stops(unit);
      unit.stopCarpd();
      return () => {
        if (unit.isOn) unit.startCarpd();
      };
    },
  },
  "hand-over ordered": {
    weight: 6,
    begin: ({ run, unit }) => {
      run.say(unit, "is told to hand over");
      run.checkers.handOver.orders(unit);
      unit.handOver();
      return null;
    },
  },
  "carpd killed": {
    weight: 5,
    begin: ({ run, unit, random, lastsMs }) => {
      run.say(unit, "loses its carpd");
      unit.killCarpd();
      // `unit` starts it again at once, unless it has done so too often.
      if (random.chance(0.7)) run.later(random.between(60, 900), () => unit.startCarpd());
      else run.later(lastsMs, () => unit.startCarpd());
      return null;
    },
  },
  "carrier lost": {
    weight: 5,
    begin: ({ run, unit }) => {
      run.say(unit, "loses its carrier");
      unit.setCarrier(false);
      return () => unit.setCarrier(true);
    },
  },
  "machine frozen": {
    weight: 4,
    begin: ({ run, unit, random }) => {
      const isCounted = random.chance(0.5);
      const beganAt = run.engine.now;
      run.say(unit, `stands still, and its clock ${isCounted ? "goes on" : "with it"}`);
      unit.freeze("machine");
      return () => unit.thaw(isCounted ? 0 : run.engine.now - beganAt);
    },
  },
  "loop stalled": {
    weight: 4,
    begin: ({ run, unit }) => {
      run.say(unit, "has a carpd that gets no time");
      unit.freeze("loop");
      return () => unit.thaw(0);
    },
  },
  "clock jump": {
    weight: 3,
    begin: ({ run, unit, lastsMs }) => {
      run.say(unit, `has a clock that jumps by ${Math.round(lastsMs)} ms`);
      unit.jump(lastsMs);
      return null;
    },
  },
  "cut from each other": {
    weight: 4,
    begin: ({ run, unit }) => {
      run.say(unit, "and the other cannot hear each other; the client hears both");
      const { name, other } = unit;
      run.wires.cut(name, other.name, true);
      run.wires.cut(other.name, name, true);
      return () => {
        run.wires.cut(name, other.name, false);
        run.wires.cut(other.name, name, false);
      };
    },
  },
  "cut from all": {
    weight: 4,
    begin: ({ run, unit }) => {
      run.say(unit, "is cut from everybody, and keeps its carrier");
      const paths = [
        [unit.name, unit.other.name],
        [unit.other.name, unit.name],
        [unit.name, "client"],
      ] as const;
      for (const [from, to] of paths) run.wires.cut(from, to, true);
      return () => {
        for (const [from, to] of paths) run.wires.cut(from, to, false);
      };
    },
  },
  "one-way cut": {
    weight: 4,
    begin: ({ run, unit }) => {
      run.say(unit, "is no longer heard by the other");
      run.wires.cut(unit.name, unit.other.name, true);
      return () => run.wires.cut(unit.name, unit.other.name, false);
    },
  },
  lossy: {
    weight: 3,
    begin: ({ run, unit, random }) => {
      const ways = random.chance(0.5) ? [unit] : [unit, unit.other];
      const loss = random.between(0.05, lossMax);
      run.say(
        unit,
        `loses ${Math.round(loss * 100)} % of what it sends${ways.length > 1 ? " and gets" : ""}`,
      );
      for (const way of ways) run.wires.lose(way.name, way.other.name, loss);
      return () => {
        for (const way of ways) run.wires.lose(way.name, way.other.name, 0);
      };
    },
  },
  "packet lost": {
    weight: 5,
    begin: ({ run, unit }) => {
      run.say(unit, "sends its next packet in vain");
      run.wires.swallowNext(unit.name, unit.other.name);
      return null;
    },
  },
  "packets repeated": {
    weight: 5,
    begin: ({ run, unit, random, lastsMs }) => {
      run.say(unit, "hears again what an attacker recorded");
      run.repeatPackets(unit, random.integer(4, 40), lastsMs);
      return null;
    },
  },
  demotion: {
    weight: 9,
    begin: ({ run, unit, random }) => {
      const demotion = random.weighted([
        [4, 0],
        [3, 1],
        [2, 2],
        [1, random.integer(3, 255)],
      ]);
      run.say(unit, `has a demotion of ${demotion}`);
      unit.demote(demotion, "its checks");
      return null;
    },
  },
  "set anew": {
    weight: 3,
    begin: ({ run }) => {
      run.setAnew();
      return null;
    },
  },
} as const satisfies { readonly [kind: string]: CarpFault };

export type CarpFaultKind = keyof typeof carpFaults;

export const carpFaultKinds = Object.keys(carpFaults) as readonly CarpFaultKind[];
