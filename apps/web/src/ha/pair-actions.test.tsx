import type { HaStatus } from "@tandem/central-api/ha";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { call } from "../api/transport.ts";
import { holdsBack } from "./act-button.tsx";
import { FoundDifferences } from "./differences-alert.tsx";
import { handoverFault } from "./handover-button.tsx";
import { RemoveFromPair } from "./remove-from-pair.tsx";
import { RestoreDifferences } from "./restore-overwritten.tsx";

vi.mock("../api/transport.ts", () => ({ call: vi.fn() }));

afterEach(cleanup);

const whole = {
  ourState: "Slave",
  peerState: "Master",
  heartbeats: { flowing: true },
  handover: null,
} as HaStatus;
const underWay = { phase: "draining", since: "2026-01-01T00:00:00Z", byOperator: true, waitsFor: "" };

test.each([
  ["a whole pair", whole, null],
  ["a unit that stands alone", { ...whole, ourState: "Standalone" }, "This unit is Standalone"],
  [
    "no heartbeats",
    { ...whole, heartbeats: { ...whole.heartbeats, flowing: false } },
    "Heartbeats do not flow",
  ],
  ["a disabled peer", { ...whole, peerState: "Disabled" }, "The other unit is Disabled"],
  ["one under way", { ...whole, handover: underWay }, "A handover is under way"],
  ["one that came to nothing", { ...whole, handover: { ...underWay, phase: "given-up" } }, null],
] as const)("[CH11] whether the role can be moved: %s", (_, status, fault) => {
  expect(handoverFault(status as HaStatus)).toBe(fault);
});

test("[ML1] only a unit that stands alone beside its peer, and holds back, can be told to execute", () => {
  const alone = { ourState: "Standalone", peerUnit: "b", acting: false } as HaStatus;
  expect(holdsBack(alone)).toBe(true);
  expect(holdsBack({ ...alone, acting: true })).toBe(false);
  expect(holdsBack({ ...alone, peerUnit: null })).toBe(false);
  expect(holdsBack({ ...alone, ourState: "Slave" })).toBe(false);
});

test("[CH17] rows that were not the same are named, with their fields", () => {
  const found = {
    at: "2026-01-01T00:00:00Z",
    count: 30,
    repaired: true,
    rows: [{ table: "networks", row: "10.0.0.0/8", fields: ["name"] }],
  };
  render(<FoundDifferences found={found} />);
  expect(screen.getByText(/30 rows were not the same on both units/)).toBeTruthy();
  expect(screen.getByText("networks 10.0.0.0/8: name")).toBeTruthy();
  expect(screen.getByText("and 29 more")).toBeTruthy();
});

test("[CH13] before anything is restored, what would change is shown, and no secret", () => {
  render(
    <RestoreDifferences
      total={2}
      differences={[
        {
          table: "networks",
          row: "10.0.0.0/8",
          column: null,
          what: "comes back",
          secret: false,
          now: null,
          saved: {},
        },
        {
          table: "devices",
          row: "a",
          column: "password",
          what: "changes",
          secret: true,
          now: null,
          saved: null,
        },
      ]}
    />,
  );
  expect(screen.getByText("comes back")).toBeTruthy();
  expect(screen.getAllByText("(secret)")).toHaveLength(2);
});

test("[ML4] a unit that could not be told is removed once its name confirms that it is off, and since when it is silent is said", async () => {
  const message = "central2 could not be told that it is removed: last heard 600 s ago";
  const refusal = { code: "removal-unconfirmed", field: "confirm", message, remedy: "see that it is off" };
  vi.mocked(call)
    .mockRejectedValueOnce(Object.assign(new Error(), { status: 409, errors: [refusal] }))
    .mockResolvedValueOnce({ peerTold: false } as never);
  const status = { ourName: "central1", peerName: "central2" } as HaStatus;
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RemoveFromPair status={status} onClose={() => {}} />
    </QueryClientProvider>,
  );
  expect(screen.queryByLabelText(/will never serve again/)).toBeNull();
  fireEvent.click(screen.getByLabelText("Remove the other unit (central2)"));
  fireEvent.click(screen.getByRole("button", { name: "Remove" }));
  const name = await screen.findByLabelText(/will never serve again/);
  expect(screen.getByText(/last heard 600 s ago: see that it is off/)).toBeTruthy();
  fireEvent.change(name, { target: { value: "central2" } });
  fireEvent.click(screen.getByRole("button", { name: "Remove" }));
  await screen.findByText(/If it still runs/);
  expect(vi.mocked(call).mock.lastCall?.[1]).toEqual({
    body: { removes: "the other unit", confirm: "central2" },
  });
});
