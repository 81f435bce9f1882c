/**
 * Setting up (CH13, CH14) and joining a pair (I1–I5).
 *
 * - The unit whose Apply meets a reachable peer that does not know it is *set up first*: it claims, and its
 *   configuration survives.
 * - The unit whose Apply is answered by a Master is *armed*: it will be overwritten, once both have a network
 *   (CH10), from a snapshot that reaches its disk in one transaction with the pair id.
 * - Units with the same pair id merge. Nothing else is ever overwritten, whatever preference or epoch say.
 */
import { sha256Hex } from "@tandem/base/digest";
import type { PairId, UnitId } from "@tandem/base/ids";
import { parseIpv4 } from "@tandem/base/ip";
import type { FieldError } from "@tandem/base/result";
import {
  actionWaitMaxMs,
  heartbeatMaxMs,
  heartbeatMinMs,
  snapshotOverNewLinkMs,
  snapshotRetryMs,
  snapshotTimeoutMs,
} from "./constants.ts";
import { askAnew, newContact } from "./liveness.ts";
import { relationOf } from "./rules.ts";
import type { ApplyAnswer, HaSettings, PairDurable, PairState, SelfIdentity } from "./state.ts";
import type { Turn } from "./turn.ts";
import type { Heartbeat } from "./wire.ts";
import { peerWords, waitingFor } from "./words.ts";

/** The names of the fields on the HA page, as the interface has them. */
export const applyFields = {
  key: "haKeyForTheOtherPeer",
  address: "ipAddressForTheOtherPeer",
  port: "peerPort",
  heartbeat: "heartbeatSeconds",
  holdDown: "holdDownSeconds",
  actionWait: "actionWaitSeconds",
} as const;

const secondsMaxHoldDown = 86_400;

export type ApplyRequest = {
  readonly self: SelfIdentity;
  readonly requested: HaSettings;
  readonly ownAddresses: readonly string[];
  readonly ownPort: number;
};

/** What can be told without asking anybody: bounds, one's own key, one's own address. The shell asks the peer only if this is empty. */
export function checkRequest({ self, requested, ownAddresses, ownPort }: ApplyRequest): FieldError[] {
  const errors: FieldError[] = [];
  const outOf = (field: string, valueMs: number, minMs: number, maxMs: number): void => {
    if (Number.isFinite(valueMs) && valueMs >= minMs && valueMs <= maxMs) return;
    errors.push({
      code: "out-of-bounds",
      field,
      value: valueMs / 1_000,
      message: `${field} is ${valueMs / 1_000} s`,
      remedy: `give ${minMs / 1_000} to ${maxMs / 1_000} s`,
    });
  };
  outOf(applyFields.heartbeat, requested.heartbeatMs, heartbeatMinMs, heartbeatMaxMs);
  outOf(applyFields.holdDown, requested.holdDownMs, 0, secondsMaxHoldDown * 1_000);
  outOf(applyFields.actionWait, requested.actionWaitMs, 0, actionWaitMaxMs);
  const { peer } = requested;
  if (peer === null) return errors;
  if (peer.fingerprint === self.fingerprint)
    errors.push({
      code: "own-key",
      field: applyFields.key,
      message: "this is the HA key of this very unit",
      remedy: 'paste the key that the other unit shows as "HA Key for this Peer"',
    });
  if (!Number.isInteger(peer.port) || peer.port < 1 || peer.port > 65_535)
    errors.push({
      code: "port-malformed",
      field: applyFields.port,
      value: peer.port,
      message: `${peer.port} is not a port number`,
      remedy: "give the port of the other unit's peer link, 1 to 65535",
    });
  if (peer.address === "")
    errors.push({
      code: "address-missing",
      field: applyFields.address,
      value: "",
      message: "the address of the other unit is missing",
      remedy: "give the other unit's IP address",
    });
  else if (/^[\d.]+$/.test(peer.address) && parseIpv4(peer.address) === undefined)
    errors.push({
      code: "address-malformed",
      field: applyFields.address,
      value: peer.address,
      message: `"${peer.address}" is not an IPv4 address`,
      remedy: "write it as four numbers from 0 to 255, for example 192.0.2.12",
    });
  else if (ownAddresses.includes(peer.address) && peer.port === ownPort)
    errors.push(ownAddressError(peer.address));
  return errors;
}

const ownAddressError = (address: string): FieldError => ({
  code: "own-address",
  field: applyFields.address,
  value: address,
  message: `${address} is an address of this very unit`,
  remedy:
    "give the address of the other unit; where the set-up instructions ask on the Slave for the address of the Slave unit, the other unit's (the Master's) is meant",
});

export const peerChanges = (before: HaSettings, requested: HaSettings): boolean =>
  before.peer?.fingerprint !== requested.peer?.fingerprint ||
  before.peer?.address !== requested.peer?.address ||
  before.peer?.port !== requested.peer?.port;

/** Why this Apply, with the answer that the peer gave, must not change anything. */
function checkAnswer(state: PairState, requested: HaSettings, answer: ApplyAnswer): FieldError[] {
  const { peer } = requested;
  if (peer === null)
    return state.durable.pairId === null || state.settings.peer === null
      ? []
      : [
          {
            code: "still-paired",
            field: applyFields.key,
            value: "",
            message: "this unit belongs to a pair",
            remedy: "use Remove from pair to leave it for good, or Disable to leave it for a while",
          },
        ];
  const isChanged = peerChanges(state.settings, requested);
  switch (answer.kind) {
    case "own-address":
      return [ownAddressError(peer.address)];
    case "wrong-key":
      return isChanged
        ? [
            {
              code: "wrong-key",
              field: applyFields.key,
              message: `the unit at ${peer.address} has another key (fingerprint ${answer.actualFingerprint.slice(0, 16)}…, expected ${peer.fingerprint.slice(0, 16)}…)`,
              remedy: `copy "HA Key for this Peer" from the unit at ${peer.address}, or correct the address`,
            },
          ]
        : [];
    case "unreachable":
    case "not-asked":
      return isChanged
        ? [
            {
              code: "unreachable",
              field: applyFields.address,
              value: peer.address,
              message: `the other unit does not answer at ${peer.address}:${peer.port}${
                answer.kind === "unreachable" ? ` (${answer.message})` : ""
              }`,
              remedy:
                "check the address, that Central runs there, and that a firewall lets this port through",
            },
          ]
        : [];
    case "not-known-there":
      return [];
    case "answer":
      if (answer.heartbeat.from !== peer.unit)
        return [
          {
            code: "wrong-key",
            field: applyFields.key,
            message: `unit ${answer.heartbeat.from} answers at ${peer.address}, and the key is that of ${peer.unit}`,
            remedy: `copy "HA Key for this Peer" from the unit at ${peer.address}`,
          },
        ];
      return state.durable.pairId !== null &&
        answer.heartbeat.pairId !== null &&
        state.durable.pairId !== answer.heartbeat.pairId
        ? [
            {
              code: "other-pair",
              field: applyFields.key,
              message: "both units already belong to a pair, and not to the same",
              remedy:
                "use Remove from pair on the unit whose configuration may be overwritten, then Apply there",
            },
          ]
        : [];
  }
}

/** The operator's Apply. Errors change nothing. */
export function apply(
  turn: Turn,
  input: Omit<ApplyRequest, "self"> & { readonly answer: ApplyAnswer },
): void {
  const { state, now } = turn;
  const { requested, answer } = input;
  const errors = [...checkRequest({ ...input, self: state.self }), ...checkAnswer(state, requested, answer)];
  if (errors.length > 0) {
    turn.errors.push(...errors);
    return;
  }
  // A removed unit is linked to nobody, also where its settings name a peer: a backup of it was restored, or it died
  // between keeping the settings and keeping that it is removed no longer.
  const isRejoining = state.durable.removed && requested.peer !== null;
  const isChanged = peerChanges(state.settings, requested) || isRejoining;
  const wasDisabled = state.settings.disabled;
  turn.setSettings(requested);
  turn.observe({ code: "settings-applied", settings: requested });
  if (isChanged) {
    turn.setDurable({ armedFor: null, setUpFirst: false, removed: false });
    turn.state = { ...turn.state, contact: newContact(now) };
    turn.command({ type: "usePeer", peer: requested.peer });
    if (requested.peer !== null) turn.command({ type: "connect" });
  }
  if (requested.peer !== null) settleAnswer(turn, answer, isChanged);
  if (requested.disabled) {
    if (turn.role.kind !== "Disabled")
      turn.enter({ kind: "Disabled", since: now }, "an operator set Disable");
    return;
  }
  if (requested.peer === null) {
    turn.enterStandalone({ code: turn.durable.removed ? "removed" : "no-peer" });
    return;
  }
  const hasRole = turn.role.kind === "Master" || turn.role.kind === "Slave";
  if (hasRole && !isChanged) {
    // A change of preference or interval: the role stays.
  } else if (answer.kind === "not-known-there")
    turn.claim("set up first: the other unit does not know this one yet");
  else if (isChanged || wasDisabled || answer.kind === "answer") {
    if (!isChanged) askAnew(turn);
    turn.enterStarting("an operator pressed Apply");
  }
  const nextAskAt = Math.min(turn.contact.nextAskAt, now + requested.heartbeatMs);
  turn.setContact({ nextAskAt });
  turn.sayHeartbeat(true);
}

/** What the peer's answer decides durably: set up first, or armed. */
function settleAnswer(turn: Turn, answer: ApplyAnswer, isChanged: boolean): void {
  const { durable } = turn;
  if (durable.pairId !== null) return;
  const isInPlay =
    isChanged ||
    turn.role.kind === "Standalone" ||
    turn.role.kind === "Starting" ||
    turn.role.kind === "Disabled";
  if (answer.kind === "not-known-there" && isInPlay)
    turn.setDurable({ setUpFirst: true, armedFor: null, removed: false });
  else if (answer.kind === "answer" && isInPlay) {
    // I2: only a Master's answer arms; an answer by anything else leaves the question open.
    if (answer.heartbeat.state !== "Master") turn.setDurable({ removed: false });
    else {
      turn.setDurable({ armedFor: answer.heartbeat.from, setUpFirst: false, removed: false });
      turn.observe({ code: "armed", by: answer.heartbeat.name });
    }
  }
}

/** The armed unit, with a Master that it may join: waits for networks (CH10), then asks for the snapshot. */
export function join(turn: Turn, heartbeat: Heartbeat): void {
  const { now } = turn;
  if (turn.durable.armedFor !== heartbeat.from || turn.durable.setUpFirst) {
    // Blank: nothing to lose. From here on it stays the one that joins, also when networks are added to it.
    turn.setDurable({ armedFor: heartbeat.from, setUpFirst: false });
    turn.observe({ code: "armed", by: heartbeat.name });
  }
  turn.enterStarting(`joins ${heartbeat.name}`, { phase: "waiting" });
  const { role } = turn;
  if (role.kind !== "Starting" || role.initialSync === null) return;
  const { initialSync } = role;
  const lacks = waitingFor(turn.state);
  if (heartbeat.state !== "Master" || lacks.length > 0) {
    if (initialSync.phase === "receiving") turn.command({ type: "dropSnapshot" });
    if (initialSync.phase !== "waiting") turn.setRole({ ...role, initialSync: { phase: "waiting" } });
    return;
  }
  if (initialSync.phase === "receiving" || (initialSync.phase === "again" && initialSync.at > now)) return;
  turn.setRole({ ...role, initialSync: { phase: "receiving", since: now } });
  turn.say({ type: "snapshot-request" });
  turn.observe({ code: "initial-sync-requested" });
}

/** What was being received is lost; it is asked for again in so long. */
export function interruptSnapshot(turn: Turn, message: string, againInMs: number): void {
  const { role, now } = turn;
  if (role.kind !== "Starting" || role.initialSync?.phase !== "receiving") return;
  turn.command({ type: "dropSnapshot" });
  turn.setRole({
    ...role,
    initialSync: { phase: "again", at: now + againInMs, message },
  });
}

/** What moves is not given up, however long it takes in all. */
export function noteSnapshotProgress(turn: Turn): void {
  const { role, now } = turn;
  if (role.kind !== "Starting" || role.initialSync?.phase !== "receiving") return;
  turn.setRole({ ...role, initialSync: { phase: "receiving", since: now } });
}

/** A new connection may have replaced the one that the snapshot was on: not much longer is waited for that one. */
export function hastenSnapshot(turn: Turn): void {
  const { role, now } = turn;
  if (role.kind !== "Starting" || role.initialSync?.phase !== "receiving") return;
  const since = Math.min(role.initialSync.since, now + snapshotOverNewLinkMs - snapshotTimeoutMs);
  turn.setRole({ ...role, initialSync: { phase: "receiving", since } });
}

export function runSnapshotTimers(turn: Turn): void {
  const { role, contact, now } = turn;
  if (role.kind !== "Starting" || role.initialSync === null) return;
  if (role.initialSync.phase === "receiving" && now - role.initialSync.since >= snapshotTimeoutMs) {
    turn.observe({ code: "initial-sync-failed", message: "no result in time" });
    interruptSnapshot(turn, "no result in time", snapshotRetryMs);
  } else if (
    role.initialSync.phase === "again" &&
    role.initialSync.at <= now &&
    contact.verdict === "alive" &&
    contact.heartbeat !== null &&
    relationOf(turn.state, contact.heartbeat) === "we-join"
  )
    join(turn, contact.heartbeat);
}

export function snapshotWakeAt(state: PairState): number {
  const { role, contact } = state;
  const never = Number.POSITIVE_INFINITY;
  if (role.kind !== "Starting" || role.initialSync === null) return never;
  if (role.initialSync.phase === "receiving") return role.initialSync.since + snapshotTimeoutMs;
  return role.initialSync.phase === "again" && contact.verdict === "alive" && contact.heartbeat !== null
    ? role.initialSync.at
    : never;
}

/** What a refusal names when it is the request for a snapshot that is refused. */
export const snapshotNonce = "snapshot-request";

/** I1: the Master, asked by a unit that may join, mints the pair id if there is none, persists it, and serves. */
export function serve(turn: Turn): void {
  const { role, contact, durable } = turn;
  const { heartbeat } = contact;
  const canServe =
    role.kind === "Master" &&
    heartbeat !== null &&
    (relationOf(turn.state, heartbeat) === "peer-joins" ||
      relationOf(turn.state, heartbeat) === "same-pair") &&
    turn.state.facts.networks > 0;
  if (!canServe) {
    turn.say({ type: "refuse", nonce: snapshotNonce, reason: "cannot serve it yet", gettingReady: true });
    turn.sayHeartbeat(false);
    return;
  }
  const minted = durable.pairId === null;
  const pairId = durable.pairId ?? mintPairId(turn.state);
  turn.setDurable({ pairId });
  turn.command({ type: "serveSnapshot", pairId });
  turn.observe({ code: "initial-sync-served", pairId, minted });
}

/** As random as the session is, and never the same twice: the counter moves on with every message. */
const mintPairId = (state: PairState): PairId =>
  sha256Hex(`pair ${state.self.unit} ${state.session} ${state.counter}`).slice(0, 32);

/** Whether a snapshot that has arrived is to be applied: we are armed for its sender and have asked for it. */
export const acceptsSnapshot = (state: PairState, from: UnitId): boolean =>
  state.role.kind === "Starting" &&
  state.role.initialSync?.phase === "receiving" &&
  state.durable.pairId === null &&
  state.durable.armedFor === from;

/** What goes to disk in one transaction with the data of a snapshot (I5); then give `snapshotApplied`. */
export const durableAfterSnapshot = (
  state: PairState,
  pairId: PairId,
  backup: string | null,
): PairDurable => ({
  ...state.durable,
  pairId,
  armedFor: null,
  setUpFirst: false,
  overwrittenBackup: backup ?? state.durable.overwrittenBackup,
});

/** The snapshot is on disk: Slave of the Master it came from. */
export function joined(turn: Turn, pairId: PairId, backup: string | null): void {
  turn.setDurable(durableAfterSnapshot(turn.state, pairId, backup));
  turn.observe({ code: "joined-pair", pairId, backup });
  const { contact, role } = turn;
  // The phase ends here, so that leaving Starting does not drop what has just been applied.
  if (role.kind === "Starting") turn.setRole({ ...role, initialSync: null });
  if (contact.verdict === "alive" && contact.heartbeat?.state === "Master")
    turn.follow(contact.heartbeat.epoch, `has the configuration of ${peerWords(turn.state)}`);
  turn.sayHeartbeat(true);
}
