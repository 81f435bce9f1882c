/** HA as the pages show it at one of the three addresses (SPEC LH9): the part that does not come from the report. */
import type { WallMillis } from "@tandem/base/time";
import type { HaView } from "@tandem/loadmaster-api/ha-view";
import type { UnitDocument } from "../state/document.ts";
import { checksIn, type SquareFacts, squaresFor } from "./squares.ts";

export type ViewFacts = Omit<SquareFacts, "hamode" | "partners" | "upMs"> & {
  readonly document: UnitDocument;
  readonly sharedAddresses: readonly string[];
  readonly startedAt: WallMillis;
};

type Shown = Omit<
  HaView,
  | "serial"
  | "version"
  | "hastatus"
  | "activeTime"
  | "problems"
  | "notices"
  | "foreign"
  | "licence"
  | "revision"
>;

export function haViewOf(facts: ViewFacts, localAddress: string): Shown {
  const { document, setup, sharedAddresses, carp, partner, pacified, startedAt, now } = facts;
  const { hamode, partners, hostname } = document.unit;
  const isShared = sharedAddresses.includes(localAddress);
  return {
    name: hostname,
    here: setup.kind !== "pair" ? "single unit" : isShared ? "shared address" : "own address",
    localAddress,
    setup: setup.kind,
    missing: setup.kind === "incomplete" ? setup.missing : [],
    sharedAddress: setup.kind === "pair" ? setup.sharedAddress : null,
    squares: squaresFor({ ...facts, hamode, partners, upMs: now - startedAt }),
    checks: checksIn(carp),
    partnerChecks: partner.kind === "up" ? (partner.status.checks ?? null) : null,
    pacified,
    at: now,
  };
}
