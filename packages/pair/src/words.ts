/** What people read: reasons for HA Status (CH15) and sentences for the timeline (CH25). */
import { unreachable } from "@tandem/base/assert";
import type { Epoch } from "@tandem/base/epoch";
import type { UnitId } from "@tandem/base/ids";
import type { Millis } from "@tandem/base/time";
import type { PairEvent, Severity } from "./events.ts";
import type { PairState, StandaloneReason, Unequal } from "./state.ts";

/** Units by name where it is known, by id where not. */
export type NameOf = (unit: UnitId) => string;

export const namesIn =
  (state: PairState): NameOf =>
  (unit) =>
    unit === state.self.unit
      ? state.self.name
      : unit === state.contact.heartbeat?.from
        ? state.contact.heartbeat.name
        : unit;

const epochWords = (epoch: Epoch, nameOf: NameOf): string =>
  epoch.n === 0 ? "no epoch" : `epoch ${epoch.n} of ${nameOf(epoch.unit)}`;

/** The other unit as people call it: its name once it has told us, its address until then. */
export const peerWords = (state: PairState): string =>
  state.contact.heartbeat?.name ?? state.settings.peer?.address ?? "the other unit";

const listWords = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

/** CH10: which units have no network yet while an initial synchronisation waits for one on both. */
export function waitingFor(state: PairState): readonly { unit: string; name: string; what: string }[] {
  const { durable, facts, contact, self, role } = state;
  const heartbeat = contact.verdict === "gone" ? null : contact.heartbeat;
  if (heartbeat === null || (durable.pairId !== null && heartbeat.pairId !== null)) return [];
  const isJoining = role.kind === "Starting" && role.initialSync !== null;
  const isServing = role.kind === "Master" && heartbeat.pairId === null && heartbeat.armed;
  if (!isJoining && !isServing) return [];
  const what = "at least one network";
  return [
    ...(facts.networks === 0 ? [{ unit: self.unit, name: self.name, what }] : []),
    ...(heartbeat.networks === 0 ? [{ unit: heartbeat.from, name: heartbeat.name, what }] : []),
  ];
}

const mendLicences = "import licences of the same kinds on both";
const mendOf: { readonly [field in Unequal["field"]]: string } = {
  "local licensing": mendLicences,
  "metered licensing": mendLicences,
  "version of Central": "run the same version of Central on both",
};

export function standaloneWords(reason: StandaloneReason, peer: string): string {
  switch (reason.code) {
    case "no-peer":
      return "no other unit is set up";
    case "removed":
      return "removed from its pair: keeps a copy and executes nothing";
    case "peer-absent":
      return `${peer} is not there, and this unit was not set up first`;
    case "peer-not-master":
      return `${peer} has not become Master`;
    case "initial-sync-incomplete":
      return `the initial synchronisation is incomplete and nothing was overwritten (${reason.message}); it starts again when ${peer} is Master`;
    case "both-have-data":
      return "both units have a configuration of their own: press Apply on the unit whose configuration may be overwritten";
    case "other-pair":
      return `${peer} belongs to another pair: remove one of the two from its pair first`;
    case "peer-disabled":
      return `${peer} was taken out of HA (Disable); this unit acts only when told to`;
    case "not-known-there":
      return `${peer} does not know this unit: it was removed there or set up anew`;
    case "licensing-mismatch": {
      const { unequal, acting } = reason;
      const fields = unequal.map(({ field, ours, theirs }) => `${field} (here: ${ours}, ${peer}: ${theirs})`);
      const mends = new Set(unequal.map(({ field }) => mendOf[field]));
      const isOne = unequal.length === 1;
      return `${listWords(fields)} ${isOne ? "differs" : "differ"}, and a pair with metered licensing needs ${isOne ? "it" : "them"} equal: ${listWords([...mends])}, and the pair forms again by itself; ${
        acting ? "this unit goes on executing" : "this unit executes nothing until released"
      }`;
    }
    case "wire-version": {
      const older = reason.ours < reason.theirs ? "this unit" : peer;
      return `${peer} speaks wire version ${reason.theirs}, this unit ${reason.ours}, and versions further apart than one do not understand each other: upgrade ${older}; ${
        reason.acting ? "this unit goes on executing" : "this unit executes nothing until released"
      }, and nothing is lost`;
    }
    case "stopping":
      return "stopping";
    default:
      return unreachable(reason);
  }
}

/** Why our state is what it is. */
export function ourReasonWords(state: PairState, now: Millis): string {
  const { role, contact, durable } = state;
  const peer = peerWords(state);
  const nameOf = namesIn(state);
  switch (role.kind) {
    case "Standalone":
      return standaloneWords(role.reason, peer);
    case "Disabled":
      return "taken out of HA by an operator (Disable); its settings are kept";
    case "Starting": {
      if (role.initialSync === null) return `asking ${peer}`;
      const waiting = waitingFor(state);
      if (waiting.length > 0)
        return `the initial synchronisation waits for at least one network on ${listWords(waiting.map(({ name }) => name))}`;
      if (role.initialSync.phase === "receiving") return `receiving the configuration of ${peer}`;
      if (role.initialSync.phase === "again")
        return `the initial synchronisation is asked for again (${role.initialSync.message})`;
      return `armed to be overwritten by ${peer}`;
    }
    case "Master": {
      const holds = `holds the role under ${epochWords(durable.epoch, nameOf)}`;
      if (role.handover.phase === "draining")
        return `waits for ${state.facts.runningActions} running actions before it gives the role to ${peer}`;
      if (role.handover.phase !== "none") return `gives the role to ${peer}`;
      if (role.pausedUntil !== null && role.pausedUntil > now)
        return `${holds}; executes nothing until it has heard ${peer}`;
      if (state.order?.phase === "open") return `${holds}; invites ${peer} to take the role`;
      if (contact.notKnownThere) return `${holds}; waiting for the other unit to be given our key`;
      const waiting = waitingFor(state);
      if (waiting.length > 0)
        return `${holds}; the initial synchronisation waits for at least one network on ${listWords(waiting.map(({ name }) => name))}`;
      if (contact.verdict === "gone") return `${holds}; ${peer} is absent`;
      return holds;
    }
    case "Slave": {
      const follows = `follows ${peer}, ${epochWords(durable.epoch, nameOf)}`;
      if (role.want !== null && !role.want.isDeferred) return `${follows}; asks for the role`;
      const asksAgain =
        state.settings.preferredMaster ||
        state.order?.phase === "open" ||
        contact.heartbeat?.invites === true;
      if (role.refusal !== null && asksAgain)
        return `${follows}; asks for the role again later (${role.refusal})`;
      return state.order?.phase === "open" ? `${follows}; is about to ask for the role` : follows;
    }
    default:
      return unreachable(role);
  }
}

/** One sentence for the timeline, and how much it matters. `peer` is the other unit's name; `nameOf` (`namesIn`) names the units of epochs. */
export function eventWords(
  event: PairEvent,
  peer: string,
  nameOf: NameOf = (unit) => unit,
): { readonly severity: Severity; readonly text: string } {
  const say = (severity: Severity, text: string) => ({ severity, text });
  switch (event.code) {
    case "role-changed": {
      const under =
        event.to === "Master" || event.to === "Slave" ? ` (${epochWords(event.epoch, nameOf)})` : "";
      const why = event.why === "" ? "" : `: ${event.why}`;
      const isTakeOver =
        event.from === "Slave" && event.to === "Master" && !event.why.startsWith("handed over");
      const isOutOfHa = event.from !== null && event.to === "Standalone" && event.why !== "stopping";
      return say(
        isTakeOver || isOutOfHa ? "warning" : "info",
        `${event.from ?? "start"} → ${event.to}${under}${why}`,
      );
    }
    case "epoch-claimed":
      return say("info", `stays Master under ${epochWords(event.epoch, nameOf)}: ${event.why}`);
    case "standalone-because":
      return say(
        event.reason.code === "no-peer" || event.reason.code === "stopping" ? "info" : "warning",
        `stands alone: ${standaloneWords(event.reason, peer)}`,
      );
    case "settings-applied":
      return say(
        "info",
        event.settings.peer === null
          ? "HA settings applied: no other unit"
          : `HA settings applied: other unit at ${event.settings.peer.address}, ${
              event.settings.preferredMaster ? "preferred master" : "not preferred"
            }, heartbeat every ${event.settings.heartbeatMs / 1_000} s${event.settings.disabled ? ", disabled" : ""}`,
      );
    case "peer-heard":
      return say("info", `hears ${event.name}, which is ${event.state}`);
    case "heartbeat-missed":
      return say(
        "warning",
        `heartbeat unanswered by ${peer} (${event.missed} missed)${event.error === null ? "" : `: ${event.error}`}`,
      );
    case "peer-gone":
      return say(
        event.by === "stopped" ? "info" : "warning",
        event.by === "refusal"
          ? `${peer} is gone: three connects were refused`
          : event.by === "silence"
            ? `${peer} is gone: silent through three tries`
            : `${peer} is gone: it stops in order`,
      );
    case "two-masters":
      return say(
        "warning",
        `both units are Master: ${epochWords(event.ours, nameOf)} here, ${epochWords(event.theirs, nameOf)} on ${peer}; ${
          event.stays ? "ours is greater and stays" : "theirs is greater, we step down"
        }`,
      );
    case "both-preferred":
      return event.present
        ? say(
            "error",
            "configuration error: both units are set to Preferred Master; the role stays where it is",
          )
        : say("info", "no longer are both units set to Preferred Master");
    case "armed":
      return say(
        "warning",
        `armed: ${event.by} is Master, its configuration will overwrite the one of this unit`,
      );
    case "waiting-for-networks":
      return say(
        "warning",
        `the initial synchronisation waits for at least one network on ${listWords(event.units)}`,
      );
    case "initial-sync-requested":
      return say("info", `asks ${peer} for its configuration`);
    case "initial-sync-served":
      return say(
        "info",
        `sends its configuration to ${peer}, pair ${event.pairId.slice(0, 8)}${event.minted ? " (new)" : ""}`,
      );
    case "initial-sync-failed":
      return say("error", `the initial synchronisation failed and nothing was overwritten: ${event.message}`);
    case "joined-pair":
      return say(
        "info",
        `joined pair ${event.pairId.slice(0, 8)}; the configuration that was overwritten is ${
          event.backup === null ? "not kept: there was none" : `kept as backup "${event.backup}"`
        }`,
      );
    case "handover-ordered":
      return say(
        "info",
        event.as === "taker"
          ? `an operator told this unit to take the role from ${peer}`
          : `an operator told this unit to hand the role over to ${peer}`,
      );
    case "handover-given-up":
      return say("warning", `the handover that an operator ordered is given up: ${event.reason}`);
    case "handover-asked":
      return say(
        "info",
        event.byOperator
          ? `asks ${peer} for the role: an operator ordered it`
          : `asks ${peer} for the role: in step for the hold-down, and preferred`,
      );
    case "handover-refused":
      return say("info", `the handover does not take place now: ${event.reason}`);
    case "handover-waiting":
      return say("info", `the handover waits: ${event.reason}`);
    case "handover-offered":
      return say("info", `offers the role to ${peer} under number ${event.n}`);
    case "handover-void":
      return say("warning", `the offered role was not taken: ${event.why}`);
    case "digests-differ":
      return say(
        "error",
        `both units know the same changes, and their states differ: corruption on one of them`,
      );
    case "digests-agree-again":
      return say("info", "the states of both units are equal again");
    case "stalled":
      return say("warning", "this unit stood still for a while; it asks the other unit before it acts");
    case "device-refused":
      return say(
        "warning",
        `a device refused this unit's term: it has heard ${epochWords(event.holder, nameOf)}`,
      );
    case "unpaired":
      return say(
        "warning",
        event.as === "stays"
          ? "the pair was dissolved: this unit keeps everything and goes on alone"
          : "removed from the pair: this unit keeps a copy and executes nothing",
      );
    default:
      return unreachable(event);
  }
}
