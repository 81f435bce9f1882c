/** H2: the role is offered only to a unit that has everything that the giver has and its own program can hold. */
import { covers, vectorUpTo } from "@tandem/replica/version";
import type { Kept, Report } from "./violation.ts";

export function checkHandover(giver: Kept, taker: Kept, takerHoldsUpTo: number, report: Report): void {
  if (!covers(taker.vector, vectorUpTo(giver.vector, takerHoldsUpTo)))
    report(`${giver.name} offers the role to ${taker.name}, which lacks changes that ${giver.name} has`);
}
