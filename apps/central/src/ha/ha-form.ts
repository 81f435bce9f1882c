/** CH14 Apply: from what the operator filled in to a question to the peer. */
import { networkInterfaces } from "node:os";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { second } from "@tandem/base/time";
import { applyFields, peerChanges } from "@tandem/pair/pairing";
import type { ApplyAnswer, HaSettings, PeerSettings } from "@tandem/pair/state";
import { decodeMessage, wireVersion } from "@tandem/pair/wire";
import type { Endpoints } from "@tandem/peer-link/endpoints";
import { parseHaKey } from "@tandem/peer-link/ha-key";
import type { Identity } from "@tandem/peer-link/identity";
import { probe } from "@tandem/peer-link/probe";

/** What the operator fills in. Null: no peer. */
export type HaForm = Omit<HaSettings, "peer"> & {
  readonly peer: { readonly key: string; readonly address: string; readonly port: number } | null;
};

const probeTimeoutMs = 3 * second;

/** The settings that the form means; a key that is none, or was mistyped, is an error of its field. */
export function readForm(form: HaForm): Result<HaSettings, FieldError> {
  if (form.peer === null) return ok({ ...form, peer: null });
  const key = parseHaKey(applyFields.key, form.peer.key);
  if (!key.ok) return err(key.error);
  return ok({ ...form, peer: { ...key.value, address: form.peer.address.trim(), port: form.peer.port } });
}

/**
 * Whether the peer has to be asked: not when this unit is to be taken out of HA, nor when a pair exists and the
 * peer stays as it was (other settings may change while it is away).
 */
export const mustAsk = (requested: HaSettings, current: HaSettings, isPaired: boolean): boolean =>
  requested.peer !== null && !requested.disabled && !(isPaired && !peerChanges(current, requested));

/** Asks the unit that the operator named; nothing changes there or here. */
export async function askPeer(
  own: Identity,
  peer: PeerSettings,
  endpoints?: Endpoints,
): Promise<ApplyAnswer> {
  const answer = await probe(own, peer, probeTimeoutMs, endpoints);
  if (answer.kind !== "answer") return answer;
  const decoded = decodeMessage(answer.message);
  return decoded.ok && decoded.value.type === "heartbeat"
    ? { kind: "answer", heartbeat: decoded.value }
    : { kind: "unreachable", message: unreadable(decoded) };
}

function unreadable(decoded: ReturnType<typeof decodeMessage>): string {
  if (decoded.ok || decoded.error.code !== "wire-version")
    return "the unit there answers with something that is not understood";
  const { theirs } = decoded.error;
  return `the unit there speaks wire version ${theirs} and this one ${wireVersion}: upgrade the older of the two first`;
}

/** The addresses at which the peer would reach this very unit. */
export function ownAddresses(listenAddress: string): readonly string[] {
  if (listenAddress !== "0.0.0.0" && listenAddress !== "::") return [listenAddress];
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map((one) => one.address));
}
