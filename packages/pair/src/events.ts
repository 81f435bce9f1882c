/** What happened, for the timeline (CH25). The words stand in `eventWords`; the shell adds wall-clock time and unit. */
import type { Epoch } from "@tandem/base/epoch";
import type { PairId } from "@tandem/base/ids";
import type { HaSettings, StandaloneReason } from "./state.ts";

export type RoleKind = "Standalone" | "Starting" | "Master" | "Slave" | "Disabled";

export type PairEvent =
  | {
      readonly code: "role-changed";
      readonly from: RoleKind | null;
      readonly to: RoleKind;
      readonly why: string;
      readonly epoch: Epoch;
    }
  /** A Master that stays Master under a new epoch. */
  | { readonly code: "epoch-claimed"; readonly epoch: Epoch; readonly why: string }
  /** A Standalone unit stands alone for another reason than before. */
  | { readonly code: "standalone-because"; readonly reason: StandaloneReason }
  | { readonly code: "settings-applied"; readonly settings: HaSettings }
  | { readonly code: "peer-heard"; readonly name: string; readonly state: RoleKind }
  | { readonly code: "heartbeat-missed"; readonly missed: number; readonly error: string | null }
  | {
      readonly code: "peer-gone";
      readonly by: "refusal" | "silence" | "stopped";
      readonly error: string | null;
    }
  | { readonly code: "two-masters"; readonly ours: Epoch; readonly theirs: Epoch; readonly stays: boolean }
  | { readonly code: "both-preferred"; readonly present: boolean }
  | { readonly code: "armed"; readonly by: string }
  | { readonly code: "waiting-for-networks"; readonly units: readonly string[] }
  | { readonly code: "initial-sync-requested" }
  | { readonly code: "initial-sync-served"; readonly pairId: PairId; readonly minted: boolean }
  | { readonly code: "initial-sync-failed"; readonly message: string }
  | { readonly code: "joined-pair"; readonly pairId: PairId; readonly backup: string | null }
  /** An operator told this unit to take the role, or to hand it over. */
  | { readonly code: "handover-ordered"; readonly as: "taker" | "giver" }
  | { readonly code: "handover-given-up"; readonly reason: string }
  | { readonly code: "handover-asked"; readonly byOperator: boolean }
  | { readonly code: "handover-refused"; readonly reason: string }
  | { readonly code: "handover-waiting"; readonly reason: string }
  | { readonly code: "handover-offered"; readonly n: number }
  | { readonly code: "handover-void"; readonly why: string }
  | { readonly code: "digests-differ" }
  | { readonly code: "digests-agree-again" }
  | { readonly code: "stalled" }
  | { readonly code: "device-refused"; readonly holder: Epoch }
  | { readonly code: "unpaired"; readonly as: "stays" | "leaves" };

export type Severity = "info" | "warning" | "error";
