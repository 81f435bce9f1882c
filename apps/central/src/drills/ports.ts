/** What drills need of the rest of Central, so that tests can put their own in its place. */
import type { Epoch } from "@tandem/base/epoch";
import type { UnitId } from "@tandem/base/ids";
import type { FieldError, Result } from "@tandem/base/result";
import type { Millis } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import type { Fence } from "@tandem/fencing/fence";
import type { ProbeOptions } from "@tandem/probe/probe";
import type { ProberReport } from "@tandem/probe/sampler";
import type { SharedRows } from "../fleet/shared-rows.ts";
import type { UnitView } from "./fitness.ts";

/** Of `HighAvailability`. */
export type DrillsPair = SharedRows & {
  readonly identity: { readonly unit: UnitId };
  /** Drills run on the unit that acts, and on no other (SPEC CH9). */
  readonly isActing: boolean;
  readonly epoch: Epoch;
};

export type HandedOver =
  | { readonly kind: "moved" }
  /** Nothing was changed. */
  | { readonly kind: "refused"; readonly message: string }
  /** No answer, or one that leaves open what became of it. */
  | { readonly kind: "unknown"; readonly message: string };

/** A virtual service of a pair, as far as a prober can reach it. */
export type ProbedService = {
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
};

/** Units by their devices' ids, each asked at its own address. Nothing rejects; failures are words. */
export type DrilledUnits = {
  look(device: string): Promise<Result<UnitView, string>>;
  services(device: string): Promise<Result<readonly ProbedService[], string>>;
  /** Null: it does not say. */
  isActive(device: string): Promise<boolean | null>;
  handOver(device: string, fence: Fence): Promise<HandedOver>;
};

/** A prober that runs on this machine; `now` is the clock of the windows that it reports on. */
export type RunningProbe = {
  now(): Millis;
  report(from: Millis, to: Millis): Promise<ProberReport>;
  stop(): Promise<void>;
};
export type ProbePort = (options: ProbeOptions) => Result<RunningProbe, FieldError>;

export type DrillEvent = {
  readonly severity: "info" | "warning" | "error";
  readonly code:
    | "drill-started"
    | "drill-passed"
    | "drill-over-budget"
    | "drill-failed"
    | "drill-interrupted"
    | "drill-not-recorded";
  readonly message: string;
};

export type DrillPorts = {
  readonly world: World;
  readonly pair: DrillsPair;
  readonly units: DrilledUnits;
  readonly probe: ProbePort;
  readonly observe: (event: DrillEvent) => void;
};
