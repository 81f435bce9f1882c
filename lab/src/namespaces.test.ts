import assert from "node:assert/strict";
import { test } from "node:test";
import { isolationPlan, setUpPlan } from "./namespaces.ts";
import { labNodes, parseFaultyNode, parseLabName } from "./topology.ts";

test("everything a lab adds to the host is inside namespaces with the lab's prefix", () => {
  for (const command of setUpPlan("t1")) {
    assert.equal(command[0], "ip");
    const namespace = command[1] === "-n" ? command[2] : command[3];
    assert.match(namespace ?? "", /^tandem-t1-/, command.join(" "));
  }
});

test("every machine has a port of the switch with its own name", () => {
  const ports = setUpPlan("t1").filter((command) => command.includes("veth"));
  assert.deepEqual(
    ports.map((command) => command[5]),
    [...labNodes],
  );
});

test("a partition isolates the ports of those named and no other", () => {
  assert.deepEqual(
    isolationPlan("t1", ["central1", "central2"], true).map((command) => command.join(" ")),
    [
      "bridge -n tandem-t1-sw link set dev central1 isolated on",
      "bridge -n tandem-t1-sw link set dev central2 isolated on",
    ],
  );
});

test("a name that would not do for a namespace is refused with what would be right", () => {
  for (const name of ["", "T1", "1t", "a-b", "../x", "abcdefghijklm"]) {
    const result = parseLabName(name);
    assert.ok(!result.ok, name);
    assert.equal(result.error.value, name);
    assert.match(result.error.remedy, /lower-case/);
  }
  assert.ok(parseLabName("demo").ok);
});

test("the client cannot be made to fail", () => {
  const result = parseFaultyNode("NODE", "client");
  assert.ok(!result.ok);
  assert.match(result.error.message, /the client watches/);
});
