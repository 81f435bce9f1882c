import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { areas } from "./areas.ts";
import { type OwnUnit, startOwnUnit } from "./own-unit.ts";
import { countOf, differenceLines, notYetLines, summary } from "./report.ts";
import { Conformance, type Result } from "./run.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

/** So many cases at least: a table that is lost by mistake would otherwise pass. */
const casesMin = 1_100;

describe("conformance with the RESTful API, v1 and v2", { skip }, () => {
  let unit: OwnUnit;
  let conformance: Conformance;
  const results: Result[] = [];

  before(async () => {
    unit = await startOwnUnit();
    conformance = await Conformance.open(unit.target);
  });
  after(async () => {
    await conformance?.close();
    await unit?.remove();
  });

  for (const area of areas)
    test(`[LM2] ${area.name}`, async () => {
      const found = await conformance.run(area);
      results.push(...found);
      assert.equal(differenceLines(found), "");
    });

  test("[LM2] the summary counts every case, and no name stands twice", (context) => {
    context.diagnostic(`\n${summary(results)}\n${notYetLines(results)}`);
    assert.ok(countOf(results, "conforms") >= casesMin);
    const names = areas.flatMap(({ name, cases }) => cases.map((each) => `${name}: ${each.name}`));
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
    );
    assert.equal(results.length, names.length);
  });
});
