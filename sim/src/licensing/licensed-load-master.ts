/**
 * A LoadMaster as far as licences go: the production step machine, a disk that can be set back, and the way to the
 * Centrals, on which requests and answers get lost.
 */
import { sha256Hex } from "@tandem/base/digest";
import type { UnitId } from "@tandem/base/ids";
import { minute, second } from "@tandem/base/time";
import {
  type Answer,
  type CentralAddress,
  type Input,
  type KeptLicence,
  neverLicensed,
  type Send,
  startedLicence,
  stepLicence,
  type UnitLicence,
} from "@tandem/licensing/unit-licence";
import type { LicensingCentral } from "@tandem/licensing/wire";
import type { Engine } from "../engine.ts";
import type { Random } from "../random.ts";

const answerTimeoutMs = 10 * second;
const wallAtStart = 1_795_564_800_000;
/** Of requests, and of answers. */
const lostShare = 0.06;

/** How a Central is known to LoadMasters. */
export const centralOf = (unit: UnitId, name: string): LicensingCentral & CentralAddress => ({
  unit,
  name,
  address: name,
  port: 443,
  certificateFingerprint: sha256Hex(`tls ${unit}`),
  key: sha256Hex(`key ${unit}`).slice(0, 43),
});

/** Brings a request to a Central; nothing is said when it does not answer. */
export type Carry = (
  from: LicensedLoadMaster,
  address: string,
  send: Send,
  answered: (answer: Answer) => void,
) => void;

export class LicensedLoadMaster {
  readonly name: string;
  readonly id: string;
  /** Another one on a copy of this LoadMaster. */
  readonly machine: string;
  readonly #engine: Engine;
  readonly #random: Random;
  readonly #carry: Carry;
  readonly #cutUntil = new Map<string, number>();
  #disk: KeptLicence;
  #snapshot: KeptLicence | null = null;
  #state: UnitLicence;
  #request = 0;
  /** What a Central said last of the licence: null before any said something. */
  lastCheck: "held" | "not held" | null = null;

  constructor(
    name: string,
    engine: Engine,
    random: Random,
    carry: Carry,
    copied?: { readonly id: string; readonly disk: KeptLicence },
  ) {
    this.name = name;
    this.id = copied?.id ?? sha256Hex(`key of ${name}`).slice(0, 16);
    this.machine = sha256Hex(`machine of ${name}`).slice(0, 16);
    this.#engine = engine;
    this.#random = random;
    this.#carry = carry;
    this.#disk = copied?.disk ?? neverLicensed(wallAtStart);
    this.#state = startedLicence(this.id, this.#disk, this.#at());
  }

  get disk(): KeptLicence {
    return this.#disk;
  }

  get state(): UnitLicence {
    return this.#state;
  }

  /** Of the grant that it has; 0: none. */
  get grantedNumber(): number {
    const { stand } = this.#state;
    return stand.kind === "unlicensed" ? 0 : stand.licence.grant.number;
  }

  /** The Central that granted what it has; null: it has nothing. */
  get grantedBy(): UnitId | null {
    const { stand } = this.#state;
    return stand.kind === "unlicensed" ? null : stand.licence.grant.central;
  }

  /** It waits for an answer, or something of it is still on its way to a Central. */
  get isBusy(): boolean {
    return this.#underWay > 0 || this.#state.doing.kind !== "nothing";
  }
  #underWay = 0;

  activate(type: string, central: CentralAddress): void {
    this.#step({ kind: "activate", type, central });
  }

  check(): void {
    this.#step({ kind: "check" });
  }

  release(force: boolean): void {
    this.#step({ kind: "release", force });
  }

  /** What it does by itself. */
  tick(): void {
    this.#step({ kind: "tick" });
  }

  /** What it waited for is forgotten; what is on its disk is not. */
  restart(): void {
    this.#request += 1;
    this.#state = startedLicence(this.id, this.#disk, this.#at());
  }

  takeSnapshot(): void {
    this.#snapshot = this.#disk;
  }

  /** The disk is as it was when the snapshot was taken, number included. False when there is none. */
  restoreSnapshot(): boolean {
    if (this.#snapshot === null) return false;
    this.#disk = this.#snapshot;
    this.lastCheck = null;
    this.restart();
    return true;
  }

  /** It cannot reach the Central for so long. */
  cutFrom(address: string, forMs: number): void {
    this.#cutUntil.set(address, this.#engine.now + forMs);
  }

  /** Nothing is in its way any more. */
  mend(): void {
    this.#cutUntil.clear();
    this.#isMended = true;
  }

  goOn(): void {
    this.#isMended = false;
  }
  #isMended = false;

  #at() {
    const { now } = this.#engine;
    return { now, wall: Math.floor(wallAtStart + now), spread: 0.5 };
  }

  #step(input: Input): void {
    const step = stepLicence(this.#state, input, this.#at());
    this.#state = step.state;
    if (step.keep !== null) this.#disk = step.keep;
    if (step.send !== null) this.#send(step.send);
  }

  #send(send: Send): void {
    const engine = this.#engine;
    const random = this.#random;
    this.#request += 1;
    const request = this.#request;
    let isAnswered = false;
    const answer = (said: Answer): void => {
      if (isAnswered || request !== this.#request) return;
      isAnswered = true;
      if (said.kind === "granted") this.lastCheck = "held";
      if (said.kind === "checked") this.lastCheck = said.check.state === "held" ? "held" : "not held";
      if (said.kind === "released") this.lastCheck = "not held";
      this.#step({ kind: "answer", answer: said });
    };
    engine.after(answerTimeoutMs, () => answer({ kind: "no-answer", reason: "nothing within 10 s" }));
    const isLost = (): boolean => !this.#isMended && random.chance(lostShare);
    const isCut = (): boolean => (this.#cutUntil.get(send.central.address) ?? 0) > engine.now;
    // Now and then something is held up on the way for longer than anybody waits for it.
    const delayMs = (): number =>
      !this.#isMended && random.chance(0.05) ? random.between(second, 2 * minute) : random.between(1, 60);
    if (isLost() || isCut()) return;
    this.#underWay += 1;
    engine.after(delayMs(), () => {
      this.#underWay -= 1;
      this.#carry(this, send.central.address, send, (said) => {
        if (!isLost() && !isCut()) engine.after(delayMs(), () => answer(said));
      });
    });
  }
}
