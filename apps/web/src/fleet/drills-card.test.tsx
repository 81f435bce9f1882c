import type { DeviceService } from "@tandem/central-api/device-services";
import type { Drill } from "@tandem/central-api/drills";
import { cleanup, render, screen, within } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { asksOf, drillOf, emptyDraft, probedServices } from "./drill-draft.ts";
import { DrillHistory, drillFault } from "./drills-card.tsx";

afterEach(cleanup);

const drill: Drill = {
  id: "1",
  group: "g",
  groupName: "front",
  target: "http://10.0.0.10:80/",
  budgetMs: 200,
  andBack: true,
  author: "admin",
  unit: "c",
  startedAt: "2026-11-26T02:00:00.000Z",
  endedAt: "2026-11-26T02:00:20.000Z",
  from: "a",
  fromName: "lm1",
  to: "b",
  toName: "lm2",
  state: "passed",
  step: "over",
  moves: [
    { from: "a", to: "b", movedMs: 90, outageMs: 21 },
    { from: "b", to: "a", movedMs: 80, outageMs: 22 },
  ],
  measured: {
    outageMs: 22.1,
    requests: 926,
    failed: 2,
    lost: 2,
    resets: 1,
    cuts: 2,
    slowestMs: 70,
    lateP99Ms: 5.4,
    lateMaxMs: 12.6,
  },
  message: "longest outage 22.1 ms of 200 ms",
};

test("[LH13] what is asked is one of the pair's services, as a prober understands it", () => {
  const service = (address: string, port: number, protocol: "tcp" | "udp" = "tcp") =>
    ({ address, port, protocol }) as DeviceService;
  const services = probedServices([
    service("10.0.0.10", 80),
    service("fd00::10", 443),
    service("10.0.0.10", 53, "udp"),
  ]);
  expect(services).toEqual(["10.0.0.10:80", "[fd00::10]:443"]);
  expect(services.map(asksOf)).toEqual(["http", "https"]);
  const draft = emptyDraft(services);
  expect(drillOf(draft)).toEqual({ target: "http://10.0.0.10:80/", budgetMs: 1_000, andBack: false });
  expect(drillOf({ ...draft, path: "health" }).target).toBe("http://10.0.0.10:80/health");
  expect(drillOf({ ...draft, asks: "tcp", andBack: true, budgetMs: "50" })).toEqual({
    target: "10.0.0.10:80",
    budgetMs: 50,
    andBack: true,
  });
});

test("[LH13] a drill begins on a Master, on a ready group, and one at a time; otherwise the button says why not", () => {
  const ready = {
    group: { state: "ready" },
    ourState: "Master",
    drills: [drill],
    services: ["10.0.0.10:80"],
  } as const;
  expect(drillFault(ready)).toBeNull();
  expect(drillFault({ ...ready, ourState: "Standalone" })).toBeNull();
  expect(drillFault({ ...ready, ourState: "Slave" })).toMatch(/this unit is Slave/);
  expect(drillFault({ ...ready, group: { state: "degraded" } })).toMatch(/degraded/);
  expect(drillFault({ ...ready, drills: [{ ...drill, state: "running" }] })).toMatch(/under way/);
  expect(drillFault({ ...ready, services: undefined })).toMatch(/not known yet/);
  expect(drillFault({ ...ready, services: [] })).toMatch(/no virtual service/);
});

test("[LH13] the history shows the outage against the budget, what was lost, and why a drill did not pass", () => {
  const over = {
    ...drill,
    id: "2",
    state: "over budget" as const,
    moves: drill.moves.slice(0, 1),
    measured: { ...(drill.measured as NonNullable<Drill["measured"]>), outageMs: 410, resets: 0 },
  };
  const cut = {
    ...drill,
    id: "3",
    state: "interrupted" as const,
    measured: null,
    message: "this Central no longer acts; the role was not moved",
  };
  render(<DrillHistory drills={[cut, over, drill]} />);
  const [, first, second, third] = screen.getAllByRole("row");
  if (!first || !second || !third) throw new Error("there are three");
  expect(first.textContent).toContain("interruptedthis Central no longer acts; the role was not moved");
  expect(second.textContent).toContain("410 of 200 ms; the prober was late by 12.6 ms at most2 of 926");
  expect(within(second).getByRole("progressbar").getAttribute("aria-valuenow")).toBe("100");
  expect(third.textContent).toContain("lm1 to lm2 and back");
  expect(third.textContent).toContain("2 of 926, 1 reset");
  expect(screen.queryByLabelText(/Drill from/)).toBeNull();
});

test("[LH13] a drill under way shows its steps, with the way back when there is one", () => {
  const running = { ...drill, state: "running" as const, step: "probing after" as const, endedAt: null };
  render(<DrillHistory drills={[{ ...running, moves: [], measured: null }]} />);
  const shown = within(screen.getByLabelText("Drill from lm1 to lm2"));
  expect(shown.getByLabelText("handing over: done")).toBeTruthy();
  expect(shown.getByLabelText("probing after: now")).toBeTruthy();
  expect(shown.getByLabelText("moving back: to come")).toBeTruthy();
  cleanup();
  render(<DrillHistory drills={[{ ...running, andBack: false, moves: [], measured: null }]} />);
  expect(screen.queryByLabelText(/moving back/)).toBeNull();
});
