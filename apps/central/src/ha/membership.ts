/**
 * *Remove from pair* (SPEC CH24) with both units up: the peer is told over the link, before it is dropped, and takes the
 * other part. Whoever leaves stops executing before the other is told to stay, so that there is no moment when
 * two act. A peer that cannot be told, and may be alive, goes on executing and granting licences: it is removed only by
 * an operator who says by its name that it is off, or will never serve again.
 */
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { second, type WallMillis } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { Channel, ChannelPorts } from "./channels.ts";

/** The part a unit takes when its pair ends. */
type Part = "stays" | "leaves";
const other = (part: Part): Part => (part === "stays" ? "leaves" : "stays");

const Message = Type.Object({
  type: Type.Union([Type.Literal("unpair"), Type.Literal("unpaired")]),
  /** The part that the receiver takes; in the confirmation the one that the sender took. */
  as: Type.Union([Type.Literal("stays"), Type.Literal("leaves")]),
});
type Message = Static<typeof Message>;

/** How long the peer is waited for. */
const confirmationWaitMs = 2 * second;

export type MembershipPorts = {
  readonly world: World;
  readonly unit: string;
  peer(): string | null;
  isInPair(): boolean;
  channel(ports: ChannelPorts): Channel;
  /** Ends the pair on this unit; the link is dropped with it. */
  unpair(as: Part): void;
  /** Null: no other unit is set. */
  peerSigns(): PeerSigns | null;
};

/** What is known of a peer that cannot be asked. */
export type PeerSigns = {
  readonly name: string;
  readonly unit: string;
  /** By heartbeat; null: not since this unit has started. */
  readonly heardAt: WallMillis | null;
  /** By a device, which said so to this unit; null: by none. */
  readonly heardByDeviceAt: WallMillis | null;
};

/** Null: `confirm` names the unit. */
export function faultOfUntold(
  { name, unit, heardAt, heardByDeviceAt }: PeerSigns,
  confirm: string | undefined,
  now: WallMillis,
): FieldError | null {
  if (confirm === name || confirm === unit) return null;
  const ago = (at: WallMillis): string =>
    `${new Date(at).toISOString()}, ${Math.max(0, Math.round((now - at) / second))} s ago`;
  const heard =
    heardAt === null ? "this unit has not heard it since it started" : `last heard ${ago(heardAt)}`;
  const byDevice = heardByDeviceAt === null ? "" : `; a LoadMaster heard it ${ago(heardByDeviceAt)}`;
  return {
    code: "removal-unconfirmed",
    field: "confirm",
    ...(confirm === undefined ? {} : { value: confirm }),
    message: `${name} could not be told that it is removed: ${heard}${byDevice}`,
    remedy: `see that ${name} is off or will never serve again, and confirm that with its name; a unit that is only cut off goes on executing and granting licences out of its share`,
  };
}

type Wish = { readonly as: Part; readonly confirmed: (isConfirmed: boolean) => void };

export class Membership {
  readonly #ports: MembershipPorts;
  readonly #channel: Channel;
  #wish: Wish | null = null;
  #isLeaving = false;

  constructor(ports: MembershipPorts) {
    this.#ports = ports;
    this.#channel = ports.channel({
      received: (body) => {
        const [fault] = schemaFaults(Message, body, { whole: "the message" });
        // A message of another shape is of a later version; the asking unit goes on without the confirmation.
        if (fault === undefined) this.#receive(body as Message);
      },
      closed: () => this.#wish?.confirmed(false),
    });
  }

  /** This unit is on its way out: it executes nothing any more. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** `confirm`: the name of the other unit, which is off or will never serve again. */
  async remove(as: Part, confirm?: string): Promise<Result<{ readonly peerTold: boolean }, FieldError>> {
    if (!this.#ports.isInPair())
      return err({
        code: "not-paired",
        field: "removes",
        message: "this unit belongs to no pair",
        remedy: "there is nothing to remove; a pair is set up under HA Configuration",
      });
    if (this.#wish !== null)
      return err({
        code: "removal-under-way",
        field: "removes",
        message: "this pair is being ended already",
        remedy: "read HA Status in a few seconds",
      });
    this.#isLeaving = as === "leaves";
    try {
      const peerTold = await this.#tell(as);
      const signs = peerTold || as === "leaves" || !this.#ports.isInPair() ? null : this.#ports.peerSigns();
      const fault = signs && faultOfUntold(signs, confirm, this.#ports.world.wall());
      if (fault !== null) return err(fault);
      // The peer may have had the same thought, and won.
      if (this.#ports.isInPair()) this.#ports.unpair(as);
      return ok({ peerTold });
    } finally {
      this.#isLeaving = false;
    }
  }

  #tell(as: Part): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    let cancel: Cancel = () => {};
    const confirmed = (isConfirmed: boolean): void => {
      this.#wish = null;
      cancel();
      resolve(isConfirmed);
    };
    this.#wish = { as, confirmed };
    cancel = this.#ports.world.after(confirmationWaitMs, () => confirmed(false));
    if (!this.#channel.send({ type: "unpair", as: other(as) })) confirmed(false);
    return promise;
  }

  #receive({ type, as }: Message): void {
    const wish = this.#wish;
    if (type === "unpaired") {
      if (wish !== null && as === other(wish.as)) wish.confirmed(true);
      return;
    }
    // Both operators decided at the same moment, and differently: the lower unit id's wish is carried out.
    if (wish !== null && wish.as !== as && this.#ports.unit < (this.#ports.peer() ?? "")) return;
    this.#channel.send({ type: "unpaired", as });
    this.#ports.unpair(as);
    wish?.confirmed(true);
  }
}
