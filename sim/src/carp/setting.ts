/** What a pair is set to, and the configuration of the machine that follows from it on each unit. */
import type { Millis } from "@tandem/base/time";
import { intervalMs, masterDownMs } from "@tandem/carp/rules";
import type { CarpConfig } from "@tandem/carp/state";
import type { Random } from "../random.ts";

/** HA timeouts in steps of three seconds; 0 is the fast mode. */
export const advbases = [0, 1, 2, 3, 4, 5] as const;

export type PairSetting = {
  readonly advbase: (typeof advbases)[number];
  /** 0: no preferred host. */
  readonly preferred: 0 | 1 | 2;
  readonly password: string;
};

export function drawSetting(random: Random): PairSetting {
  return {
    advbase: random.chance(0.3) ? 0 : random.pick(advbases.slice(1)),
    preferred: random.weighted<0 | 1 | 2>([
      [5, 0],
      [2, 1],
      [2, 2],
    ]),
    password: random.hex(8),
  };
}

/** As `apps/loadmaster/src/ha/setup.ts` has it: HA1 or the preferred unit comes first, and only the preferred one pre-empts. */
export function configOf(setting: PairSetting, unit: 1 | 2): CarpConfig {
  const isFirst = setting.preferred === 0 ? unit === 1 : setting.preferred === unit;
  const skews = setting.advbase === 0 ? ([10, 20] as const) : ([0, 1] as const);
  return {
    vhid: 7,
    advbase: setting.advbase,
    advskew: skews[isFirst ? 0 : 1],
    preempt: setting.preferred === unit,
    password: setting.password,
    hashedAddresses: ["10.77.0.20/24", "2001:db8::20/64"],
    ownAddress: `10.77.0.${unit}`,
    trustDemotion: true,
    replayCheck: "growing",
  };
}

/** The time after which the standby of a pair that is set so has given up a silent active, whoever it is. */
export const timeoutMs = (setting: PairSetting): Millis =>
  Math.max(masterDownMs(configOf(setting, 1)), masterDownMs(configOf(setting, 2)));

/** The longest time between two advertisements of either unit. */
export const longestIntervalMs = (setting: PairSetting): Millis =>
  Math.max(intervalMs(configOf(setting, 1)), intervalMs(configOf(setting, 2)));

export const settingText = ({ advbase, preferred }: PairSetting): string =>
  `${advbase === 0 ? "fast mode" : `timeout ${3 * advbase} s`}, ${preferred === 0 ? "no preferred host" : `HA${preferred} preferred`}`;
