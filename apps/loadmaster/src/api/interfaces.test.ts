import assert from "node:assert/strict";
import { test } from "node:test";
import { newDocument } from "../state/document.ts";
import type { Unit } from "../unit.ts";
import { changeInterface } from "./interfaces.ts";

const interfaces = [
  { id: 0, device: "eth0", address: "10.213.0.21", prefix: 24 },
  { id: 1, device: "eth1", address: "10.213.0.31", prefix: 24 },
];
// What a change of an interface looks at of its unit.
const unit = { configuration: { interfaces, apiPort: 443 } } as unknown as Unit;

test("[LH6] an address of the pair is given once, whatever the interface", () => {
  const empty = newDocument("lm1", "hash");
  const first = changeInterface(unit, empty, nothing({ interface: 0, shared: "10.213.0.20" }));
  assert.ok(first.ok);
  for (const parameters of [
    { interface: 1, shared: "10.213.0.20" },
    { interface: 1, partner: "10.213.0.20" },
    { interface: 0, partner: "10.213.0.20" },
    { interface: 0, partner: "10.213.0.31" },
    { interface: 1, shared: "10.213.1.20" },
  ]) {
    const again = changeInterface(unit, first.value.document, nothing(parameters));
    assert.equal(again.ok, false, JSON.stringify(parameters));
  }
  const twice = changeInterface(unit, first.value.document, nothing({ interface: 1, shared: "10.213.0.20" }));
  assert.match(twice.ok ? "" : twice.error.message, /already belongs to the pair on interface 0/);
});

function nothing(given: {
  interface: number;
  shared?: string;
  partner?: string;
  sharedv6?: string;
  hagateway?: string;
}) {
  return {
    partner: undefined,
    shared: undefined,
    sharedv6: undefined,
    hacheck: undefined,
    hagateway: undefined,
    ...given,
  };
}
