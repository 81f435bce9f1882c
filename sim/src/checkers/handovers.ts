/** H2: the role is offered only to a unit that has everything that the giver has. */
import { covers } from "@tandem/replica/version";
import type { Kept, Report } from "./violation.ts";

export function checkHandover(giver: Kept, taker: Kept, report: Report): void {
  if (!covers(taker.vector, giver.vector))
    report(`${giver.name} offers the role to ${taker.name}, which lacks changes that ${giver.name} has`);
}
