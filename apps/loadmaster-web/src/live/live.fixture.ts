/** States of a pair, as the unit sends them, for tests. */
import type { HaView, Square } from "@tandem/loadmaster-api/ha-view";

const square = (unit: "HA1" | "HA2", more: Partial<Square>): Square => ({
  unit,
  name: unit === "HA1" ? "lm1" : "lm2",
  address: unit === "HA1" ? "192.0.2.11" : "192.0.2.12",
  self: unit === "HA1",
  colour: "green",
  letter: "",
  state: "standby, ready",
  reasons: [],
  ...more,
});

/** HA1 answers and is active; HA2 is ready. */
export const pairView = (more: Partial<HaView> = {}, other: Partial<Square> = {}): HaView => ({
  name: "lm1",
  serial: "00000000000000aa",
  version: "0.1.0",
  here: "shared address",
  localAddress: "192.0.2.10",
  setup: "pair",
  missing: [],
  sharedAddress: "192.0.2.10",
  squares: [square("HA1", { letter: "A", state: "active" }), square("HA2", other)],
  hastatus: "Active",
  activeTime: 1_700_000_000,
  problems: [],
  notices: [],
  foreign: [],
  revision: "7-abc",
  checks: [],
  partnerChecks: [],
  pacified: null,
  licence: null,
  at: 1_700_000_100_000,
  ...more,
});

export const singleView = (more: Partial<HaView> = {}): HaView =>
  pairView({
    here: "single unit",
    localAddress: "192.0.2.11",
    setup: "single",
    sharedAddress: null,
    squares: null,
    hastatus: "HA not configured",
    activeTime: 0,
    partnerChecks: null,
    ...more,
  });
