/** What a unit tells the other of its term, its lineage and its changes is on its disk already (E1, E2, I1, CH21). */
import type { Json } from "@tandem/base/canonical-json";
import { compareEpochs, type Epoch } from "@tandem/base/epoch";
import type { PairDurable } from "@tandem/pair/state";
import { covers, type Vector } from "@tandem/replica/version";
import type { Report } from "./violation.ts";

type Said = {
  readonly type?: string;
  readonly epoch?: Epoch;
  readonly seen?: Epoch;
  readonly pairId?: string | null;
  readonly vector?: Vector;
  readonly n?: number;
};

export class SaidAndKept {
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  said(name: string, message: Json, durable: PairDurable | undefined, vector: Vector): void {
    const said = message as unknown as Said;
    switch (said.type) {
      case "heartbeat": {
        const { epoch, seen, pairId } = said as Required<Said>;
        const kept = durable ?? { epoch: { n: 0, unit: "" }, seen: { n: 0, unit: "" }, pairId: null };
        if (compareEpochs(epoch, kept.epoch) !== 0 || compareEpochs(seen, kept.seen) !== 0)
          this.#report(
            `${name} says epoch ${epoch.n} and ${seen.n} as the greatest seen, and has ${kept.epoch.n} and ${kept.seen.n} on disk`,
          );
        if (pairId !== kept.pairId)
          this.#report(`${name} says pair ${pairId}, and has ${kept.pairId} on disk`);
        this.#vector(name, said.vector, vector);
        break;
      }
      case "durable":
        this.#vector(name, said.vector, vector);
        break;
      case "hand":
        if (durable?.offered?.n !== said.n)
          this.#report(`${name} hands over under number ${said.n}, and has no such offer on disk`);
        break;
      default:
        break;
    }
  }

  #vector(name: string, said: Vector | undefined, kept: Vector): void {
    if (said !== undefined && !covers(kept, said))
      this.#report(`${name} says that it has changes which are not on its disk`);
  }
}
