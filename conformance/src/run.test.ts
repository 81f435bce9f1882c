import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type Case, data, done, refused } from "./case.ts";
import { type OwnUnit, startOwnUnit } from "./own-unit.ts";
import { Conformance, type Result } from "./run.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

/** Each is untrue of the unit in one way. */
const untrue: readonly (readonly [name: string, untrue: Omit<Case, "name" | "from">, tells: RegExp])[] = [
  [
    "another value",
    { ask: { command: "showvs", with: { vs: "$bare" } }, expect: data({ Idletime: 661 }) },
    /instead of 661/,
  ],
  [
    "a text instead of a number",
    { ask: { command: "showvs", with: { vs: "$bare" } }, expect: data({ Idletime: "660" }), versions: [2] },
    /instead of "660"/,
  ],
  [
    "another type",
    {
      ask: { command: "showvs", with: { vs: "$bare" } },
      expect: data({ VSPort: { type: "number" } }),
      versions: [2],
    },
    /not a number/,
  ],
  [
    "a field that is there",
    { ask: { command: "showvs", with: { vs: "$full" } }, expect: data({}, { absent: ["NickName"] }) },
    /NickName is there/,
  ],
  [
    "a field that is not there",
    { ask: { command: "showvs", with: { vs: "$bare" } }, expect: data({ Colour: /./ }) },
    /Colour is undefined/,
  ],
  [
    "another order",
    { ask: { command: "showvs", with: { vs: "$bare" } }, expect: data({}, { order: ["Layer", "Index"] }) },
    /order is Index Layer/,
  ],
  [
    "another number of members",
    { ask: { command: "showvs", with: { vs: "$index" } }, expect: data({}, { count: { Rs: 3 } }) },
    /2 of Rs instead of 3/,
  ],
  [
    "success that is a refusal",
    { ask: { command: "showvs", with: { vs: 99_999 } }, expect: data() },
    /refused \(422: Unknown VS\)/,
  ],
  [
    "a refusal that is success",
    { ask: { command: "showvs", with: { vs: "$bare" } }, expect: refused(422) },
    /200 instead of refused/,
  ],
  [
    "another code",
    { ask: { command: "showvs", with: { vs: 99_999 } }, expect: refused(400) },
    /422 instead of refused with 400/,
  ],
  [
    "other words",
    { ask: { command: "showvs", with: { vs: 99_999 } }, expect: refused(422, "Unknown RS") },
    /words are not/,
  ],
  ["a known command", { ask: { command: "nosuchcommand" }, expect: { is: "known" } }, /unknown/],
  [
    "a request that is taken",
    { ask: { method: "POST", path: "/accessv2", body: "" }, expect: done },
    /not done/,
  ],
  [
    "nothing changed",
    { ask: { method: "GET", path: "/access/addapikey?apikey=$key" }, expect: refused(422) },
    /something has changed/,
  ],
  [
    "a mark",
    { ask: { command: "listvs" }, expect: data(), notYet: "it is there in fact" },
    /take its mark away/,
  ],
];

describe("a case that is untrue of a unit is found out", { skip }, () => {
  let unit: OwnUnit;
  let conformance: Conformance;

  before(async () => {
    unit = await startOwnUnit();
    conformance = await Conformance.open(unit.target);
  });
  after(async () => {
    await conformance?.close();
    await unit?.remove();
  });

  const judge = async (each: Case): Promise<Result> => {
    const [result] = await conformance.run({ name: "untrue", cases: [each] });
    assert.ok(result);
    return result;
  };

  for (const [name, each, tells] of untrue)
    test(name, async () => {
      const { outcome, differences } = await judge({ name, from: "nowhere", ...each });
      assert.equal(outcome, "differs");
      assert.match(differences.join("\n"), tells);
    });

  test("what is marked as not yet is not yet, with its differences", async () => {
    const result = await judge({
      name: "untrue",
      from: "nowhere",
      ask: { command: "nosuchcommand" },
      expect: { is: "known" },
      notYet: "nobody has it",
    });
    assert.equal(result.outcome, "not yet");
    assert.equal(result.differences.length, 2);
  });

  test("preparations and putting back that fail are differences as well", async () => {
    const fails = { command: "showvs", with: { vs: 99_999 } };
    const seen = { name: "untrue", from: "nowhere", ask: { command: "listvs" }, expect: data() };
    assert.equal((await judge({ ...seen, given: [fails] })).outcome, "differs");
    assert.equal((await judge({ ...seen, after: [fails] })).outcome, "differs");
    assert.equal((await judge(seen)).outcome, "conforms");
  });
});
