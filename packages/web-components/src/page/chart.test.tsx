import { expect, test, vi } from "vitest";
import { amount } from "./chart.tsx";

/** It asks the browser about its screen as soon as it is loaded, which jsdom cannot say. */
vi.mock("uplot", () => ({ default: class {} }));

test("amounts have three digits and a prefix", () => {
  expect([null, 0, 0.25, 999, 1_234, 5.678e9].map(amount)).toEqual([
    "–",
    "0",
    "0.25",
    "999",
    "1.23 k",
    "5.68 G",
  ]);
});
