import { cleanup, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { pairView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { HostPage } from "./host-page.tsx";
import { LoggingPage } from "./logging-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const ownView = pairView({ here: "own address", localAddress: "192.0.2.11" });

test("[LM3] syslog hosts by level, how they are reached, and what became of what was sent", async () => {
  const unit = fakeUnit({
    getall: {
      sysloginfo: "192.0.2.50",
      syslogport: 514,
      syslogprot: "udp",
      syslogframing: "octet-counting",
      syslogreport: "192.0.2.50: sent to, 0 waiting, 0 lost",
    },
    set: ({ param }) =>
      param === "syslogerror" ? refusal("syslogerror: 192.0.2.50 already stands in sysloginfo") : {},
  });
  showPage(<LoggingPage />, ownView);
  expect(await screen.findByText(/0 waiting, 0 lost/)).toBeTruthy();
  expect((screen.getByLabelText("Info Host") as HTMLInputElement).value).toBe("192.0.2.50");
  await userEvent.type(screen.getByLabelText("Error Host"), "192.0.2.50");
  await userEvent.selectOptions(screen.getByLabelText("Protocol"), "tcp");
  await userEvent.click(screen.getByRole("button", { name: "Apply" }));
  expect(await screen.findByText(/already stands in sysloginfo/)).toBeTruthy();
  expect(unit.callsOf("set")).toEqual([
    { param: "syslogerror", value: "192.0.2.50" },
    { param: "syslogprot", value: "tcp" },
  ]);
});

test("[LH6] a unit's name is its own: it is changed at its own address alone", async () => {
  fakeUnit({ getall: { hostname: "lm1" } });
  showPage(<HostPage />, ownView);
  expect((await screen.findByLabelText("Hostname")).hasAttribute("readonly")).toBe(false);
  cleanup();
  showPage(<HostPage />, pairView());
  expect((await screen.findByLabelText("Hostname")).hasAttribute("readonly")).toBe(true);
});
