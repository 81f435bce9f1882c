import { cleanup, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { pairView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { CheckParametersPage } from "./check-parameters-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const showadaptive = { AdaptiveInterval: 7, AdaptiveURL: "/load", AdaptivePort: 80, MinPercent: 5 };

const checks = (): HTMLElement => screen.getByRole("form", { name: "Service Check Parameters" });

test("[LM3] checks of all services are changed together; a refusal stands at its field", async () => {
  const unit = fakeUnit({
    showadaptive,
    showhealth: { RetryInterval: 9, Timeout: 4, RetryCount: 2 },
    modhealth: ({ RetryInterval }) =>
      RetryInterval === "8" ? refusal("RetryInterval: 8 is not valid; allowed: 9 to 901 seconds") : {},
  });
  showPage(<CheckParametersPage />, pairView());
  const interval = await screen.findByLabelText("Check Interval (sec)");
  await userEvent.clear(interval);
  await userEvent.type(interval, "8");
  await userEvent.click(within(checks()).getByRole("button", { name: "Apply" }));
  expect(await screen.findByText(/8 is not valid/)).toBeTruthy();
  await userEvent.clear(interval);
  await userEvent.type(interval, "60");
  const retries = screen.getByLabelText("Retry Count");
  await userEvent.clear(retries);
  await userEvent.type(retries, "3");
  await userEvent.click(within(checks()).getByRole("button", { name: "Apply" }));
  expect(await screen.findByText("The changes are made.")).toBeTruthy();
  expect(unit.callsOf("modhealth")).toEqual([
    { RetryInterval: "8" },
    { RetryInterval: "60", RetryCount: "3" },
  ]);
});

test("[LM3] where servers say their load is changed there as well", async () => {
  const unit = fakeUnit({
    showadaptive,
    showhealth: { RetryInterval: 9, Timeout: 4, RetryCount: 2 },
    modadaptive: {},
  });
  showPage(<CheckParametersPage />, pairView());
  const form = await screen.findByRole("form", { name: "Adaptive Parameters" });
  const port = within(form).getByLabelText("Port");
  await userEvent.clear(port);
  await userEvent.type(port, "3333");
  await userEvent.click(within(form).getByRole("button", { name: "Apply" }));
  expect(await screen.findByText("The changes are made.")).toBeTruthy();
  expect(unit.callsOf("modadaptive")).toEqual([{ AdaptivePort: "3333" }]);
});

test("[LH6] at a unit's own address they are only shown", async () => {
  fakeUnit({ showadaptive, showhealth: { RetryInterval: 9, Timeout: 4, RetryCount: 2 } });
  showPage(<CheckParametersPage />, pairView({ here: "own address", localAddress: "192.0.2.11" }));
  expect((await screen.findByLabelText("Retry Count")).hasAttribute("readonly")).toBe(true);
});
