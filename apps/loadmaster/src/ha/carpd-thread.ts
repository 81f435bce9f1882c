/** What carpd's main thread and its CARP thread say to each other. Both are one program, so nothing is checked. */
import type { CarpEvent } from "@tandem/carp/state";
import type { CarpdConfiguration } from "./carpd-configuration.ts";
import type { DeviceAddresses } from "./carpd-group.ts";
import type { CarpdStatus } from "./carpd-protocol.ts";

/** The thread reports its status this often, and at every change. */
export const statusIntervalMs = 1_000;

export type ThreadOrder =
  /** Work by this; `stale` is removed first. Answered with `applied`. */
  | {
      readonly type: "configure";
      readonly configuration: CarpdConfiguration;
      readonly stale: readonly DeviceAddresses[];
      /** The addresses are on the devices already, and this machine is active at once. */
      readonly holding?: true;
    }
  | { readonly type: "demote"; readonly demotion: number; readonly reason: string }
  /** Whether the unit's process is there; said a while after it has gone, at once when it is back. */
  | { readonly type: "unit"; readonly presence: "here" | "away" }
  | { readonly type: "handover" }
  /** Bow out, leaving the addresses where they are if `keep`. Answered with `stopped`, after which the thread ends. */
  | { readonly type: "stop"; readonly keep?: true };

export type ThreadReport =
  /** `reader` is the way of reading that works here; `realtime` is undefined where SCHED_FIFO was granted. */
  | { readonly type: "started"; readonly reader: string; readonly realtime: string | undefined }
  | { readonly type: "applied"; readonly digest: string }
  | { readonly type: "status"; readonly status: CarpdStatus }
  | { readonly type: "event"; readonly event: CarpEvent }
  | { readonly type: "stopped" };
