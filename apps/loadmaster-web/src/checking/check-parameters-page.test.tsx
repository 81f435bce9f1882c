import { cleanup, screen } from "@testing-library/react";
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

test("[LM3] checks of all services are changed together; a refusal stands at its field", async () => {
  const unit = fakeUnit({
    showhealth: { RetryInterval: 9, Timeout: 4, RetryCount: 2 },
    modhealth: ({ RetryInterval }) =>
      RetryInterval === "8" ? refusal("RetryInterval: 8 is not valid; allowed: 9 to 901 seconds") : {},
  });
  showPage(<CheckParametersPage />, pairView());
  const interval = await screen.findByLabelText("Check Interval (sec)");
  await userEvent.clear(interval);
  await userEvent.type(interval, "8");
  await userEvent.click(screen.getByRole("button", { name: "Apply" }));
  expect(await screen.findByText(/8 is not valid/)).toBeTruthy();
  await userEvent.clear(interval);
  await userEvent.type(interval, "60");
  const retries = screen.getByLabelText("Retry Count");
  await userEvent.clear(retries);
  await userEvent.type(retries, "3");
  await userEvent.click(screen.getByRole("button", { name: "Apply" }));
  expect(await screen.findByText("The changes are made.")).toBeTruthy();
  expect(unit.callsOf("modhealth")).toEqual([
    { RetryInterval: "8" },
    { RetryInterval: "60", RetryCount: "3" },
  ]);
});

test("[LH6] at a unit's own address they are only shown", async () => {
  fakeUnit({ showhealth: { RetryInterval: 9, Timeout: 4, RetryCount: 2 } });
  showPage(<CheckParametersPage />, pairView({ here: "own address", localAddress: "192.0.2.11" }));
  expect((await screen.findByLabelText("Retry Count")).hasAttribute("readonly")).toBe(true);
});
