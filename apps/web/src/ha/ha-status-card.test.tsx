import type { HaStatus } from "@tandem/central-api/ha";
import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { HaStatusCard } from "./ha-status-card.tsx";

afterEach(cleanup);

const standalone: HaStatus = {
  at: "2026-01-01T00:00:00Z",
  ourUnit: "00000000000000aa",
  ourName: "central1",
  ourState: "Standalone",
  ourReason: "no peer is configured",
  peerUnit: null,
  peerName: null,
  peerState: null,
  peerReason: "",
  heartbeats: { flowing: false, lastSent: null, lastReceived: null, missed: 0, error: null },
  ourSequence: 3,
  peerSequence: null,
  inStep: null,
  digestEqual: null,
  waitingFor: [],
  epoch: null,
  overwrittenBackup: null,
  licensingMismatches: [],
  acting: true,
  handover: null,
  onlyHere: [],
  withheld: [],
  clockDifferenceMs: null,
  vector: {},
  digest: "",
  unacknowledged: 0,
  configurationErrors: [],
  checks: [],
};

const paired: HaStatus = {
  ...standalone,
  ourState: "Master",
  peerState: "Slave",
  heartbeats: {
    flowing: true,
    lastSent: "2026-01-01T00:00:00Z",
    lastReceived: "2026-01-01T00:00:01Z",
    missed: 0,
    error: null,
  },
  peerSequence: 3,
  inStep: true,
  digestEqual: true,
};

const show = (status: HaStatus, onRefresh = () => {}) =>
  render(<HaStatusCard status={status} onRefresh={onRefresh} refreshing={false} />);

test("[CH15] set-up is called complete when one is Master, the other Slave, and heartbeats flow", () => {
  show(paired);
  expect(screen.getByText(/Set-up is complete/)).toBeTruthy();
  expect(screen.getByText(/digests of the shared state are equal/)).toBeTruthy();
  cleanup();
  show({ ...paired, ourState: "Slave", peerState: "Master" });
  expect(screen.getByText(/Set-up is complete/)).toBeTruthy();
});

test.each([
  ["both Master", { ...paired, peerState: "Master" as const }],
  ["no heartbeats", { ...paired, heartbeats: { ...paired.heartbeats, flowing: false } }],
  ["no peer", standalone],
])("[CH15] set-up is not called complete with %s", (_, status) => {
  show(status);
  expect(screen.queryByText(/Set-up is complete/)).toBeNull();
});

test("[ML5] a setting that does not fit the other unit's stands there with what to do, beside those that do", () => {
  const ours = "clear";
  show({
    ...paired,
    checks: [
      { setting: "Disable", ours, fits: "yes", message: "neither unit is taken out of HA", remedy: "" },
      {
        setting: "Preferred Master",
        ours,
        fits: "no",
        message: "Preferred Master is set on neither unit",
        remedy: "set it on one",
      },
    ],
  });
  expect(screen.getByText("fits")).toBeTruthy();
  expect(screen.getByText("does not fit")).toBeTruthy();
  expect(screen.getByText("Preferred Master is set on neither unit: set it on one")).toBeTruthy();
  cleanup();
  show(standalone);
  expect(screen.queryByText("Fits the other unit's")).toBeNull();
});

test("[CH10] what the pair waits for stands there, with the unit", () => {
  show({ ...standalone, waitingFor: [{ unit: "central2", what: "a network must be defined" }] });
  expect(screen.getByText(/Waiting for central2: a network must be defined/)).toBeTruthy();
});

test("[CH15] missed heartbeats are shown with their error; Refresh asks for a fresh status", async () => {
  const onRefresh = vi.fn();
  show(
    { ...paired, heartbeats: { ...paired.heartbeats, missed: 4, error: "connection refused" } },
    onRefresh,
  );
  expect(screen.getByText(/4: connection refused/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Refresh" }));
  expect(onRefresh).toHaveBeenCalledOnce();
});

test("[CH17] equal versions with different content are called out", () => {
  show({ ...paired, digestEqual: false });
  expect(screen.getByText(/NOT EQUAL/)).toBeTruthy();
});

test("[CH17] digests that have not been compared are not called equal", () => {
  show({ ...paired, digestEqual: null });
  expect(screen.getByText(/in step; the digests are compared with the next heartbeat/)).toBeTruthy();
  expect(screen.queryByText(/digests of the shared state are equal/)).toBeNull();
});
