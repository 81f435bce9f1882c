import type { Conflict } from "@tandem/central-api/ha-conflicts";
import { cleanup, render, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { ConflictsTable } from "./conflicts-card.tsx";

afterEach(cleanup);

const conflict: Conflict = {
  id: "00000000000000aa.1",
  table: "networks",
  row: "10.0.0.0/8",
  field: "name",
  secret: false,
  lost: "mine",
  stands: "theirs",
  rowExists: true,
  author: "alice",
  unit: "central1",
  at: "2026-01-01T00:00:00Z",
  resolution: null,
  tag: "t",
};

test("[CH20] a conflict shows both values, author, unit and time, and is restored or dismissed with one click", async () => {
  const onResolve = vi.fn();
  render(<ConflictsTable conflicts={[conflict]} isBusy={false} onResolve={onResolve} />);
  const row = within(screen.getByRole("row", { name: /name of networks 10.0.0.0\/8/ }));
  expect(row.getByText("“mine”")).toBeTruthy();
  expect(row.getByText("“theirs”")).toBeTruthy();
  expect(row.getByText(/alice on central1/)).toBeTruthy();
  await userEvent.click(row.getByRole("button", { name: "Restore" }));
  await userEvent.click(row.getByRole("button", { name: "Dismiss" }));
  expect(onResolve.mock.calls).toEqual([
    [conflict, "restore"],
    [conflict, "dismiss"],
  ]);
});

test("[CH20] a secret is not shown, a row that was removed is said to be, and what is resolved offers no button", () => {
  const resolution = {
    how: "restored",
    author: "bob",
    unit: "central2",
    at: "2026-01-01T00:00:00Z",
  } as const;
  const conflicts: Conflict[] = [
    { ...conflict, id: "1.1", field: "password", secret: true, lost: null, stands: null },
    { ...conflict, id: "1.2", rowExists: false, stands: null },
    { ...conflict, id: "1.3", field: "@life", lost: "deleted", stands: "exists", resolution },
  ];
  render(<ConflictsTable conflicts={conflicts} isBusy={false} onResolve={() => {}} />);
  expect(screen.getAllByText("(secret)")).toHaveLength(2);
  expect(screen.getByText("removed")).toBeTruthy();
  expect(screen.getByText("restored by bob on central2")).toBeTruthy();
  expect(screen.getAllByRole("button", { name: "Restore" })).toHaveLength(2);
});
