import type { MonthUsage, ReportDestination, UsageLineAnswer } from "@tandem/central-api/metering";
import { cleanup, render, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { DestinationsTable, SentAlerts } from "./delivery-card.tsx";
import { draftOf, putOf } from "./destination-draft.ts";
import { readMonth } from "./month-choice.ts";
import { UsageCard } from "./usage-card.tsx";

afterEach(cleanup);

const member = (name: string, deviceId: number | null, isPeer: boolean) => ({
  unit: name.padEnd(16, "0"),
  name,
  type: "metered",
  central: "a".repeat(16),
  deviceId,
  isPeer,
});
const line: UsageLineAnswer = {
  members: [member("lm1", 1, false)],
  peakBitsPerSecond: 1_234_567_890,
  peakAt: "2026-10-03T12:05:00.000Z",
  samples: 8_928,
  missing: 0,
  missingStretches: [],
  licensedMbps: null,
  slotsAboveLicence: 0,
};
const missing = {
  ...line,
  members: [member("lm2", 2, true), member("lm3", null, true)],
  missing: 9,
  missingStretches: [4, 5, 6, 7].map((hour) => ({
    from: `2026-10-03T0${hour}:00:00.000Z`,
    to: `2026-10-03T0${hour}:10:00.000Z`,
  })),
};
const stretch = { from: "2026-10-01T00:00:00.000Z", to: "2026-11-01T00:00:00.000Z" };
const usage: MonthUsage = {
  month: "2026-10",
  isOver: true,
  slotSeconds: 300,
  metered: {
    kind: "metered",
    ...stretch,
    lines: [line, missing],
    tierGbps: 2,
    sumBitsPerSecond: 2_469_135_780,
    billedGbps: 3,
    beyondTierGbps: 1,
  },
  pool: {
    kind: "pool",
    ...stretch,
    lines: [{ ...line, licensedMbps: 500, slotsAboveLicence: 2 }],
    tierGbps: null,
    sumBitsPerSecond: null,
    billedGbps: null,
    beyondTierGbps: null,
  },
};

test("[ML6] a month shows peaks, marks missing samples, and says the sum and what is billed", () => {
  render(<UsageCard usage={usage} kind="metered" />);
  const [, first, second] = screen.getAllByRole("row");
  if (!first || !second) throw new Error("there are two");
  expect(first.textContent).toBe("1lm11.235 Gbit/s2026-10-03 12:058928none");
  expect(second.textContent).toContain("lm2 + lm3a pair, which counts once");
  expect(second.textContent).toContain("9 missing2026-10-03 04:00 to 2026-10-03 04:10;");
  expect(second.textContent).toContain("and 1 more, in the file");
  const billed = screen.getByLabelText("What is billed");
  expect(billed.textContent).toBe(
    "Sum of the peaks2.470 Gbit/sBilled, rounded up3 Gbit/sTier2 Gbit/sBeyond the tier1 Gbit/s",
  );
});

test("[ML3] the device IDs of LoadMasters of the other Central stand in parentheses", () => {
  render(<UsageCard usage={usage} kind="metered" />);
  expect(screen.getByRole("cell", { name: "1" })).toBeTruthy();
  expect(screen.getByRole("cell", { name: "(2) + (?)" })).toBeTruthy();
});

test("[ML6] a report is downloaded as CSV and as HTML", () => {
  render(<UsageCard usage={usage} kind="pool" />);
  const link = screen.getByRole("link", { name: "Pool: download CSV" });
  expect(link.getAttribute("href")).toBe("/api/v1/metering/months/2026-10/pool/csv");
  expect(link.getAttribute("download")).toBe("pool-usage-2026-10.csv");
  expect(screen.getByRole("link", { name: "Pool: download HTML" })).toBeTruthy();
  expect(screen.getByText("in 2 samples")).toBeTruthy();
  expect(screen.queryByLabelText("What is billed")).toBeNull();
});

test("a month in the address is one, or the newest is meant", () => {
  expect(readMonth({ month: "2026-10" })).toEqual({ month: "2026-10" });
  expect(readMonth({ month: "2026-13" })).toEqual({});
  expect(readMonth({ month: 7 })).toEqual({});
});

const email: ReportDestination = {
  kind: "email",
  enabled: true,
  address: "192.0.2.25",
  certificateAuthority: "",
  security: "tls",
  user: "central",
  from: "central@example.org",
  to: ["bills@example.org"],
  hasSecret: true,
};

test("[ML6] a destination is sent as its kind has it, and a secret that was not typed stays", () => {
  const draft = draftOf(email);
  expect(putOf("email", { ...draft, to: "a@example.org,\nb@example.org" })).toEqual({
    enabled: true,
    address: "192.0.2.25",
    certificateAuthority: "",
    security: "tls",
    user: "central",
    from: "central@example.org",
    to: ["a@example.org", "b@example.org"],
  });
  expect(putOf("webhook", { ...draftOf(null), address: "https://x/ ", secret: "s" })).toEqual({
    enabled: true,
    address: "https://x/",
    certificateAuthority: "",
    secret: "s",
  });
});

test("[ML6] both ways of delivery are shown, and the outcome of sending now with its remedy", async () => {
  const onAsk = vi.fn();
  render(<DestinationsTable destinations={[email]} onAsk={onAsk} />);
  const row = screen.getByRole("row", { name: /E-mail bills@example.org by 192.0.2.25 each month/ });
  await userEvent.click(within(row).getByRole("button", { name: "Remove e-mail" }));
  expect(onAsk).toHaveBeenCalledWith({ what: "remove", kind: "email" });
  await userEvent.click(screen.getByRole("button", { name: "Set up webhook" }));
  expect(onAsk).toHaveBeenCalledWith({ what: "change", kind: "webhook" });
  cleanup();
  const result = { kind: "email", delivered: false, error: "refused", remedy: "look at the server" } as const;
  render(<SentAlerts sent={{ results: [result] }} />);
  expect(screen.getByText(/not delivered: refused/)).toBeTruthy();
  expect(screen.getByText("look at the server")).toBeTruthy();
});
