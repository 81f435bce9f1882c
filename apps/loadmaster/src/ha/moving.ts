/**
 * Traffic between the units goes over to another interface (SPEC LH5). The partner is told first, over the link as it is,
 * and moves its CARP and its end of the link; then this unit does. In the time between, the standby waits on the new
 * interface for a whole timeout, so that neither the role nor an address moves.
 */
import { err, ok, type Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import type { PartnerState, UpdateOutcome } from "./partner-link.ts";
import type { HaSetup } from "./setup.ts";

export const isMove = (before: HaSetup, next: HaSetup): boolean =>
  before.kind === "pair" && next.kind === "pair" && before.own.id !== next.own.id;

const refused = (next: HaSetup, why: string): Failure => ({
  code: 409,
  message: `haif: traffic between the units cannot be moved to interface ${next.kind === "pair" ? next.own.id : ""}: ${why}; nothing was changed`,
});

/** A partner that would not hear of it would go on alone on the old interface, and become active there. */
export const mayMove = (next: HaSetup, partner: PartnerState): Result<void, Failure> =>
  partner.kind === "up"
    ? ok(undefined)
    : err(
        refused(
          next,
          `the partner is not connected${"reason" in partner ? ` (${partner.reason})` : ""}, and both units have to move together; connect it first, or end the pair (hamode 0)`,
        ),
      );

/** After the partner was told: it has moved, or the connection ended because it did. */
export const movedFirst = (next: HaSetup, outcome: UpdateOutcome): Result<void, Failure> =>
  outcome.taken || outcome.lost === true
    ? ok(undefined)
    : err(refused(next, `the partner does not move: ${outcome.reason}; mend that first`));
