/**
 * carpd outlives the unit, and so goes on over an upgrade of the program; one of an earlier version refuses a
 * configuration with fields that it does not know, and goes by the last one it took. On a unit that is not active it is
 * started anew in order, which nobody notices. On the active that would move the role, which is the operator's to order;
 * once the role has moved, it is started anew as well.
 */
import type { CarpRole } from "./carp-role.ts";

export type RenewalNeed =
  | { readonly kind: "none" }
  /** To be done now, in order. */
  | { readonly kind: "renew"; readonly reason: string }
  /** To be told. */
  | { readonly kind: "tell"; readonly reason: string };

export class CarpdRenewal {
  /** Once for each refusal: a new one that refuses as well is not started again and again. */
  #tried = false;

  /** After every status of carpd. */
  look(carp: CarpRole): RenewalNeed {
    const { refusal, status } = carp;
    if (refusal === undefined) {
      // While it is away nothing is known.
      if (status !== null) this.#tried = false;
      return { kind: "none" };
    }
    const what = `carpd goes by its last configuration, since it refuses the present one (${refusal})`;
    if (this.#tried)
      return { kind: "tell", reason: `${what}; it was started anew and refuses it still: look at carpd.log` };
    const reason = `${what}: it was started by an earlier version of the program`;
    if (status?.role === "master")
      return {
        kind: "tell",
        reason: `${reason}; move the role to the partner (hahandover), then it is started anew by itself`,
      };
    this.#tried = true;
    return { kind: "renew", reason: `${reason}; it is started anew` };
  }
}
