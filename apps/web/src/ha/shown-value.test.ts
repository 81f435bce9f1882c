import { expect, test } from "vitest";
import { shownValue } from "./shown-value.ts";

test.each([
  [{ secret: true, field: "password" }, "hunter2", "(secret)"],
  [{ secret: true, field: "password" }, null, "(secret)"],
  [{ secret: false, field: "name" }, "office", "“office”"],
  [{ secret: false, field: "name" }, "", "“”"],
  [{ secret: false, field: "port" }, 443, "443"],
  [{ secret: false, field: "members" }, ["a"], '["a"]'],
  [{ secret: false, field: "@life" }, "deleted", "deleted"],
  [{ secret: false, field: null }, null, "nothing"],
  [{ secret: false, field: "name" }, undefined, "nothing"],
] as const)("[CH20] how a value is shown: %j %j", (place, value, shown) => {
  expect(shownValue(place, value)).toBe(shown);
});
