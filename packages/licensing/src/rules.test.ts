import assert from "node:assert/strict";
import { test } from "node:test";
import { type ActivationRule, type Asking, refusedByRule } from "./rules.ts";

const networks = ["10.1.0.0/16", "192.0.2.0/24"];
const inside: Asking = { isLicensed: false, claimed: "10.1.2.3", remote: "192.0.2.9" };

const codeOf = (rule: ActivationRule, changes: Partial<Asking> = {}, tree = networks): string =>
  refusedByRule(rule, tree, { ...inside, ...changes })?.code ?? "allowed";

test("[ML7] open: whoever asks", () => {
  assert.equal(codeOf("open", { claimed: "203.0.113.1", remote: "2001:db8::1" }, []), "allowed");
});

test("[ML7] known networks: both the address that is claimed and the one that asks are in the tree", () => {
  assert.equal(codeOf("known-networks"), "allowed");
  assert.equal(codeOf("known-networks", { remote: "::ffff:192.0.2.9" }), "allowed");
  for (const changes of [
    { claimed: "10.2.0.1" },
    { remote: "10.2.0.1" },
    { remote: "::ffff:10.2.0.1" },
    { claimed: "2001:db8::1" },
    { remote: "2001:db8::1" },
    { claimed: "" },
    { claimed: "10.2.0.1", isLicensed: true },
  ])
    assert.equal(codeOf("known-networks", changes), "not-allowed", JSON.stringify(changes));
  assert.equal(codeOf("known-networks", {}, []), "not-allowed", "an empty tree knows no network");
  const told = refusedByRule("known-networks", networks, { ...inside, remote: "::ffff:10.2.0.1" });
  assert.match(told?.message ?? "", /10\.2\.0\.1, from which it asks/);
  assert.match(told?.remedy ?? "", /add its network/);
});

test("[ML7] closed: those alone that are licensed", () => {
  assert.equal(codeOf("closed"), "not-allowed");
  assert.equal(codeOf("closed", { isLicensed: true, remote: "203.0.113.1" }), "allowed");
});
