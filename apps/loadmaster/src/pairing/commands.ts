/** The commands of the guided procedure (SPEC LH10). */
import { ok } from "@tandem/base/result";
import type { Handlers } from "../api/dispatch.ts";
import type { Unit } from "../unit.ts";
import { Pairing } from "./pairing.ts";

type PairingCommand =
  | "hapaircheck"
  | "hapair"
  | "hapairstatus"
  | "hareplace"
  | "haunpair"
  | "hajoin"
  | "haleave";

export function pairingHandlers(unit: Unit, version: string): Pick<Handlers, PairingCommand> {
  const pairing = new Pairing(unit, { version });
  return {
    hapaircheck: (values) => pairing.check(values),
    hapair: (values, caller) => pairing.pair(values, caller),
    hapairstatus: async () => ok(await pairing.status()),
    hareplace: (values, caller) => pairing.replace(values, caller),
    haunpair: (values, caller) => pairing.unpair(values, caller),
    hajoin: (values, caller) => pairing.join(values, caller),
    haleave: (values, caller) => pairing.leave(values, caller),
  };
}
