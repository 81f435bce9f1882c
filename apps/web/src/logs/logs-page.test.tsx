import type { LogLine } from "@tandem/central-api/logs";
import { cleanup, render, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { logQueryOf, readLogChoice } from "./log-choice.ts";
import { FoundLines } from "./logs-page.tsx";

afterEach(cleanup);

const line = (number: number): LogLine => ({
  id: `1.${number}`,
  receivedAt: "2026-11-25T14:00:00Z",
  source: "10.0.0.9",
  device: "d1",
  deviceName: "lm1",
  severity: "error",
  facility: "local0",
  time: null,
  host: null,
  app: "haproxy",
  procid: "12",
  msgid: null,
  structuredData: null,
  message: `message ${number}`,
});
const show = (lines: readonly LogLine[], hasMore: boolean, onMore = () => {}) =>
  render(<FoundLines lines={lines} isLoading={false} hasMore={hasMore} onMore={onMore} />);

test("[CH2] a line shows who sent it, what it is about, and no control character", () => {
  show([line(1), { ...line(2), deviceName: null, severity: null, app: null, message: "a\u001b[2Jb" }], false);
  const [, known, unknown] = screen.getAllByRole("row").map((row) => within(row));
  expect(known?.getByText("lm1")).toBeTruthy();
  expect(known?.getByText("haproxy[12]")).toBeTruthy();
  expect(unknown?.getByText("10.0.0.9 (unknown)")).toBeTruthy();
  expect(unknown?.getByText("a\\u001b[2Jb")).toBeTruthy();
});

test("[CH2] earlier lines are asked for, and an empty page with more behind it says so", async () => {
  const onMore = vi.fn();
  show([], true, onMore);
  expect(screen.getByText("Nothing found so far")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Search further back" }));
  expect(onMore).toHaveBeenCalledOnce();
  cleanup();
  show([], false);
  expect(screen.getByText("No such lines")).toBeTruthy();
});

test("[CH2] what one page shows is bounded", () => {
  render(<FoundLines lines={[line(2), line(1)]} isLoading={false} hasMore onMore={() => {}} shownMax={1} />);
  expect(screen.getAllByRole("row")).toHaveLength(2);
  expect(screen.queryByRole("button", { name: "Show earlier lines" })).toBeNull();
  expect(screen.getByText(/narrow the search/)).toBeTruthy();
});

test("[CH2] a search in an address is read as text, and asked for with its time zone", () => {
  expect(
    readLogChoice({ device: "192.0.2.1", severity: "", text: 404, from: "2026-11-25T14:00", x: 1 }),
  ).toEqual({
    device: "192.0.2.1",
    text: "404",
    from: "2026-11-25T14:00",
  });
  const local = "2026-11-25T14:00";
  expect(logQueryOf({ text: "down", from: local, to: "yesterday" })).toEqual({
    text: "down",
    from: new Date(local).toISOString(),
    to: "yesterday",
  });
});
