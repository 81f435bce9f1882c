/** The steps of the guided procedures (SPEC LH10): how two units become a pair, and how a pair ends. */
import { setTimeout as pause } from "node:timers/promises";
import type { Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import type { PairingCheck, PairingFacts, unpairParameters } from "@tandem/loadmaster-api/pairing";
import type { Values } from "@tandem/loadmaster-api/parameters";
import type { NetworkInterface } from "../configuration-file.ts";
import { heldAlone } from "../services/address-rules.ts";
import { digestOf, type UnitDocument } from "../state/document.ts";
import type { Author, Unit } from "../unit.ts";
import type { Membership } from "./job-store.ts";
import { asFirst, asLast, type PairShape, withMembership } from "./membership.ts";
import { neverArrived, type Partner } from "./partner.ts";
import { done, failed, type StepOutcome, type StepPlan } from "./procedure.ts";

export const activeWithinMs = 15_000;
export const linkWithinMs = 30_000;
export const synchronisedWithinMs = 60_000;
/** Beyond the HA timeout: a standby that has stood so long has heard the active one. */
export const standbyWithinMs = 30_000;
/** Both may be active for one exchange of CARP, not for so long. */
export const bothActiveMaxMs = 3_000;
const lookIntervalMs = 100;
const askIntervalMs = 500;

export type UnpairValues = Values<typeof unpairParameters>;
export type Shape = PairShape & { readonly on: NetworkInterface; readonly overwrite: boolean };

/** What the steps need of the unit that runs them. */
export type PlanSide = {
  readonly unit: Unit;
  /** What this unit says of itself. */
  facts(): PairingFacts;
  checks(shape: Shape, partner: Partner): Promise<readonly PairingCheck[]>;
  backUp(partner: Partner | undefined): Promise<StepOutcome>;
  /** Changes the document; `seamless` where this unit holds its addresses all the time. */
  changed(
    caller: Author,
    edit: (document: UnitDocument) => UnitDocument,
    seamless?: true,
  ): Promise<Result<object, Failure>>;
};

export function joinPlan(
  side: PlanSide,
  kind: "pair" | "replace",
  shape: Shape,
  partner: Partner,
  before: Membership,
  caller: Author,
): StepPlan[] {
  const { unit } = side;
  let asked = false;
  return [
    {
      name: "check",
      about: "look whether the two units can be a pair",
      act: async () => {
        const faults = (await side.checks(shape, partner)).filter((each) => each.ok === false);
        return faults.length === 0
          ? done("everything is well")
          : failed(
              faults.map((each) => `${each.name}: ${each.found}`).join("; "),
              faults.map((each) => each.remedy).join("; "),
            );
      },
    },
    { name: "backup", about: "keep a backup of both units", act: () => side.backUp(partner) },
    {
      name: "this unit",
      about:
        kind === "pair"
          ? `this unit becomes HA${shape.mode} and is active at once`
          : `this unit takes ${shape.partner} as its partner`,
      act: async () => {
        const made = await side.changed(caller, (now) => asFirst(now, shape), true);
        if (!made.ok) return failed(made.error.message, "put this right, then give the command again");
        return (await until(() => unit.haStatus === "Active", activeWithinMs))
          ? done(`it is active, with ${shape.shared}`)
          : failed(
              `it is ${unit.haStatus}: ${unit.carpStatus?.reason ?? "carpd does not answer"}`,
              "look at the reason and at carpd.log in the state directory",
            );
      },
      undo: async () => {
        const made = await side.changed(caller, (now) => withMembership(now, before), true);
        return made.ok
          ? done("this unit is set as it was before")
          : failed(made.error.message, "give haunpair gone=yes once the other unit is out of the pair");
      },
    },
    {
      name: "partner",
      about: `${shape.partner} becomes HA${3 - shape.mode}`,
      act: async () => {
        const { on, mode, shared, partnerKey, overwrite } = shape;
        const { vhid, timeout, fast } = unit.document.shared.ha;
        const joined = await partner.join({
          partner: on.address,
          interface: on.id,
          shared,
          vhid,
          timeout,
          fast: fast === true,
          mode: String(3 - mode),
          partnerkey: partnerKey,
          overwrite,
        });
        asked = joined.ok || !neverArrived(joined.error);
        return joined.ok
          ? done("it has joined")
          : failed(joined.error.message, "put this right on the other unit, then give the command again");
      },
      undo: async () => {
        if (!asked) return done("the other unit was never asked");
        const left = await partner.leave("before");
        return left.ok || neverWasThere(left.error)
          ? done("the other unit is as it was before")
          : failed(
              `the other unit cannot be asked to leave: ${left.error.message}`,
              "this unit stays active, without a partner: give the same command again once the other one is back, or haunpair gone=yes if it never will be",
            );
      },
    },
    {
      name: "link",
      about: "the two find each other on the partner link",
      act: async () => {
        if (await until(() => linkIsUp(unit), linkWithinMs)) return done("it is up");
        const { partnerState } = unit;
        return failed(
          "reason" in partnerState ? partnerState.reason : "it does not come up",
          `let TCP ${unit.configuration.partnerPort} through between the units, in both directions`,
        );
      },
    },
    {
      name: "synchronised",
      about: "the other unit has the whole configuration",
      act: async () => {
        const same = (): boolean => {
          const { partnerState, document } = unit;
          const digest = digestOf(document.shared);
          return (
            partnerState.kind === "up" &&
            partnerState.status.digest === digest &&
            document.agreedDigest === digest
          );
        };
        const bothActive = lasting(bothActiveMaxMs, () => {
          const { partnerState } = unit;
          return partnerState.kind === "up" && partnerState.status.role === "master";
        });
        await until(() => same() || bothActive(), synchronisedWithinMs);
        if (bothActive()) return failed("both units are active", carpRemedy);
        return same()
          ? done(`revision ${unit.revision}, digest ${digestOf(unit.document.shared).slice(0, 16)}`)
          : failed(
              `the other unit has not taken the configuration: ${unit.haProblems.join("; ") || "no answer"}`,
              "look into the other unit's log for configuration-not-accepted",
            );
      },
    },
    {
      name: "standby",
      about: "the other unit is standby and ready",
      act: () => standsBy(side, partner),
    },
  ];
}

export function dissolvePlan(
  side: PlanSide,
  { leaver, gone, sharedaddress }: UnpairValues,
  address: string,
  partner: Partner | undefined,
  caller: Author,
): StepPlan[] {
  const { unit } = side;
  return [
    { name: "backup", about: "keep a backup", act: () => side.backUp(partner) },
    {
      name: "leave",
      about: gone === true ? `${address} is gone for good` : `${address} leaves the pair`,
      act: async () => {
        if (partner === undefined) {
          // Both would hold the addresses if it were there and heard nothing of it.
          if (linkIsUp(unit) || side.facts().hearsPartner)
            return failed(
              `${address} is still there`,
              "give its password and fingerprint instead of gone=yes, or switch it off",
            );
          return done("nothing is heard of it");
        }
        const facts = await partner.facts();
        if (facts.ok && facts.value.hastatus === "Active")
          return failed("it is active itself", "look at hareport of both units first");
        const left = await partner.leave(leaver === "empty" ? "empty" : "keep");
        return left.ok
          ? done(
              leaver === "empty" ? "it is single and empty" : "it is single, with the services switched off",
            )
          : failed(
              left.error.message,
              "give the command again once it can be reached, or gone=yes if it is dead for good",
            );
      },
    },
    {
      name: "single",
      about: "this unit is single and goes on",
      act: async () => {
        const made = await side.changed(
          caller,
          (now) => asLast(now, sharedaddress === "drop" ? "drop" : "keep"),
          true,
        );
        if (!made.ok)
          return failed(
            made.error.message,
            "this unit is still active, without a partner; put this right, then give haunpair gone=yes",
          );
        return done(
          `it holds ${heldAlone(unit.addressFacts(), unit.document)
            .map((each) => each.address)
            .join(", ")}`,
        );
      },
    },
  ];
}

async function standsBy({ unit }: PlanSide, partner: Partner): Promise<StepOutcome> {
  const deadline = performance.now() + standbyWithinMs + unit.document.shared.ha.timeout * 3_000;
  let active = false;
  const bothActive = lasting(bothActiveMaxMs, () => active);
  for (;;) {
    const facts = await partner.facts();
    active = facts.ok && facts.value.hastatus === "Active";
    // Where its API listens does not keep it from standing in.
    const faults = facts.ok ? facts.value.problems.filter((each) => !each.startsWith("API:")) : [];
    const ready =
      facts.ok &&
      facts.value.hastatus === "Standby" &&
      facts.value.hearsPartner &&
      faults.length === 0 &&
      unit.haStatus === "Active";
    if (ready) return done("this unit is active, the other one standby");
    if (bothActive() || performance.now() > deadline) {
      const found = facts.ok
        ? [
            `it is ${facts.value.hastatus}`,
            ...(facts.value.hearsPartner ? [] : ["it does not hear this unit's CARP"]),
            ...faults,
          ].join("; ")
        : facts.error.message;
      return failed(found, active ? carpRemedy : "put right what it reports, then give the command again");
    }
    await pause(askIntervalMs);
  }
}

export const linkIsUp = ({ partnerState }: Unit): boolean => partnerState.kind === "up";

const carpRemedy =
  "CARP does not pass between the units: let multicast 224.0.0.18 through (IGMP snooping off), or set macglobal first";

/** True once the condition has been found true each time for so long. */
function lasting(forMs: number, condition: () => boolean): () => boolean {
  let since: number | undefined;
  return () => {
    const now = performance.now();
    if (condition()) since ??= now;
    else since = undefined;
    return since !== undefined && now - since >= forMs;
  };
}

/** A unit that has no such command, or whose user is not let in any more, has joined nothing. */
const neverWasThere = (error: { readonly kind: string; readonly code?: unknown }): boolean =>
  error.kind === "refused" && error.code === 405;

async function until(condition: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await pause(lookIntervalMs);
  }
  return true;
}
