/** HA as people see it, at whichever of the three addresses: the two squares and what stands behind them (SPEC LH9). */
import type { LicenceNoticeView } from "./licence-commands.ts";
import type { Permission } from "./permissions.ts";
import type { HaStatusWord } from "./views.ts";

export type SquareColour = "green" | "yellow" | "red" | "blue" | "grey";
export type SquareState =
  | "active"
  | "standby, ready"
  | "not ready"
  | "down"
  | "not paired"
  | "pacified"
  | "unknown";

export type Square = {
  readonly unit: "HA1" | "HA2";
  /** Empty while the unit has not told it. */
  readonly name: string;
  /** The unit's own address, where its own pages are. */
  readonly address: string;
  /** True for the unit that answers. */
  readonly self: boolean;
  readonly colour: SquareColour;
  readonly letter: "A" | "";
  readonly state: SquareState;
  /** Why it is not green, in words. */
  readonly reasons: readonly string[];
};

export type HaCheckView = {
  readonly device: string;
  /** Null: the carrier alone is looked at. */
  readonly gateway: string | null;
  /** In words; null while all is well. */
  readonly fault: string | null;
};

/** A unit that takes no part in HA since its carpd ended too often (SPEC LH9). */
export type Pacified = {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly starts: number;
  readonly reason: string;
};

/** What `haview` answers, and what the unit's pages are sent at every change. */
export type HaView = {
  readonly name: string;
  readonly serial: string;
  readonly version: string;
  /** Which kind of address was asked. */
  readonly here: "own address" | "shared address" | "single unit";
  readonly localAddress: string;
  readonly setup: "single" | "incomplete" | "pair";
  /** What an incomplete set-up lacks. */
  readonly missing: readonly string[];
  readonly sharedAddress: string | null;
  /** HA1 and HA2; null while no HA mode is set. */
  readonly squares: readonly [Square, Square] | null;
  readonly hastatus: HaStatusWord;
  /** Seconds since 1970; 0 on a standby. */
  readonly activeTime: number;
  readonly problems: readonly string[];
  readonly notices: readonly string[];
  /** Other groups on the segment that use the HA Virtual ID. */
  readonly foreign: readonly string[];
  readonly revision: string;
  readonly checks: readonly HaCheckView[];
  /** Null while the partner does not say. */
  readonly partnerChecks: readonly HaCheckView[] | null;
  readonly pacified: Pacified | null;
  /** What is to be known of this unit's licence; null when there is nothing. */
  readonly licence: LicenceNoticeView | null;
  /** When it was so, milliseconds since 1970. */
  readonly at: number;
};

/** Where a browser finds what the API has no command for. */
export const wuiPaths = { session: "/wui/session", status: "/wui/status" } as const;
/** Carried by calls to the API that a browser's session makes; another site cannot set it. */
export const csrfHeader = "x-csrf-token";
/** The event's name on `wuiPaths.status`; its data is a {@link HaView}. */
export const haEvent = "ha";

/** What `POST` and `GET` of `wuiPaths.session` answer. */
export type WuiSession = {
  readonly user: string;
  readonly csrf: string;
  /** Absent for bal, who may do everything. */
  readonly permissions?: readonly Permission[];
};
