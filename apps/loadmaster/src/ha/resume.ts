/** How a unit becomes pacified and ends being so, as it is told to operators (SPEC LH9). */
import { err, ok, type Result } from "@tandem/base/result";
import { completedOk, type Failure } from "@tandem/loadmaster-api/envelope";
import type { Pacified } from "@tandem/loadmaster-api/ha-view";
import type { CarpRole } from "./carp-role.ts";
import { pacifiedRemedy } from "./pacified.ts";

type Told = { readonly level: "error" | "info"; readonly event: string; readonly details: object };

/** Tells once of each change. */
export class PacifiedWatch {
  #last: Pacified | null;

  constructor({ pacified }: Pick<CarpRole, "pacified">) {
    this.#last = pacified;
  }

  /** After everything that carpd, or its absence, says. */
  look({ pacified }: Pick<CarpRole, "pacified">): Told | undefined {
    if (pacified?.since === this.#last?.since) return undefined;
    this.#last = pacified;
    return pacified === null
      ? { level: "info", event: "ha-resumed", details: {} }
      : { level: "error", event: "ha-pacified", details: { ...pacified, remedy: pacifiedRemedy } };
  }
}

/** `haresume`. */
export async function resumed(carp: Pick<CarpRole, "pacified" | "resume">): Promise<Result<object, Failure>> {
  if (carp.pacified === null)
    return err({
      code: 422,
      message:
        "haresume: this unit is not pacified; hareport says what else may keep it from taking part; nothing was changed",
    });
  return carp.resume().then(
    () => ok({ message: completedOk }),
    (error: Error) =>
      err({ code: 503, message: `haresume: carpd does not run: ${error.message}; look at carpd.log` }),
  );
}
