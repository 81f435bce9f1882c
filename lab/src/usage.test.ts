import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { labUsage } from "./cli.ts";
import { demoUsage } from "./demo.ts";
import { figureTable } from "./narrator.ts";

const golden = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

test("tandem lab --help is the golden text", () => {
  assert.equal(labUsage, golden("lab-usage.golden"));
});

test("bin/demo --help is the golden text", () => {
  assert.equal(demoUsage, golden("demo-usage.golden"));
});

test("the figures line up, whatever their lengths", () => {
  const table = figureTable([
    { what: "short", measured: "1 ms", promised: "within 5 ms", note: "why" },
    { what: "a longer name", measured: "12345 ms", promised: "" },
  ]);
  assert.equal(
    table,
    [
      "what           measured  promised",
      "------------------------------------",
      "short              1 ms  within 5 ms",
      "    why",
      "a longer name  12345 ms",
      "",
    ].join("\n"),
  );
});
