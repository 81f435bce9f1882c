/**
 * A backup of one unit of a pair takes the place of another unit's state (SPEC ML5, pair-protocol I6): data, vector and
 * pair id are the backup's, identity and HA settings stay the unit's own. It then starts anew, meets its peer with the
 * same pair id, and merges; the peer is never overwritten.
 */
import type { Epoch } from "@tandem/base/epoch";
import type { PairId } from "@tandem/base/ids";
import type { FieldError } from "@tandem/base/result";
import { maxEpoch } from "./rules.ts";
import type { PairDurable, PairState } from "./state.ts";
import { peerWords } from "./words.ts";

/** What a backup says of the pair of the unit that wrote it. */
export type BackedUpPair = { readonly pairId: PairId | null; readonly seen: Epoch };

/** Why a backup must not replace this unit's state; null: it may. Asked before anything is changed. */
export function faultOfReplacing(state: PairState, { pairId }: BackedUpPair): FieldError | null {
  const { settings, durable, contact } = state;
  if (settings.peer === null) return null;
  if (pairId === null)
    return {
      code: "backup-of-no-pair",
      field: "backup",
      message:
        "the backup is of a unit that belonged to no pair, and this unit has a peer: it could not tell the peer's changes from its own",
      remedy:
        'choose a backup that was made in the pair; or restore this one to "go back", which makes every difference a new edit',
    };
  // What the peer says counts before what this unit knew of it.
  const isHeard = contact.verdict === "alive" && contact.heartbeat !== null;
  const peersPair = (isHeard ? contact.heartbeat.pairId : null) ?? durable.pairId;
  if (peersPair === null || peersPair === pairId) return null;
  return {
    code: "other-pair",
    field: "backup",
    message: `the backup is of another pair than that of ${peerWords(state)}; the two would not merge`,
    remedy:
      "choose a backup of this pair; or use Remove from pair on this unit first, restore, and set HA up with the unit that the backup belongs with",
  };
}

/**
 * What goes to disk in one transaction with the backup's data. `savedAs`: the backup of what it replaces. A unit
 * without a peer would be a Central on its own, and execute what the pair executes: it is one that was removed, until
 * it is set up with its peer, or told that the other unit is gone for good.
 */
export function durableAfterReplacing(
  { durable, settings }: Pick<PairState, "durable" | "settings">,
  { pairId, seen }: BackedUpPair,
  savedAs: string,
): PairDurable {
  return {
    ...durable,
    pairId,
    seen: maxEpoch(durable.seen, seen),
    offered: null,
    setUpFirst: false,
    armedFor: null,
    overwrittenBackup: savedAs,
    removed: durable.removed || (settings.peer === null && pairId !== null),
  };
}
