/**
 * What makes this unit worse than its partner, as one number (SPEC LH7). Each concern has a weight while it is wrong, and
 * keeps it for a hold after it has been mended: the number rises at once and falls late, so that a link that flaps moves
 * the role once. It is a plain sum, so whoever has less wrong has the smaller number, and no constant has to be crossed.
 *
 * | concern                | wrong when                                                     | weight        |
 * | ---------------------- | -------------------------------------------------------------- | ------------- |
 * | a checked network      | no carrier, or its gateway leaves three ARP requests unanswered | 1             |
 * | the unit's process     | away for a minute after it was there                           | 1             |
 * | what the unit reports  | HAProxy does not run                                           | as it reports |
 */
import type { Millis } from "@tandem/base/time";
import { second } from "@tandem/base/time";
import { arpReplySender, arpRequestFrame } from "@tandem/carp/arp";
import { demotionMax } from "@tandem/carp/constants";
import type { CarpdConfiguration } from "./carpd-configuration.ts";
import type { CarpKernel } from "./carpd-kernel.ts";

export const demotionHoldMs = 5 * second;
export const probeIntervalMs = 1 * second;
export const probeMissesMax = 3;
const checkWeight = 1;
const unitAwayWeight = 1;

type CheckSetting = NonNullable<CarpdConfiguration["checks"]>[number];

/** `weight` is 0 without a `fault`. What it weighed before counts as `held` until `holdUntil`. */
type Concern = {
  readonly weight: number;
  /** What is wrong, in words. */
  readonly fault: string | null;
  readonly held: number;
  readonly holdUntil: Millis;
};

const nothing: Concern = { weight: 0, fault: null, held: 0, holdUntil: 0 };

/** A concern after it was looked at: what got heavier counts at once, what got lighter after the hold. */
function looked(before: Concern, fault: string | null, weight: number, now: Millis): Concern {
  const counted = weightAt(before, now);
  const after = fault === null ? 0 : weight;
  if (after >= counted) return { weight: after, fault, held: 0, holdUntil: 0 };
  if (after === before.weight) return { ...before, fault };
  return { weight: after, fault, held: counted, holdUntil: now + demotionHoldMs };
}

const weightAt = ({ weight, held, holdUntil }: Concern, now: Millis): number =>
  Math.max(weight, now < holdUntil ? held : 0);

type Check = {
  readonly setting: CheckSetting;
  concern: Concern;
  index: number | undefined;
  /** ARP requests since the gateway last answered. */
  unanswered: number;
  listener: { close(): void } | null;
};

export type CheckStatus = {
  readonly device: string;
  readonly gateway?: string;
  /** In words; null while all is well. */
  readonly fault: string | null;
};

export class Health {
  readonly #kernel: CarpKernel;
  readonly #now: () => Millis;
  readonly #changed: () => void;
  #checks: Check[] = [];
  #unit = nothing;
  #away = nothing;

  /** `changed` is called when an answer came that may have changed the number. */
  constructor(kernel: CarpKernel, now: () => Millis, changed: () => void) {
    this.#kernel = kernel;
    this.#now = now;
    this.#changed = changed;
  }

  /** Checks exactly these networks; one that was checked before goes on as it stands. */
  configure(settings: readonly CheckSetting[]): void {
    const key = (setting: CheckSetting): string => JSON.stringify(setting);
    const before = new Map(this.#checks.map((check) => [key(check.setting), check]));
    this.#checks = settings.map(
      (setting) =>
        before.get(key(setting)) ?? {
          setting,
          concern: nothing,
          index: undefined,
          unanswered: 0,
          listener: null,
        },
    );
    for (const check of before.values()) if (!this.#checks.includes(check)) check.listener?.close();
    this.look();
  }

  /** To be called after every change of any link. */
  look(): void {
    for (const check of this.#checks) this.#look(check);
  }

  /** Asks each gateway, and takes note of those that have not answered. To be called each `probeIntervalMs`. */
  probe(): void {
    for (const check of this.#checks) {
      const { device, ownAddress, gateway } = check.setting;
      const link = this.#kernel.link(device);
      if (gateway !== undefined && link?.running) {
        this.#look(check);
        check.unanswered = Math.min(check.unanswered + 1, probeMissesMax + 1);
        this.#kernel.send(device, arpRequestFrame(link.mac, ownAddress, gateway));
      }
    }
  }

  /** What the unit says of itself, 0 to 255. */
  report(demotion: number, reason: string): void {
    this.#unit = looked(this.#unit, demotion === 0 ? null : reason, demotion, this.#now());
  }

  unitIs(presence: "here" | "away"): void {
    const fault = presence === "away" ? "the unit's process is away" : null;
    this.#away = looked(this.#away, fault, unitAwayWeight, this.#now());
  }

  /** The number for CARP, and of what it is made. */
  demotion(): { readonly demotion: number; readonly reason: string } {
    const now = this.#now();
    const concerns = [this.#unit, this.#away, ...this.#checks.map((check) => check.concern)];
    const sum = concerns.reduce((total, concern) => total + weightAt(concern, now), 0);
    const faults = concerns.flatMap(({ fault }) => (fault === null ? [] : [fault]));
    const reason =
      faults.length > 0
        ? faults.join("; ")
        : sum > 0
          ? "mended, and watched for a while"
          : "nothing is wrong";
    return { demotion: Math.min(sum, demotionMax), reason };
  }

  /** When the number may fall by itself; null while it cannot. */
  get dueAt(): Millis | null {
    const now = this.#now();
    const times = [this.#unit, this.#away, ...this.#checks.map((check) => check.concern)]
      .map(({ holdUntil }) => holdUntil)
      .filter((at) => at > now);
    return times.length === 0 ? null : Math.min(...times);
  }

  get asks(): boolean {
    return this.#checks.some(({ setting }) => setting.gateway !== undefined);
  }

  status(): CheckStatus[] {
    return this.#checks.map(({ setting: { device, gateway }, concern: { fault } }) => ({
      device,
      ...(gateway === undefined ? {} : { gateway }),
      fault,
    }));
  }

  close(): void {
    for (const check of this.#checks) check.listener?.close();
    this.#checks = [];
  }

  #look(check: Check): void {
    const { device, gateway } = check.setting;
    const link = this.#kernel.link(device);
    if (gateway !== undefined && link?.index !== check.index) {
      check.listener?.close();
      check.listener = this.#kernel.listenArp(device, (frame) => this.#answered(check, frame));
      check.index = link?.index;
    }
    const carrier = link?.running ?? false;
    // After a time without carrier the gateway has to prove itself anew.
    if (!carrier) check.unanswered = probeMissesMax + 1;
    const fault = !carrier
      ? `${device} has no carrier`
      : gateway !== undefined && check.unanswered > probeMissesMax
        ? `the gateway ${gateway} on ${device} does not answer ARP`
        : null;
    check.concern = looked(check.concern, fault, checkWeight, this.#now());
  }

  #answered(check: Check, frame: Uint8Array): void {
    if (arpReplySender(frame) !== check.setting.gateway) return;
    check.unanswered = 0;
    this.#look(check);
    this.#changed();
  }
}
