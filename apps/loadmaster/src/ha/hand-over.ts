/**
 * The orderly hand-over (SPEC LH13): the active gives its role to a standby that is ready for it, without stopping
 * anything. Refused with every reason there is while the standby is not; what follows after the order is CARP's.
 */
import { err, ok, type Result } from "@tandem/base/result";
import type { Millis, WallMillis } from "@tandem/base/time";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import type { HandOverView } from "@tandem/loadmaster-api/views";
import type { CarpRole, CarpRoleStatus } from "./carp-role.ts";
import { pacifiedInWords } from "./pacified.ts";
import type { PartnerLink, PartnerState } from "./partner-link.ts";
import type { PartnerStatus } from "./partner-messages.ts";
import type { HaSetup } from "./setup.ts";

/** A partner that lives answers in milliseconds; one that does not is no successor. */
export const partnerAnswerMs = 1_000;
/** The successor has it in milliseconds, and says so by CARP and on the partner link. */
export const movedWaitMs = 5_000;
const lookIntervalMs = 10;
/** The answer to a call at an address that moves gets out before it moves. */
export const answerFirstMs = 250;

export type HandOverParts = {
  readonly carp: Pick<CarpRole, "status" | "handOver">;
  readonly partner: Pick<PartnerLink, "state" | "answers" | "forceUpdate">;
  readonly setup: () => HaSetup;
  readonly own: () => PartnerStatus;
  /** Which unit is the preferred host; 0: neither. */
  readonly preferred: () => number;
  /** The call came in at an address that stays. */
  readonly isOwnAddress: boolean;
  /** No change of the configuration comes between the checks and the order. */
  readonly inTurn: <Value>(work: () => Promise<Value>) => Promise<Value>;
  readonly log: (level: "info" | "warn", event: string, details: object) => void;
};

type Pair = Extract<HaSetup, { kind: "pair" }>;

/** Why there is no successor for this unit's role, each reason a clause; empty when there is one. */
export function handOverObstacles(
  setup: HaSetup,
  carp: CarpRoleStatus | null,
  own: PartnerStatus,
  partner: PartnerState,
): string[] {
  if (setup.kind === "single") return ["HA is not configured on this unit"];
  if (setup.kind === "incomplete")
    return [`HA mode is set, but there is still missing: ${setup.missing.join(", ")}`];
  if (carp?.role !== "master")
    return [
      `this unit is not active, so it has no role to hand over; ask the active one, which answers at ${setup.sharedAddress}`,
    ];
  if (partner.kind !== "up")
    return [
      `the partner link is down${partner.kind === "off" ? "" : `: ${partner.reason}`}; see hareport on both units`,
    ];
  const { status } = partner;
  const obstacles: string[] = [];
  if (status.hamode !== 3 - setup.mode) obstacles.push(`the partner has HA mode ${status.hamode}`);
  if (status.role === "master") obstacles.push("both units are active; see hareport on both");
  else if (status.pacified !== undefined) obstacles.push(pacifiedInWords("the partner", status.pacified));
  else if (status.role !== "backup") obstacles.push(`the partner takes no part in CARP (${status.role})`);
  if (status.vhid !== own.vhid) obstacles.push("the HA Virtual ID differs between the units");
  if (status.sharedAddress !== own.sharedAddress)
    obstacles.push("the shared address differs between the units");
  const [theirs, ours] = [status.demotion ?? 0, own.demotion ?? 0];
  if (theirs > ours)
    obstacles.push(`the partner is worse off than this unit (demotion ${theirs} against ${ours})`);
  if (status.digest !== own.digest)
    obstacles.push("the partner does not have the present configuration yet; see forcepartnerupdate");
  return obstacles;
}

const refused = (reasons: readonly string[]): Result<never, Failure> =>
  err({ code: 422, message: `hahandover: not possible: ${reasons.join("; ")}; nothing was changed` });

/** Hands over, and waits until the role has moved. */
export async function handOver(parts: HandOverParts): Promise<Result<HandOverView, Failure>> {
  const begun = await parts.inTurn(() => begin(parts));
  if (!begun.ok || !begun.value.isOrdered) return begun.ok ? ok(begun.value.view) : begun;
  return moved(parts, begun.value.view, begun.value.orderedAt);
}

type Begun =
  | { readonly view: HandOverView; readonly isOrdered: false }
  | { readonly view: HandOverView; readonly isOrdered: true; readonly orderedAt: WallMillis };

async function begin(parts: HandOverParts): Promise<Result<Begun, Failure>> {
  const { carp, partner, own, preferred, log } = parts;
  const setup = parts.setup();
  // What a partner said before it fell silent is no reason: it may have died as the active one.
  if (setup.kind === "pair" && partner.state.kind === "up" && !(await partner.answers(partnerAnswerMs)))
    return refused([`the partner has not answered within ${partnerAnswerMs} ms`]);
  const state = carp.status?.role === "master" ? await inStep(partner, own().digest) : partner.state;
  const obstacles = handOverObstacles(setup, carp.status, own(), state);
  if (obstacles.length > 0 || setup.kind !== "pair") return refused(obstacles);
  const view = viewOf(setup, preferred());
  if (!parts.isOwnAddress) {
    setTimeout(() => void order(parts), answerFirstMs);
    return ok({
      isOrdered: false,
      view: {
        ...view,
        message: `${view.from} hands over to ${view.to} now; the address of this call moves with the role, so see hastatus at the units' own addresses`,
      },
    });
  }
  const orderedAt = Date.now();
  const given = await order(parts);
  if (!given.ok) {
    log("warn", "hand-over-refused", { reason: given.error });
    return refused([given.error]);
  }
  return ok({ isOrdered: true, orderedAt, view: { ...view, at: Date.now() } });
}

/** The partner with the present configuration, which it may not have yet, or not have said that it has. */
async function inStep(partner: HandOverParts["partner"], digest: string): Promise<PartnerState> {
  const { state } = partner;
  if (state.kind !== "up" || state.status.digest === digest) return state;
  const outcome = await partner.forceUpdate();
  const now = partner.state;
  // Words that it had said before it took the document may come after its answer.
  return outcome.taken && now.kind === "up"
    ? { kind: "up", status: { ...now.status, digest: outcome.digest, revision: outcome.revision } }
    : now;
}

async function order({ carp, log }: HandOverParts): Promise<Result<null, string>> {
  log("info", "hand-over-ordered", {});
  return carp.handOver();
}

function viewOf(setup: Pair, preferred: number): HandOverView {
  const [from, to] = [`HA${setup.mode}`, `HA${3 - setup.mode}`];
  return {
    from,
    to,
    message: `${to} is active`,
    ...(preferred === setup.mode
      ? {
          warning: `${from} is the preferred host and takes the role back at once; set haprefered 0 for a role that stays`,
        }
      : {}),
  };
}

/** What became of the order, seen from the unit that gave the role up. */
async function moved(
  { carp, partner, log }: HandOverParts,
  view: HandOverView,
  orderedAt: WallMillis,
): Promise<Result<HandOverView, Failure>> {
  const begunAt: Millis = performance.now();
  while (performance.now() - begunAt < movedWaitMs) {
    if (carp.status?.role === "master") {
      const outcome = `${view.from} is active again: ${carp.status.reason}`;
      log("warn", "hand-over-undone", { reason: carp.status.reason });
      return view.warning === undefined || !isHeardSince(carp.status, orderedAt)
        ? err({ code: 503, message: `hahandover: ${view.to} did not keep the role, and ${outcome}` })
        : ok({ ...view, message: `${view.to} was active for a moment, and ${outcome}` });
    }
    if (partner.state.kind === "up" && partner.state.status.role === "master") {
      log("info", "handed-over", { to: view.to });
      return ok(view);
    }
    if (carp.status?.role === "backup" && isHeardSince(carp.status, carp.status.since)) return ok(view);
    await new Promise((resolve) => setTimeout(resolve, lookIntervalMs));
  }
  return err({
    code: 503,
    message: `hahandover: ${view.from} has given the role up, and ${view.to} has not said within ${movedWaitMs} ms that it has it; see hastatus at both units`,
  });
}

/** None but an active unit is heard. */
const isHeardSince = ({ peer }: CarpRoleStatus, moment: WallMillis): boolean =>
  peer !== undefined && peer !== null && !peer.bowedOut && peer.heardAt >= moment;
