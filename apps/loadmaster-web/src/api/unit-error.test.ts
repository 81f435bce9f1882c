import { errorOf, errorsElsewhere } from "@tandem/web-components/values/refusal";
import { expect, test } from "vitest";
import { unitErrorOf } from "./unit-error.ts";

test("a refusal stands beside the field that it begins with", () => {
  const refused = unitErrorOf(422, {
    message: 'shared: "10.0.0" is not an IPv4 address; write it as 10.0.0.20',
  });
  expect(errorOf(refused, "shared")).toBe('"10.0.0" is not an IPv4 address; write it as 10.0.0.20');
  expect(errorsElsewhere(refused, ["shared"])).toEqual([]);
});

test("a refusal that names field and remedy itself is shown with both", () => {
  const refused = unitErrorOf(422, {
    field: "vhid",
    value: 0,
    message: "0 is too small",
    remedy: "1 to 255",
  });
  expect(errorOf(refused, "vhid")).toBe("0 is too small: 1 to 255");
});

test("a refusal of the whole command stands above the form", () => {
  const refused = unitErrorOf(422, { message: "hahandover: not possible: the partner link is down" });
  expect(errorsElsewhere(refused, ["shared"])).toEqual(["not possible: the partner link is down"]);
  expect(errorsElsewhere(unitErrorOf(500, {}), [])).toEqual(["the unit answered 500"]);
});
