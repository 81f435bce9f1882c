import { expect, test } from "vitest";
import { changedOf } from "./changed.ts";

test("[CH20] what an operator did not touch is not sent, so that it overwrites nobody's change", () => {
  const before = { name: "nightly", devices: ["a", "b"], when: { cron: "0 3 * * *" }, enabled: true };
  expect(changedOf(before, { ...before, devices: [...before.devices] })).toEqual({});
  expect(changedOf(before, { ...before, devices: ["a"], enabled: false })).toEqual({
    devices: ["a"],
    enabled: false,
  });
});
