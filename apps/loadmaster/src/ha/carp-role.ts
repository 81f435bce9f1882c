/** What the unit needs of carpd; CarpdClient is the real one, tests have one that does as it is told. */
import type { FieldError, Result } from "@tandem/base/result";
import type { Pacified } from "@tandem/loadmaster-api/ha-view";
import type { CarpdConfiguration } from "./carpd-configuration.ts";
import type { CarpdStatus } from "./carpd-protocol.ts";

export type CarpRoleStatus = {
  readonly role: "initial" | "backup" | "master" | "stopped";
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
  readonly reason: string;
} & Partial<
  Pick<CarpdStatus, "rejects" | "foreign" | "checks" | "demotion" | "peer" | "addresses" | "realtimeRefused">
>;

export type CarpRole = {
  readonly status: CarpRoleStatus | null;
  /** Why carpd does not go by the configuration that it was last told; undefined while it does. Told as a status is. */
  readonly refusal?: string | undefined;
  /** Not null: carpd has ended so often that it is not started (SPEC LH9). Told as a status is. */
  readonly pacified: Pacified | null;
  onStatus(listener: (status: CarpRoleStatus | null) => void): () => void;
  /** Begins to look for a carpd that runs, without starting one. */
  start(): void;
  /** Starts carpd unless one answers, or the unit is pacified. `holding`: the unit has held the addresses alone, and they never leave the device. */
  spawn(holding?: true): Promise<void>;
  /** Ends being pacified; resolves once carpd answers where one is wanted. */
  resume(): Promise<void>;
  /** The unit is about to be started again by an operator's order, and the next one is not pacified. */
  resumeAtRestart(): void;
  /** The unit is in no pair: it ends being pacified, and no start of before counts in its next pair. */
  forgetStarts(): void;
  configure(configuration: CarpdConfiguration): Result<null, readonly FieldError[]>;
  demote(demotion: number, reason: string): void;
  /** Gives the role to the standby: resolves once the role is given up, or with the reason in words why it is not. */
  handOver(): Promise<Result<null, string>>;
  /** Bows out: the partner is told; addresses are let go of, or left where they are for the unit to `keep`. */
  stop(keep?: true): Promise<void>;
};
