/** What the schedule needs of the rest of Central, so that tests and the simulator can put their own in its place. */
import type { Epoch } from "@tandem/base/epoch";
import type { UnitId } from "@tandem/base/ids";
import type { FieldError, Result } from "@tandem/base/result";
import type { WallMillis } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import type { Fence } from "@tandem/fencing/fence";
import type { Edit } from "@tandem/replica/edits";
import type { Performed } from "@tandem/schedule/call";
import type { SharedRows } from "../fleet/shared-rows.ts";
import type { ActionKind } from "./tables.ts";

/** Of `HighAvailability`. */
export type SchedulePair = SharedRows & {
  readonly identity: { readonly unit: UnitId };
  /** Whether scheduled actions run on this unit now (SPEC CH9). */
  readonly isActing: boolean;
  /** The term of office that this unit holds or follows; number 0 before the first. */
  readonly epoch: Epoch;
  /** A handover waits for so many (SPEC CH11). */
  setRunningActions(count: number): void;
  /** A device follows a newer Master, which it heard so long ago. */
  deviceRefused(holder: Epoch, holderHeardAgoMs: number): void;
};

export type Devices = {
  perform(device: string, action: ActionKind, fence: Fence): Promise<Performed>;
  /**
   * Whether it answers a run it knows with the first result, as LoadMasters of ours do; null when it does not answer
   * that question now.
   */
  remembersRuns(device: string): Promise<boolean | null>;
};

/** The copies of devices' configurations. */
export type Snapshots = {
  /**
   * Keeps the bytes on this unit's disk. `edits` make them known to both units; they belong in the same write as
   * the end of the run.
   */
  keep(snapshot: {
    readonly device: string;
    readonly run: string;
    readonly at: WallMillis;
    readonly bytes: Uint8Array;
    readonly author: string;
  }): Result<{ readonly digest: string; readonly size: number; readonly edits: readonly Edit[] }, FieldError>;
  /** What this unit knows to be kept of a run. */
  find(run: string): { readonly digest: string; readonly size: number } | undefined;
};

export type ScheduleEvent = {
  readonly code: "run-failed" | "run-unknown" | "run-skipped" | "device-fenced" | "run-not-recorded";
  readonly severity: "warning" | "error";
  readonly message: string;
  readonly run: string;
};

export type SchedulePorts = {
  readonly world: World;
  readonly pair: SchedulePair;
  readonly devices: Devices;
  readonly snapshots: Snapshots;
  readonly observe: (event: ScheduleEvent) => void;
};
