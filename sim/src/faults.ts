/** What goes wrong: one entry for each kind, with how it begins and how it ends. Durations are drawn from the seed. */
import { hour, minute, second } from "@tandem/base/time";
import { durationText } from "./journal.ts";
import type { Process } from "./machine.ts";
import type { Random } from "./random.ts";
import type { Run } from "./run.ts";
import type { Unit } from "./unit.ts";

export type Fault = {
  /** In words, after "fault:". */
  readonly text: string;
  readonly durationMs: number;
  /** Whose state the coverage table counts it under. */
  readonly units: readonly Unit[];
  begin(): void;
  end(): void;
};

const diskFaults = ["ENOSPC: no space left on device", "EROFS: read-only file system"];
/** What a unit may end with, and is started again after. */
export const isDiskFault = ({ message }: Error): boolean => diskFaults.includes(message);

type Make = (run: Run, random: Random, isMild: boolean) => Fault;

const short = (random: Random): number => random.between(1 * second, 40 * second);
/** Mostly seconds, sometimes minutes, seldom longer: what matters happens at both ends. */
const some = (random: Random, isMild: boolean): number =>
  isMild
    ? short(random)
    : random.weighted([
        [6, random.between(0.5 * second, 20 * second)],
        [4, random.between(20 * second, 3 * minute)],
        [1, random.between(3 * minute, 20 * minute)],
      ]);

const counted =
  (member: "blocked" | "clogged" | "refusing", isOneWay: boolean, word: string): Make =>
  (run, random, isMild) => {
    const a = run.victim(random);
    const b = run.peerOf(a);
    const durationMs =
      member === "clogged" && !isMild ? random.between(minute, 6 * minute) : some(random, isMild);
    const paths = isOneWay
      ? [run.network.path(a.machine, b.machine)]
      : [run.network.path(a.machine, b.machine), run.network.path(b.machine, a.machine)];
    return {
      text: `${word} ${isOneWay ? `from ${a.name} to ${b.name}` : `between ${a.name} and ${b.name}`} for ${durationText(durationMs)}`,
      durationMs,
      units: [a, b],
      begin: () => {
        for (const path of paths) path[member] += 1;
      },
      end: () => {
        for (const path of paths) path[member] -= 1;
        run.network.reopened();
      },
    };
  };

const shaped =
  (member: "loss" | "doubling" | "reordering" | "delayMs", word: string): Make =>
  (run, random, isMild) => {
    const [a, b] = run.pair;
    const durationMs = random.between(minute, isMild ? 3 * minute : 12 * minute);
    const more = member === "delayMs" ? random.between(20, isMild ? 200 : 1_500) : random.between(0.05, 0.5);
    const paths = [run.network.path(a.machine, b.machine), run.network.path(b.machine, a.machine)];
    if (random.chance(0.3)) paths.splice(random.integer(0, 1), 1);
    return {
      text: `${word} (${more.toFixed(2)}) for ${durationText(durationMs)}`,
      durationMs,
      units: [a, b],
      begin: () => {
        for (const path of paths) path[member] += more;
      },
      end: () => {
        for (const path of paths)
          path[member] = Math.max(member === "delayMs" ? 0.3 : 0, path[member] - more);
      },
    };
  };

/** The process goes, something is done to what it leaves, and it comes back. */
const away =
  (
    word: string,
    go: (run: Run, unit: Unit, random: Random) => void,
    back?: (run: Run, unit: Unit, random: Random) => void,
  ): Make =>
  (run, random, isMild) => {
    const unit = run.victim(random);
    const durationMs = random.chance(0.4) ? random.between(0.2 * second, 5 * second) : some(random, isMild);
    return {
      text: `${unit.name} ${word}; back after ${durationText(durationMs)}`,
      durationMs,
      units: [unit],
      begin: () => {
        run.holdDown(unit);
        go(run, unit, random);
      },
      end: () => {
        back?.(run, unit, random);
        run.letUp(unit);
      },
    };
  };

export const faultKinds = {
  partition: counted("blocked", false, "nothing passes"),
  "one-way partition": counted("blocked", true, "nothing passes"),
  clog: counted("clogged", false, "everything is held back"),
  "refusing firewall": counted("refusing", false, "a firewall refuses"),
  "one-way refusal": counted("refusing", true, "a firewall refuses"),
  loss: shaped("loss", "messages are lost"),
  delay: shaped("delayMs", "messages are slow"),
  duplication: shaped("doubling", "messages come twice"),
  reordering: shaped("reordering", "messages overtake each other"),
  reset: (run, random) => ({
    text: "every connection is reset",
    durationMs: random.between(0, 1 * second),
    units: run.pair,
    begin: () => run.network.resetBetween(run.pair[0].machine, run.pair[1].machine),
    end: () => undefined,
  }),
  kill: away("is killed", (_run, unit) => unit.kill()),
  "orderly stop": away("is stopped in order", (_run, unit) => unit.stop(() => undefined)),
  "power loss": away(
    "loses power",
    (_run, unit) => unit.losePower(0),
    (_run, unit) => {
      unit.machine.isOn = true;
    },
  ),
  "lying disk": away(
    "loses power, and its disk had not written what it said",
    (run, unit, random) => run.loseDisk(unit, () => unit.losePower(random.integer(1, 12))),
    (_run, unit) => {
      unit.machine.isOn = true;
    },
  ),
  "disk rolled back": away("is killed and its disk goes back unnoticed", (run, unit, random) => {
    unit.kill();
    run.loseDisk(unit, () => unit.disk.rollBack(random.integer(1, 40)));
  }),
  "disk lost": away("is killed and comes back with an empty database", (run, unit) => {
    unit.kill();
    run.loseDisk(unit, () => unit.disk.wipe());
    run.loseFiles(unit);
  }),
  "old backup": away("is killed and an old backup is restored on it", (run, unit, random) => {
    unit.kill();
    const images = run.images.get(unit) ?? [];
    if (images.length > 0)
      run.loseDisk(unit, () => {
        unit.disk.put(random.pick(images));
        if (unit.wire === 1) unit.fitDisk();
      });
  }),
  "unit replaced": away("is replaced by a backup of the pair", (run, unit, random) => {
    run.replaceUnit(unit, random);
    unit.kill();
  }),
  "crash at the disk": (run, random, isMild) => {
    const unit = run.victim(random);
    const label = random.pick(["*", "*", ...run.labels]);
    const when = random.pick(["before", "after"] as const);
    const durationMs = isMild ? 2 * minute : random.between(minute, 20 * minute);
    const awayMs = random.chance(0.5)
      ? random.between(0.2 * second, 3 * second)
      : random.between(3 * second, minute);
    let hasCrashed = false;
    return {
      text: `${unit.name} dies ${when} its next disk call "${label}"; back ${durationText(awayMs)} later`,
      durationMs,
      units: [unit],
      begin: () => {
        unit.crashPoint = { label, when };
        run.holdDownAtCrash(unit, awayMs, () => {
          hasCrashed = true;
        });
      },
      end: () => {
        if (!hasCrashed) unit.crashPoint = null;
      },
    };
  },
  "full disk": (run, random, isMild) => {
    const unit = run.victim(random);
    const durationMs = some(random, isMild);
    return {
      text: `the disk of ${unit.name} takes nothing for ${durationText(durationMs)}`,
      durationMs,
      units: [unit],
      begin: () => {
        unit.disk.failure = random.pick(diskFaults);
      },
      end: () => {
        unit.disk.failure = null;
      },
    };
  },
  freeze: (run, random, isMild) => {
    const unit = run.victim(random);
    const durationMs = random.chance(0.3) ? random.between(0.2 * second, 3 * second) : some(random, isMild);
    let process: Process | null = null;
    return {
      text: `the process of ${unit.name} stands still for ${durationText(durationMs)}`,
      durationMs,
      units: [unit],
      begin: () => {
        process = unit.machine.process;
        process?.freeze();
      },
      end: () => process?.thaw(),
    };
  },
  slow: (run, random, isMild) => {
    const unit = run.victim(random);
    const durationMs = random.between(20 * second, isMild ? minute : 5 * minute);
    let process: Process | null = null;
    return {
      text: `${unit.name} is slow for ${durationText(durationMs)}`,
      durationMs,
      units: [unit],
      begin: () => {
        process = unit.machine.process;
        if (process !== null) process.slowMs = random.between(20, 1_200);
      },
      end: () => {
        if (process === null) return;
        process.slowMs = 0;
        run.lookAgainAt(process.busyUntil);
      },
    };
  },
  suspend: (run, random, isMild) => {
    const unit = run.victim(random);
    const durationMs = some(random, isMild);
    return {
      text: `the machine of ${unit.name} is suspended for ${durationText(durationMs)}`,
      durationMs,
      units: [unit],
      begin: () => unit.machine.suspend(),
      end: () => {
        unit.machine.resume();
        run.network.reopened();
      },
    };
  },
  "clock jump": (run, random) => {
    const unit = run.victim(random);
    const byMs = random.between(-10 * hour, 10 * hour);
    return {
      text: `the wall clock of ${unit.name} jumps by ${durationText(Math.abs(byMs))} ${byMs < 0 ? "back" : "ahead"}`,
      durationMs: 0,
      units: [unit],
      begin: () => unit.machine.jumpWall(Math.round(byMs)),
      end: () => undefined,
    };
  },
  "clock drift": (run, random) => {
    const unit = run.victim(random);
    const rate = 1 + random.between(-0.02, 0.02);
    return {
      text: `the clocks of ${unit.name} run at ${rate.toFixed(4)} of their speed from now on`,
      durationMs: 0,
      units: [unit],
      begin: () => unit.machine.setRate(rate),
      end: () => undefined,
    };
  },
  "other version": (run, random) => {
    const unit = run.victim(random);
    const wire = unit.wire === 1 ? 2 : 1;
    const durationMs = random.between(2 * second, 30 * second);
    return {
      text: `${unit.name} is stopped and comes back with wire version ${wire}`,
      durationMs,
      units: [unit],
      begin: () => {
        run.holdDown(unit);
        unit.stop(() => undefined);
      },
      end: () => {
        if (unit.machine.process !== null) unit.kill();
        if (wire === 1) run.loseDisk(unit, () => unit.install(wire));
        else unit.install(wire);
        run.hasHadOtherVersion = true;
        run.letUp(unit);
      },
    };
  },
} as const satisfies { readonly [kind: string]: Make };

export type FaultKind = keyof typeof faultKinds;

/** How often each is drawn, while anything may go wrong (0: not) and while only what a pair must get over by itself. */
const weights: { readonly [Kind in FaultKind]: readonly [wild: number, mild: number] } = {
  partition: [8, 4],
  "one-way partition": [4, 2],
  clog: [2, 1],
  "refusing firewall": [3, 1],
  "one-way refusal": [3, 1],
  loss: [3, 1],
  delay: [2, 1],
  duplication: [2, 1],
  reordering: [2, 1],
  reset: [4, 4],
  kill: [7, 4],
  "orderly stop": [3, 4],
  "power loss": [3, 2],
  "lying disk": [3, 0],
  "disk rolled back": [3, 0],
  "disk lost": [1, 0],
  "old backup": [2, 0],
  // Drawn in the place of some old backups.
  "unit replaced": [0, 0],
  "crash at the disk": [8, 3],
  "full disk": [2, 1],
  freeze: [4, 2],
  slow: [2, 1],
  suspend: [2, 1],
  "clock jump": [2, 1],
  "clock drift": [1, 0],
  "other version": [1, 0],
};

export const drawFault = (random: Random, isMild: boolean): FaultKind =>
  random.weighted(
    (Object.keys(weights) as FaultKind[]).map((kind) => [weights[kind][isMild ? 1 : 0], kind] as const),
  );
