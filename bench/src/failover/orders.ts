/** What the process that leads asks of those that have a bed each, and what they answer. */
import type { FalseTakeovers } from "./false-takeovers.ts";
import type { EventName, Round } from "./rounds.ts";

/** So many rounds of each event by one contender, which is set up once for them. */
export type Block = {
  readonly contender: string;
  readonly rounds: readonly { readonly event: EventName; readonly count: number }[];
};

export type Order =
  | { readonly order: "block"; readonly block: Block }
  | { readonly order: "takeover action"; readonly rounds: number }
  /** The pair stands, and waits for "hogs run" before it counts. */
  | { readonly order: "false take-overs"; readonly contender: string; readonly seconds: number }
  | { readonly order: "hogs run" };

export type Answer =
  | { readonly answer: "round"; readonly round: Round }
  | { readonly answer: "action times"; readonly times: readonly number[] }
  | { readonly answer: "stands" }
  | { readonly answer: "counted"; readonly counted: FalseTakeovers }
  /** The order is carried out, or has failed: the bed has then been built again. */
  | { readonly answer: "done" }
  | { readonly answer: "failed"; readonly reason: string };
