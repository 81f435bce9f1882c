import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { FilesAlert, SwitchList } from "./synchronisation-page.tsx";

afterEach(cleanup);

test("[CH4] a switch says what it does now; one that this version lacks cannot be turned on", async () => {
  const onAsk = vi.fn();
  const repository = {
    name: "repository",
    title: "Global Repository",
    on: true,
    available: true,
    moving: true,
  } as const;
  const users = { name: "users", title: "Users", on: false, available: false, moving: false } as const;
  render(<SwitchList switches={[repository, users]} onAsk={onAsk} />);
  expect(screen.getByText("On: both units have the same. Rows are on their way.")).toBeTruthy();
  expect(screen.getByText(/This version cannot synchronise them yet/)).toBeTruthy();
  await userEvent.click(screen.getByLabelText("Users"));
  await userEvent.click(screen.getByLabelText("Global Repository"));
  expect(onAsk.mock.calls).toEqual([[repository]]);
});

test("[CH5] files that are missing are counted, with those that the other unit lacks too", () => {
  const files = {
    missing: 2,
    missingBytes: 10,
    notOnPeer: 1,
    broken: 0,
    damagedPieces: 0,
    receivedBytes: 0,
    sentBytes: 0,
    error: null,
  };
  const { rerender } = render(<FilesAlert files={files} />);
  expect(
    screen.getByText(
      /2 files \(10 bytes\) are on their way to this unit; 1 of them are not on the other unit either/,
    ),
  ).toBeTruthy();
  rerender(<FilesAlert files={{ ...files, missing: 0 }} />);
  expect(screen.queryByText(/on their way/)).toBeNull();
});
