/** The other unit, as the one that runs the procedure reaches it: over its API, with its key compared before anything is sent. */
import { connect } from "node:net";
import { err, ok, type Result } from "@tandem/base/result";
import {
  type Backup,
  type CallError,
  LoadMasterClient,
  type Parameters,
} from "@tandem/loadmaster-api/client";
import type { PairingFacts, PairingView } from "@tandem/loadmaster-api/pairing";
import type { InterfaceView } from "@tandem/loadmaster-api/views";

export type PartnerAccess = {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly fingerprint: string;
};

export type PartnerResult<Value> = Promise<Result<Value, CallError>>;

export type Partner = {
  facts(): PartnerResult<PairingFacts>;
  interfaces(): PartnerResult<readonly InterfaceView[]>;
  backup(): PartnerResult<Backup>;
  join(parameters: Parameters): PartnerResult<unknown>;
  leave(content: "keep" | "empty" | "before"): PartnerResult<unknown>;
  /** Undefined when something answers there, be it with a refusal; else in words what happens. */
  portFault(port: number): Promise<string | undefined>;
};

/** A unit that joins or leaves puts a configuration in force and ends or starts carpd. */
const changeTimeoutMs = 30_000;
const portTimeoutMs = 2_000;

export function realPartner({ address, port, user, password, fingerprint }: PartnerAccess): Partner {
  const client = new LoadMasterClient({
    address,
    port,
    fingerprint,
    credentials: { kind: "password", user, password },
  });
  return {
    async facts() {
      const answer = await client.call("hapairstatus");
      if (!answer.ok) return answer;
      const { unit } = answer.value as unknown as PairingView;
      return unit === undefined ? err({ kind: "malformed", message: "it says nothing of itself" }) : ok(unit);
    },
    interfaces: () => client.listInterfaces(),
    backup: () => client.backup(),
    join: (parameters) => client.call("hajoin", parameters, undefined, changeTimeoutMs),
    leave: (content) => client.call("haleave", { content }, undefined, changeTimeoutMs),
    portFault: (of) =>
      new Promise((resolve) => {
        const socket = connect({ host: address, port: of, timeout: portTimeoutMs });
        const finish = (fault: string | undefined): void => {
          socket.destroy();
          resolve(fault);
        };
        socket.on("connect", () => finish(undefined));
        socket.on("timeout", () => finish(`nothing answers within ${portTimeoutMs / 1_000} s`));
        // It is listened on only by a unit that has a partner; that the machine refuses it shows that the way is free.
        socket.on("error", (error: NodeJS.ErrnoException) =>
          finish(error.code === "ECONNREFUSED" ? undefined : error.message),
        );
      }),
  };
}

/** True when the call cannot have reached the other unit. */
export const neverArrived = (error: CallError): boolean =>
  (error.kind === "unreachable" &&
    ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENETDOWN"].includes(error.code)) ||
  error.kind === "wrong-certificate" ||
  error.kind === "busy";
