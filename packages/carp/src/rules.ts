/**
 * The rules of the election, one sentence above each. They are OpenBSD's (`carp_proto_input_c`, `carp_setrun`) where it
 * has one. Two units of one configuration family never disagree about a pair of claims, because all of them are read
 * from one comparison: a backup takes over from a master it hears only where that master, hearing it, yields.
 */
import { assert } from "@tandem/base/assert";
import { parseIpv4 } from "@tandem/base/ip";
import { type Millis, second } from "@tandem/base/time";
import {
  advbaseOfOursMaxSeconds,
  advskewMax,
  bowOutAdvbaseSeconds,
  bowOutAdvskew,
  demotedAdvskewMin,
  handOverPatienceMaxMs,
  handOverPatienceMinMs,
  missedAdvertisements,
  skewUnitsPerSecond,
} from "./constants.ts";
import type { CarpConfig } from "./state.ts";

/** What an advertisement claims, ours or another's. */
export type Claim = { readonly advbase: number; readonly advskew: number; readonly demotion: number };

type Pace = Pick<Claim, "advbase" | "advskew">;

const unitMs = second / skewUnitsPerSecond;

/** In 1/256 s, exact, for comparing. */
const intervalUnits = (pace: Pace): number => pace.advbase * skewUnitsPerSecond + pace.advskew;

/** A master advertises every advbase + advskew/256 seconds; every 1/256 second when both are 0. */
export const intervalMs = (pace: Pace): Millis => Math.max(1, intervalUnits(pace)) * unitMs;

/** A master is down after 3 × advbase + advskew/256 seconds of silence; when advbase is 0, after 3 × advskew/256. */
export function masterDownMs(pace: Pace): Millis {
  if (pace.advbase === 0) return missedAdvertisements * intervalMs(pace);
  return (missedAdvertisements * pace.advbase * skewUnitsPerSecond + pace.advskew) * unitMs;
}

/**
 * How long a backup waits for a master it hears. Between units of ours it waits by the slower of the two paces, its own
 * and the master's: when the timeout is made longer, or fast mode is switched off, the active has that setting first, and
 * its next advertisement must not look like a death. In fast mode the paces differ by a factor, and the faster unit would
 * give the slower one up at the first advertisement that is lost. An advertised pace that no unit of ours has is not waited for.
 */
export function patienceMs(config: CarpConfig, own: Pace, heard: Pace): Millis {
  if (config.replayCheck !== "growing" || heard.advbase > advbaseOfOursMaxSeconds) return masterDownMs(own);
  const advskew = Math.max(own.advskew, heard.advskew);
  return Math.max(masterDownMs(own), masterDownMs({ advbase: heard.advbase, advskew }));
}

/** A unit that has handed the role over is master again when it has heard nobody take it within one interval, or a second. */
export const handOverPatienceMs = (own: Pace): Millis =>
  Math.min(handOverPatienceMaxMs, Math.max(handOverPatienceMinMs, intervalMs(own)));

/** An advbase of 255 with an advskew of 255 says that the sender is leaving. */
export const isBowOut = (pace: Pace): boolean =>
  pace.advbase === bowOutAdvbaseSeconds && pace.advskew === bowOutAdvskew;

/** A unit claims its configured interval and its demotion; where the peer knows no demotion it claims a longer interval instead. */
export function ownClaim(config: CarpConfig, demotion: number): Claim {
  const { advbase, advskew } = config;
  if (config.trustDemotion) return { advbase, advskew, demotion };
  const raised = demotion === 0 ? 0 : Math.min(advskewMax, demotedAdvskewMin + demotion - 1);
  return { advbase, advskew: Math.max(advskew, raised), demotion: 0 };
}

/** The demotion another unit claims counts only where the configuration trusts it. */
export const heardClaim = (config: CarpConfig, claim: Claim): Claim => ({
  advbase: claim.advbase,
  advskew: claim.advskew,
  demotion: config.trustDemotion ? claim.demotion : 0,
});

const addressNumber = (address: string): number => {
  const value = parseIpv4(address);
  assert(value !== undefined, `not an IPv4 address: ${address}`);
  return value;
};

const seconds = (pace: Pace): string => `${Number((intervalMs(pace) / second).toFixed(3))} s`;

/** Why a master that hears another master gives way to it, as a clause; null when it stays. Exactly one of two yields. */
export function masterYields(
  own: Claim,
  ownAddress: string,
  heard: Claim,
  heardAddress: string,
): string | null {
  // A unit that is leaving is nobody to yield to, however healthy it says it is.
  if (isBowOut(heard)) return null;

  // The less demoted of two masters keeps the role, whatever their intervals.
  if (heard.demotion < own.demotion)
    return `${heardAddress} is less demoted than this unit (${heard.demotion} against ${own.demotion})`;
  if (heard.demotion > own.demotion) return null;

  // Of two equally demoted masters the one with the smaller interval keeps the role.
  if (intervalUnits(heard) < intervalUnits(own))
    return `${heardAddress} advertises more often than this unit (every ${seconds(heard)} against ${seconds(own)})`;
  if (intervalUnits(heard) > intervalUnits(own)) return null;

  // Of two masters equal in both the one with the lower IP address keeps the role.
  if (addressNumber(heardAddress) < addressNumber(ownAddress))
    return `${heardAddress} claims the same and has the lower address`;
  return null;
}

/** Why a backup that hears a master takes its role at once, as a clause; null when it goes on following for `patience`. */
export function backupTakesOver(
  own: Claim,
  preempt: boolean,
  heard: Claim,
  heardAddress: string,
  patience: Millis = masterDownMs(own),
): string | null {
  // A master that bows out is replaced at once, by whoever hears it.
  if (isBowOut(heard)) return `${heardAddress} bowed out`;

  // A master that is more demoted is replaced at once, even without preemption.
  if (heard.demotion > own.demotion)
    return `${heardAddress} is more demoted than this unit (${heard.demotion} against ${own.demotion})`;

  // A master that is less demoted is followed, whatever its interval.
  if (heard.demotion < own.demotion) return null;

  // A backup that is configured to preempt replaces a master with a longer interval.
  if (preempt && intervalUnits(own) < intervalUnits(heard))
    return `this unit preempts, and ${heardAddress} advertises less often (every ${seconds(heard)} against ${seconds(own)})`;

  // A master whose next advertisement would come after it was given up counts as given up now.
  if (intervalMs(heard) > patience)
    return `${heardAddress} advertises every ${seconds(heard)}, too seldom to be waited for`;
  return null;
}
