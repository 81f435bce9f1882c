/**
 * A LoadMaster's licence as the LoadMaster sees it (SPEC ML2, ML7): a pure step machine. The unit's program feeds it,
 * and the tests do.
 *
 *                  granted              check not answered, or refused            graceMs
 *     unlicensed ──────────▶ licensed ─────────────────────────────────▶ grace ───────────▶ over
 *         ▲                   ▲   │                                      │   │               │
 *         │                   └───┼──────────── held, or granted ────────┘   │               │
 *         └─── released ──────────┴──────────────────────────────────────────┴───────────────┘
 *
 *     | state      | due                       | services can be added |
 *     | unlicensed | nothing                   | yes                   |
 *     | licensed   | a check, daily            | yes                   |
 *     | grace      | a check, hourly           | yes                   |
 *     | over       | a check, hourly           | no                    |
 *
 * Invariants: what a step says to keep is on disk before what it says to send is sent; a request number that was kept is
 * never used for a second request; a grant counts only if it is for this unit, this request and this type, and signed by
 * the key that is pinned for the Central, or named by the grant itself where none was pinned; a licence is never lost by
 * an answer that could not be trusted.
 */
import { unreachable } from "@tandem/base/assert";
import { hour, type Millis, minute, type WallMillis } from "@tandem/base/time";
import {
  type LicenceCheck,
  type LicenceGrant,
  type LicensingCentral,
  type LicensingId,
  requestNumberMax,
} from "./wire.ts";

/** How often a Central is asked while the licence does not hold, before the spread. */
export const graceRetryMs: number = hour;
/** After its start a unit whose check is due asks within this. */
export const firstCheckWithinMs: number = minute;
/** How often the clock of the licence is kept: a restart may lose this much of it where the machine's clock is behind. */
export const clockKeptEveryMs: number = 10 * minute;

/** Where a Central is, and the SHA-256 of the key that its TLS certificate has to show. */
export type CentralAddress = {
  readonly address: string;
  readonly port: number;
  readonly certificateFingerprint: string;
};

export type HeldLicence = {
  readonly grant: LicenceGrant;
  /** The grant as it came, which goes with every check. */
  readonly text: string;
  /** Whom the unit may turn to, pinned: from the grant, and from what was signed since. */
  readonly centrals: readonly LicensingCentral[];
  /** When a Central last said that it holds, by the clock of the licence. */
  readonly heldAt: WallMillis;
};

/** An activation that was sent, and of which no answer is known. */
export type Attempt = { readonly number: number; readonly type: string; readonly central: CentralAddress };

export type Stand =
  | { readonly kind: "unlicensed" }
  | { readonly kind: "licensed"; readonly licence: HeldLicence }
  /** `since` by the clock of the licence; `reason` in words. */
  | {
      readonly kind: "grace" | "over";
      readonly licence: HeldLicence;
      readonly since: WallMillis;
      readonly reason: string;
    };

/** What is on disk. */
export type KeptLicence = {
  readonly stand: Stand;
  /** The greatest request number that was ever used; 0: none. */
  readonly number: number;
  readonly attempt: Attempt | null;
  /**
   * The clock of the licence: as fast as the monotonic one and never behind the greatest wall time that was seen, so
   * that setting the machine's clock back does not lengthen the grace. It goes on from here after a restart.
   */
  readonly clock: WallMillis;
};

type Doing =
  | { readonly kind: "nothing" }
  /** `asked`: an operator waits for the outcome. `numberWasRaised`: once is enough. */
  | {
      readonly kind: "activating";
      readonly attempt: Attempt;
      readonly asked: boolean;
      readonly numberWasRaised: boolean;
    }
  /** `left`: who is asked next. `found`: what those before have said. */
  | {
      readonly kind: "checking";
      readonly central: AskableCentral;
      readonly left: readonly AskableCentral[];
      readonly found: readonly string[];
      readonly asked: boolean;
    }
  | { readonly kind: "releasing"; readonly force: boolean };

export type UnitLicence = KeptLicence & {
  readonly unit: LicensingId;
  /** When `clock` was right. */
  readonly heardAt: Millis;
  readonly checkDueAt: Millis;
  readonly keepDueAt: Millis;
  readonly doing: Doing;
};

/** `spread`: 0 to 1, so that many units do not ask at once. */
export type Moment = { readonly now: Millis; readonly wall: WallMillis; readonly spread: number };

export type Answer =
  | {
      readonly kind: "granted";
      readonly grant: LicenceGrant;
      readonly text: string;
      /** The key that has signed it. */
      readonly key: string;
    }
  | { readonly kind: "checked"; readonly check: LicenceCheck }
  | { readonly kind: "released" }
  /** The Central said no. `lastNumber` where it heard a greater request number before. */
  | {
      readonly kind: "refused";
      readonly code: string;
      readonly message: string;
      readonly remedy: string;
      readonly lastNumber: number | null;
    }
  | { readonly kind: "no-answer"; readonly reason: string }
  /** Another key than the pinned one, or a document that is not what it should be. */
  | { readonly kind: "not-trusted"; readonly reason: string };

export type Input =
  | { readonly kind: "tick" }
  | { readonly kind: "activate"; readonly type: string; readonly central: CentralAddress }
  | { readonly kind: "check" }
  /** `force`: the licence ends here although no Central could be told. */
  | { readonly kind: "release"; readonly force: boolean }
  | { readonly kind: "answer"; readonly answer: Answer };

export type Send =
  | {
      readonly purpose: "activate";
      readonly number: number;
      readonly type: string;
      readonly central: CentralAddress;
    }
  /** The answer has to be signed by `key`. */
  | {
      readonly purpose: "check";
      readonly number: number;
      readonly central: CentralAddress;
      readonly grant: string;
      readonly key: string;
    }
  | { readonly purpose: "release"; readonly number: number; readonly central: CentralAddress };

export type LicenceFault = { readonly code: string; readonly message: string; readonly remedy: string };
/** For who has asked for something. */
export type Outcome =
  | { readonly ok: true; readonly words: string }
  | { readonly ok: false; readonly fault: LicenceFault };

/** For the log, at changes. */
export type Note =
  | { readonly kind: "licensed"; readonly type: string; readonly central: string; readonly number: number }
  | { readonly kind: "held-again"; readonly central: string }
  | { readonly kind: "grace"; readonly reason: string; readonly graceMs: number }
  | { readonly kind: "grace-over"; readonly reason: string }
  | { readonly kind: "activation-failed"; readonly code: string; readonly message: string }
  | { readonly kind: "released"; readonly told: boolean };

export type Step = {
  readonly state: UnitLicence;
  /** On disk before `send`. */
  readonly keep: KeptLicence | null;
  readonly send: Send | null;
  readonly outcome: Outcome | null;
  readonly notes: readonly Note[];
};

export const neverLicensed = (clock: WallMillis): KeptLicence => ({
  stand: { kind: "unlicensed" },
  number: 0,
  attempt: null,
  clock,
});

/** After a start of the program, from what is on disk. */
export function startedLicence(unit: LicensingId, kept: KeptLicence, at: Moment): UnitLicence {
  const clock = Math.max(kept.clock, at.wall);
  const { stand } = kept;
  const soon = firstCheckWithinMs * at.spread;
  const restMs =
    stand.kind === "licensed" ? stand.licence.heldAt + stand.licence.grant.checkIntervalMs - clock : 0;
  return {
    ...kept,
    clock,
    unit,
    heardAt: at.now,
    checkDueAt: at.now + Math.max(soon, restMs),
    keepDueAt: at.now,
    doing: { kind: "nothing" },
  };
}

export const keptOf = ({ stand, number, attempt, clock }: UnitLicence): KeptLicence => ({
  stand,
  number,
  attempt,
  clock,
});

/** When the next tick is due; null: never, as long as nothing is asked for. */
export function licenceWakeAt(state: UnitLicence): Millis | null {
  const { stand, doing, heardAt, clock } = state;
  if (stand.kind === "unlicensed") return null;
  const overAt = stand.kind === "grace" ? [heardAt + stand.since + stand.licence.grant.graceMs - clock] : [];
  return Math.min(state.keepDueAt, ...overAt, ...(doing.kind === "nothing" ? [state.checkDueAt] : []));
}

export function stepLicence(before: UnitLicence, input: Input, at: Moment): Step {
  const { state, notes } = timePassed(before, at);
  const step = stepAt(state, input, at);
  const said = [...notes, ...step.notes];
  const isKept = said.length > 0 || (state.stand.kind !== "unlicensed" && at.now >= state.keepDueAt);
  if (step.keep === null && !isKept) return { ...step, notes: said };
  const next = { ...step.state, keepDueAt: at.now + clockKeptEveryMs };
  return { ...step, state: next, keep: keptOf(next), notes: said };
}

function stepAt(state: UnitLicence, input: Input, at: Moment): Step {
  const { doing, stand } = state;
  switch (input.kind) {
    case "tick":
      return doing.kind === "nothing" && stand.kind !== "unlicensed" && at.now >= state.checkDueAt
        ? beginCheck(state, stand, false, at)
        : still(state);
    case "activate":
      if (doing.kind !== "nothing") return refusedNow(state, busy);
      return beginActivation(state, { type: input.type, central: input.central, asked: true });
    case "check":
      if (doing.kind !== "nothing") return refusedNow(state, busy);
      return stand.kind === "unlicensed" ? refusedNow(state, noLicence) : beginCheck(state, stand, true, at);
    case "release":
      if (doing.kind !== "nothing") return refusedNow(state, busy);
      return stand.kind === "unlicensed"
        ? refusedNow(state, noLicence)
        : beginRelease(state, stand, input.force);
    case "answer":
      switch (doing.kind) {
        case "nothing":
          return still(state);
        case "activating":
          return activationAnswered({ ...state, doing: { kind: "nothing" } }, doing, input.answer, at);
        case "checking":
          return checkAnswered({ ...state, doing: { kind: "nothing" } }, doing, input.answer, at);
        case "releasing":
          return releaseAnswered({ ...state, doing: { kind: "nothing" } }, doing.force, input.answer);
        default:
          return unreachable(doing);
      }
    default:
      return unreachable(input);
  }
}

const still = (state: UnitLicence): Step => ({ state, keep: null, send: null, outcome: null, notes: [] });
const refusedNow = (state: UnitLicence, fault: LicenceFault): Step => ({
  ...still(state),
  outcome: { ok: false, fault },
});

const busy: LicenceFault = {
  code: "busy",
  message: "a Central is being asked about the licence already",
  remedy: "try again in a few seconds",
};
const noLicence: LicenceFault = {
  code: "no-licence",
  message: "this unit has no licence",
  remedy: "activate one first",
};

// Time.

function timePassed(
  before: UnitLicence,
  at: Moment,
): { readonly state: UnitLicence; readonly notes: Note[] } {
  const clock = Math.max(before.clock + Math.max(0, at.now - before.heardAt), at.wall);
  const state: UnitLicence = { ...before, clock, heardAt: at.now };
  const { stand } = state;
  if (stand.kind !== "grace" || clock - stand.since < stand.licence.grant.graceMs)
    return { state, notes: [] };
  return {
    state: { ...state, stand: { ...stand, kind: "over" } },
    notes: [{ kind: "grace-over", reason: stand.reason }],
  };
}

/** Within the interval, so that a licence is looked at daily and not somewhat later each day. */
const nextCheck = ({ grant }: HeldLicence, at: Moment): Millis =>
  at.now + grant.checkIntervalMs * (1 - 0.05 * at.spread);
const nextRetry = ({ grant }: HeldLicence, at: Moment): Millis =>
  at.now + Math.min(graceRetryMs, grant.checkIntervalMs) * (0.75 + 0.5 * at.spread);

// Activation.

function beginActivation(
  state: UnitLicence,
  wanted: { readonly type: string; readonly central: CentralAddress; readonly asked: boolean },
  raised?: { readonly lastNumber: number },
): Step {
  const { type, central, asked } = wanted;
  const number = Math.max(state.number, raised?.lastNumber ?? 0) + 1;
  if (number > requestNumberMax)
    return refusedNow(state, {
      code: "numbers-used-up",
      message: `the Central has heard the request number ${number - 1}, after which there is none`,
      remedy: "ask who runs the Central: no LoadMaster comes to such a number by itself",
    });
  const attempt: Attempt = { number, type, central };
  const next: UnitLicence = {
    ...state,
    number,
    attempt,
    doing: { kind: "activating", attempt, asked, numberWasRaised: raised !== undefined },
  };
  return { ...still(next), keep: keptOf(next), send: { purpose: "activate", number, type, central } };
}

function activationAnswered(
  state: UnitLicence,
  doing: Extract<Doing, { kind: "activating" }>,
  answer: Answer,
  at: Moment,
): Step {
  const { attempt, asked } = doing;
  switch (answer.kind) {
    case "granted": {
      const wrong = grantFault(state, attempt, answer);
      return wrong === undefined
        ? granted(state, attempt, answer, at)
        : failed(
            state,
            { code: "grant-not-trusted", message: `the grant is not taken: ${wrong}`, remedy: lookAtCentral },
            asked,
          );
    }
    case "refused":
      if (answer.lastNumber !== null && answer.lastNumber >= attempt.number && !doing.numberWasRaised)
        return beginActivation(state, { ...attempt, asked }, { lastNumber: answer.lastNumber });
      return failed({ ...state, attempt: null }, answer, asked);
    case "no-answer":
      return failed(
        state,
        {
          code: "no-answer",
          message: `the Central does not answer: ${answer.reason}`,
          remedy: "look at its address and port, and whether it runs; then activate again",
        },
        asked,
      );
    case "not-trusted":
      return failed(
        state,
        {
          code: "grant-not-trusted",
          message: `the answer is not taken: ${answer.reason}`,
          remedy: lookAtCentral,
        },
        asked,
      );
    case "checked":
    case "released":
      return failed(
        state,
        {
          code: "grant-not-trusted",
          message: "the Central has answered something else",
          remedy: lookAtCentral,
        },
        asked,
      );
    default:
      return unreachable(answer);
  }
}

const lookAtCentral =
  "compare the fingerprint with the one that the Central shows, and whether it is the Central that was meant";

/** Why a grant does not count; undefined when it does. */
function grantFault(
  { unit, stand }: UnitLicence,
  { number, type, central }: Attempt,
  { grant, key }: Extract<Answer, { kind: "granted" }>,
): string | undefined {
  const [own] = grant.centrals;
  if (grant.unit !== unit) return `it is for the LoadMaster ${grant.unit}, and this one is ${unit}`;
  if (grant.number !== number) return `it answers request ${grant.number}, and ${number} was sent`;
  if (grant.type !== type) return `it is of the type ${grant.type}, and ${type} was asked for`;
  if (own === undefined || own.unit !== grant.central || own.key !== key)
    return "the Central that it names first is not the one that has signed it";
  if (own.certificateFingerprint !== central.certificateFingerprint)
    return "it names another TLS key of the Central than the one that has answered";
  const pinned =
    stand.kind === "unlicensed"
      ? undefined
      : stand.licence.centrals.find((each) => each.unit === grant.central);
  if (pinned !== undefined && pinned.key !== null && pinned.key !== key)
    return `it is signed by another key than the one that is known of the Central ${pinned.name}`;
  return undefined;
}

function granted(
  state: UnitLicence,
  attempt: Attempt,
  { grant, text }: Extract<Answer, { kind: "granted" }>,
  at: Moment,
): Step {
  // How the unit has reached the Central is better known than how the Central believes to be reached.
  const centrals = grant.centrals.map((each, index) =>
    index === 0 ? { ...each, address: attempt.central.address, port: attempt.central.port } : each,
  );
  const licence: HeldLicence = { grant, text, centrals, heldAt: state.clock };
  const next: UnitLicence = {
    ...state,
    stand: { kind: "licensed", licence },
    attempt: null,
    checkDueAt: nextCheck(licence, at),
  };
  const name = centrals[0]?.name ?? grant.central;
  return {
    ...still(next),
    keep: keptOf(next),
    outcome: { ok: true, words: `licensed by ${name}` },
    notes: [{ kind: "licensed", type: grant.type, central: name, number: grant.number }],
  };
}

/** An activation that has led to nothing leaves the licence as it was. */
function failed(state: UnitLicence, { code, message, remedy }: LicenceFault, asked: boolean): Step {
  return {
    ...still(state),
    keep: keptOf(state),
    outcome: asked ? { ok: false, fault: { code, message, remedy } } : null,
    notes: [{ kind: "activation-failed", code, message }],
  };
}

// Checks.

type AskableCentral = LicensingCentral & {
  readonly address: string;
  readonly certificateFingerprint: string;
  readonly key: string;
};
const isAskable = (central: LicensingCentral): central is AskableCentral =>
  central.address !== null && central.certificateFingerprint !== null && central.key !== null;

/** The one that has granted it first. */
function askable({ grant, centrals }: HeldLicence): AskableCentral[] {
  const all = centrals.filter(isAskable);
  return [
    ...all.filter(({ unit }) => unit === grant.central),
    ...all.filter(({ unit }) => unit !== grant.central),
  ];
}

const addressOf = ({ address, port, certificateFingerprint }: AskableCentral): CentralAddress => ({
  address,
  port,
  certificateFingerprint,
});

type Licensed = Exclude<Stand, { kind: "unlicensed" }>;

function beginCheck(state: UnitLicence, { licence }: Licensed, asked: boolean, at: Moment): Step {
  const [first, ...left] = askable(licence);
  return first === undefined
    ? notHeld(state, "it is not known where a Central that could be asked is", asked, at)
    : ask(state, licence, first, { left, found: [], asked });
}

function ask(
  state: UnitLicence,
  { grant, text }: HeldLicence,
  central: AskableCentral,
  rest: Pick<Extract<Doing, { kind: "checking" }>, "left" | "found" | "asked">,
): Step {
  return {
    ...still({ ...state, doing: { kind: "checking", central, ...rest } }),
    send: {
      purpose: "check",
      number: grant.number,
      central: addressOf(central),
      grant: text,
      key: central.key,
    },
  };
}

function checkAnswered(
  state: UnitLicence,
  doing: Extract<Doing, { kind: "checking" }>,
  answer: Answer,
  at: Moment,
): Step {
  const { stand } = state;
  if (stand.kind === "unlicensed") return still(state);
  const { central, asked } = doing;
  const goOn = (found: string): Step => {
    const all = [...doing.found, `${central.name}: ${found}`];
    const [next, ...left] = doing.left;
    return next === undefined
      ? notHeld(state, all.join("; "), asked, at)
      : ask(state, stand.licence, next, { left, found: all, asked });
  };
  switch (answer.kind) {
    case "checked": {
      const { check } = answer;
      if (
        check.unit !== state.unit ||
        check.number !== stand.licence.grant.number ||
        check.central !== central.unit
      )
        return goOn("it has answered about something else");
      switch (check.state) {
        case "held":
          return held(state, stand, check, central, asked, at);
        case "not-known":
          return goOn(check.message === "" ? "it does not know the licence" : check.message);
        case "ended":
          return notHeld(state, `${central.name}: ${check.message}`, asked, at);
        case "superseded":
          return superseded(notHeld(state, `${central.name}: ${check.message}`, asked, at), stand.licence);
        default:
          return unreachable(check.state);
      }
    }
    case "refused":
      return goOn(answer.message);
    case "no-answer":
    case "not-trusted":
      return goOn(answer.reason);
    case "granted":
    case "released":
      return goOn("it has answered something else");
    default:
      return unreachable(answer);
  }
}

/** What superseded it may be this unit's own later request, the grant of which was lost on its way: it is sent anew. */
function superseded(step: Step, { grant }: HeldLicence): Step {
  const { state } = step;
  const { attempt } = state;
  if (attempt === null || attempt.number <= grant.number) return step;
  const again = beginActivation(state, { ...attempt, asked: false });
  return { ...again, outcome: step.outcome, notes: [...step.notes, ...again.notes] };
}

function held(
  state: UnitLicence,
  stand: Licensed,
  check: LicenceCheck,
  asked: AskableCentral,
  isAsked: boolean,
  at: Moment,
): Step {
  const licence: HeldLicence = {
    ...stand.licence,
    // The unit's own way to the Central that answers has just been proved.
    centrals: check.centrals.map((each) =>
      each.unit === asked.unit ? { ...each, address: asked.address, port: asked.port } : each,
    ),
    heldAt: state.clock,
  };
  const next: UnitLicence = {
    ...state,
    stand: { kind: "licensed", licence },
    checkDueAt: nextCheck(licence, at),
  };
  return {
    ...still(next),
    keep: keptOf(next),
    outcome: isAsked ? { ok: true, words: `${asked.name} says that the licence holds` } : null,
    notes: stand.kind === "licensed" ? [] : [{ kind: "held-again", central: asked.name }],
  };
}

function notHeld(state: UnitLicence, reason: string, asked: boolean, at: Moment): Step {
  const { stand } = state;
  if (stand.kind === "unlicensed") return still(state);
  const { licence } = stand;
  const next: UnitLicence = {
    ...state,
    stand:
      stand.kind === "licensed"
        ? { kind: "grace", licence, since: state.clock, reason }
        : { ...stand, reason },
    checkDueAt: nextRetry(licence, at),
  };
  const fault: LicenceFault = {
    code: "not-held",
    message: `the licence is not confirmed: ${reason}`,
    remedy: "look at the Central, or license again",
  };
  return {
    ...still(next),
    keep: keptOf(next),
    outcome: asked ? { ok: false, fault } : null,
    notes: stand.kind === "licensed" ? [{ kind: "grace", reason, graceMs: licence.grant.graceMs }] : [],
  };
}

// Release.

function beginRelease(state: UnitLicence, { licence }: Licensed, force: boolean): Step {
  const central = askable(licence).find(({ unit }) => unit === licence.grant.central);
  if (central === undefined)
    return force
      ? released(state, false)
      : refusedNow(state, notToldOf("it is not known where the Central is"));
  return {
    ...still({ ...state, doing: { kind: "releasing", force } }),
    send: { purpose: "release", number: licence.grant.number, central: addressOf(central) },
  };
}

function releaseAnswered(state: UnitLicence, force: boolean, answer: Answer): Step {
  if (answer.kind === "released") return released(state, true);
  if (force) return released(state, false);
  const reason =
    answer.kind === "no-answer" || answer.kind === "not-trusted"
      ? answer.reason
      : answer.kind === "refused"
        ? answer.message
        : "the Central has answered something else";
  return refusedNow(state, notToldOf(reason));
}

const notToldOf = (reason: string): LicenceFault => ({
  code: "not-released",
  message: `the licence was not given back: ${reason}`,
  remedy:
    "try again once the Central answers; with force it ends here alone, and the Central goes on counting it until somebody recovers it there",
});

function released(state: UnitLicence, told: boolean): Step {
  const next: UnitLicence = { ...state, stand: { kind: "unlicensed" }, attempt: null };
  return {
    ...still(next),
    keep: keptOf(next),
    outcome: {
      ok: true,
      words: told ? "the licence was given back" : "the licence has ended here; the Central was not told",
    },
    notes: [{ kind: "released", told }],
  };
}

// What people see.

/** When the grace ends by the machine's clock, as it shows now; null outside the grace. */
export function graceEndsAt({ stand, clock }: UnitLicence, wall: WallMillis): WallMillis | null {
  if (stand.kind !== "grace" && stand.kind !== "over") return null;
  return wall + stand.since + stand.licence.grant.graceMs - clock;
}

export type LicenceNotice = {
  readonly level: "info" | "warning" | "danger";
  readonly title: string;
  readonly text: string;
};

/** What the home page says of the licence; null when there is nothing to say. */
export function licenceNotice(state: UnitLicence): LicenceNotice | null {
  const { stand, attempt, clock } = state;
  switch (stand.kind) {
    case "unlicensed":
      return attempt === null
        ? null
        : {
            level: "info",
            title: "An activation of this unit's licence was not answered",
            text: `${attempt.central.address} may have granted it all the same: activate again.`,
          };
    case "licensed":
      return null;
    case "grace": {
      const days = Math.max(0, Math.ceil((stand.since + stand.licence.grant.graceMs - clock) / (24 * hour)));
      return {
        level: "warning",
        title: "This unit's licence is not confirmed",
        text: `${stand.reason}. Traffic goes on. ${days === 1 ? "One day is" : `${days} days are`} left until no service can be added any more.`,
      };
    }
    case "over":
      return {
        level: "danger",
        title: "This unit's licence has not been confirmed for too long",
        text: `${stand.reason}. Traffic goes on, and services can be changed; none can be added until this unit is licensed again.`,
      };
    default:
      return unreachable(stand);
  }
}

/** Why no service can be added; null when one can. */
export const additionFault = ({ stand }: UnitLicence): LicenceFault | null =>
  stand.kind === "over"
    ? {
        code: "licence-over",
        message: `no service can be added: this unit's licence has not been confirmed for too long (${stand.reason})`,
        remedy:
          "license it again (System Administration, Licence, or aslactivate), or give the licence back (killaslinstance) if it shall have none; traffic and changes of services go on",
      }
    : null;
