/** The two squares that every page of a unit shows (SPEC LH9), from what this unit knows of itself and of its partner. */
import { second, type WallMillis } from "@tandem/base/time";
import type {
  HaCheckView,
  Pacified,
  Square,
  SquareColour,
  SquareState,
} from "@tandem/loadmaster-api/ha-view";
import type { NetworkInterface } from "../configuration-file.ts";
import type { CarpRoleStatus } from "./carp-role.ts";
import type { PartnerState } from "./partner-link.ts";
import type { PartnerStatus } from "./partner-messages.ts";
import type { HaSetup } from "./setup.ts";

/** So long after its start a unit has not had the time to hear of everything. */
export const settlingMs = 5 * second;

export type SquareFacts = {
  readonly setup: HaSetup;
  /** 1 or 2: which one of the pair this unit is set to be. */
  readonly hamode: number;
  readonly interfaces: readonly NetworkInterface[];
  /** The partner's addresses, by the interface's id. */
  readonly partners: { readonly [id: string]: string };
  readonly carp: CarpRoleStatus | null;
  readonly pacified: Pacified | null;
  readonly own: PartnerStatus;
  readonly partner: PartnerState;
  /** What does not work on this unit although it is configured, in words. */
  readonly trouble: readonly string[];
  /** Milliseconds since this unit has started. */
  readonly upMs: number;
  readonly now: WallMillis;
};

type Looks = Pick<Square, "colour" | "letter" | "state" | "reasons">;

const looks = (
  colour: SquareColour,
  state: SquareState,
  reasons: readonly string[],
  letter: "A" | "" = "",
): Looks => ({
  colour,
  state,
  reasons,
  letter,
});

/** HA1 first; null for a unit without HA mode, which shows none. */
export function squaresFor(facts: SquareFacts): readonly [Square, Square] | null {
  const { setup, hamode, interfaces, partners, own, partner } = facts;
  if (setup.kind === "single") return null;
  const meeting = setup.kind === "pair" ? setup.own : interfaces.find(({ id }) => partners[id] !== undefined);
  const ours: Square = {
    unit: hamode === 1 ? "HA1" : "HA2",
    name: own.name,
    address: (meeting ?? interfaces[0])?.address ?? "",
    self: true,
    ...ownLooks(facts),
  };
  const theirs: Square = {
    unit: hamode === 1 ? "HA2" : "HA1",
    name: partner.kind === "up" ? partner.status.name : "",
    address: (meeting === undefined ? undefined : partners[meeting.id]) ?? "",
    self: false,
    ...partnerLooks(facts),
  };
  return hamode === 1 ? [ours, theirs] : [theirs, ours];
}

const bothActive =
  "both units say that they are active: they do not hear each other; look at the network between them";

const areBothActive = ({ carp, partner }: SquareFacts): boolean =>
  carp?.role === "master" && partner.kind === "up" && partner.status.role === "master";

function ownLooks(facts: SquareFacts): Looks {
  const { setup, carp, pacified, own, partner, trouble, upMs } = facts;
  if (pacified !== null) return looks("blue", "pacified", [pacified.reason]);
  if (setup.kind === "incomplete")
    return looks("red", "not paired", [`there is still missing: ${setup.missing.join(", ")}`]);
  if (areBothActive(facts)) return looks("grey", "unknown", [bothActive]);
  switch (carp?.role) {
    case "master":
      return looks("green", "active", [...ownFaults(facts), ...trouble], "A");
    case "backup": {
      const against = [
        ...ownFaults(facts),
        ...trouble,
        ...linkFaults(partner),
        ...disagreements(own, partner),
      ];
      if (partner.kind === "wrong-secret") return looks("red", "not paired", against);
      if (against.length === 0) return looks("green", "standby, ready", []);
      // Right after the start nothing has been compared yet.
      return upMs < settlingMs && partner.kind === "connecting"
        ? looks("grey", "unknown", against)
        : looks("yellow", "not ready", against);
    }
    case "initial":
    case "stopped":
      return looks("red", "down", [`this unit takes no part in CARP: ${carp.reason}`, ...trouble]);
    case undefined:
      return upMs < settlingMs
        ? looks("grey", "unknown", ["carpd has not answered yet"])
        : looks("red", "down", ["carpd does not answer", ...trouble]);
  }
}

function partnerLooks(facts: SquareFacts): Looks {
  const { setup, own, partner, upMs } = facts;
  if (setup.kind === "incomplete")
    return looks("red", "not paired", ["this unit is not set up as one of a pair"]);
  switch (partner.kind) {
    case "off":
      return looks("red", "not paired", ["the partner link is off"]);
    case "wrong-secret":
      return looks("red", "not paired", [`the partner link is refused: ${partner.reason}`]);
    case "connecting":
      return silentLooks(facts, partner.reason);
    case "up":
      break;
  }
  const theirs = partner.status;
  if (theirs.hamode === own.hamode)
    return looks("red", "not paired", [
      `both units are set to HA${own.hamode}; set hamode ${3 - own.hamode} on one of them`,
    ]);
  if (theirs.hamode === 0) return looks("red", "not paired", ["HA mode is not set on it"]);
  if (theirs.pacified !== undefined) return looks("blue", "pacified", [theirs.pacified.reason]);
  if (areBothActive(facts)) return looks("grey", "unknown", [bothActive]);
  switch (theirs.role) {
    case "master":
      return looks("green", "active", faultsIn(theirs), "A");
    case "backup": {
      const against = [...faultsIn(theirs), ...disagreements(own, partner)];
      return against.length === 0
        ? looks("green", "standby, ready", [])
        : looks("yellow", "not ready", against);
    }
    case "initial":
      return looks("red", "down", ["it takes no part in CARP: its link is down"]);
    case "stopped":
      return upMs < settlingMs
        ? looks("grey", "unknown", ["its carpd has not answered yet"])
        : looks("red", "down", ["its carpd does not run"]);
  }
}

/** The partner link is down: what CARP tells is all there is. */
function silentLooks(facts: SquareFacts, reason: string): Looks {
  const { carp, setup, upMs, now } = facts;
  const down = `the partner link is down: ${reason}`;
  const heard = carp?.peer ?? null;
  const timeoutMs = setup.kind === "pair" ? setup.carpd.advbase * 3 * second : 0;
  // Only an active unit advertises.
  if (
    carp?.role === "backup" &&
    heard !== null &&
    !heard.bowedOut &&
    now - heard.heardAt <= Math.max(timeoutMs, second)
  )
    return looks("yellow", "active", [`${down}; its CARP is heard`], "A");
  return upMs < settlingMs ? looks("grey", "unknown", [down]) : looks("red", "down", [down]);
}

const linkFaults = (partner: PartnerState): readonly string[] => {
  switch (partner.kind) {
    case "up":
      return [];
    case "off":
      return ["the partner link is off"];
    case "connecting":
      return [`the partner link is down: ${partner.reason}`];
    case "wrong-secret":
      return [`the partner link is refused: ${partner.reason}`];
  }
};

/** What makes this unit worse off, as carpd counts it. */
function ownFaults({ carp }: SquareFacts): readonly string[] {
  const found = checksIn(carp).flatMap(({ fault }) =>
    fault === null ? [] : [`an HA check fails: ${fault}`],
  );
  return found.length === 0 && (carp?.demotion ?? 0) > 0
    ? [`it is worse off than it should be (demotion ${carp?.demotion})`]
    : found;
}

function faultsIn({ checks, demotion }: PartnerStatus): readonly string[] {
  const found = (checks ?? []).flatMap(({ fault }) =>
    fault === null ? [] : [`an HA check fails: ${fault}`],
  );
  return found.length === 0 && (demotion ?? 0) > 0
    ? [`it is worse off than it should be (demotion ${demotion})`]
    : found;
}

/** In what the two differ, so that the one that stands by could not go on as the other. */
function disagreements(own: PartnerStatus, partner: PartnerState): readonly string[] {
  if (partner.kind !== "up") return [];
  const theirs = partner.status;
  return [
    ...(theirs.digest === own.digest ? [] : ["the configurations of the two units differ"]),
    ...(theirs.vhid === own.vhid ? [] : ["the HA Virtual ID differs"]),
    ...(theirs.timeout === own.timeout ? [] : ["the HA timeout differs"]),
    ...(theirs.sharedAddress === own.sharedAddress ? [] : ["the shared address differs"]),
  ];
}

export const checksIn = (carp: CarpRoleStatus | null): HaCheckView[] =>
  (carp?.checks ?? []).map(({ device, gateway, fault }) => ({ device, gateway: gateway ?? null, fault }));
