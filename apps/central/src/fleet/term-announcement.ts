/**
 * Tells every device of a new term of office, soon after it has begun, by a call that asks for next to nothing. A unit
 * of ours refuses the Master before from then on (SPEC CH22); without this it would hear of the change only when it
 * is polled or acted upon next, up to a minute later. A device that does not answer is not asked again: polling does.
 */
import type { Epoch } from "@tandem/base/epoch";
import type { Cancel, World } from "@tandem/base/world";

/** The calls of a round are spread: so many begin in each step. Ten thousand devices have heard after 50 s. */
const stepMs = 100;
const callsPerStepMax = 20;
/** Devices that are being told at the same time; those that do not answer hold up no more than these places. */
const concurrentMax = 32;

export type ToldDevice<Target> = {
  readonly id: string;
  readonly target: Target;
  /** Has not answered of late: its turn comes last. */
  readonly isDown: boolean;
};

export type AnnouncementPorts<Target> = {
  readonly world: World;
  /** This unit's own, under which it acts now; null while it does not act, or acts without one. */
  readonly term: () => Epoch | null;
  readonly devices: () => readonly ToldDevice<Target>[];
  /** Never rejects. */
  readonly tell: (target: Target, term: Epoch) => Promise<unknown>;
};

export class TermAnnouncement<Target> {
  readonly #ports: AnnouncementPorts<Target>;
  #announced: Epoch | null = null;
  #queue: Target[] = [];
  #running = 0;
  #cancelStep: Cancel | null = null;
  #isStopped = false;

  constructor(ports: AnnouncementPorts<Target>) {
    this.#ports = ports;
  }

  /** To be called when the role or the term may have changed. */
  look(): void {
    const term = this.#ports.term();
    if (this.#isStopped || term === null) return;
    const { n, unit } = this.#announced ?? { n: 0, unit: "" };
    if (term.n !== n || term.unit !== unit) {
      this.#announced = term;
      const devices = this.#ports.devices();
      const [up, down] = [false, true].map((isDown) => devices.filter((each) => each.isDown === isDown));
      this.#queue = [...(up ?? []), ...(down ?? [])].map(({ target }) => target);
    }
    // A round that stopped when the role was held up for a moment goes on where it was.
    this.#cancelStep ??= this.#ports.world.after(0, () => this.#step());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelStep?.();
    this.#queue = [];
  }

  #step(): void {
    this.#cancelStep = null;
    const term = this.#ports.term();
    const isOurs = term !== null && term.n === this.#announced?.n && term.unit === this.#announced.unit;
    if (this.#isStopped || !isOurs) return;
    for (let begun = 0; begun < callsPerStepMax && this.#running < concurrentMax; begun += 1) {
      const target = this.#queue.shift();
      if (target === undefined) return;
      this.#running += 1;
      void this.#ports.tell(target, term).then(() => {
        this.#running -= 1;
      });
    }
    if (this.#queue.length > 0) this.#cancelStep = this.#ports.world.after(stepMs, () => this.#step());
  }
}
