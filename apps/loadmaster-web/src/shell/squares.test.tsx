import type { SquareColour, SquareState } from "@tandem/loadmaster-api/ha-view";
import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { pairView, singleView } from "../live/live.fixture.ts";
import { type Live, LiveContext } from "../live/live.tsx";
import { Squares } from "./squares.tsx";

afterEach(cleanup);

const show = (live: Live) =>
  render(
    <LiveContext value={live}>
      <Squares />
    </LiveContext>,
  );

test("[LH9] HA1 stands left of HA2; the active one is green and bears an A", () => {
  show({ view: pairView(), connection: "open" });
  const squares = screen.getAllByRole("button");
  expect(squares.map((each) => each.getAttribute("data-unit"))).toEqual(["HA1", "HA2"]);
  expect(squares.map((each) => each.textContent)).toEqual(["A", ""]);
  expect(squares.map((each) => each.getAttribute("aria-label"))).toEqual([
    "HA1 (lm1): active, green",
    "HA2 (lm2): standby, ready, green",
  ]);
});

test.each([
  ["red", "down"],
  ["yellow", "not ready"],
  ["blue", "pacified"],
  ["grey", "unknown"],
] as const satisfies readonly (readonly [SquareColour, SquareState])[])(
  "[LH9] a %s square says in words that the unit is %s, and why when it is clicked",
  async (colour, state) => {
    show({
      view: pairView({}, { colour, state, reasons: ["no CARP heard for 9 s"] }),
      connection: "open",
    });
    const square = screen.getByRole("button", {
      name: new RegExp(`HA2.*${state}, ${colour}.*no CARP heard`),
    });
    expect(square.className).toContain(`ha-square--${colour}`);
    await userEvent.click(square);
    expect(await screen.findByText("no CARP heard for 9 s")).toBeTruthy();
    expect(screen.getByRole("link", { name: "192.0.2.12" }).getAttribute("href")).toContain(
      "https://192.0.2.12",
    );
  },
);

test("[LH9] with the connection lost both squares are grey, and it is said", () => {
  show({ view: pairView(), connection: "lost" });
  for (const square of screen.getAllByRole("button")) {
    expect(square.className).toContain("ha-square--grey");
    expect(square.textContent).toBe("");
    expect(square.getAttribute("aria-label")).toContain("was last");
  }
  expect(screen.getByText("Connection lost")).toBeTruthy();
});

test("[LH9] a single unit has no squares", () => {
  show({ view: singleView(), connection: "open" });
  expect(screen.queryByRole("button")).toBeNull();
  expect(screen.getByText("No HA")).toBeTruthy();
});
