import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTarget, targetText } from "./target.ts";

test("a target is a URL, or a host with its port", () => {
  for (const [text, canonical] of [
    ["http://10.0.0.20", "http://10.0.0.20/"],
    ["https://lb.example:8443/health?x=1", "https://lb.example:8443/health?x=1"],
    ["10.0.0.20:443", "tcp://10.0.0.20:443"],
    ["lb.example:22", "tcp://lb.example:22"],
    ["[2001:db8::20]:80", "tcp://[2001:db8::20]:80"],
    ["tcp://10.0.0.20:80", "tcp://10.0.0.20:80"],
  ] as const) {
    const target = parseTarget(text);
    assert.equal(target.ok ? targetText(target.value) : target.error.message, canonical);
  }
});

test("anything else is refused, in words", () => {
  for (const text of [
    "",
    "10.0.0.20",
    "10.0.0.20:0",
    "10.0.0.20:70000",
    "10.0.0.20:80/page",
    "ftp://10.0.0.20:21",
    "http://",
    "http://bal:secret@10.0.0.20/",
  ]) {
    const target = parseTarget(text);
    assert.ok(!target.ok, text);
    assert.equal(target.error.field, "target");
    assert.match(target.error.remedy, /HOST:PORT/);
  }
});
