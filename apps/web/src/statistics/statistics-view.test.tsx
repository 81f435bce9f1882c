import type { StatisticsSeries } from "@tandem/central-api/statistics";
import type { Tree } from "@tandem/central-api/tree";
import { cleanup, render, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { type Choice, queryOf, readChoice } from "./choice.ts";
import { StatisticsView } from "./statistics-view.tsx";

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
vi.stubGlobal(
  "ResizeObserver",
  class {
    observe() {}
    disconnect() {}
  },
);
afterEach(() => {
  cleanup();
  drawn.length = 0;
});

const tree = {
  networks: [
    {
      cidr: "10.0.1.0/24",
      name: "office",
      description: "",
      tag: "",
      parent: null,
      depth: 0,
      devices: [],
      haGroups: [],
    },
  ],
  devices: [{ id: "d1", name: "lm1", address: "10.0.1.1" }],
  haGroups: [],
  unplaced: [],
} as unknown as Tree;

const series: StatisticsSeries = {
  device: "d1",
  network: null,
  service: null,
  server: null,
  from: "2026-11-25T12:00:00Z",
  to: "2026-11-25T12:03:00Z",
  stepSeconds: 60,
  devices: 1,
  atUnixSeconds: [60, 120, 180],
  activeConnections: [3, null, 5],
  connectionsPerSecond: [null, null, 2],
  bytesInPerSecond: [null, null, 2_000],
  bytesOutPerSecond: [null, null, 20_000],
  requestsPerSecond: [null, null, 4],
  totals: { connections: 120, bytesIn: 120_000, bytesOut: 1_200_000, requests: 240 },
  services: [{ service: "10.9.0.1:80/tcp", servers: ["10.9.1.1:8080"] }],
};

const show = (choice: Choice, shown: StatisticsSeries | undefined = series) => {
  const onChoose = vi.fn();
  render(<StatisticsView tree={tree} choice={choice} series={shown} onChoose={onChoose} />);
  return onChoose;
};

test("[CE3] what was measured is drawn, with what is missing left as a gap, and added up", () => {
  show({ device: "d1" });
  expect(drawn).toContainEqual([
    [60, 120, 180],
    [3, null, 5],
  ]);
  expect(drawn).toHaveLength(3);
  expect(
    screen.getByRole("img", { name: /Bytes per second over time; last: in 2 k, out 20 k/ }),
  ).toBeTruthy();
  expect(screen.getByText("1.2 M")).toBeTruthy();
});

test("[CE3] a range in which nothing was measured says so", () => {
  const none = [null, null, null];
  show({}, { ...series, activeConnections: none });
  expect(screen.getByText(/Nothing was measured/)).toBeTruthy();
  expect(drawn).toHaveLength(0);
});

test("[CE3] network, device, service, server and range are chosen, each within the one before", async () => {
  const onChoose = show({ device: "d1", service: "10.9.0.1:80/tcp" });
  const chosen = async (label: string, option: string): Promise<unknown> => {
    await userEvent.selectOptions(screen.getByLabelText(label), option);
    return onChoose.mock.lastCall?.[0];
  };
  expect(await chosen("Whose statistics", "10.0.1.0/24 (office)")).toEqual({
    range: "1h",
    network: "10.0.1.0/24",
  });
  expect(await chosen("Virtual service", "All services")).toEqual({ range: "1h", device: "d1" });
  expect(await chosen("Real server", "10.9.1.1:8080")).toEqual({
    range: "1h",
    device: "d1",
    service: "10.9.0.1:80/tcp",
    server: "10.9.1.1:8080",
  });
  await userEvent.click(within(screen.getByRole("group", { name: "Range" })).getByText("7 days"));
  expect(onChoose.mock.lastCall?.[0]).toEqual({ device: "d1", service: "10.9.0.1:80/tcp", range: "7d" });
});

test("an address is read as far as it makes sense, and asked for up to now", () => {
  expect(readChoice({ network: "10.0.0.0/8", server: "x", range: "2w", other: 1 })).toEqual({
    network: "10.0.0.0/8",
  });
  expect(readChoice({ network: "10.0.0.0/8", device: "d1", service: "s", server: "x", range: "1d" })).toEqual(
    {
      device: "d1",
      service: "s",
      server: "x",
      range: "1d",
    },
  );
  expect(queryOf({ device: "d1" }, Date.UTC(2026, 10, 25, 12))).toEqual({
    device: "d1",
    from: "2026-11-25T11:00:00.000Z",
    to: "2026-11-25T12:00:00.000Z",
  });
});
