/** The name of a run: whoever works it out from the same facts gets the same one, so two Centrals cannot run it twice. */
import { canonicalJson } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import type { WallMillis } from "@tandem/base/time";

/** One execution of one action on one device: 64 hexadecimal digits. */
export type RunId = string;

export const runIdPattern = "^[0-9a-f]{64}$";

/** The action's id, the device's id and the nominal due time (UTC), not the time at which it is really begun (SPEC CH22). */
export const runIdOf = (run: {
  readonly action: string;
  readonly device: string;
  readonly dueAt: WallMillis;
}): RunId => sha256Hex(canonicalJson({ action: run.action, device: run.device, dueAt: run.dueAt }));
