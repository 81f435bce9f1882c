import { cleanup, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeUnit } from "../api/fake-unit.fixture.ts";
import { pairView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { StatisticsPage } from "./statistics-page.tsx";

/** What was handed to the library to draw: jsdom has no canvas. */
const drawn = vi.hoisted(() => [] as unknown[][]);
vi.mock("uplot", () => ({
  default: class {
    constructor(_: unknown, data: unknown[]) {
      drawn.push(data);
    }
    setSize() {}
    destroy() {}
  },
}));

beforeEach(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
});
afterEach(() => {
  cleanup();
  drawn.length = 0;
  vi.unstubAllGlobals();
});

test("[LM3] the counters of the unit, of each service and of each of its servers", async () => {
  fakeUnit({
    stats: {
      VStotals: {
        ConnsPerSec: 3,
        BitsPerSec: 800,
        PktsPerSec: 0,
        TotalConns: 41,
        Requests: 7,
        BytesRead: 10,
        BytesWritten: 20,
      },
      Vs: [
        {
          Index: 1,
          VSAddress: "192.0.2.20",
          VSPort: 80,
          Status: "up",
          ConnsPerSec: 3,
          ActiveConns: 2,
          TotalConns: 41,
          BytesRead: 10,
          BytesWritten: 20,
        },
      ],
      Rs: [
        {
          RSIndex: 3,
          VSIndex: 1,
          Addr: "2001:db8::31",
          Port: 8080,
          Status: "up",
          ConnsPerSec: 3,
          ActivConns: 2,
          Conns: 40,
          Bytes: 30,
        },
      ],
      CPU: { total: { User: 20, System: 5, Idle: 75, IOWaiting: 0 }, cpu: [] },
      Timestamp: { Sec: 1_700_000_060, Usec: 500_000, Period: 1_000_000 },
      Counters: { Epoch: "e", Since: 1_700_000_000_000 },
    },
  });
  showPage(<StatisticsPage />, pairView());
  expect(await screen.findByText(new Date(1_700_000_000_000).toLocaleString())).toBeTruthy();
  const row = (table: string) =>
    within(within(screen.getByRole("grid", { name: table })).getAllByRole("row")[1]!);
  expect(row("Virtual services").getByText("192.0.2.20:80")).toBeTruthy();
  expect(row("Virtual services").getByText("41")).toBeTruthy();
  expect(row("Real servers").getByText("[2001:db8::31]:8080")).toBeTruthy();
  expect(row("Real servers").getByText("192.0.2.20:80")).toBeTruthy();
  expect(row("Real servers").getByText("40")).toBeTruthy();
  expect(
    screen.getByRole("img", { name: /Connections over time; last: new per second 3, open 2/ }),
  ).toBeTruthy();
  expect(screen.getByRole("img", { name: /Machine, per cent over time; last: processors 25/ })).toBeTruthy();
  expect(drawn).toContainEqual([[1_700_000_060.5], [3], [2]]);
});
