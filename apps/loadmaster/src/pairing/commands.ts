/** The commands of the guided procedure (SPEC LH10). */
import { err, ok, type Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import type { PairingView } from "@tandem/loadmaster-api/pairing";
import type { Handlers } from "../api/dispatch.ts";
import type { Unit } from "../unit.ts";

type PairingCommand =
  | "hapaircheck"
  | "hapair"
  | "hapairstatus"
  | "hareplace"
  | "haunpair"
  | "hajoin"
  | "haleave";

const none: PairingView = { kind: null, state: "none", steps: [], outcome: "", backups: [] };

export function pairingHandlers(_unit: Unit): Pick<Handlers, PairingCommand> {
  const notYet = async (): Promise<Result<object, Failure>> =>
    err({ code: 422, message: "this unit cannot do that yet" });
  return {
    hapaircheck: notYet,
    hapair: notYet,
    hapairstatus: async () => ok(none),
    hareplace: notYet,
    haunpair: notYet,
    hajoin: notYet,
    haleave: notYet,
  };
}
