/**
 * The question behind *Apply* (CH14): who is at that address, and does it know us? One connection, one
 * question, one answer; nothing changes on either side.
 */
import type { Json } from "@tandem/base/canonical-json";
import type { Fingerprint } from "@tandem/base/ids";
import { type Endpoints, tlsEndpoints } from "./endpoints.ts";
import type { Identity } from "./identity.ts";
import { linkVersion, readReply } from "./link-frames.ts";

/** The unit at the other end, as the operator named it: where it listens and which key it must prove. */
export type PeerAddress = {
  readonly fingerprint: Fingerprint;
  readonly address: string;
  readonly port: number;
};

export type ProbeAnswer =
  | {
      readonly kind: "unreachable";
      readonly code: "refused" | "timeout" | "unreachable" | "not-tls";
      readonly message: string;
    }
  | { readonly kind: "wrong-key"; readonly actualFingerprint: Fingerprint }
  /** It is ourselves who listen there. */
  | { readonly kind: "own-address" }
  /** The right unit; it has not been given our key. */
  | { readonly kind: "not-known-there" }
  | { readonly kind: "answer"; readonly message: Json };

/** Asks within `timeoutMs` for the connection and as much again for the answer. Never rejects. */
export async function probe(
  identity: Identity,
  peer: PeerAddress,
  timeoutMs: number,
  endpoints: Endpoints = tlsEndpoints,
): Promise<ProbeAnswer> {
  const connected = await endpoints.connect({
    identity,
    address: peer.address,
    port: peer.port,
    timeoutMs,
    expectedFingerprint: peer.fingerprint,
  });
  if (!connected.ok) {
    const failure = connected.error;
    if (failure.code !== "wrong-key")
      return { kind: "unreachable", code: failure.code, message: failure.message };
    return failure.actualFingerprint === identity.fingerprint
      ? { kind: "own-address" }
      : { kind: "wrong-key", actualFingerprint: failure.actualFingerprint };
  }
  const connection = connected.value;
  connection.trust();
  return new Promise((resolve) => {
    const finish = (answer: ProbeAnswer): void => {
      cancelTimer();
      connection.destroy("answered");
      resolve(answer);
    };
    const cancelTimer = endpoints.clock.after(timeoutMs, () =>
      finish({ kind: "unreachable", code: "timeout", message: `no answer within ${timeoutMs} ms` }),
    );
    connection.onClose((reason) => finish({ kind: "unreachable", code: "unreachable", message: reason }));
    connection.onMessage((frame) => {
      const reply = readReply(frame);
      if (reply?.type === "unknown-peer") finish({ kind: "not-known-there" });
      else if (reply?.type === "answer") finish({ kind: "answer", message: reply.message });
      else finish({ kind: "unreachable", code: "not-tls", message: "the answer was not understood" });
    });
    connection.send({ type: "hello", version: linkVersion, purpose: "question" });
  });
}
