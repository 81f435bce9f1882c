import type { Device } from "@tandem/central-api/devices";
import type { Run, ScheduledAction } from "@tandem/central-api/schedule";
import type { Snapshot } from "@tandem/central-api/snapshots";
import { cleanup, render, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { ActionsTable } from "./actions-card.tsx";
import { RunsTable } from "./runs-card.tsx";
import { whoExecutes } from "./schedule-page.tsx";

afterEach(cleanup);

const action: ScheduledAction = {
  id: "a1",
  name: "nightly",
  kind: "backup",
  devices: ["d1", "d2", "d3", "d4"],
  when: { cron: "0 3 * * *", timeZone: "UTC" },
  missedRule: "skip",
  ifUnknown: "run again",
  enabled: true,
  author: "admin",
  nextDue: null,
  lastRun: null,
  tag: "t",
};
const attempt = {
  state: "proved",
  unit: "00aa",
  epoch: 4,
  claimedAt: "2026-11-25T03:00:00Z",
  startedAt: "2026-11-25T03:00:00Z",
  endedAt: "2026-11-25T03:00:01Z",
  startedOn: "both",
  evidence: { digest: "abc", size: 353 },
  message: "",
} as const;
const run: Run = {
  id: "r1",
  action: "a1",
  actionName: "nightly",
  kind: "backup",
  device: "d1",
  deviceName: "lm1",
  due: "2026-11-25T03:00:00Z",
  trigger: "schedule",
  author: "admin",
  ...attempt,
  attempts: [{ ...attempt, unit: "00bb", epoch: 3, state: "unknown" }, attempt],
};
const snapshot = { id: "s1", device: "d1", runId: "r1", size: 353, here: true } as Snapshot;

test.each([
  [{ ourState: "Master", acting: true }, /executes the actions; the other unit takes over/],
  [{ ourState: "Slave", acting: false }, /The Master executes/],
  [{ ourState: "Standalone", acting: true }, /itself, and no other unit takes over/],
  [{ ourState: "Standalone", acting: false }, /executes no scheduled actions now/],
  [{ ourState: "Disabled", acting: false }, /executes no scheduled actions now/],
] as const)("[CH9] who executes is said on either unit: %j", (status, words) => {
  expect(whoExecutes(status)).toMatch(words);
});

test("[CH9] an action shows what, on which devices and when; long lists of devices are cut and counted", async () => {
  const onAsk = vi.fn();
  render(
    <ActionsTable
      actions={[action]}
      devices={[{ id: "d1", name: "lm1" } as Device]}
      isBusy={false}
      onTurn={() => {}}
      onAsk={onAsk}
    />,
  );
  expect(screen.getByText("lm1, d2, d3 and 1 more")).toBeTruthy();
  expect(screen.getByText("each day at 03:00 (UTC)")).toBeTruthy();
  expect(screen.getByText("not any more")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Run nightly now" }));
  expect(onAsk).toHaveBeenCalledWith({ kind: "run", action });
});

test("[CH22] a run shows every attempt with its unit, epoch and evidence, and its backup where it is here", async () => {
  const unitName = (id: string): string => (id === "00aa" ? "central1" : "central2");
  const show = (taken: readonly Snapshot[]) => (
    <RunsTable runs={[run]} snapshots={taken} unitName={unitName} />
  );
  const { rerender } = render(show([{ ...snapshot, here: false }, snapshot]));
  expect(screen.getByText("central1, scheduled by admin")).toBeTruthy();
  const link = screen.getByRole("link", { name: "Download the backup (353 bytes)" });
  expect(link.getAttribute("href")).toBe("/api/v1/snapshots/s1/content");
  await userEvent.click(screen.getByRole("button", { name: "Details" }));
  const attempts = within(screen.getByRole("grid", { name: "Attempts" })).getAllByRole("row");
  expect(attempts.map((row) => row.textContent)).toEqual([
    expect.stringContaining("Unit"),
    expect.stringMatching(/central2.*3.*unknown/),
    expect.stringMatching(/central1.*4.*proved.*known on both units.*SHA-256 abc; 353 bytes/),
  ]);
  rerender(show([{ ...snapshot, here: false }]));
  expect(screen.queryByRole("link")).toBeNull();
  expect(screen.getByText(/on its way to this unit/)).toBeTruthy();
});
